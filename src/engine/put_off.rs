//! Notifications that wait for the end of quiet hours (R002-21).

use std::sync::Arc;
use std::time::Duration;

use super::inner::Inner;
use super::input::Input;
use super::live::Live;
use super::matter::notification;
use super::start::AT_ONCE;
use crate::catalog::Catalog;
use crate::catalog::DecideAsk;
use crate::catalog::Decided;
use crate::catalog::LoadedService;
use crate::catalog::PlanAsk;
use crate::connector::Matter;
use crate::flow::Phase;
use crate::words::Capability;
use crate::words::Outcome;

/// What becomes of a notification whose hour has come.
enum Morning {
    /// It leaves.
    Send,
    /// It does not: it is too late for it, or it can't be made any more.
    Refuse(Decided),
}

impl Inner {
    /// The clock has struck for a flow: what was put off leaves, and everything else times out.
    pub(super) async fn strike(self: &Arc<Self>, live: &Arc<Live>) {
        match self.morning(live).await {
            None => self.drive_to_the_end(live, || Input::Deadline).await,
            Some(Morning::Send) => {
                let release = || Input::Release {
                    expires_at: self.clock.now().plus(AT_ONCE),
                };
                self.drive_to_the_end(live, release).await;
            }
            Some(Morning::Refuse(decided)) => {
                let refuse = || Input::Refuse(Box::new(decided.clone()));
                self.drive_to_the_end(live, refuse).await;
            }
        }
    }

    async fn morning(&self, live: &Live) -> Option<Morning> {
        let (row, detail) = {
            let cell = live.cell.lock().await;
            (Arc::clone(&cell.row), Arc::clone(&cell.detail))
        };
        let now = self.clock.now();
        let put_off = row.capability == Capability::Notify && row.state.phase == Phase::Held;
        if !put_off || row.state.closing.is_some() || now < row.expires_at {
            return None;
        }
        let pinned = live
            .catalog
            .as_deref()
            .and_then(|catalog| Some((catalog, catalog.service(row.service.as_str())?)));
        let Some((catalog, service)): Option<(&Catalog, &Arc<LoadedService>)> = pinned else {
            return Some(Morning::Refuse(Decided::without_catalog(Outcome::Approved)));
        };
        let earlier = detail.earlier();
        let plan = PlanAsk {
            service: row.service.as_str(),
            capability: row.capability,
            channel: detail.channel,
            locale: detail.locale,
            inputs: &detail.inputs,
            now,
            attempt: detail.try_number,
            step: detail.step_ask(earlier.as_ref()),
        };
        // A node that was down through the morning does not tell people at noon that they are awaited at nine.
        let in_time = now <= row.expires_at.plus(LATEST) && service.held_until(&plan).is_none();
        let template = detail.template.as_deref().filter(|_| in_time);
        let made = template.and_then(|name| notification(service, name, &detail.inputs).ok());
        let Some(made) = made else {
            return Some(Morning::Refuse(catalog.decide(&DecideAsk {
                plan,
                outcome: Outcome::QuietHours,
                person: None,
            })));
        };
        live.keep_matter(Matter::Notification(made));
        Some(Morning::Send)
    }
}

/// How long after the end of quiet hours a notification may still leave.
const LATEST: Duration = Duration::from_secs(60 * 60);
