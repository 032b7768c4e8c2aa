//! One case as a whole flow, in virtual time: the catalog plans and decides, the machine of `crate::flow` steps, the
//! approval rule of the connector examines. Only what surrounds them is made up: the clock, the authority and its answers.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use super::authority::Asked;
use super::authority::Authority;
use super::authority::DOCUMENT;
use super::gate::gate;
use super::gate::refused;
use super::happened::Happened;
use super::happened::Rule;
use super::happened::word;
use crate::catalog::DecideAsk;
use crate::catalog::Decided;
use crate::catalog::LoadedService;
use crate::catalog::PlanAnswer;
use crate::catalog::PlanAsk;
use crate::catalog::StepAsk;
use crate::connector;
use crate::connector::ReplyMeaning;
use crate::connector::Verdict;
use crate::flow::Action;
use crate::flow::Conclusion;
use crate::flow::Event;
use crate::flow::Note;
use crate::flow::Phase;
use crate::flow::ReplyKind;
use crate::flow::State;
use crate::flow::step;
use crate::policy::Answer;
use crate::policy::AnswerName;
use crate::policy::Case;
use crate::policy::Given;
use crate::policy::InputValue;
use crate::policy::Plan;
use crate::policy::PushRules;
use crate::policy::Step;
use crate::policy::Then;
use crate::script;
use crate::script::Hook;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FieldSource;
use crate::words::FlowId;
use crate::words::InputName;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Timestamp;

/// Runs a case. With `told`, what happened when is written down in words.
pub(super) fn run(
    tested: (&LoadedService, &PushRules),
    authority: &Authority,
    case: &Case,
    told: bool,
) -> Happened {
    if let Some(journey) = &tested.0.service.journey {
        return super::journey::run(tested, journey, authority, case, told);
    }
    match gate(tested.0, tested.1, &case.given) {
        Ok(inputs) => one(
            tested,
            authority,
            (&case.given, inputs),
            &case.answers,
            None,
            told,
        ),
        Err(turned_away) => Happened {
            turned_away: Some(turned_away),
            ..Happened::default()
        },
    }
}

/// A step of a journey, for the flow that it is.
pub(super) struct AtStep<'a> {
    /// As the catalog is asked.
    pub(super) ask: StepAsk<'a>,
    /// Whether the person has to agree to something first.
    pub(super) consents: bool,
    /// How midflow itself ends it before anything is sent.
    pub(super) refused: Option<Outcome>,
}

/// Runs one flow.
pub(super) fn one(
    (loaded, rules): (&LoadedService, &PushRules),
    authority: &Authority,
    (given, inputs): (&Given, BTreeMap<InputName, InputValue>),
    answers: &[Step],
    at_step: Option<&AtStep<'_>>,
    told: bool,
) -> Happened {
    let mut world = World {
        loaded,
        authority,
        given,
        at_step,
        inputs,
        now: given.now,
        told,
        state: State::new(given.now, MAX_ATTEMPTS),
        steps: answers.iter().copied().collect(),
        agenda: Vec::new(),
        added: 0,
        arrived: 0,
        received: Vec::new(),
        challenge: Challenge::from_random(8352_u64.to_be_bytes()),
        happened: Happened::default(),
    };
    script::patiently(|| {
        match at_step
            .and_then(|step| step.refused)
            .or_else(|| refused(loaded, rules, given))
        {
            Some(outcome) => world.refuse(outcome),
            None => world.begin(),
        }
        world.live();
    });
    world.happened
}

/// Everything around one flow.
struct World<'a> {
    loaded: &'a LoadedService,
    authority: &'a Authority,
    given: &'a Given,
    at_step: Option<&'a AtStep<'a>>,
    inputs: BTreeMap<InputName, InputValue>,
    now: Timestamp,
    told: bool,
    state: State,
    /// What the authority has still to do.
    steps: VecDeque<Step>,
    /// What is going to happen, with a number that keeps the order of what happens at the same moment.
    agenda: Vec<(Timestamp, u32, Happening)>,
    added: u32,
    arrived: u8,
    /// Callbacks that arrived and wait to be examined.
    received: Vec<(ExchangeId, Timestamp, Vec<u8>)>,
    challenge: Challenge,
    happened: Happened,
}

/// Something that is going to happen to the flow.
enum Happening {
    Reply(ReplyMeaning, Vec<u8>),
    Callbacks(AnswerName),
    Deadline,
    Cancel,
}

