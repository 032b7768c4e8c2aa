use std::sync::Arc;

use super::detail::Detail;
use super::inner::Inner;
use super::input::Arrival;
use super::input::Input;
use super::live::Cell;
use super::live::Live;
use super::matter::approval_of_texts;
use super::records::NodeNames;
use super::records::Scribe;
use super::records::ending;
use super::secrets::random;
use crate::audit::CallbackRecord;
use crate::audit::DeliveryChange;
use crate::audit::DeliveryRow;
use crate::audit::Event;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::FlowChange;
use crate::audit::FlowRow;
use crate::audit::Unit;
use crate::audit::log::FlowParts;
use crate::catalog::DecideAsk;
use crate::catalog::Decided;
use crate::catalog::PlanAsk;
use crate::connector::Conclusion;
use crate::connector::Drift;
use crate::connector::Outbound;
use crate::connector::Reply;
use crate::connector::ReplyMeaning;
use crate::connector::Request;
use crate::flow::Action;
use crate::flow::Event as FlowEvent;
use crate::flow::Note;
use crate::flow::ReplyKind;
use crate::flow::State;
use crate::flow::step;
use crate::policy::Then;
use crate::words::CallbackToken;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Timestamp;

/// What is to be done once the step is durable.
#[derive(Default)]
pub(super) struct Effects {
    pub(super) send: Option<Outbound>,
    pub(super) examine: Vec<Arrival>,
    pub(super) deliver: Option<DeliveryRow>,
    /// The flow of the next step of the journey.
    pub(super) begin: Option<FlowId>,
}

/// A step that has been made and is not durable yet.
pub(super) struct Draft {
    /// Shared, as the detail, with what is known until the step changes it.
    pub(super) row: Arc<FlowRow>,
    pub(super) detail: Arc<Detail>,
    pub(super) unit: Unit,
    pub(super) effects: Effects,
    /// Whether the row has the detail as it shall be.
    has_written_detail: bool,
    /// What is done once the step is durable: a draft that could not be recorded is made again.
    pub(super) after: Aftermath,
    pub(super) at: Timestamp,
}

/// What is done with a step once it is durable, besides its effects.
#[derive(Default)]
pub(super) struct Aftermath {
    /// When the flow has to be looked at.
    pub(super) wake_at: Option<Timestamp>,
    /// What is counted and told to the operator.
    pub(super) tallies: Vec<Tally>,
}

/// Something of a step that the operator counts or should look at.
pub(super) enum Tally {
    /// A callback arrived; how it was placed.
    Callback(&'static str),
    /// A verified callback contradicts how the flow ended.
    Conflict,
    /// A callback was not believed.
    Rejected,
    /// A script failed; where and why.
    ScriptFault(String),
    /// An answer holds something that is in no list.
    Drift(Drift),
}

impl Inner {
    /// Makes the step: the next state, the records and the effects that wait for them to be durable.
    pub(super) fn draft(&self, live: &Live, cell: &Cell, input: &Input) -> Draft {
        let now = self.clock.now();
        let mut draft = Draft {
            row: Arc::clone(&cell.row),
            detail: Arc::clone(&cell.detail),
            unit: Unit::default(),
            effects: Effects::default(),
            has_written_detail: false,
            after: Aftermath::default(),
            at: now,
        };
        draft.row_to_change().version += 1;
        let event = input.event(now);
        let (state, actions) = step(&cell.row.state, &event);
        let note = actions.iter().find_map(|action| match action {
            Action::Note(note) => Some(*note),
            _ => None,
        });
        draft.keep_state(state);
        draft.tie_to_journey(cell);
        self.keep_approver(&mut draft, input);
        draft.after.tallies.extend(note.and_then(Tally::of));
        draft
            .after
            .tallies
            .extend(self.drift_in(input).into_iter().map(Tally::Drift));
        let arrivals = draft.keep_input(input, note);
        for action in &actions {
            self.take_up(live, &mut draft, action, input, &arrivals);
        }
        if matches!(input, Input::Confirm { .. } | Input::Release { .. }) {
            // From here on the request may have left, so nobody else may send it.
            draft.detail_to_change().held_token = None;
        }
        draft.keep_flow(cell);
        draft
    }

