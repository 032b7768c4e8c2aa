use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use super::InputKind;
use super::InputValue;
use super::Place;
use super::Service;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::InputName;
use crate::words::Text;

/// Several steps that belong together: authenticate, step up, consent, sign, notify.
///
/// Each step that asks is a flow of its own, and [`Journey::after`] says which one follows. A consent is no flow: nobody knows
/// who ticks a box, so it is held open with the step after it, and counts because the person whom that step asks approves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journey {
    /// The steps in the order of the file; the reader has checked that they make sense together.
    pub steps: Vec<JourneyStep>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JourneyStep {
    /// What the file calls it.
    pub name: String,
    /// What it does.
    pub kind: StepKind,
    /// When it is taken; `None` for always.
    pub when: Option<When>,
    /// Where it stands in the file.
    pub place: Place,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Asks the person, or tells them, through the authority.
    Ask(AskStep),
    /// Asks the person on the page to agree to a sentence, which may hold `{input}` placeholders.
    Consent(Text),
}

/// A step that goes to the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskStep {
    /// The capability.
    pub capability: Capability,
    /// More certainty than the capability asks for in general (law 6).
    pub assurance: Option<Assurance>,
    /// The reason that the person reads at this step, in the place of the capability's.
    pub reason: Option<Text>,
    /// The notification that is sent, with `notify`.
    pub template: Option<String>,
}

/// On which input it depends whether a step is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// The input.
    pub input: InputName,
    /// Which of its values lead to the step.
    pub values: Values,
}

/// Values of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// Numbers within these bounds; those of decimal inputs are in thousandths.
    Between(i64, i64),
    /// This word of a choice.
    Word(String),
    /// This truth value.
    Flag(bool),
}

/// What follows from the ending of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The step that begins.
    pub begins: Option<usize>,
    /// Whether the journey ends with the outcome of the step that has ended.
    pub ends: bool,
}

impl Journey {
    /// The most steps.
    pub const MOST: usize = 8;

    /// The step with which the journey begins.
    pub fn first(&self, inputs: &BTreeMap<InputName, InputValue>) -> Option<usize> {
        self.next_ask(0, inputs)
    }

    /// What follows from the ending of a step; `goes_on` says that it was approved and the policy continues.
    ///
    /// A journey ends once: with the first step that stops, or with the last that asks the person. A notification after that
    /// tells what has come of it, whenever it may leave, and its own ending changes nothing.
    pub fn after(&self, step: usize, goes_on: bool, inputs: &BTreeMap<InputName, InputValue>) -> Turn {
        if !self.asks_person(step) {
            return Turn {
                begins: None,
                ends: false,
            };
        }
        let begins = self.next_ask(step + 1, inputs).filter(|_| goes_on);
        Turn {
            begins,
            ends: begins.is_none_or(|next| !self.asks_person(next)),
        }
    }

    /// The consents that are held open with a step: those between it and the step that asks before it.
    pub fn consents_before(
        &self,
        step: usize,
        inputs: &BTreeMap<InputName, InputValue>,
    ) -> Vec<(&str, &Text)> {
        let before = self.steps.get(..step).unwrap_or_default();
        let since = before
            .iter()
            .rposition(|step| matches!(step.kind, StepKind::Ask(_)) && step.is_taken(inputs))
            .map_or(0, |at| at + 1);
        let between = before.get(since..).unwrap_or_default();
        between
            .iter()
            .filter(|step| step.is_taken(inputs))
            .filter_map(|step| match &step.kind {
                StepKind::Consent(text) => Some((step.name.as_str(), text)),
                StepKind::Ask(_) => None,
            })
            .collect()
    }

    /// The step of this number, if it goes to the authority.
    pub fn ask(&self, step: usize) -> Option<&AskStep> {
        self.steps.get(step)?.as_ask()
    }

    /// The steps that go to the authority with these inputs, in order.
    pub fn asks(&self, inputs: &BTreeMap<InputName, InputValue>) -> Vec<usize> {
        let taken = |at: &usize| self.steps.get(*at).is_some_and(|step| step.is_taken(inputs));
        (0..self.steps.len())
            .filter(|at| self.ask(*at).is_some())
            .filter(taken)
            .collect()
    }

    /// Whether a step only tells the person of something, so that no page shows it.
    pub fn only_tells(&self, step: usize) -> bool {
        self.steps.get(step).is_some_and(JourneyStep::only_tells)
    }

