//! The driver of the flow machine.
//!
//! It keeps the one rule of [`crate::flow`]: step, ask the policy if the machine wants that, commit the next
//! state together with the record of the event, and only then act. Each kind of effect takes its own
//! [`Recorded`] proof, so acting without the commit does not compile.

use std::sync::Arc;
use std::time::Duration;

use super::detail::Detail;
use super::doubt::Doubt;
use super::doubt::DraftedRequest;
use super::draft::Aftermath;
use super::draft::Draft;
use super::draft::Tally;
use super::inner::Inner;
use super::input::Arrival;
use super::input::Input;
use super::live::Cell;
use super::live::Live;
use super::live::Stage;
use super::schedule::Due;
use super::secrets::random;
use crate::audit::CommitError;
use crate::audit::FlowRow;
use crate::audit::Recorded;
use crate::connector::Expected;
use crate::connector::Outbound;
use crate::connector::Verdict;
use crate::flow::Phase;
use crate::store::PersonRefusal;
use crate::words::ExchangeId;

impl Inner {
    /// Takes one step: after this returns `Ok`, it is durable and its effects are under way.
    ///
    /// # Errors
    /// When the step did not become durable, or nobody knows whether it did.
    pub(crate) async fn drive(self: &Arc<Self>, live: &Arc<Live>, input: Input) -> Result<(), CommitError> {
        self.drive_again(live, input, &mut Vec::new()).await
    }

    /// The same, unless the step was tried before and has turned out to be durable. A step that is in doubt afterwards is given
    /// back.
    async fn drive_again(
        self: &Arc<Self>,
        live: &Arc<Live>,
        input: Input,
        tried: &mut Vec<Arc<Doubt>>,
    ) -> Result<(), CommitError> {
        let mut cell = live.cell.lock().await;
        let settled = self.settle(live, &mut cell).await;
        // What follows from a step that is durable is seen to by whoever looks after the doubt, also if it fails now.
        if tried.iter().any(|tried| tried.has_landed()) {
            return Ok(());
        }
        settled?;
        self.take_from_spool(live, &mut cell).await?;
        let (taken, doubt) = self.try_step(live, &mut cell, input).await;
        tried.extend(doubt);
        taken
    }

    /// The same for whoever holds the flow.
    pub(crate) async fn take_step(
        self: &Arc<Self>,
        live: &Arc<Live>,
        cell: &mut Cell,
        input: Input,
    ) -> Result<(), CommitError> {
        self.try_step(live, cell, input).await.0
    }

    /// The same, with the doubt about this very step where it is in doubt afterwards.
    async fn try_step(
        self: &Arc<Self>,
        live: &Arc<Live>,
        cell: &mut Cell,
        input: Input,
    ) -> (Result<(), CommitError>, Option<Arc<Doubt>>) {
        let taken = self.step_once(live, cell, input).await;
        if !matches!(taken, Err(CommitError::Store(_))) {
            return (taken, None);
        }
        let doubt = cell.doubts.last().cloned();
        // Mostly the store can be asked at once. What follows from the step may fail in its turn: it is durable all the same.
        let _ = self.settle(live, cell).await;
        if doubt.as_ref().is_some_and(|doubt| doubt.has_landed()) {
            return (Ok(()), None);
        }
        (taken, doubt)
    }

    /// The same without asking what became of it where it failed.
    pub(super) async fn step_once(
        self: &Arc<Self>,
        live: &Arc<Live>,
        cell: &mut Cell,
        input: Input,
    ) -> Result<(), CommitError> {
        if matches!(input, Input::Deadline) && cell.row.state.phase >= Phase::Verified {
            // Another was faster, here or on another replica.
            return Ok(());
        }
        let mut draft = self.draft(live, cell, &input);
        let unit = std::mem::take(&mut draft.unit);
        // What will be acted on is handed in, and comes back with the proof only when all of the unit is durable.
        let effects = std::mem::take(&mut draft.effects);
        let request = DraftedRequest::of(effects.send.as_ref(), &unit);
        let effects = (effects.send, effects.examine, effects.deliver, effects.begin);
        let recorded = match self.recorder.record(unit, effects).await {
            Ok(recorded) => recorded,
            Err(error) => {
                if let CommitError::Store(_) = error {
                    self.doubt(live, cell, draft.row, (request, draft.after));
                }
                return Err(error);
            }
        };
        self.adopt(live, cell, draft);
        let (send, examine, deliver, begin) = recorded.split();
        if let Some(outbound) = send.transpose() {
            self.send(live, outbound);
        }
        if !examine.is_empty() {
            self.examine(live, examine);
        }
        match (begin.transpose(), deliver.transpose()) {
            (Some(next), notice) => self.begin_next(live, next, notice),
            (None, Some(ended)) => self.deliver(live, ended),
            (None, None) => {}
        }
        Ok(())
    }

