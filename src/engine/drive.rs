//! The driver of the flow machine.
//!
//! It keeps the one rule of [`crate::flow`]: step, ask the policy if the machine wants that, commit the next
//! state together with the record of the event, and only then act. Each kind of effect takes its own
//! [`Recorded`] proof, so acting without the commit does not compile.

use std::sync::Arc;
use std::time::Duration;

use super::detail::Detail;
use super::inner::Inner;
use super::live::Cell;
use super::live::Live;
use super::records::Scribe;
use super::schedule::Due;
use super::secrets::random;
use crate::audit::CallbackRecord;
use crate::audit::CommitError;
use crate::audit::DeliveryChange;
use crate::audit::DeliveryRow;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::FlowChange;
use crate::audit::FlowRow;
use crate::audit::Recorded;
use crate::audit::Unit;
use crate::catalog::DecideAsk;
use crate::catalog::Decided;
use crate::catalog::PlanAsk;
use crate::connector::Conclusion;
use crate::connector::Expected;
use crate::connector::Outbound;
use crate::connector::Reply;
use crate::connector::ReplyMeaning;
use crate::connector::Request;
use crate::connector::Verdict;
use crate::flow::Action;
use crate::flow::Event;
use crate::flow::Note;
use crate::flow::ReplyKind;
use crate::flow::State;
use crate::flow::step;
use crate::policy::Decision;
use crate::policy::Place;
use crate::policy::Then;
use crate::words::CallbackToken;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Timestamp;

/// What happened to a flow, with all that belongs to it.
pub(crate) enum Input {
    /// The plan is ready.
    Begin,
    /// The policy refused before anything was sent.
    Refuse(Box<Decided>),
    /// What became of an attempt at sending.
    Reply { attempt: u8, reply: Reply },
    /// A callback with the flow's token arrived.
    Callback(Arrival),
    /// A recorded callback was examined.
    Examined {
        exchange: ExchangeId,
        verdict: Box<Verdict>,
    },
    /// The clock struck.
    Deadline,
    /// The e-service gave up.
    Cancel,
    /// The e-service has been told; the row says after how many attempts.
    Delivered(Box<DeliveryRow>, Unit),
    /// The process has started again.
    Recover {
        /// Callbacks that were recorded and not examined.
        pending: Vec<Arrival>,
        /// The outcome notice that was not delivered.
        notice: Option<DeliveryRow>,
    },
}

/// The exact bytes of a callback.
#[derive(Clone)]
pub(crate) struct Arrival {
    pub(crate) exchange: ExchangeId,
    pub(crate) digest: Digest,
    pub(crate) source: String,
    pub(crate) bytes: bytes::Bytes,
    pub(crate) at: Timestamp,
}

/// What is to be done once the step is durable.
#[derive(Default)]
struct Effects {
    send: Option<Outbound>,
    examine: Vec<Arrival>,
    deliver: Option<DeliveryRow>,
}

/// A step that has been made and is not durable yet.
struct Draft {
    row: FlowRow,
    detail: Detail,
    token: Option<CallbackToken>,
    unit: Unit,
    effects: Effects,
    wake_at: Option<Timestamp>,
    at: Timestamp,
}