    /// The names of the steps that go to the authority.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let asks = self.steps.iter().filter(|step| step.as_ask().is_some());
        asks.map(|step| step.name.as_str())
    }

    fn next_ask(&self, from: usize, inputs: &BTreeMap<InputName, InputValue>) -> Option<usize> {
        self.asks(inputs).into_iter().find(|at| *at >= from)
    }

    fn asks_person(&self, step: usize) -> bool {
        self.ask(step)
            .is_some_and(|ask| ask.capability != Capability::Notify)
    }
}

impl JourneyStep {
    /// Whether the step only tells the person of something.
    pub fn only_tells(&self) -> bool {
        self.as_ask()
            .is_some_and(|ask| ask.capability == Capability::Notify)
    }

    /// What the step asks, unless it is a consent.
    pub const fn as_ask(&self) -> Option<&AskStep> {
        match &self.kind {
            StepKind::Ask(ask) => Some(ask),
            StepKind::Consent(_) => None,
        }
    }

    /// Whether the step is taken with these inputs. Without the input it is: leaving a step out needs a reason.
    fn is_taken(&self, inputs: &BTreeMap<InputName, InputValue>) -> bool {
        let Some(when) = &self.when else {
            return true;
        };
        match (&when.values, inputs.get(&when.input)) {
            (Values::Between(min, max), Some(InputValue::Integer(value) | InputValue::Decimal(value))) => {
                (min..=max).contains(&value)
            }
            (Values::Word(word), Some(InputValue::String(value))) => word == value,
            (Values::Flag(flag), Some(InputValue::Boolean(value))) => flag == value,
            _ => true,
        }
    }
}

