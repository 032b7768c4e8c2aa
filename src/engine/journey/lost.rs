use std::sync::Arc;

use bytes::Bytes;

use super::next::step_of;
use super::part::OwedStep;
use super::step_key;
use crate::audit::FlowRow;
use crate::catalog::Decided;
use crate::engine::Problem;
use crate::engine::detail::Detail;
use crate::engine::inner::Inner;
use crate::engine::input::Input;
use crate::engine::live::Cell;
use crate::engine::live::Live;
use crate::engine::seed::Seed;
use crate::engine::start::unavailable;
use crate::flow::State;
use crate::words::FlowId;
use crate::words::Outcome;

impl Inner {
    /// Ends a journey whose catalog can't be loaded any more, as after an upgrade, where its next step would begin: that begins
    /// as a flow and ends at once, so it is recorded and told like any other ending. Nobody knows what it would ask, so nobody is
    /// asked (law 5).
    pub(super) async fn end_without_catalog(
        self: &Arc<Self>,
        before: &FlowRow,
        detail: &Detail,
        next: FlowId,
    ) -> Result<(), Problem> {
        let Some(part) = detail.journey.as_ref() else {
            return Ok(());
        };
        let owed = part
            .owed
            .clone()
            .unwrap_or_else(|| OwedStep::after(part, before.capability));
        let Some(part) = detail.handed_on(before.id, owed.step, &owed.name) else {
            return Ok(());
        };
        let now = self.clock.now();
        let seed = Seed::draw(now, Some(next)).map_err(unavailable)?;
        let ask = step_of(before, detail, owed.capability, None);
        let row = FlowRow {
            id: next,
            version: 0,
            service: before.service.clone(),
            capability: owed.capability,
            catalog: before.catalog,
            token: seed.token.digest(),
            person_key: before.person_key,
            subject: before.subject.clone(),
            state: State::new(now, self.options.max_attempts),
            request_id: None,
            created_at: now,
            expires_at: now,
            outcome: None,
            idempotency: Some((step_key(&part), ask.request_digest)),
            detail: Bytes::new(),
        };
        let inputs = detail.inputs.clone();
        let detail = Detail::new(
            &ask,
            inputs,
            None,
            seed.challenge,
            seed.additional_data,
            now,
            detail.try_number,
        )
        .blinded(seed.blinding)
        .in_journey(Some(Box::new(part)), detail.browser);
        let live = Live::new(None, Some(seed.token), Cell::new(row, detail));
        let refuse = Input::Refuse(Box::new(Decided::without_catalog(Outcome::Approved)));
        self.write_new(&live, refuse, true).await.map_err(unavailable)?;
        self.metrics.started(&before.service);
        Ok(())
    }
}