    /// Takes a step that must not be lost: tries until it is durable, or the engine stops.
    pub(crate) async fn drive_to_the_end(
        self: &Arc<Self>,
        live: &Arc<Live>,
        make: impl Fn() -> Input + Send,
    ) {
        let mut pause = FIRST_PAUSE;
        let mut tried = Vec::new();
        loop {
            match self.drive_again(live, make(), &mut tried).await {
                Ok(()) | Err(CommitError::Stopped) => return,
                Err(CommitError::Conflict | CommitError::Duplicate(_)) => self.reload(live).await,
                Err(CommitError::Store(cause)) => {
                    tracing::error!(flow = %live.id, %cause, "a step could not be recorded; trying again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Takes a step that somebody waits for: another replica may be a step ahead a few times.
    ///
    /// # Errors
    /// As [`Inner::drive`].
    pub(crate) async fn drive_past_others(
        self: &Arc<Self>,
        live: &Arc<Live>,
        make: impl Fn() -> Input + Send,
    ) -> Result<(), CommitError> {
        for _ in 0..MOST_CONFLICTS {
            match self.drive(live, make()).await {
                Err(CommitError::Conflict) => self.reload(live).await,
                other => return other,
            }
        }
        Err(CommitError::Conflict)
    }

    /// Another writer was faster: its state is the truth.
    pub(crate) async fn reload(&self, live: &Arc<Live>) {
        let mut cell = live.cell.lock().await;
        match self.store.flow(live.id).await {
            Ok(Some(row)) => self.take_in(live, &mut cell, row),
            Ok(None) => {}
            Err(error) => tracing::warn!(flow = %live.id, %error, "a flow could not be read again"),
        }
    }

    /// What another has made durable becomes what is known here; what is older than that stays out.
    pub(crate) fn take_in(&self, live: &Live, cell: &mut Cell, row: FlowRow) {
        if row.version <= cell.row.version {
            return;
        }
        let Some(detail) = Detail::from_bytes(&row.detail) else {
            tracing::error!(flow = %live.id, "a stored flow is damaged");
            return;
        };
        let ended = row.state.has_ended();
        if ended && !cell.row.state.has_ended() {
            let leaves = self.clock.now().plus(STAYS_IN_MEMORY);
            self.schedule.at(leaves, live.id, Due::Leave);
        }
        cell.row = Arc::new(row);
        cell.detail = Arc::new(detail);
        live.stage.send_replace(Stage::of(&cell.row.state));
        self.tell(super::EngineEvent::Flow { flow: live.id, ended });
    }

    /// What was durable becomes what is known.
    fn adopt(self: &Arc<Self>, live: &Arc<Live>, cell: &mut Cell, draft: Draft) {
        let ended = draft.row.state.has_ended();
        if ended && !cell.row.state.has_ended() {
            self.schedule
                .at(draft.at.plus(STAYS_IN_MEMORY), live.id, Due::Leave);
        }
        self.note_step(live, &cell.row, &draft.row, draft.after);
        cell.row = draft.row;
        cell.detail = draft.detail;
        // Whatever else was made from the same state can't become durable any more.
        cell.doubts.clear();
        live.stage.send_replace(Stage::of(&cell.row.state));
        self.tell(super::EngineEvent::Flow { flow: live.id, ended });
    }

    /// What is counted, kept in mind and looked at again after a step of ours that is durable; once a step, whether that was
    /// known at once or found out.
    pub(super) fn note_step(&self, live: &Live, before: &FlowRow, row: &FlowRow, after: Aftermath) {
        if let Some(at) = after.wake_at {
            self.schedule.at(at, live.id, Due::Deadline);
        }
        if let Some(outcome) = row
            .outcome
            .filter(|_| row.state.has_ended() && !before.state.has_ended())
        {
            self.metrics.ended(&row.service, outcome);
        }
        let refusal = PersonRefusal::of(row.person_key, row.capability, &row.state);
        if let Some(refusal) = refusal.filter(|_| self.store.shared().is_none()) {
            self.pasts.keep(&refusal);
        }
        for tally in after.tallies {
            self.count(live, row, tally);
        }
    }

    fn count(&self, live: &Live, row: &FlowRow, tally: Tally) {
        match tally {
            Tally::Callback(placed) => self.metrics.callback(placed),
            Tally::Conflict => {
                self.metrics.alarm("conflicting_answer");
                tracing::warn!(flow = %live.id, "a verified callback contradicts how the flow ended");
            }
            Tally::Rejected => {
                self.metrics.alarm("callback_rejected");
                tracing::warn!(flow = %live.id, "a callback was not believed; the flow keeps waiting");
            }
            Tally::Drift(drift) => self.note_drift(&drift),
            Tally::ScriptFault(fault) => {
                self.metrics.script_fault(&row.service);
                tracing::warn!(flow = %live.id, %fault, "a script failed; the flow is refused");
            }
        }
    }

    /// Law 1: takes the proof that the request is recorded.
    fn send(self: &Arc<Self>, live: &Arc<Live>, outbound: Recorded<Outbound>) {
        let (inner, live) = (Arc::clone(self), Arc::clone(live));
        self.spawn(async move {
            let attempt = outbound.attempt;
            let reply = inner.connector.send(outbound).await;
            let at = inner.clock.now();
            let named = reply.body.as_ref().and_then(|_| random().ok());
            let exchange = named.map(|random| ExchangeId::from_parts(at, random));
            let make = || Input::Reply {
                attempt,
                reply: reply.clone(),
                exchange,
                at,
            };
            inner.drive_to_the_end(&live, make).await;
            inner.poll(&live);
        });
    }

    /// Law 2: takes the proof that the bytes are recorded. What this node recorded first it examines first.
    fn examine(self: &Arc<Self>, live: &Arc<Live>, arrivals: Recorded<Vec<Arrival>>) {
        let (inner, live) = (Arc::clone(self), Arc::clone(live));
        let mut turn = live.examinations.turn();
        self.spawn(async move {
            for arrival in arrivals.iter() {
                // Others may be asked, so nobody is kept from the flow meanwhile.
                inner.connector.look_up(&arrival.bytes, inner.clock.now()).await;
            }
            turn.come().await;
            for arrival in arrivals.iter() {
                let verdict = Arc::new(inner.verdict(&live, arrival).await);
                let make = || Input::Examined {
                    exchange: arrival.exchange,
                    verdict: Arc::clone(&verdict),
                };
                inner.drive_to_the_end(&live, make).await;
            }
        });
    }

    async fn verdict(&self, live: &Live, arrival: &Arrival) -> Verdict {
        let cell = live.cell.lock().await;
        let (assurance, fields) = match &cell.detail.plan {
            Some(plan) => (plan.assurance, plan.fields.as_slice()),
            None => (crate::words::Assurance::High, &[][..]),
        };
        let expected = Expected {
            flow: live.id,
            capability: cell.row.capability,
            request_id: cell.row.state.request_id.as_ref(),
            civil_no: cell.row.subject.as_ref(),
            signing: cell.detail.document.as_ref().map(|document| document.digest),
            assurance,
            challenge: &cell.detail.challenge,
            additional_data: &cell.detail.additional_data,
            requested_at: cell.detail.requested_at,
            expires_at: cell.row.expires_at,
            received_at: arrival.at,
            fields,
        };
        if arrival.direct {
            self.connector.examine_reply(&arrival.bytes, &expected)
        } else {
            self.connector.examine(&arrival.bytes, &expected)
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const MOST_CONFLICTS: u32 = 6;
const STAYS_IN_MEMORY: Duration = Duration::from_secs(5);
