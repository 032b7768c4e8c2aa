//! Journeys: a step is owed to the next one as a notice is owed to an e-service. Whoever owes it begins it, under the number
//! that follows from the step before; only then is the step before delivered.

use std::time::Duration;

use midflow::flow::Event;
use midflow::flow::Phase;
use midflow::flow::State;
use midflow::flow::step;
use midflow::policy::Journey;
use midflow::policy::Then;
use midflow::words::Outcome;
use midflow::words::Person;

use super::bug::Bug;
use super::driver::Cause;
use super::store::Ended;
use super::store::Part;
use super::store::Row;
use super::world::By;
use super::world::Happening;
use super::world::Outside;
use super::world::World;

impl Part {
    /// The first step.
    pub fn first(journey: usize, step: usize, declared: &Journey) -> Self {
        Self {
            journey,
            step,
            name: declared.steps[step].name.clone(),
            passed: Vec::new(),
            next: None,
            ends: false,
            earlier: Person::default(),
        }
    }

    /// The step after this one, whose flow has ended so.
    fn then(&self, flow: usize, step: usize, declared: &Journey, ended: Option<&Ended>) -> Self {
        let brought = ended.and_then(|ended| ended.person.as_ref());
        let all = self
            .earlier
            .fields()
            .chain(brought.into_iter().flat_map(Person::fields));
        let earlier = Person::new(all.map(|(name, value)| (name.clone(), value.clone())));
        let mut passed = self.passed.clone();
        passed.push((self.step, flow));
        Self {
            journey: self.journey,
            step,
            name: declared.steps[step].name.clone(),
            passed,
            next: None,
            ends: false,
            earlier,
        }
    }
}

