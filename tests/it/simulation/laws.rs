//! The laws, judged from outside: by what the authority knows to be true, and by what the store held at each moment.

use midflow::flow::Phase;
use midflow::flow::State;
use midflow::policy::Then;
use midflow::words::Capability;
use midflow::words::Digest;
use midflow::words::Outcome;
use midflow::words::OutcomeClass;

use super::asked::FAILING;
use super::journeys;
use super::store::Ended;
use super::store::Record;
use super::store::Row;
use super::world::World;

/// A law that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub law: &'static str,
    pub what: String,
}

impl Violation {
    pub fn new(law: &'static str, what: impl Into<String>) -> Self {
        Self {
            law,
            what: what.into(),
        }
    }
}

/// Laws 1 and 6: what leaves was recorded before, and asks for no more than the service declares.
pub fn before_sending(world: &World<'_>, flow: usize, attempt: u8) -> Option<Violation> {
    if !world.store.has(flow, &Record::Sent(attempt)) {
        return Some(Violation::new("law 1", "a request leaves that is not recorded"));
    }
    let (row, wish) = (&world.store.rows[&flow], &world.flows[flow].wish);
    let service = &world.ground.catalog.service(wish.service)?.service;
    let plan = row.plan.as_ref()?;
    let declared = service.capability(wish.capability)?;
    if plan.assurance < declared.assurance {
        return Some(Violation::new(
            "law 6",
            "less assurance is asked for than declared",
        ));
    }
    if plan.fields.iter().any(|field| !service.declares(field)) {
        return Some(Violation::new("law 6", "more fields are asked for than declared"));
    }
    if wish.capability == Capability::Sign && !world.flows[flow].confirmed {
        return Some(Violation::new(
            "R000-089",
            "a document is sent that nobody has confirmed",
        ));
    }
    journeys::before_sending(world, flow)
}

pub fn after_sending(world: &World<'_>, flow: usize) -> Option<Violation> {
    (world.flows[flow].prompts > 1)
        .then(|| Violation::new("one prompt", "a person is asked twice for one flow"))
}

/// Laws 2 to 5 and 7 between two durable states of a flow.
pub fn between(world: &World<'_>, flow: usize, before: &Row, after: &Row) -> Option<Violation> {
    let (old, new) = (&before.state, &after.state);
    if old.has_ended() && (old.ending != new.ending || !new.has_ended()) {
        return Some(Violation::new("law 3", "an ending changes"));
    }
    if old.seen.iter().any(|digest| !new.seen.contains(digest)) {
        return Some(Violation::new(
            "law 2",
            "a callback that was recorded is forgotten",
        ));
    }
    if new.phase == Phase::Verified {
        return Some(Violation::new(
            "law 3",
            "a state that waits for a pure answer is durable",
        ));
    }
    if !old.has_ended() && is_approved(new) {
        return approval(world, flow, after);
    }
    match &after.decided {
        Some(ended) => person(world, flow, ended),
        None => None,
    }
}

fn is_approved(state: &State) -> bool {
    let ending = state.ending.as_ref();
    ending.is_some_and(|ending| ending.outcome.class() == OutcomeClass::Approved)
}

/// Law 4: the bytes that led here are a true approval of this request, and came in time. Law 5: no script had failed.
fn approval(world: &World<'_>, flow: usize, row: &Row) -> Option<Violation> {
    let law_4 = |what: &str| Some(Violation::new("law 4", what));
    let outside = &world.flows[flow];
    let ending = row.state.ending.as_ref()?;
    let Some((received_at, body)) = ending.exchange.and_then(|id| row.exchanges.get(&id)) else {
        return law_4("approved without an answer");
    };
    if outside.truths.get(&Digest::of(body)) != Some(&true) {
        return law_4("approved by an answer that is not the person's, or not the authority's");
    }
    if *received_at >= row.state.expires_at {
        return law_4("approved by an answer after the deadline");
    }
    if outside.prompts == 0 {
        return law_4("approved though nobody was asked");
    }
    let ended = row.decided.as_ref()?;
    if ended.faulted || outside.wish.service == FAILING {
        return Some(Violation::new("law 5", "approved though the script fails"));
    }
    person(world, flow, ended)
}