    /// A flow that began without a person is from its approval on that of whoever approved. What comes after the ending
    /// changes nothing.
    fn keep_approver(&self, draft: &mut Draft, input: &Input) {
        let Input::Examined { exchange, verdict } = input else {
            return;
        };
        let concluded = draft
            .row
            .state
            .ending
            .as_ref()
            .is_some_and(|ending| ending.exchange == Some(*exchange));
        if let Some(approver) = verdict.approver.as_ref().filter(|_| concluded)
            && draft.row.subject.is_none()
        {
            let key = self.secrets.person_key(approver);
            let row = draft.row_to_change();
            row.subject = Some(approver.clone());
            row.person_key.get_or_insert(key);
        }
    }

    fn take_up(&self, live: &Live, draft: &mut Draft, action: &Action, input: &Input, arrivals: &[Arrival]) {
        match action {
            Action::Send { attempt } => {
                if let Err(outcome) = self.draft_send(live, draft, *attempt) {
                    // Nothing leaves, and nothing will: the e-service hears it now and not by the clock.
                    let refused = FlowEvent::Reply(ReplyKind::Refused(outcome));
                    let (state, actions) = step(&draft.row.state, &refused);
                    draft.keep_state(state);
                    for action in &actions {
                        self.take_up(live, draft, action, input, arrivals);
                    }
                }
            }
            Action::Schedule(at) => draft.after.wake_at = Some(*at),
            Action::Examine(_) => draft.effects.examine = arrivals.to_vec(),
            Action::Decide(outcome) => self.draft_ending(live, draft, *outcome, input),
            // The notice is drafted with the ending; after a restart it comes from the store.
            Action::Deliver => {
                if let Input::Recover {
                    notice,
                    owes_ending: true,
                    ..
                } = input
                {
                    draft.effects.deliver.clone_from(notice);
                    draft.effects.begin = draft.detail.journey.as_ref().and_then(|part| part.next);
                }
            }
            Action::Note(_) => {}
        }
    }

    /// Drafts the request; `Err` names how the flow ends where the connector can't ask for that.
    fn draft_send(&self, live: &Live, draft: &mut Draft, attempt: u8) -> Result<(), Outcome> {
        let Some(request) = self.request(live, draft, attempt) else {
            // Another process may have sent it: the answer or the clock ends it.
            tracing::error!(flow = %live.id, "a request could not be made");
            return Ok(());
        };
        let outbound = self.connector.prepare(&request).map_err(|error| {
            tracing::error!(flow = %live.id, %error, "the connector can't send this request");
            Outcome::ErrorUnsupported
        })?;
        let exchange = ExchangeId::from_parts(draft.at, random().map_err(|_| Outcome::ErrorStore)?);
        draft.unit.exchanges.push(ExchangeRow {
            id: exchange,
            flow: Some(live.id),
            direction: ExchangeDirection::Outbound,
            at: draft.at,
            bytes: outbound.body.clone(),
        });
        let approval = approval_of_texts(live, draft);
        let names = NodeNames {
            approval: approval.as_deref(),
            ..self.names()
        };
        let record = draft
            .scribe()
            .request(&draft.detail, &request, &outbound, exchange, &names);
        draft.unit.records.push(record);
        draft.effects.send = Some(outbound);
        Ok(())
    }