impl World<'_> {
    /// Writes down with the ending of a step what follows from it. One after which nothing is owed to anybody is done with.
    pub fn turn(&mut self, flow: usize, row: &mut Row) {
        let Some(ended) = row.decided.as_ref() else { return };
        let goes_on = ended.outcome == Outcome::Approved && ended.then == Then::Continue;
        let goes_on = goes_on || self.has(Bug::GoesOnAfterAnyEnding);
        let Some(part) = row.part.as_ref() else { return };
        let turn = self.journey_of(flow).after(part.step, goes_on, &row.inputs);
        let next = turn.begins.map(|_| self.number_of_next(flow));
        let Some(part) = row.part.as_mut() else { return };
        part.next = next;
        part.ends = turn.ends;
        if next.is_none() && !turn.ends {
            row.state = delivered(&row.state);
        }
    }

    /// Begins what is owed, tells what has ended, and is done with the step; or comes again.
    pub fn hand_on(&mut self, by: By, flow: usize, ended: &Ended) {
        let row = self.store.rows[&flow].clone();
        let Some(part) = row.part.clone() else { return };
        if self.has(Bug::HandsOnBeforeBegun)
            && let Some(next) = part.next
        {
            let pause = self.up_to(10_000);
            self.after(pause, Happening::BeginNext(by, flow, next));
        } else if let Some(next) = part.next
            && !self.begin_next(by, &row, flow, next)
        {
            return self.after(Duration::from_secs(1), Happening::Tell(by, flow));
        }
        if part.ends || self.has(Bug::TellsAfterEachStep) {
            self.told(flow, ended);
            if self.dice.one_in(8) {
                // It heard, and its answer was lost.
                return self.after(Duration::from_secs(1), Happening::Tell(by, flow));
            }
        }
        self.feed(by.node, flow, Cause::of(Event::Delivered));
    }

    /// Begins the step that follows a flow, unless it has begun; whether that is done. What the node knows of the flow is handed
    /// in.
    pub fn begin_next(&mut self, by: By, row: &Row, flow: usize, next: usize) -> bool {
        let Some(part) = &row.part else { return true };
        let next = if self.has(Bug::StepUnderNewNumber) {
            self.number_after(flow)
        } else {
            next
        };
        if self.store.rows.contains_key(&next) {
            self.count("steps that had begun already");
            return true;
        }
        if self.is_fenced(by.node) || self.dice.one_in(12) {
            self.count("steps that could not be written for a while");
            return false;
        }
        let journey = self.journey_of(flow);
        let Some(mut at) = journey.after(part.step, true, &row.inputs).begins else {
            return true;
        };
        if self.has(Bug::LeavesStepOut) {
            at = journey
                .asks(&row.inputs)
                .into_iter()
                .find(|after| *after > at)
                .unwrap_or(at);
        }
        let Some(capability) = journey.ask(at).map(|ask| ask.capability) else {
            return true;
        };
        let part = part.then(flow, at, &journey, row.decided.as_ref());
        let approver = row.subject.clone();
        let lacks = approver.is_none();
        if let Some(approver) = approver {
            self.flows[next].citizen = approver;
        }
        if self.has(Bug::AsksSomebodyElse) {
            self.flows[next].citizen = self.anybody();
        }
        self.flows[next].wish.capability = capability;
        let refused = if lacks {
            Some(Outcome::ErrorPolicy)
        } else {
            let reached = self.limit_is_reached(next, by.node);
            reached.then_some(Outcome::TooManyRequests)
        };
        self.count("steps");
        self.begin(by.node, next, (row.inputs.clone(), Some(part)), refused);
        true
    }

    /// The e-service gives a journey up, at whatever step it is; between two steps it tries again.
    pub fn give_up(&mut self, journey: usize, tries: u8) {
        let Some(at) = self.step_now(journey) else { return };
        if self.store.rows[&at].state.has_ended() {
            if tries < MOST_CANCELS {
                let pause = self.up_to(2_000);
                self.after(pause, Happening::GiveUp(journey, tries + 1));
            }
            return;
        }
        self.count("journeys given up");
        self.outside_event(at, Event::Cancel);
    }

    /// The last flow of a journey that has begun.
    fn step_now(&self, journey: usize) -> Option<usize> {
        let mut at = journey;
        self.store.rows.get(&at)?;
        while let Some(next) = self.store.rows[&at].part.as_ref().and_then(|part| part.next)
            && self.store.rows.contains_key(&next)
        {
            at = next;
        }
        Some(at)
    }

    /// The number of the flow that follows one which ends now: whoever begins it begins the same.
    fn number_of_next(&mut self, flow: usize) -> usize {
        let of = (flow, self.now);
        if let Some(number) = self.followers.get(&of) {
            return *number;
        }
        let number = self.number_after(flow);
        self.followers.insert(of, number);
        number
    }

    /// A number that no flow has, for one that comes after another.
    fn number_after(&mut self, flow: usize) -> usize {
        let scenario = if self.dice.one_in(5) {
            Some(self.some_scenario())
        } else {
            None
        };
        let before = &self.flows[flow];
        let outside = Outside::new(before.wish.clone(), before.citizen.clone(), scenario);
        self.flows.push(outside);
        self.flows.len() - 1
    }

    /// Whether the person has to agree to something before the step asks them.
    pub fn has_consents(&self, flow: usize, row: &Row) -> bool {
        row.part.as_ref().is_some_and(|part| {
            let journey = self.journey_of(flow);
            !journey.consents_before(part.step, &row.inputs).is_empty()
        })
    }

    /// The steps that the service of a flow declares.
    pub fn journey_of(&self, flow: usize) -> Journey {
        let service = self.ground.catalog.service(self.flows[flow].wish.service);
        service.unwrap().service.journey.clone().unwrap()
    }
}

/// The state of a flow about which nobody has to be told.
fn delivered(state: &State) -> State {
    debug_assert_eq!(state.phase, Phase::Decided);
    step(state, &Event::Delivered).0
}

const MOST_CANCELS: u8 = 3;
