//! Whose page a flow's page is, and what somebody can say there or through the e-service: that the person did not ask for it.

use std::sync::Arc;
use std::time::Duration;

use super::Problem;
use super::ProblemCode;
use super::inner::Inner;
use super::input::Input;
use super::input::Reporter;
use super::live::Live;
use super::start::problem;
use super::start::unavailable;
use crate::policy::PushRules;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::FlowId;

impl Inner {
    /// Gives the page of a flow to the browser that opens it first (threat B-15). A flow that has ended stays as it is.
    pub(super) async fn opened(
        self: &Arc<Self>,
        client: &str,
        flow: FlowId,
        browser: Digest,
    ) -> Result<(), Problem> {
        let live = self.live_of(client, flow).await?;
        {
            let cell = live.cell.lock().await;
            if cell.detail.browser.is_some() || cell.row.state.has_ended() {
                return Ok(());
            }
        }
        self.drive_past_others(&live, || Input::Opened { browser })
            .await
            .map_err(unavailable)
    }

    /// Ends a flow that somebody disowns on its page. Whoever has the address of the page can do that, so it stops nothing
    /// else: a stranger must not be able to keep requests away from a person whose number they know.
    pub(super) async fn disowned(self: &Arc<Self>, client: &str, flow: FlowId) -> Result<(), Problem> {
        let live = self.live_of(client, flow).await?;
        if live.cell.lock().await.row.state.has_ended() {
            return Ok(());
        }
        self.drive_past_others(&live, || Input::NotMe(Reporter::Page))
            .await
            .map_err(unavailable)
    }

    /// Takes down that the person did not ask for a flow, as the e-service knows: ends it if it runs, and stops requests to
    /// the person's phone.
    pub(super) async fn reported(self: &Arc<Self>, client: &str, flow: FlowId) -> Result<(), Problem> {
        let live = self.live_of(client, flow).await?;
        let now = self.clock.now();
        let (began, has_person) = {
            let cell = live.cell.lock().await;
            // What was scanned for `verify_qr` is a code, and known by its own key.
            let has_person = cell.row.person_key.is_some() && cell.row.capability != Capability::VerifyQr;
            (cell.row.created_at, has_person)
        };
        if now.since(began) > LATEST_REPORT {
            return Err(problem(
                ProblemCode::ReportTooLate,
                "a report is taken within 24 days of the flow; nothing was recorded",
            ));
        }
        let organization = Arc::clone(self.catalogs.active().organization());
        let rules = organization.push_safety.rules(self.options.environment);
        let reporter = Reporter::EService {
            stops_until: has_person.then(|| now.plus(rules.not_me)),
        };
        self.drive_past_others(&live, || Input::NotMe(reporter))
            .await
            .map_err(unavailable)?;
        self.metrics.alarm("not_me");
        Ok(())
    }

    async fn live_of(&self, client: &str, flow: FlowId) -> Result<Arc<Live>, Problem> {
        let unknown = || {
            problem(
                ProblemCode::UnknownFlow,
                "there is no such flow, or it belongs to another client",
            )
        };
        let live = self
            .live_by_id(flow)
            .await
            .map_err(unavailable)?
            .ok_or_else(unknown)?;
        self.freshen(&live).await;
        if live.cell.lock().await.detail.client != client {
            return Err(unknown());
        }
        Ok(live)
    }
}

/// A report that came later would not be found again after a restart, for as long as it holds.
const LATEST_REPORT: Duration = PushRules::REACH.saturating_sub(PushRules::LONGEST_STOP);