/// Law 7: nothing of the person that is not declared, and nothing at all without an approval that goes on.
fn person(world: &World<'_>, flow: usize, ended: &Ended) -> Option<Violation> {
    let person = ended.person.as_ref().filter(|person| !person.is_empty())?;
    if ended.outcome != Outcome::Approved || ended.then != Then::Continue {
        return Some(Violation::new(
            "law 7",
            "a person's data is kept of a flow that was not approved",
        ));
    }
    let service = &world
        .ground
        .catalog
        .service(world.flows[flow].wish.service)?
        .service;
    let planned = world.store.rows.get(&flow)?.plan.as_ref()?;
    let undeclared = person.fields().any(|(name, _)| {
        let in_plan = planned.fields.iter().any(|field| field.name() == *name);
        let in_service = service
            .fields
            .iter()
            .any(|declared| declared.field.name() == *name);
        !(in_plan && in_service)
    });
    undeclared.then(|| Violation::new("law 7", "data that is not declared is kept"))
}

/// Law 3, as the e-service sees it: it hears one ending, of a flow or of a journey, and only once that is durable.
pub fn when_told(world: &World<'_>, flow: usize, ended: &Ended) -> Option<Violation> {
    let durable = world.store.rows.get(&flow).and_then(|row| row.decided.as_ref());
    if durable != Some(ended) {
        return Some(Violation::new(
            "law 3",
            "the e-service is told an ending that is not durable",
        ));
    }
    if let Some(violation) = journeys::when_told(world, flow) {
        return Some(violation);
    }
    match &world.flows[flow].told {
        Some(told) if told != ended => Some(Violation::new(
            "law 3",
            "the e-service is told two endings of one flow",
        )),
        _ => None,
    }
}

impl World<'_> {
    /// What must be true once everything is at rest.
    pub fn at_the_end(&self) -> Result<(), Violation> {
        let broken = |law, what: &str| Err(Violation::new(law, what));
        for (flow, row) in &self.store.rows {
            let outside = &self.flows[*flow];
            // Of a step nobody is told, unless the journey ends with it.
            let untold = outside.told.is_none() && row.part.as_ref().is_none_or(|part| part.ends);
            if row.state.phase != Phase::Delivered || row.state.ending.is_none() || untold {
                return broken("law 3", "a flow never ends");
            }
            let decisions = self
                .store
                .records
                .iter()
                .filter(|(of, record)| of == flow && matches!(record, Record::Decided(_)));
            if decisions.count() != 1 {
                return broken("law 3", "a flow is decided more than once");
            }
            let taken = outside.acknowledged.iter();
            for digest in taken {
                if !self.store.has(*flow, &Record::Arrived(*digest)) {
                    return broken("law 2", "a callback was acknowledged and is not recorded");
                }
            }
            let wish = &outside.wish;
            let limit = self
                .ground
                .catalog
                .service(wish.service)
                .map(|found| found.service.limits);
            let knows = !matches!(wish.capability, Capability::AuthQr | Capability::VerifyQr);
            if let Some(limits) = limit.filter(|_| knows) {
                let earlier = self.store.rows.iter().filter(|(other, earlier)| {
                    let same =
                        self.flows[**other].wish.service == wish.service && !earlier.refused_beforehand;
                    let before = (earlier.begun_at, **other) < (row.begun_at, *flow);
                    let within = row.begun_at.since(earlier.begun_at) < limits.per_person.window;
                    same && before && within && self.same_person(*flow, **other)
                });
                if !row.refused_beforehand && earlier.count() >= limits.per_person.count.get() as usize {
                    return broken("limits", "more flows begin for a person than the service allows");
                }
            }
        }
        journeys::at_the_end(self)
    }
}

impl World<'_> {
    /// Counts how flows ended.
    pub fn tally(&mut self) {
        let ended: Vec<_> = self
            .store
            .rows
            .iter()
            .filter(|(_, row)| is_approved(&row.state))
            .map(|(flow, _)| self.flows[*flow].wish.capability)
            .collect();
        for capability in ended {
            self.count("ended approved");
            self.count(match capability {
                Capability::AuthPush => "approved by auth_push",
                Capability::AuthQr => "approved by auth_qr",
                Capability::VerifyQr => "approved by verify_qr",
                Capability::Notify => "approved by notify",
                Capability::Sign => "approved by sign",
            });
        }
        for what in journeys::endings(self) {
            self.count(what);
        }
    }
}