/// A step as the service file writes it.
pub(super) fn step_json(service: &Service, step: &JourneyStep) -> Value {
    let mut out = json!({ "step": step.name });
    match &step.kind {
        StepKind::Consent(sentence) => out["consent"] = json!({ "ar": sentence.ar, "en": sentence.en }),
        StepKind::Ask(ask) => {
            out["capability"] = json!(ask.capability.as_str());
            if let Some(assurance) = ask.assurance {
                out["assurance"] = json!(assurance.as_str());
            }
            if let Some(reason) = &ask.reason {
                out["reason"] = json!({ "ar": reason.ar, "en": reason.en });
            }
            if let Some(template) = &ask.template {
                out["template"] = json!(template);
            }
        }
    }
    if let Some(when) = &step.when {
        let mut condition = json!({ "input": when.input.as_str() });
        match &when.values {
            Values::Flag(flag) => condition["is"] = json!(flag),
            Values::Word(word) => condition["is"] = json!(word),
            Values::Between(min, max) => {
                let of = service.inputs.get(&when.input).map(|input| &input.kind);
                let shown = |bound: i64| match of {
                    Some(InputKind::Decimal { .. }) => InputValue::Decimal(bound).to_json(),
                    _ => json!(bound),
                };
                if *min != i64::MIN {
                    condition["min"] = shown(*min);
                }
                if *max != i64::MAX {
                    condition["max"] = shown(*max);
                }
            }
        }
        out["when"] = condition;
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const KINDS: [Kind; 5] = [Kind::Auth, Kind::Maybe, Kind::Consent, Kind::Sign, Kind::Notify];

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Kind {
        Auth,
        /// An authentication that depends on an input.
        Maybe,
        Consent,
        Sign,
        Notify,
    }

    fn journey(kinds: &[Kind]) -> Journey {
        let steps = kinds.iter().enumerate().map(|(at, kind)| {
            let ask = |capability| {
                StepKind::Ask(AskStep {
                    capability,
                    assurance: None,
                    reason: None,
                    template: None,
                })
            };
            JourneyStep {
                name: format!("step-{at}"),
                kind: match kind {
                    Kind::Auth | Kind::Maybe => ask(Capability::AuthPush),
                    Kind::Consent => StepKind::Consent(Text::new("أوافق", "I agree")),
                    Kind::Sign => ask(Capability::Sign),
                    Kind::Notify => ask(Capability::Notify),
                },
                when: (*kind == Kind::Maybe).then(|| When {
                    input: InputName::parse("amount").unwrap(),
                    values: Values::Between(5_000, i64::MAX),
                }),
                place: Place::default(),
            }
        });
        Journey {
            steps: steps.collect(),
        }
    }

    fn amount(value: i64) -> BTreeMap<InputName, InputValue> {
        let name = InputName::parse("amount").unwrap();
        BTreeMap::from([(name, InputValue::Integer(value))])
    }

    /// Every sequence of at most five steps that the reader lets through: it begins by authenticating, tells at the end, and
    /// no consent is left over.
    fn sequences() -> Vec<Vec<Kind>> {
        let mut all: Vec<Vec<Kind>> = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..5 {
            let until = all.len();
            for at in from..until {
                for kind in KINDS {
                    let mut longer = all[at].clone();
                    longer.push(kind);
                    all.push(longer);
                }
            }
            from = until;
        }
        all.retain(|kinds| {
            let first = kinds.iter().find(|kind| **kind != Kind::Consent);
            let tells_last = kinds.iter().rev().skip(1).all(|kind| *kind != Kind::Notify);
            let held = kinds.windows(2).all(|pair| {
                pair[0] != Kind::Consent || matches!(pair[1], Kind::Consent | Kind::Auth | Kind::Sign)
            });
            first == Some(&Kind::Auth) && tells_last && held && kinds.last() != Some(&Kind::Consent)
        });
        all
    }

    // Issue 4, part 5: every journey and every way through it. It ends exactly once, begins no step twice and none after a
    // step that stopped, and asks for each consent once, with the step that the person approves next.
    #[test]
    fn every_way_through_every_journey_ends_once() {
        let mut ways = 0;
        let mut shapes = BTreeSet::new();
        for kinds in sequences() {
            let journey = journey(&kinds);
            for inputs in [amount(1), amount(5_000), BTreeMap::new()] {
                for stops_at in 0..=kinds.len() {
                    ways += 1;
                    let mut begun = Vec::new();
                    let mut ends = 0;
                    let mut consents = Vec::new();
                    let mut at = journey.first(&inputs);
                    while let Some(step) = at {
                        assert!(!begun.contains(&step), "{kinds:?}");
                        assert!(
                            ends == 0 || kinds[step] == Kind::Notify,
                            "{kinds:?}: a step that asks, after the end"
                        );
                        begun.push(step);
                        consents.extend(
                            journey
                                .consents_before(step, &inputs)
                                .into_iter()
                                .map(|(name, _)| name),
                        );
                        let turn = journey.after(step, begun.len() <= stops_at, &inputs);
                        ends += usize::from(turn.ends);
                        at = turn.begins;
                    }
                    assert_eq!(ends, 1, "{kinds:?} {stops_at} {inputs:?}");
                    let asks = journey.asks(&inputs);
                    if stops_at == kinds.len() {
                        assert_eq!(begun, asks, "{kinds:?}");
                        let all = kinds.iter().filter(|kind| **kind == Kind::Consent).count();
                        assert_eq!(consents.len(), all, "{kinds:?}");
                    } else {
                        assert_eq!(begun, asks[..begun.len()], "{kinds:?}");
                    }
                    shapes.insert((begun.len(), consents.len(), ends));
                }
            }
        }
        assert_eq!((ways, shapes.len()), (6_114, 15));
    }

    // What nobody passed leaves no step out.
    #[test]
    fn a_step_is_left_out_only_by_a_value() {
        let journey = journey(&[Kind::Auth, Kind::Maybe, Kind::Sign]);
        assert_eq!(journey.asks(&amount(4_999)), [0, 2]);
        assert_eq!(journey.asks(&amount(5_000)), [0, 1, 2]);
        assert_eq!(journey.asks(&BTreeMap::new()), [0, 1, 2]);
        let mut by_word = journey.clone();
        by_word.steps[1].when = Some(When {
            input: InputName::parse("amount").unwrap(),
            values: Values::Word("large".to_owned()),
        });
        assert_eq!(by_word.asks(&amount(1)), [0, 1, 2]);
    }

    // The ending of a notification is no ending of the journey.
    #[test]
    fn a_notification_tells_what_has_ended() {
        let journey = journey(&[Kind::Auth, Kind::Sign, Kind::Notify]);
        let inputs = BTreeMap::new();
        let turn = |begins, ends| Turn { begins, ends };
        assert_eq!(journey.after(0, true, &inputs), turn(Some(1), false));
        assert_eq!(journey.after(1, true, &inputs), turn(Some(2), true));
        for goes_on in [true, false] {
            assert_eq!(journey.after(2, goes_on, &inputs), turn(None, false));
        }
        assert_eq!(journey.after(1, false, &inputs), turn(None, true));
        assert_eq!(journey.after(9, true, &inputs), turn(None, false));
    }
}
