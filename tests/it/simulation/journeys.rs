//! What has to be true of journeys, judged by what the service declares, by who approved, and by what the store holds.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use midflow::policy::Then;
use midflow::words::Capability;
use midflow::words::Outcome;
use midflow::words::OutcomeClass;
use midflow::words::Purpose;

use super::laws::Violation;
use super::store::Part;
use super::store::Row;
use super::world::World;

/// A step begins once, in its turn, after a durable approval of the one before, for the person who approved that.
pub fn when_begun(world: &World<'_>, flow: usize) -> Option<Violation> {
    let broken = |what: &str| Some(Violation::new("journeys", what));
    let row = &world.store.rows[&flow];
    let part = row.part.as_ref()?;
    let taken = world.store.rows.iter().any(|(other, row)| {
        let same = |of: &Part| (of.journey, of.step) == (part.journey, part.step);
        *other != flow && row.part.as_ref().is_some_and(same)
    });
    if taken {
        return broken("a step begins twice");
    }
    let asks = world.journey_of(flow).asks(&row.inputs);
    let place = asks.iter().position(|at| *at == part.step);
    let Some((step_before, flow_before)) = part.passed.last().copied() else {
        return (place != Some(0))
            .then(|| Violation::new("journeys", "a journey begins with another step than the first"));
    };
    let place_before = asks.iter().position(|at| *at == step_before);
    if place.is_none() || place != place_before.map(|before| before + 1) {
        return broken("a step begins that is not the next one");
    }
    let Some(before) = world.store.rows.get(&flow_before) else {
        return broken("a step begins after one that does not exist");
    };
    if !goes_on(before) {
        return broken("a step begins and the one before is not durably approved");
    }
    // Who was asked, or held the phone that scanned the code.
    let approver = world.flows[flow_before].citizen.expose(Purpose::Compare);
    if approver != world.flows[flow].citizen.expose(Purpose::Compare) {
        return Some(Violation::new(
            "law 4",
            "a step asks another person than the one who approved before it",
        ));
    }
    let service = world.ground.catalog.service(world.flows[flow].wish.service)?;
    let declared = &service.service.fields;
    let mut handed_on = part.earlier.fields();
    handed_on
        .any(|(name, _)| !declared.iter().any(|field| field.field.name() == *name))
        .then(|| Violation::new("law 7", "data that is not declared is handed on"))
}

/// What is held open with a step has been agreed to before it asks.
pub fn before_sending(world: &World<'_>, flow: usize) -> Option<Violation> {
    let row = &world.store.rows[&flow];
    (world.has_consents(flow, row) && !world.flows[flow].confirmed).then(|| {
        Violation::new(
            "journeys",
            "a step asks and nobody has agreed to what is held open with it",
        )
    })
}

/// Only the step that ends its journey is told of, and of each journey only one.
pub fn when_told(world: &World<'_>, flow: usize) -> Option<Violation> {
    let row = world.store.rows.get(&flow)?;
    let part = row.part.as_ref()?;
    let turn = world.journey_of(flow).after(part.step, goes_on(row), &row.inputs);
    if !turn.ends {
        return Some(Violation::new(
            "law 3",
            "the e-service is told that a journey has ended, and it goes on",
        ));
    }
    let other = steps_of(world, part.journey)
        .into_iter()
        .any(|other| other != flow && world.flows[other].told.is_some());
    other.then(|| Violation::new("law 3", "the e-service is told two endings of one journey"))
}

/// Nothing is owed, and each journey has ended once.
pub fn at_the_end(world: &World<'_>) -> Result<(), Violation> {
    let broken = |what: &str| Err(Violation::new("journeys", what));
    for (journey, flows) in journeys(world) {
        let parts = || {
            let rows = flows.iter().filter_map(|flow| world.store.rows.get(flow));
            rows.filter_map(|row| row.part.as_ref())
        };
        if parts().any(|part| {
            part.next
                .is_some_and(|next| !world.store.rows.contains_key(&next))
        }) {
            return broken("a step is owed and never begins");
        }
        match parts().filter(|part| part.ends).count() {
            1 => {}
            0 => return broken("a journey never ends"),
            _ => return broken("a journey ends twice"),
        }
        if !flows.contains(&journey) {
            return broken("a journey is not named by its first flow");
        }
    }
    Ok(())
}

/// How journeys ended, for the counts.
pub fn endings(world: &World<'_>) -> Vec<&'static str> {
    let mut all = Vec::new();
    for flows in journeys(world).into_values() {
        let rows = || flows.iter().filter_map(|flow| world.store.rows.get(flow));
        let ended = rows().find(|row| row.part.as_ref().is_some_and(|part| part.ends));
        let outcome = ended.and_then(|row| row.state.ending.as_ref().map(|ending| ending.outcome));
        all.extend(match outcome.map(Outcome::class) {
            Some(OutcomeClass::Approved) => Some("journeys that ended approved"),
            Some(OutcomeClass::Declined) => Some("journeys that ended declined"),
            Some(OutcomeClass::Timeout) => Some("journeys that ended timeout"),
            _ => None,
        });
        let tells = |flow: &usize| world.flows[*flow].wish.capability == Capability::Notify;
        if flows.iter().any(tells) {
            all.push("journeys that ended approved, with a notification after them");
        }
        if rows().map(|row| row.owner).collect::<BTreeSet<_>>().len() > 1 {
            all.push("journeys in which two nodes took steps");
        }
    }
    all
}

fn goes_on(row: &Row) -> bool {
    row.state.has_ended()
        && row
            .decided
            .as_ref()
            .is_some_and(|ended| ended.outcome == Outcome::Approved && ended.then == Then::Continue)
}

fn steps_of(world: &World<'_>, journey: usize) -> Vec<usize> {
    journeys(world).remove(&journey).unwrap_or_default()
}

/// The flows of each journey that have begun.
fn journeys(world: &World<'_>) -> BTreeMap<usize, Vec<usize>> {
    let mut all: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (flow, row) in &world.store.rows {
        if let Some(part) = &row.part {
            all.entry(part.journey).or_default().push(*flow);
        }
    }
    all
}