impl Inner {
    /// Takes one step: after this returns `Ok`, it is durable and its effects are under way.
    ///
    /// # Errors
    /// When the step did not become durable; then nothing has changed.
    pub(crate) async fn drive(self: &Arc<Self>, live: &Arc<Live>, input: Input) -> Result<(), CommitError> {
        let mut cell = live.cell.lock().await;
        let mut draft = self.draft(live, &cell, input);
        let row = Box::new(draft.row.clone());
        draft.unit.flow = Some(if cell.row.version == 0 {
            FlowChange::Insert(row)
        } else {
            FlowChange::Update(row)
        });
        let unit = std::mem::take(&mut draft.unit);
        // What will be acted on is handed in, and comes back with the proof only when all of the unit is durable.
        let effects = std::mem::take(&mut draft.effects);
        let recorded = self
            .recorder
            .record(unit, (effects.send, effects.examine, effects.deliver))
            .await?;
        self.adopt(live, &mut cell, draft);
        let (send, examine, deliver) = recorded.split();
        if let Some(outbound) = send.transpose() {
            self.send(live, outbound);
        }
        if !examine.is_empty() {
            self.examine(live, examine);
        }
        if let Some(ended) = deliver.transpose() {
            self.deliver(live, ended);
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
        loop {
            match self.drive(live, make()).await {
                Ok(()) => return,
                Err(CommitError::Stopped) => return,
                Err(CommitError::Conflict | CommitError::Duplicate(_)) => {
                    self.reload(live).await;
                }
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

    /// Another writer was faster: its state is the truth.
    pub(crate) async fn reload(&self, live: &Arc<Live>) {
        let mut cell = live.cell.lock().await;
        if let Ok(Some(row)) = self.store.flow(live.id).await
            && let Some(detail) = Detail::from_bytes(&row.detail)
        {
            live.ended.send_replace(row.state.has_ended());
            cell.row = row;
            cell.detail = detail;
        }
    }

    fn draft(&self, live: &Live, cell: &Cell, input: Input) -> Draft {
        let now = self.clock.now();
        let mut draft = Draft {
            row: cell.row.clone(),
            detail: cell.detail.clone(),
            token: cell.token.clone(),
            unit: Unit::default(),
            effects: Effects::default(),
            wake_at: None,
            at: now,
        };
        draft.row.version += 1;
        let event = input.event(now);
        let (state, actions) = step(&cell.row.state, &event);
        let note = actions.iter().find_map(|action| match action {
            Action::Note(note) => Some(*note),
            _ => None,
        });
        draft.keep_state(state);
        self.note(live, note);
        let arrivals = draft.keep_input(&input, note, self);
        for action in &actions {
            self.take_up(live, &mut draft, action, &input, &arrivals);
        }
        draft.row.detail = draft.detail.to_bytes();
        draft
    }

    fn take_up(&self, live: &Live, draft: &mut Draft, action: &Action, input: &Input, arrivals: &[Arrival]) {
        match action {
            Action::Send { attempt } => self.draft_send(live, draft, *attempt),
            Action::Schedule(at) => draft.wake_at = Some(*at),
            Action::Examine(_) => draft.effects.examine = arrivals.to_vec(),
            Action::Decide(outcome) => self.draft_ending(live, draft, *outcome, input),
            // The notice is drafted with the ending; after a restart it comes from the store.
            Action::Deliver => {
                if let Input::Recover { notice, .. } = input {
                    draft.effects.deliver.clone_from(notice);
                }
            }
            Action::Note(_) => {}
        }
    }

    fn draft_send(&self, live: &Live, draft: &mut Draft, attempt: u8) {
        let prepared = self.request(live, draft, attempt).and_then(|request| {
            let outbound = self.connector.prepare(&request).ok()?;
            let exchange = ExchangeId::from_parts(draft.at, random().ok()?);
            Some((request, outbound, exchange))
        });
        let Some((request, outbound, exchange)) = prepared else {
            // Can't happen after `start` has prepared once; if it does, nothing is sent and the clock ends it.
            tracing::error!(flow = %live.id, "a request could not be prepared");
            return;
        };
        draft.unit.exchanges.push(ExchangeRow {
            id: exchange,
            flow: Some(live.id),
            direction: ExchangeDirection::Outbound,
            at: draft.at,
            bytes: outbound.body.clone(),
        });
        let record = draft
            .scribe()
            .request(&draft.detail, &request, &outbound, exchange, &self.names());
        draft.unit.records.push(record);
        draft.effects.send = Some(outbound);
    }

    /// The request as the connector needs it. A token that this process does not know is replaced by a new one.
    fn request(&self, live: &Live, draft: &mut Draft, attempt: u8) -> Option<Request> {
        let token = match &draft.token {
            Some(token) => token.clone(),
            None => CallbackToken::from_random(random().ok()?),
        };
        draft.row.token = token.digest();
        draft.token = Some(token.clone());
        self.make_request(live, &draft.row, &draft.detail, &token, attempt)
    }

    pub(crate) fn make_request(
        &self,
        live: &Live,
        row: &FlowRow,
        detail: &Detail,
        token: &CallbackToken,
        attempt: u8,
    ) -> Option<Request> {
        let plan = detail.plan.as_ref()?;
        let service = live.catalog.as_ref()?.service(row.service.as_str())?;
        let asks_more_than_the_number = plan
            .fields
            .iter()
            .any(|field| field.source() != crate::words::FieldSource::CivilNo);
        Some(Request {
            flow: row.id,
            attempt,
            capability: row.capability,
            assurance: plan.assurance,
            civil_no: row.subject.clone(),
            description: service.service.name.clone(),
            reason: plan.reason.clone(),
            wants_person: asks_more_than_the_number,
            callback_url: format!(
                "{}/cb/v1/{}",
                self.options.callback_base_url.trim_end_matches('/'),
                token.as_str()
            ),
            additional_data: detail.additional_data.clone(),
            challenge: detail.challenge.clone(),
        })
    }

    fn draft_ending(&self, live: &Live, draft: &mut Draft, outcome: Outcome, input: &Input) {
        let person = match input {
            Input::Examined { verdict, .. } => match &verdict.conclusion {
                Conclusion::Approved(person) => Some(person),
                _ => None,
            },
            _ => None,
        };
        let decided = match input {
            Input::Refuse(decided) => (**decided).clone(),
            _ => self.ask_policy(live, draft, outcome, person),
        };
        let (state, _) = step(&draft.row.state, &Event::Decided(decided.outcome));
        let decided = agreed(decided, &state);
        draft.keep_state(state);
        if let (Some(person), Then::Continue, Outcome::Approved) =
            (person, decided.decision.then, decided.outcome)
        {
            draft.detail.keep_person(person);
        }
        let exchange = draft.row.state.ending.as_ref().and_then(|ending| ending.exchange);
        let record = draft.scribe().ending(&decided, exchange);
        draft.unit.records.push(record);
        if let Some(fault) = &decided.fault {
            self.metrics.script_fault(&draft.row.service);
            tracing::warn!(flow = %live.id, %fault, "a script failed; the flow is refused");
        }
        self.metrics.ended(&draft.row.service, decided.outcome);
        draft.detail.decision = Some(decided.decision);
        draft.detail.ended_at = Some(draft.at);
        let notice = self.notice(draft);
        match &notice {
            Some(row) => draft.unit.deliveries.push(DeliveryChange::Insert(row.clone())),
            // Nobody wants to be told: that is as delivered as it gets.
            None => draft.keep_state(step(&draft.row.state, &Event::Delivered).0),
        }
        draft.effects.deliver = notice;
    }

    fn ask_policy(&self, live: &Live, draft: &Draft, outcome: Outcome, person: Option<&Person>) -> Decided {
        let Some(catalog) = &live.catalog else {
            return without_policy();
        };
        catalog.decide(&DecideAsk {
            plan: PlanAsk {
                service: draft.row.service.as_str(),
                capability: draft.row.capability,
                channel: draft.detail.channel,
                locale: draft.detail.locale,
                inputs: &draft.detail.inputs,
                now: draft.at,
                attempt: draft.detail.try_number,
            },
            outcome,
            person,
        })
    }

    fn notice(&self, draft: &Draft) -> Option<DeliveryRow> {
        let url = draft.detail.notify_url.clone()?;
        let view = self.view_of(&draft.row, &draft.detail, None);
        let body = serde_json::json!({
            "type": "flow.ended",
            "timestamp": draft.at.to_string(),
            "data": view.to_json(),
        });
        Some(DeliveryRow {
            webhook_id: format!("{}.1", draft.row.id),
            flow: draft.row.id,
            url,
            body: body.to_string().into(),
            attempts: 0,
            next_at: Some(draft.at),
            delivered_at: None,
        })
    }

    fn note(&self, live: &Live, note: Option<Note>) {
        match note {
            Some(Note::Conflicting) => {
                self.metrics.alarm("conflicting_answer");
                tracing::warn!(flow = %live.id, "a verified callback contradicts how the flow ended");
            }
            Some(Note::Rejected) => {
                self.metrics.alarm("callback_rejected");
                tracing::warn!(flow = %live.id, "a callback was not believed; the flow keeps waiting");
            }
            _ => {}
        }
    }

    /// What was durable becomes what is known.
    fn adopt(self: &Arc<Self>, live: &Arc<Live>, cell: &mut Cell, draft: Draft) {
        if draft.row.token != cell.row.token {
            self.flows.insert(Arc::clone(live), draft.row.token);
        }
        if let Some(at) = draft.wake_at {
            self.schedule.at(at, live.id, Due::Deadline);
        }
        let ended = draft.row.state.has_ended();
        if ended && !cell.row.state.has_ended() {
            self.schedule
                .at(draft.at.plus(STAYS_IN_MEMORY), live.id, Due::Leave);
        }
        cell.row = draft.row;
        cell.detail = draft.detail;
        cell.token = draft.token;
        live.ended.send_replace(ended);
        self.tell(super::EngineEvent::Flow { flow: live.id, ended });
    }

    /// Law 1: takes the proof that the request is recorded.
    fn send(self: &Arc<Self>, live: &Arc<Live>, outbound: Recorded<Outbound>) {
        let (inner, live) = (Arc::clone(self), Arc::clone(live));
        self.tasks.spawn(async move {
            let attempt = outbound.attempt;
            let reply = inner.connector.send(outbound).await;
            let make = || Input::Reply {
                attempt,
                reply: reply.clone(),
            };
            inner.drive_to_the_end(&live, make).await;
        });
    }

    /// Law 2: takes the proof that the bytes are recorded.
    fn examine(self: &Arc<Self>, live: &Arc<Live>, arrivals: Recorded<Vec<Arrival>>) {
        let (inner, live) = (Arc::clone(self), Arc::clone(live));
        self.tasks.spawn(async move {
            for arrival in arrivals.iter() {
                let verdict = inner.verdict(&live, arrival).await;
                let make = || Input::Examined {
                    exchange: arrival.exchange,
                    verdict: Box::new(verdict.clone()),
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
            request_id: cell.row.state.request_id.as_ref(),
            civil_no: cell.row.subject.as_ref(),
            assurance,
            challenge: &cell.detail.challenge,
            additional_data: &cell.detail.additional_data,
            requested_at: cell.detail.requested_at,
            expires_at: cell.row.expires_at,
            received_at: arrival.at,
            fields,
        };
        self.connector.examine(&arrival.bytes, &expected)
    }
}

impl Input {
    fn event(&self, now: Timestamp) -> Event {
        match self {
            Self::Begin => Event::Begin,
            Self::Refuse(decided) => Event::Refuse(decided.outcome),
            Self::Reply { reply, .. } => Event::Reply(match &reply.meaning {
                ReplyMeaning::Accepted { request_id } => ReplyKind::Accepted(request_id.clone()),
                ReplyMeaning::Refused { outcome, .. } => ReplyKind::Refused(*outcome),
                ReplyMeaning::NotSent { .. } => ReplyKind::NotSent,
                ReplyMeaning::Unknown { .. } => ReplyKind::Unknown,
            }),
            Self::Callback(arrival) => Event::Callback {
                exchange: arrival.exchange,
                digest: arrival.digest,
            },
            Self::Examined { exchange, verdict } => Event::Examined {
                exchange: *exchange,
                conclusion: match &verdict.conclusion {
                    Conclusion::Approved(_) => crate::flow::Conclusion::Approved,
                    Conclusion::Ended(outcome) => crate::flow::Conclusion::Ended(*outcome),
                    Conclusion::Rejected => crate::flow::Conclusion::Rejected,
                },
            },
            Self::Deadline => Event::Deadline(now),
            Self::Cancel => Event::Cancel,
            Self::Delivered(..) => Event::Delivered,
            Self::Recover { .. } => Event::Recover,
        }
    }
}

impl Draft {
    fn scribe(&self) -> Scribe<'_> {
        Scribe {
            row: &self.row,
            at: self.at,
        }
    }

    fn keep_state(&mut self, state: State) {
        self.row.request_id = state.request_id.clone();
        self.row.outcome = state
            .ending
            .as_ref()
            .filter(|_| state.has_ended())
            .map(|ending| ending.outcome);
        self.row.state = state;
    }

    /// Writes down what came in, exact bytes first; gives back the callbacks that may have to be examined.
    fn keep_input(&mut self, input: &Input, note: Option<Note>, inner: &Inner) -> Vec<Arrival> {
        match input {
            Input::Reply { attempt, reply } => {
                let exchange = reply.body.as_ref().and_then(|bytes| {
                    let id = ExchangeId::from_parts(self.at, random().ok()?);
                    self.keep_bytes(id, ExchangeDirection::Reply, self.at, bytes.clone());
                    Some((id, Digest::of(bytes)))
                });
                let record = self.scribe().reply(*attempt, &reply.meaning, exchange, note);
                self.unit.records.push(record);
                Vec::new()
            }
            Input::Callback(arrival) => {
                self.keep_callback(arrival, note, inner);
                vec![arrival.clone()]
            }
            Input::Examined { exchange, verdict } => {
                let late = matches!(note, Some(Note::Late | Note::Conflicting))
                    || self.row.state.has_ended() && note == Some(Note::Rejected);
                let record = self.scribe().verdict(*exchange, verdict, late);
                self.unit.records.push(record);
                Vec::new()
            }
            Input::Delivered(row, unit) => {
                self.unit.records.extend(unit.records.iter().cloned());
                self.unit.deliveries.push(DeliveryChange::Update((**row).clone()));
                Vec::new()
            }
            Input::Recover { pending, .. } => pending.clone(),
            Input::Begin | Input::Refuse(_) | Input::Deadline | Input::Cancel => Vec::new(),
        }
    }

    fn keep_callback(&mut self, arrival: &Arrival, note: Option<Note>, inner: &Inner) {
        let placed = match note {
            Some(Note::Duplicate) => "duplicate",
            Some(Note::Late) => "late",
            _ => "flow",
        };
        inner.metrics.callback(placed);
        self.keep_bytes(
            arrival.exchange,
            ExchangeDirection::Callback,
            arrival.at,
            arrival.bytes.clone(),
        );
        let record = self.scribe().callback(CallbackRecord {
            exchange: Some(arrival.exchange),
            digest: arrival.digest,
            size: arrival.bytes.len() as u64,
            source: arrival.source.clone(),
            placed: placed.to_owned(),
        });
        self.unit.records.push(record);
    }

    fn keep_bytes(
        &mut self,
        id: ExchangeId,
        direction: ExchangeDirection,
        at: Timestamp,
        bytes: bytes::Bytes,
    ) {
        self.unit.exchanges.push(ExchangeRow {
            id,
            flow: Some(self.row.id),
            direction,
            at,
            bytes,
        });
    }
}

/// The machine has the last word on the outcome; if it had to object, the decision is a refusal (law 6).
fn agreed(decided: Decided, state: &State) -> Decided {
    match &state.ending {
        Some(ending) if ending.outcome != decided.outcome => Decided {
            outcome: ending.outcome,
            ..without_policy()
        },
        _ => decided,
    }
}

/// The catalog of the flow is gone: nothing can be decided, so nothing is allowed (law 5).
fn without_policy() -> Decided {
    Decided {
        outcome: Outcome::ErrorPolicy,
        decision: Decision {
            then: Then::Stop,
            say: Outcome::ErrorPolicy.text(),
            refusal: None,
            rule: Place::default(),
        },
        fault: None,
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const STAYS_IN_MEMORY: Duration = Duration::from_secs(5);