    /// The request as the connector needs it. Only the process that made the callback token knows it; another
    /// never sends, because what it does not know may have been sent.
    fn request(&self, live: &Live, draft: &Draft, attempt: u8) -> Option<Request> {
        let (row, detail) = (&draft.row, &draft.detail);
        let held = || CallbackToken::parse(detail.held_token.as_deref()?);
        let token = live.token.clone().or_else(held)?;
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
            matter: live.matter(),
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
        let (state, _) = step(&draft.row.state, &FlowEvent::Decided(decided.outcome));
        let decided = decided.agreed(&state);
        draft.keep_state(state);
        if let (Some(person), Then::Continue, Outcome::Approved) =
            (person, decided.decision.then, decided.outcome)
        {
            draft.detail_to_change().keep_person(person);
            if let Input::Examined { verdict, .. } = input {
                draft.detail_to_change().signature.clone_from(&verdict.signature);
            }
        }
        let exchange = draft.row.state.ending.as_ref().and_then(|ending| ending.exchange);
        let mut ending = ending(outcome, &decided, exchange);
        let turn = draft.turn(live, &decided);
        ending.next = turn.and_then(|turn| turn.begins);
        if let Some(fault) = &decided.fault {
            draft.after.tallies.push(Tally::ScriptFault(fault.to_string()));
        }
        let ended_at = draft.at;
        let detail = draft.detail_to_change();
        detail.decision = Some(decided.decision);
        detail.ended_at = Some(ended_at);
        draft.write_detail();
        ending.flow = Some(FlowParts::digest_of(&draft.row));
        let record = draft.scribe().record(Event::Ending(Box::new(ending)));
        draft.unit.records.push(record);
        let notice = match turn {
            Some(turn) if !turn.ends => None,
            _ => self.notice(live, draft),
        };
        let begins = turn.and_then(|turn| turn.begins);
        if let Some(row) = &notice {
            let record = draft.scribe().notice(row);
            draft.unit.records.push(record);
        }
        match (&notice, begins) {
            (Some(row), _) => draft.unit.deliveries.push(DeliveryChange::Insert(row.clone())),
            // Only when the next step has begun is there nothing more to do.
            (None, Some(_)) => {}
            // Nobody wants to be told: that is as delivered as it gets.
            (None, None) => draft.keep_state(step(&draft.row.state, &FlowEvent::Delivered).0),
        }
        draft.effects.deliver = notice;
        draft.effects.begin = begins;
    }

    fn ask_policy(&self, live: &Live, draft: &Draft, outcome: Outcome, person: Option<&Person>) -> Decided {
        let Some(catalog) = &live.catalog else {
            return Decided::without_catalog(outcome);
        };
        let earlier = draft.detail.earlier();
        catalog.decide(&DecideAsk {
            plan: PlanAsk {
                service: draft.row.service.as_str(),
                capability: draft.row.capability,
                channel: draft.detail.channel,
                locale: draft.detail.locale,
                inputs: &draft.detail.inputs,
                now: draft.at,
                attempt: draft.detail.try_number,
                step: draft.detail.step_ask(earlier.as_ref()),
            },
            outcome,
            person,
        })
    }

