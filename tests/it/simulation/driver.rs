//! The driver's rule: a step is made from what is durable, committed if nothing has moved meanwhile, and only then carried
//! out. What a node is in the middle of dies with it.

use bytes::Bytes;
use midflow::catalog::DecideAsk;
use midflow::catalog::Decided;
use midflow::catalog::PlanAsk;
use midflow::catalog::StepAsk;
use midflow::flow::Action;
use midflow::flow::Conclusion;
use midflow::flow::Ending;
use midflow::flow::Event;
use midflow::flow::Phase;
use midflow::flow::ReplyKind;
use midflow::flow::State;
use midflow::flow::step;
use midflow::policy::Then;
use midflow::words::CivilNo;
use midflow::words::Digest;
use midflow::words::ExchangeId;
use midflow::words::Locale;
use midflow::words::Outcome;
use midflow::words::Person;
use midflow::words::Timestamp;

use super::asked::FAILING;
use super::bug::Bug;
use super::laws;
use super::store::Ended;
use super::store::Record;
use super::store::Row;
use super::world::Happening;
use super::world::World;

/// Why a step is made, and what comes with it.
#[derive(Clone)]
pub struct Cause {
    pub event: Event,
    /// Exact bytes that become durable with the step.
    pub bytes: Option<(ExchangeId, Timestamp, Bytes)>,
    pub person: Option<Person>,
    /// Who has approved, where the answer is the first to say so.
    pub approver: Option<CivilNo>,
    /// What the plan was refused with.
    pub refused: Option<Decided>,
    /// What the authority is told to be taken, once it is durable.
    pub acknowledges: Option<Digest>,
}

/// A step that was made and is not durable yet.
pub struct Step {
    pub flow: usize,
    read: u64,
    row: Row,
    actions: Vec<Action>,
    records: Vec<Record>,
    cause: Cause,
}

impl Cause {
    pub fn of(event: Event) -> Self {
        Self {
            event,
            bytes: None,
            person: None,
            approver: None,
            refused: None,
            acknowledges: None,
        }
    }
}