impl World<'_> {
    fn begin(&mut self) {
        match self.loaded.plan(&self.plan_ask()) {
            PlanAnswer::Go(plan, place) => {
                let rule = Rule::of(&place, Hook::Plan);
                self.tell(|| format!("the plan is made at {place}"));
                self.state = State::new(self.now.plus(plan.expires_in), MAX_ATTEMPTS);
                self.happened.plan = Some((plan, rule));
                if self.given.capability == Capability::Sign || self.at_step.is_some_and(|step| step.consents)
                {
                    // The person reads, and confirms at once: what comes before has no rule of the service.
                    self.feed(&Event::Hold, None);
                    let expires_at = self.state.expires_at;
                    self.feed(&Event::Confirm { expires_at }, None);
                } else if let Some(until) = self.loaded.held_until(&self.plan_ask()) {
                    self.tell(|| "held until the quiet hours end".to_owned());
                    self.state = State::new(until, MAX_ATTEMPTS);
                    self.feed(&Event::Hold, None);
                } else {
                    self.feed(&Event::Begin, None);
                }
            }
            PlanAnswer::Refuse {
                outcome,
                decision,
                fault,
            } => {
                self.tell(|| format!("refused before anything is sent, at {}", decision.rule));
                let refused = Decided {
                    outcome,
                    decision,
                    fault,
                };
                self.feed(&Event::Refuse(outcome), Some(&Hint::Refused(Box::new(refused))));
            }
        }
    }

    /// What midflow itself refuses before the policy is asked for a plan; the policy still says what follows.
    fn refuse(&mut self, outcome: Outcome) {
        self.tell(|| format!("refused before anything is sent, as `{outcome}`"));
        self.feed(&Event::Refuse(outcome), None);
    }

    /// Lets everything happen, in the order of time.
    fn live(&mut self) {
        // A flow takes a few dozen steps; the bound is for a mistake here, not for a policy.
        for _ in 0..MOST_STEPS {
            let next = self
                .agenda
                .iter()
                .enumerate()
                .min_by_key(|(_, (at, number, _))| (*at, *number))
                .map(|(index, _)| index);
            let Some(index) = next else {
                return;
            };
            let (at, _, happening) = self.agenda.swap_remove(index);
            self.now = at;
            self.happen(happening);
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Reply(meaning, body) => {
                self.tell(|| format!("the authority's reply: {}", reply_in_words(&meaning)));
                let reply = match meaning {
                    ReplyMeaning::Shown(_) => ReplyKind::Accepted(None),
                    ReplyMeaning::Answered => {
                        let (exchange, digest) = self.keep(body);
                        ReplyKind::Answered { exchange, digest }
                    }
                    ReplyMeaning::Accepted { request_id } => ReplyKind::Accepted(request_id),
                    ReplyMeaning::Refused { outcome, .. } => ReplyKind::Refused(outcome),
                    ReplyMeaning::NotSent { .. } => ReplyKind::NotSent,
                    ReplyMeaning::Unknown { .. } => ReplyKind::Unknown,
                };
                self.feed(&Event::Reply(reply), None);
            }
            Happening::Callbacks(answer) => {
                let made = self.authority.callbacks(answer, &self.asked(), self.now);
                for body in made {
                    self.receive(body);
                }
            }
            // As in the engine: what was held for the night leaves in the morning.
            Happening::Deadline if self.is_put_off() => {
                let at_once = self.plan().map_or(Duration::ZERO, |plan| plan.expires_in);
                let expires_at = self.now.plus(at_once);
                self.feed(&Event::Confirm { expires_at }, None);
            }
            Happening::Deadline => self.feed(&Event::Deadline(self.now), None),
            Happening::Cancel => {
                self.tell(|| "the e-service gives up".to_owned());
                self.feed(&Event::Cancel, None);
            }
        }
    }

    fn receive(&mut self, body: Vec<u8>) {
        self.tell(|| "a callback arrives".to_owned());
        let (exchange, digest) = self.keep(body);
        self.feed(&Event::Callback { exchange, digest }, None);
    }

    /// Keeps the bytes of a callback or an answer until they are examined.
    fn keep(&mut self, body: Vec<u8>) -> (ExchangeId, Digest) {
        self.arrived = self.arrived.wrapping_add(1);
        let exchange = ExchangeId::from_parts(self.now, [self.arrived; 10]);
        let digest = Digest::of(&body);
        self.received.push((exchange, self.now, body));
        (exchange, digest)
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            capability: self.given.capability,
            citizen: &self.given.citizen,
            request_id: REQUEST_ID,
            additional_data: ADDITIONAL_DATA,
            challenge: &self.challenge,
            wants_person: self.wants_person(),
        }
    }

    /// One step of the machine, and what it asks for.
    fn feed(&mut self, event: &Event, hint: Option<&Hint>) {
        let (state, actions) = step(&self.state, event);
        self.state = state;
        for action in actions {
            match action {
                Action::Send { .. } => self.send(),
                Action::Schedule(at) => self.add(at, Happening::Deadline),
                Action::Examine(exchange) => self.examine(exchange),
                Action::Decide(outcome) => self.decide(outcome, hint),
                Action::Deliver => {}
                // The clock strikes for every flow; that it means nothing after the ending is no news.
                Action::Note(Note::Ignored) if matches!(event, Event::Deadline(_)) => {}
                Action::Note(note) => {
                    self.tell(|| format!("noted: {}", word(note)));
                    self.happened.notes.push(note);
                }
            }
        }
    }

    fn is_put_off(&self) -> bool {
        self.given.capability == Capability::Notify && self.state.phase == Phase::Held
    }

    /// The request is handed over; what comes back is laid on the agenda.
    fn send(&mut self) {
        self.happened.sent_at.get_or_insert(self.now);
        let Some(first) = self.steps.front().copied() else {
            return;
        };
        self.tell(|| "the request is sent".to_owned());
        let (meaning, body) = self.authority.reply(first.answer, &self.asked(), self.now);
        let reply = Happening::Reply(meaning, body);
        if first.answer == Answer::Named(AnswerName::Unreachable) {
            // The last one stands for all further attempts.
            if self.steps.len() > 1 {
                self.steps.pop_front();
            }
            self.add(self.now, reply);
            return;
        }
        if matches!(self.given.capability, Capability::VerifyQr | Capability::Notify) {
            // The reply is all that comes.
            self.add(self.now, reply);
            if self
                .steps
                .iter()
                .any(|step| step.answer == Answer::Named(AnswerName::Cancelled))
            {
                self.add(self.now, Happening::Cancel);
            }
            return;
        }
        let early = first.answer == Answer::Named(AnswerName::Early);
        let mut reply = Some(reply);
        if !early && let Some(reply) = reply.take() {
            self.add(self.now, reply);
        }
        let mut at = self.now;
        let steps = std::mem::take(&mut self.steps);
        let single = steps.len() == 1;
        for step in steps {
            let Answer::Named(answer) = step.answer else {
                continue;
            };
            // The request has arrived all the same: the person approves, unless the case says what else they do.
            if answer == AnswerName::NoReply && !single {
                continue;
            }
            at = at.plus(step.after.unwrap_or_else(|| self.usual_pause(answer)));
            let happening = match answer {
                AnswerName::Cancelled => Happening::Cancel,
                answer => Happening::Callbacks(answer),
            };
            self.add(at, happening);
        }
        if let Some(reply) = reply {
            self.add(self.now.plus(A_MOMENT), reply);
        }
    }

    fn usual_pause(&self, answer: AnswerName) -> Duration {
        match answer {
            AnswerName::Late => {
                let left = self.state.expires_at.since(self.now);
                left.saturating_add(A_WHILE)
            }
            _ => Duration::ZERO,
        }
    }

    fn examine(&mut self, exchange: ExchangeId) {
        let Some(at) = self.received.iter().position(|(id, ..)| *id == exchange) else {
            return;
        };
        let (_, received_at, body) = self.received.swap_remove(at);
        let verdict = self.verdict(&body, received_at);
        let failed = verdict.checks.iter().find(|check| !check.passed);
        self.tell(|| match failed {
            Some(check) => format!("the check `{}` fails: {}", check.name, check.detail),
            None => "every check of the connector passes".to_owned(),
        });
        if self.happened.check.is_none() {
            self.happened.check = failed.cloned();
        }
        let (conclusion, person) = match verdict.conclusion {
            connector::Conclusion::Approved(person) => (Conclusion::Approved, Some(person)),
            connector::Conclusion::Ended(outcome) => (Conclusion::Ended(outcome), None),
            connector::Conclusion::Rejected => (Conclusion::Rejected, None),
        };
        let hint = person.map(Hint::Person);
        self.feed(&Event::Examined { exchange, conclusion }, hint.as_ref());
    }

    fn verdict(&self, body: &[u8], received_at: Timestamp) -> Verdict {
        let plan = self.plan();
        self.authority.examine(
            body,
            &connector::Expected {
                flow: FlowId::from_parts(self.given.now, [0; 10]),
                capability: self.given.capability,
                request_id: self.state.request_id.as_ref(),
                // Whoever scans a code, or shows one, is learnt from the answer.
                civil_no: match self.given.capability {
                    Capability::AuthQr if self.is_known_already() => Some(&self.given.citizen.civil_no),
                    Capability::AuthQr | Capability::VerifyQr => None,
                    Capability::AuthPush | Capability::Sign | Capability::Notify => {
                        Some(&self.given.citizen.civil_no)
                    }
                },
                signing: (self.given.capability == Capability::Sign).then(|| Digest::of(DOCUMENT)),
                assurance: plan.map_or(crate::words::Assurance::High, |plan| plan.assurance),
                challenge: &self.challenge,
                additional_data: ADDITIONAL_DATA,
                requested_at: self.given.now,
                expires_at: self.state.expires_at,
                received_at,
                fields: plan.map_or(&[], |plan| plan.fields.as_slice()),
            },
        )
    }

    fn decide(&mut self, outcome: Outcome, hint: Option<&Hint>) {
        let person = match hint {
            Some(Hint::Person(person)) => Some(person),
            _ => None,
        };
        let (decided, asked) = match hint {
            Some(Hint::Refused(decided)) => ((**decided).clone(), Hook::Plan),
            _ => {
                let ask = DecideAsk {
                    plan: self.plan_ask(),
                    outcome,
                    person,
                };
                (self.loaded.decide(&ask), Hook::Ending(outcome.class()))
            }
        };
        let (state, _) = step(&self.state, &Event::Decided(decided.outcome));
        let decided = decided.agreed(&state);
        self.state = state;
        self.tell(|| {
            format!(
                "the flow ends as `{}`, by {}",
                decided.outcome, decided.decision.rule
            )
        });
        if decided.outcome == Outcome::Approved && decided.decision.then == Then::Continue {
            self.happened.person = person.cloned();
        }
        self.happened.hook = Rule::of(&decided.decision.rule, asked).hook;
        self.happened.outcome = Some(decided.outcome);
        self.happened.ended_at = Some(self.now);
        self.happened.fault = decided.fault;
        self.happened.decision = Some(decided.decision);
    }

    fn plan(&self) -> Option<&Plan> {
        self.happened.plan.as_ref().map(|(plan, _)| plan)
    }

    /// As the engine asks: only for more than the number.
    fn wants_person(&self) -> bool {
        self.plan().is_some_and(|plan| {
            plan.fields
                .iter()
                .any(|field| field.source() != FieldSource::CivilNo)
        })
    }

    fn plan_ask(&self) -> PlanAsk<'_> {
        PlanAsk {
            service: self.loaded.service.id.as_str(),
            capability: self.given.capability,
            channel: self.given.channel,
            locale: self.given.locale,
            inputs: &self.inputs,
            now: self.now,
            attempt: self.given.attempt,
            step: self.at_step.map(|step| step.ask),
        }
    }

    /// Whether an earlier step of the journey has said who the person is.
    fn is_known_already(&self) -> bool {
        self.at_step.is_some_and(|step| step.ask.earlier.is_some())
    }

    fn add(&mut self, at: Timestamp, happening: Happening) {
        self.added += 1;
        self.agenda.push((at, self.added, happening));
    }

    fn tell(&mut self, what: impl FnOnce() -> String) {
        if self.told {
            let since = self.now.since(self.given.now);
            self.happened.trail.push((since, what()));
        }
    }
}

/// What the decision needs and the machine does not carry.
enum Hint {
    Refused(Box<Decided>),
    Person(Person),
}

fn reply_in_words(meaning: &ReplyMeaning) -> String {
    match meaning {
        ReplyMeaning::Accepted { .. } => "accepted".to_owned(),
        ReplyMeaning::Shown(_) => "a code to be scanned".to_owned(),
        ReplyMeaning::Answered => "the answer itself".to_owned(),
        ReplyMeaning::Refused { outcome, detail, .. } => format!("refused as `{outcome}` ({detail})"),
        ReplyMeaning::NotSent { detail } => format!("nothing was sent ({detail})"),
        ReplyMeaning::Unknown { detail } => format!("it may have arrived ({detail})"),
    }
}

/// As the engine has it.
const MAX_ATTEMPTS: u8 = 2;
const MOST_STEPS: usize = 10_000;
const A_MOMENT: Duration = Duration::from_millis(200);
const A_WHILE: Duration = Duration::from_secs(10);
const REQUEST_ID: &str = "7d2c9e4a-3b1f-4c5d-8e6f-9a0b1c2d3e4f";
const ADDITIONAL_DATA: &str = "00112233445566778899aabbccddeeff";