    fn notice(&self, live: &Live, draft: &Draft) -> Option<DeliveryRow> {
        let url = draft.detail.notify_url.clone()?;
        let catalog = live.catalog.as_deref();
        let (kind, data) = match self.journey_of(&draft.row, &draft.detail, catalog) {
            Some(journey) => ("journey.ended", journey.to_json()),
            None => (
                "flow.ended",
                self.view_of(&draft.row, &draft.detail, None).to_json(),
            ),
        };
        let body = serde_json::json!({
            "type": kind,
            "timestamp": draft.at.to_string(),
            "data": data,
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
}

impl Tally {
    const fn of(note: Note) -> Option<Self> {
        match note {
            Note::Conflicting => Some(Self::Conflict),
            Note::Rejected => Some(Self::Rejected),
            _ => None,
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

    fn row_to_change(&mut self) -> &mut FlowRow {
        Arc::make_mut(&mut self.row)
    }

    pub(super) fn detail_to_change(&mut self) -> &mut Detail {
        Arc::make_mut(&mut self.detail)
    }

    /// Writes down which journey a new flow belongs to.
    fn tie_to_journey(&mut self, before: &Cell) {
        if before.row.version == 0
            && let Some(part) = &self.detail.journey
        {
            let record = self.scribe().step(part);
            self.unit.records.push(record);
        }
    }

    /// Writes the detail into the row, where nothing of it will change any more.
    fn write_detail(&mut self) {
        self.row_to_change().detail = self.detail.to_bytes().into();
        self.has_written_detail = true;
    }

    /// Hands in the flow as it shall be; its sealed part, subject and detail, only where the step changed it.
    fn keep_flow(&mut self, before: &Cell) {
        let is_new = before.row.version == 0;
        let keeps_detail =
            !is_new && Arc::ptr_eq(&self.detail, &before.detail) && self.row.subject == before.row.subject;
        if !keeps_detail && !self.has_written_detail {
            self.write_detail();
        }
        let row = Arc::clone(&self.row);
        self.unit.flow = Some(match (is_new, keeps_detail) {
            (true, _) => FlowChange::Insert(row),
            (false, false) => FlowChange::Update(row),
            (false, true) => FlowChange::Advance(row),
        });
        if is_new {
            self.unit.document = self.detail.refers_to();
        }
    }

    fn keep_state(&mut self, state: State) {
        let row = self.row_to_change();
        row.request_id.clone_from(&state.request_id);
        row.expires_at = state.expires_at;
        row.outcome = state
            .ending
            .as_ref()
            .filter(|_| state.has_ended())
            .map(|ending| ending.outcome);
        row.state = state;
    }

    /// Writes down what came in, exact bytes first; gives back the callbacks that may have to be examined.
    fn keep_input(&mut self, input: &Input, note: Option<Note>) -> Vec<Arrival> {
        match input {
            Input::Reply {
                attempt,
                reply,
                exchange,
                at,
            } => self.keep_reply(*attempt, reply, (*exchange, *at), note),
            Input::Confirm { consent, .. } => {
                if note.is_none() {
                    let record = self.scribe().consent((**consent).clone());
                    self.unit.records.push(record);
                    // The life of the request begins here, not with the reading of the document.
                    let now = self.at;
                    self.detail_to_change().requested_at = now;
                }
                Vec::new()
            }
            Input::Release { .. } => {
                if note.is_none() {
                    let now = self.at;
                    self.detail_to_change().requested_at = now;
                }
                Vec::new()
            }
            Input::Supersede { by } => {
                if note.is_none() {
                    self.detail_to_change().superseded_by = Some(*by);
                }
                Vec::new()
            }
            Input::Opened { browser } => {
                // What is kept of an ended flow is part of what its record vouches for.
                if self.detail.browser.is_none() && !self.row.state.has_ended() {
                    self.detail_to_change().browser = Some(*browser);
                    let record = self.scribe().browser(*browser);
                    self.unit.records.push(record);
                }
                Vec::new()
            }
            Input::NotMe(reporter) => {
                if note.is_none() {
                    let record = self.scribe().not_me(*reporter);
                    self.unit.records.push(record);
                }
                Vec::new()
            }
            Input::Callback(arrival) => {
                self.keep_callback(arrival, note);
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
            Input::Begin
            | Input::HandedOn
            | Input::Hold
            | Input::Withdraw
            | Input::Refuse(_)
            | Input::Deadline
            | Input::Cancel => Vec::new(),
        }
    }

    /// Writes a reply down; gives it back where it is the answer itself and has to be examined.
    fn keep_reply(
        &mut self,
        attempt: u8,
        reply: &Reply,
        (exchange, at): (Option<ExchangeId>, Timestamp),
        note: Option<Note>,
    ) -> Vec<Arrival> {
        let named = exchange.zip(reply.body.as_ref());
        if let Some((id, bytes)) = named {
            self.keep_bytes(id, ExchangeDirection::Reply, self.at, bytes.clone());
        }
        let kept = named.map(|(id, bytes)| (id, Digest::of(bytes)));
        let record = self.scribe().reply(attempt, &reply.meaning, kept, note);
        self.unit.records.push(record);
        if let ReplyMeaning::Shown(qr) = &reply.meaning
            && !self.row.state.has_ended()
        {
            self.detail_to_change().qr = Some(qr.clone());
        }
        match (&reply.meaning, named, kept) {
            (ReplyMeaning::Answered, Some((_, bytes)), Some((id, digest))) => vec![Arrival {
                direct: true,
                spooled: false,
                exchange: id,
                digest,
                source: String::new(),
                bytes: bytes.clone(),
                at,
            }],
            _ => Vec::new(),
        }
    }

    fn keep_callback(&mut self, arrival: &Arrival, note: Option<Note>) {
        let placed = match note {
            Some(Note::Duplicate) => "duplicate",
            Some(Note::Late) => "late",
            _ => "flow",
        };
        self.after.tallies.push(Tally::Callback(placed));
        let direction = if arrival.direct {
            ExchangeDirection::Reply
        } else {
            ExchangeDirection::Callback
        };
        self.keep_bytes(arrival.exchange, direction, arrival.at, arrival.bytes.clone());
        let record = self.scribe().callback(CallbackRecord {
            exchange: Some(arrival.exchange),
            digest: arrival.digest,
            size: arrival.bytes.len() as u64,
            source: arrival.source.clone(),
            placed: placed.to_owned(),
            arrived_at: Some(arrival.at),
            spooled: arrival.spooled.then_some(arrival.exchange),
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
