//! A new code in the place of one that runs out: another flow, and the one before it ends `other.superseded`.

use std::sync::Arc;
use std::time::Duration;

use super::Problem;
use super::ProblemCode;
use super::StartFlow;
use super::Started;
use super::detail::Detail;
use super::inner::Inner;
use super::input::Input;
use super::live::Live;
use super::live::Stage;
use super::secrets::random;
use super::start::problem;
use super::start::unavailable;
use crate::audit::FlowRow;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;

impl Inner {
    /// Begins the same again under the active catalog, in the place of a flow that nobody has answered. An approval of
    /// the one before that comes later is recorded and changes nothing (law 3).
    ///
    /// Only for codes that are shown: a second push would teach people to approve.
    pub(crate) async fn renew(
        self: &Arc<Self>,
        client: &str,
        flow: FlowId,
        idempotency_key: Option<String>,
    ) -> Result<Started, Problem> {
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
        let (row, detail) = {
            let cell = live.cell.lock().await;
            (Arc::clone(&cell.row), Arc::clone(&cell.detail))
        };
        if detail.client != client {
            return Err(unknown());
        }
        if row.capability != Capability::AuthQr {
            return Err(problem(
                ProblemCode::RenewalNotAllowed,
                format!(
                    "only `auth_qr` is renewed; a second request of `{}` is another flow",
                    row.capability
                ),
            ));
        }
        if detail.journey.is_some() {
            return Err(problem(
                ProblemCode::RenewalNotAllowed,
                "a step of a journey is not renewed; begin the journey again",
            ));
        }
        let ask = same_again(&row, &detail, idempotency_key);
        let ready = match self.ready_to_begin(ask).await? {
            Ready::Begun(started) => return Ok(*started),
            Ready::Go(ready) => ready,
        };
        let by = FlowId::from_parts(self.clock.now(), random().map_err(unavailable)?);
        self.supersede(&live, by).await?;
        self.begin(*ready, Some(by)).await
    }

    /// Ends a flow because another takes its place, unless an answer that has arrived ends it otherwise.
    async fn supersede(self: &Arc<Self>, live: &Arc<Live>, by: FlowId) -> Result<(), Problem> {
        self.drive(live, Input::Supersede { by })
            .await
            .map_err(unavailable)?;
        let mut stage = live.stage.subscribe();
        let _ = tokio::time::timeout(
            LONGEST_EXAMINATION,
            stage.wait_for(|stage| *stage == Stage::Ended),
        )
        .await;
        let cell = live.cell.lock().await;
        match cell.row.outcome {
            Some(Outcome::Superseded) if cell.detail.superseded_by == Some(by) => Ok(()),
            // A code that has run out unused may be renewed all the same.
            Some(Outcome::TimeoutNoAnswer) => Ok(()),
            _ => Err(problem(
                ProblemCode::FlowEnded,
                "the flow has ended already; its outcome stands",
            )),
        }
    }
}

/// What [`Inner::ready_to_begin`] found.
pub(super) enum Ready {
    /// The same idempotency key has begun a flow.
    Begun(Box<Started>),
    /// A flow may begin.
    Go(Box<super::start::Beginning>),
}

fn same_again(row: &FlowRow, detail: &Detail, idempotency_key: Option<String>) -> StartFlow {
    let inputs = detail
        .inputs
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_json()));
    StartFlow {
        client: detail.client.clone(),
        idempotency_key,
        request_digest: Digest::of(format!("renew {}", row.id).as_bytes()),
        service: row.service.to_string(),
        capability: row.capability,
        channel: detail.channel,
        locale: detail.locale,
        civil_no: row.subject.clone(),
        inputs: inputs.collect(),
        return_url: detail.return_url.clone(),
        notify_url: detail.notify_url.clone(),
        retry_of: None,
        renews: Some(row.id),
        qr_data: None,
        document: None,
        template: None,
    }
}

/// Examining takes well under a millisecond; this is for a machine that stands still.
const LONGEST_EXAMINATION: Duration = Duration::from_secs(5);
