//! A case of a service with steps: the flows of a journey one after another, by the same pure rule as in the engine.

use std::collections::BTreeMap;

use super::authority::Authority;
use super::flow::AtStep;
use super::flow::one;
use super::gate::gate;
use super::happened::Happened;
use super::happened::StepTaken;
use crate::catalog::LoadedService;
use crate::catalog::StepAsk;
use crate::policy::Answer;
use crate::policy::AnswerName;
use crate::policy::Case;
use crate::policy::Given;
use crate::policy::Journey;
use crate::policy::PushRules;
use crate::policy::Step;
use crate::policy::Then;
use crate::words::FieldName;
use crate::words::FieldValue;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Pii;
use crate::words::Timestamp;

/// Runs a case. What comes out is about the step that `expect.at` names, or the one that ends the journey.
pub(super) fn run(
    tested: (&LoadedService, &PushRules),
    journey: &Journey,
    authority: &Authority,
    case: &Case,
    told: bool,
) -> Happened {
    let turned_away = |turned_away| Happened {
        turned_away: Some(turned_away),
        ..Happened::default()
    };
    let first = case.given.clone();
    let inputs = match gate(tested.0, tested.1, &first) {
        Ok(inputs) => inputs,
        Err(away) => return turned_away(away),
    };
    let wanted = case.expect.at.as_ref().map(|at| at.value.as_str());
    let mut way = Way {
        now: first.now,
        began: Vec::new(),
        earlier: None,
        taken: Vec::new(),
        names: Vec::new(),
        told_of: Happened::default(),
    };
    let mut at = journey.first(&inputs);
    while let Some(number) = at {
        let Some((step, ask)) = journey
            .steps
            .get(number)
            .and_then(|step| Some((step, step.as_ask()?)))
        else {
            break;
        };
        let given = Given {
            capability: ask.capability,
            ..way.given(&first)
        };
        let earlier = way.earlier.clone();
        let consents = journey.consents_before(number, &inputs);
        let held = consents.iter().map(|(name, _)| (*name).to_owned());
        way.names.extend(held.chain([step.name.clone()]));
        let at_step = AtStep {
            ask: StepAsk {
                number,
                name: &step.name,
                earlier: earlier.as_ref(),
            },
            consents: !consents.is_empty(),
            // Each step is a flow and counts; one that may not begin ends the journey.
            refused: match way.began.is_empty() || gate(tested.0, tested.1, &given).is_ok() {
                true => None,
                false => Some(Outcome::TooManyRequests),
            },
        };
        let answers = case.steps.get(&step.name).map_or(APPROVED, Vec::as_slice);
        let flow = (&given, inputs.clone());
        let happened = one(tested, authority, flow, answers, Some(&at_step), told);
        let goes_on = happened.outcome == Some(Outcome::Approved)
            && happened
                .decision
                .as_ref()
                .is_some_and(|decision| decision.then == Then::Continue);
        let turn = journey.after(number, goes_on, &inputs);
        way.taken.push(StepTaken {
            capability: ask.capability,
            outcome: happened.outcome,
        });
        way.began.push(given.now);
        way.now = happened.ended_at.unwrap_or(way.now);
        way.learn(happened.person.as_ref());
        match wanted {
            Some(wanted) if wanted == step.name => way.told_of = happened,
            None if turn.ends => {
                way.told_of = happened;
                // The e-service gets what all steps together brought.
                if goes_on {
                    way.told_of.person = way.earlier.clone();
                }
            }
            _ => {}
        }
        at = turn.begins;
    }
    Happened {
        steps: way.taken,
        way: way.names,
        ..way.told_of
    }
}

/// How far a journey has come.
struct Way {
    now: Timestamp,
    /// When the steps so far began.
    began: Vec<Timestamp>,
    /// What they brought; `None` before the first has.
    earlier: Option<Person>,
    taken: Vec<StepTaken>,
    /// The same with the consents before each.
    names: Vec<String>,
    told_of: Happened,
}

impl Way {
    /// What is given at this moment: the same past, further away, and the flows of the journey so far.
    fn given(&self, first: &Given) -> Given {
        let passed = self.now.since(first.now);
        let later = |ago: &std::time::Duration| *ago + passed;
        let own = self.began.iter().map(|began| self.now.since(*began));
        Given {
            now: self.now,
            earlier: own.chain(first.earlier.iter().map(later)).collect(),
            elsewhere: first.elsewhere.iter().map(later).collect(),
            declines: first.declines.iter().map(later).collect(),
            reported: first.reported.as_ref().map(later),
            known: first.known || self.earlier.is_some(),
            others: first.others.map(|(count, ago)| (count, ago + passed)),
            ..first.clone()
        }
    }

    fn learn(&mut self, person: Option<&Person>) {
        let Some(person) = person else {
            return;
        };
        let known = self.earlier.iter().flat_map(Person::fields);
        let all: BTreeMap<FieldName, Pii<FieldValue>> = known
            .chain(person.fields())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.earlier = Some(Person::new(all));
    }
}

/// What the authority answers where a case says nothing.
const APPROVED: &[Step] = &[Step {
    answer: Answer::Named(AnswerName::Approved),
    after: None,
}];