impl World<'_> {
    /// The person has pressed the button.
    pub fn confirm(&mut self, flow: usize) {
        self.flows[flow].confirmed = true;
        let plan = self.store.rows.get(&flow).and_then(|row| row.plan.clone());
        if let Some(plan) = plan {
            let expires_at = self.now.plus(plan.expires_in);
            self.outside_event(flow, Event::Confirm { expires_at });
        }
    }

    /// Something from outside, at whichever node answers.
    pub fn outside_event(&mut self, flow: usize, event: Event) {
        if !self.store.rows.contains_key(&flow) {
            return;
        }
        if let Some(node) = self.some_node() {
            self.feed(node, flow, Cause::of(event));
        }
    }

    pub fn deadline(&mut self, node: usize, flow: usize) {
        self.feed(node, flow, Cause::of(Event::Deadline(self.now)));
    }

    /// Makes a step, and commits it: at once, or after a while in which others may be quicker.
    pub fn feed(&mut self, node: usize, flow: usize, cause: Cause) {
        let made = self.made(node, flow, cause);
        if self.dice.one_in(5) {
            let pause = self.up_to(1_500);
            let by = self.by(node);
            self.after(pause, Happening::Commit(by, Box::new(made)));
        } else {
            self.commit(node, made);
        }
    }

    pub fn feed_now(&mut self, node: usize, flow: usize, cause: Cause) {
        let made = self.made(node, flow, cause);
        self.commit(node, made);
    }

    fn made(&mut self, node: usize, flow: usize, cause: Cause) -> Step {
        let made = self.draft(flow, cause);
        if self.has(Bug::SendsBeforeCommit) {
            for action in made.actions.clone() {
                if let Action::Send { attempt } = action {
                    let pause = self.up_to(50);
                    self.after(pause, Happening::Leave(self.by(node), flow, attempt));
                }
            }
        }
        if self.has(Bug::AcknowledgesFirst) {
            self.acknowledge(&made);
        }
        if self.has(Bug::TellsBeforeCommit)
            && let Some(ended) = made.row.decided.clone()
        {
            self.told(flow, &ended);
        }
        if self.has(Bug::BeginsStepBeforeCommit)
            && let Some(next) = made.row.part.as_ref().and_then(|part| part.next)
        {
            let by = self.by(node);
            self.begin_next(by, &made.row, flow, next);
        }
        made
    }

    fn draft(&mut self, flow: usize, cause: Cause) -> Step {
        let mut row = self.store.rows[&flow].clone();
        let read = row.version;
        let (state, mut actions) = self.machine(&row.state, &cause.event);
        row.state = state;
        let owes_step = row.part.as_ref().is_some_and(|part| part.next.is_some());
        if self.has(Bug::RecoveryForgetsStep) && owes_step && cause.event == Event::Recover {
            actions.retain(|action| *action != Action::Deliver);
        }
        if let Some((exchange, at, body)) = &cause.bytes
            && row.state.pending.iter().any(|(id, _)| id == exchange)
        {
            row.exchanges.insert(*exchange, (*at, body.clone()));
        }
        let mut records = vec![record_of(&cause)];
        let asked = actions.iter().find_map(|action| match action {
            Action::Decide(outcome) => Some(*outcome),
            _ => None,
        });
        if let Some(outcome) = asked {
            let (ended, state, more) = self.decide(flow, &row, outcome, &cause);
            records.push(Record::Decided(ended.outcome));
            row.decided = Some(ended);
            row.state = state;
            actions.extend(more);
            row.subject = row.subject.or_else(|| cause.approver.clone());
            self.turn(flow, &mut row);
        }
        for action in &actions {
            if let Action::Send { attempt } = action {
                records.push(Record::Sent(*attempt));
            }
        }
        Step {
            flow,
            read,
            row,
            actions,
            records,
            cause,
        }
    }

    fn decide(&self, flow: usize, row: &Row, outcome: Outcome, cause: &Cause) -> (Ended, State, Vec<Action>) {
        let mut decided = match &cause.refused {
            Some(refused) => refused.clone(),
            None => self.policy(flow, row, outcome, cause.person.as_ref()),
        };
        let faulted = decided.fault.is_some();
        if faulted && outcome == Outcome::Approved && self.has(Bug::FaultAllows) {
            decided.outcome = Outcome::Approved;
            decided.decision.then = Then::Continue;
        }
        let (state, actions) = self.machine(&row.state, &Event::Decided(decided.outcome));
        let decided = decided.agreed(&state);
        let released = decided.outcome == Outcome::Approved && decided.decision.then == Then::Continue;
        let ended = Ended {
            outcome: decided.outcome,
            then: decided.decision.then,
            person: cause
                .person
                .clone()
                .filter(|_| released || self.has(Bug::ReleasesPerson)),
            faulted,
        };
        (ended, state, actions)
    }

    /// What the policy decides. A script has so much time by the clock of the machine, which a simulation must not hang on:
    /// one that was set aside too long is asked again, and one that fails by itself fails again.
    pub fn policy(&self, flow: usize, row: &Row, outcome: Outcome, person: Option<&Person>) -> Decided {
        let ask = DecideAsk {
            plan: self.plan_ask(flow, row),
            outcome,
            person,
        };
        let mut decided = self.ground.catalog.decide(&ask);
        for _ in 0..self.patience(flow) {
            if decided.fault.is_none() {
                break;
            }
            decided = self.ground.catalog.decide(&ask);
        }
        decided
    }

    pub fn patience(&self, flow: usize) -> usize {
        if self.flows[flow].wish.service == FAILING {
            0
        } else {
            50
        }
    }

    /// Commits a step and carries out what follows from it.
    pub fn commit(&mut self, node: usize, step: Step) {
        let flow = step.flow;
        if self.is_fenced(node) {
            return self.count("writes of a node taken for dead, refused");
        }
        let before = self.store.rows[&flow].clone();
        if before.version != step.read && !self.has(Bug::NoCompareAndSet) {
            self.count("steps made again");
            let again = self.draft(flow, step.cause);
            return self.commit(node, again);
        }
        let mut row = step.row.clone();
        row.version = before.version + 1;
        row.owner = node;
        if let Some(violation) = laws::between(self, flow, &before, &row) {
            self.broken = Some(violation);
            return;
        }
        let taken = before.owner != node;
        let what = (
            row.state.phase,
            row.state.ending.as_ref().map(|ending| ending.outcome),
        );
        self.note(flow, format_args!("{:?} {:?}", what.0, what.1));
        self.store.rows.insert(flow, row);
        let records = step.records.iter().map(|record| (flow, record.clone()));
        self.store.records.extend(records);
        if self.has(Bug::ForgetsRejected)
            && let Event::Examined {
                exchange,
                conclusion: Conclusion::Rejected,
            } = &step.cause.event
            && let Some((_, body)) = before.exchanges.get(exchange)
        {
            let digest = Digest::of(body);
            self.store
                .records
                .retain(|(of, record)| *of != flow || *record != Record::Arrived(digest));
        }
        // The process may die right here: durable, and nothing carried out.
        if self.dice.one_in(150) {
            return self.crash(node);
        }
        // Or the store reports a failure, though the step is durable: nothing is carried out until the node has looked.
        if self.dice.one_in(100) {
            self.count("commits in doubt");
            let unsent = step
                .actions
                .iter()
                .any(|action| matches!(action, Action::Send { .. }));
            let pause = self.up_to(2_000);
            let by = self.by(node);
            return self.after(pause, Happening::FindOut(by, flow, unsent));
        }
        self.acknowledge(&step);
        for action in &step.actions {
            self.carry_out(node, flow, action);
        }
        if taken {
            self.owe(node, flow);
        }
    }

    fn acknowledge(&mut self, step: &Step) {
        if let Some(digest) = step.cause.acknowledges {
            self.flows[step.flow].acknowledged.insert(digest);
        }
    }

    fn carry_out(&mut self, node: usize, flow: usize, action: &Action) {
        let by = self.by(node);
        let pause = self.up_to(50);
        match action {
            Action::Send { attempt } if !self.has(Bug::SendsBeforeCommit) => {
                self.after(pause, Happening::Leave(by, flow, *attempt));
            }
            Action::Schedule(at) => self.wind(node, flow, *at),
            Action::Examine(exchange) => self.after(pause, Happening::Examine(by, flow, *exchange)),
            Action::Deliver => self.after(pause, Happening::Tell(by, flow)),
            Action::Send { .. } | Action::Decide(_) | Action::Note(_) => {}
        }
    }

    /// Whoever takes a step of another's flow owes what follows.
    fn owe(&mut self, node: usize, flow: usize) {
        let state = self.store.rows[&flow].state.clone();
        let by = self.by(node);
        for (exchange, _) in &state.pending {
            self.after(SOON, Happening::Examine(by, flow, *exchange));
        }
        match state.phase {
            Phase::Decided => self.after(SOON, Happening::Tell(by, flow)),
            Phase::Delivered => {}
            _ => self.wind(node, flow, state.expires_at),
        }
    }

    /// A clock strikes on time, or later where the node has much to do.
    fn wind(&mut self, node: usize, flow: usize, at: Timestamp) {
        let late = if self.dice.one_in(3) {
            self.up_to(30_000)
        } else {
            SOON
        };
        let by = self.by(node);
        self.after(at.since(self.now) + late, Happening::Deadline(by, flow));
    }

    /// The machine, or a broken one.
    fn machine(&self, state: &State, event: &Event) -> (State, Vec<Action>) {
        let (mut next, mut actions) = step(state, event);
        let resent = || Action::Send {
            attempt: state.attempt,
        };
        let believed = matches!(
            event,
            Event::Examined {
                conclusion: Conclusion::Approved,
                ..
            }
        );
        match (self.bug, event) {
            (Some(Bug::UnknownIsSentAgain), Event::Reply(ReplyKind::Unknown))
                if state.phase == Phase::Sent =>
            {
                return step(state, &Event::Reply(ReplyKind::NotSent));
            }
            (Some(Bug::RecoverySendsAgain), Event::Recover) if state.phase == Phase::Sent => {
                actions.push(resent());
            }
            (Some(Bug::RecoveryForgetsClock), Event::Recover) => {
                actions.retain(|action| !matches!(action, Action::Schedule(_)));
            }
            (Some(Bug::RecoveryForgetsCallbacks), Event::Recover) => {
                actions.retain(|action| !matches!(action, Action::Examine(_)));
            }
            (Some(Bug::LateAnswerWins), Event::Examined { exchange, .. })
                if state.has_ended() && believed =>
            {
                next.ending = Some(Ending {
                    outcome: Outcome::Approved,
                    exchange: Some(*exchange),
                    answered: Outcome::Approved,
                });
            }
            (Some(Bug::LastAnswerWins), Event::Examined { exchange, conclusion })
                if state.has_ended() && *conclusion != Conclusion::Rejected =>
            {
                let outcome = match conclusion {
                    Conclusion::Ended(outcome) => *outcome,
                    _ => Outcome::Approved,
                };
                next.ending = Some(Ending {
                    outcome,
                    exchange: Some(*exchange),
                    answered: outcome,
                });
            }
            (Some(Bug::ReplyIsApproval), Event::Reply(ReplyKind::Accepted(_)))
                if state.phase == Phase::Sent =>
            {
                let exchange = ExchangeId::from_uuid(uuid::Uuid::nil());
                let mut waiting = state.clone();
                waiting.pending.push((exchange, Digest::of(b"reply")));
                let examined = Event::Examined {
                    exchange,
                    conclusion: Conclusion::Approved,
                };
                return step(&waiting, &examined);
            }
            _ => {}
        }
        (next, actions)
    }

    pub fn plan_ask<'a>(&'a self, flow: usize, row: &'a Row) -> PlanAsk<'a> {
        let wish = &self.flows[flow].wish;
        PlanAsk {
            service: wish.service,
            capability: wish.capability,
            channel: wish.channel,
            locale: Locale::Ar,
            inputs: &row.inputs,
            now: self.now,
            attempt: 1,
            step: row.part.as_ref().map(|part| StepAsk {
                number: part.step,
                name: &part.name,
                earlier: Some(&part.earlier),
            }),
        }
    }

    pub fn same_person(&self, one: usize, other: usize) -> bool {
        use midflow::words::Purpose::Compare;
        self.flows[one].citizen.expose(Compare) == self.flows[other].citizen.expose(Compare)
    }

    pub fn is_fenced(&self, node: usize) -> bool {
        self.nodes[node].lease != self.store.leases[node]
    }
}

fn record_of(cause: &Cause) -> Record {
    match &cause.event {
        Event::Callback { digest, .. } | Event::Reply(ReplyKind::Answered { digest, .. }) => {
            Record::Arrived(*digest)
        }
        Event::Reply(_) => Record::Replied,
        Event::Examined { exchange, .. } => Record::Examined(*exchange),
        Event::Delivered => Record::Delivered,
        _ => Record::Other,
    }
}

/// As the engine has it.
pub const MAX_ATTEMPTS: u8 = 2;
const SOON: std::time::Duration = std::time::Duration::from_millis(5);
