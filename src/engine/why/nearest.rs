//! The changes that would have led elsewhere. Each is tried: the catalog is asked again with one thing changed, so what is
//! told here is what would have been decided, and not what a comparison looks like.

use std::collections::BTreeMap;

use super::case::Case;
use super::case::Variant;
use super::effects::effects;
use super::model::Bound;
use super::model::Change;
use super::model::ChangeKind;
use super::model::Effect;
use super::numbers;
use super::numbers::Numbers;
use super::phrases;
use crate::audit::VerdictRecord;
use crate::connector::FailedCheck;
use crate::connector::failed_check;
use crate::engine::replay::Answers;
use crate::policy::Input;
use crate::policy::InputKind;
use crate::policy::InputValue;
use crate::policy::Place;
use crate::script::Hook;
use crate::words::FieldName;
use crate::words::InputName;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::Timestamp;

/// Every change that would have led elsewhere, the nearest first. `base` is what the catalog answers as things were, and
/// `verdict` the last that was found in a callback before the flow ended.
pub(super) fn nearest(case: &Case<'_>, base: &Answers, verdict: Option<&VerdictRecord>) -> Vec<Change> {
    let search = Search { case, base };
    let by_script = search.decided_by_script();
    let mut policy = search.inputs();
    policy.extend(search.times());
    policy.extend(search.channels());
    policy.extend(search.attempts());
    let claims = search.claims();
    let mut world = verdict.map(|verdict| search.checks(verdict)).unwrap_or_default();
    world.extend(search.outcomes());
    // What the deciding rule looked at comes first.
    if by_script {
        [claims, policy, world].concat()
    } else {
        [world, claims, policy].concat()
    }
}

struct Search<'a> {
    case: &'a Case<'a>,
    base: &'a Answers,
}

/// What an answer is told apart by.
type Told = (Vec<Effect>, Option<Place>);

impl Search<'_> {
    fn decided_by_script(&self) -> bool {
        let rule = match (&self.base.plan, &self.base.ending) {
            (_, Some((_, decision))) | (Err((_, decision)), None) => &decision.rule,
            (Ok((_, Some(place))), None) => place,
            (Ok((_, None)), None) => return false,
        };
        let tightened = matches!(&self.base.plan, Ok((_, Some(place))) if is_script(place));
        is_script(rule) || tightened
    }

    /// What follows from a variant; `None` where nothing does, or where it could not have been.
    fn told(&self, variant: &Variant) -> Option<Told> {
        let answers = self.case.answers(variant)?;
        let (effects, by) = effects(self.base, &answers);
        (!effects.is_empty()).then_some((effects, by))
    }

    fn change(
        kind: ChangeKind,
        what: impl Into<String>,
        was: Option<String>,
        bound: Bound,
        told: Told,
    ) -> Change {
        let (effects, by) = told;
        let what = what.into();
        Change {
            says: phrases::change(kind, &what, was.as_deref(), &bound, &effects),
            kind,
            what,
            was,
            bound,
            effects,
            by,
        }
    }

    fn inputs(&self) -> Vec<Change> {
        let declared = &self.case.loaded.service.inputs;
        declared
            .iter()
            .flat_map(|(name, input)| self.input(name, input))
            .collect()
    }

    fn input(&self, name: &InputName, input: &Input) -> Vec<Change> {
        let passed = self.case.detail.inputs.get(name);
        let with = |value: Option<InputValue>| {
            let mut inputs = self.case.detail.inputs.clone();
            match value {
                Some(value) => inputs.insert(name.clone(), value),
                None => inputs.remove(name),
            };
            self.told(&Variant {
                inputs: Some(inputs),
                ..Variant::default()
            })
        };
        let was = || {
            Some(match passed {
                Some(value) => shown(value, input)?,
                None => phrases::NOT_PASSED.to_owned(),
            })
        };
        let mut found: Vec<(Bound, Told)> = match &input.kind {
            InputKind::Integer { min, max } => {
                let now = match passed {
                    Some(InputValue::Integer(number)) => Some(*number),
                    _ => None,
                };
                let marks: Vec<i64> = self.marks().iter().map(|mark| mark / 1_000).collect();
                let make = InputValue::Integer;
                self.numbers((*min, *max), &marks, false, now, make, &with)
            }
            InputKind::Decimal { min, max } => {
                let now = match passed {
                    Some(InputValue::Decimal(number)) => Some(*number),
                    _ => None,
                };
                let make = InputValue::Decimal;
                self.numbers((*min, *max), &self.marks(), true, now, make, &with)
            }
            InputKind::Boolean => [true, false]
                .into_iter()
                .filter(|flag| passed != Some(&InputValue::Boolean(*flag)))
                .filter_map(|flag| {
                    Some((
                        Bound::Exactly(flag.to_string()),
                        with(Some(InputValue::Boolean(flag)))?,
                    ))
                })
                .collect(),
            InputKind::Choice(words) => words
                .iter()
                .filter(|word| passed != Some(&InputValue::String((*word).clone())))
                .filter_map(|word| {
                    Some((
                        Bound::Exactly(word.clone()),
                        with(Some(InputValue::String(word.clone())))?,
                    ))
                })
                .collect(),
            InputKind::String { .. } => Vec::new(),
        };
        if input.optional && passed.is_some() {
            found.extend(with(None).map(|told| (Bound::Absent, told)));
        }
        let change =
            |(bound, told)| Self::change(ChangeKind::Input, format!("inputs.{name}"), was(), bound, told);
        found.into_iter().map(change).collect()
    }

    fn numbers(
        &self,
        (min, max): (i64, i64),
        marks: &[i64],
        fine: bool,
        now: Option<i64>,
        make: fn(i64) -> InputValue,
        with: &dyn Fn(Option<InputValue>) -> Option<Told>,
    ) -> Vec<(Bound, Told)> {
        let numbers = Numbers {
            min,
            max,
            marks,
            fine,
            shown: &|number| make(number).to_string(),
        };
        let ask = |number: i64| Some(with(Some(make(number))));
        let found = numbers::nearest(&numbers, now, &None, &ask);
        let told = found.into_iter().filter_map(|(bound, told)| Some((bound, told?)));
        told.collect()
    }

    /// The numbers that the scripts write out, in thousandths.
    fn marks(&self) -> Vec<i64> {
        let files = self
            .case
            .loaded
            .script()
            .into_iter()
            .flat_map(|script| script.files());
        let texts = files.filter_map(|file| self.case.catalog.sources().text(file));
        numbers::written_in(texts.map(|text| &**text))
    }

    fn has(&self, hook: Hook) -> bool {
        self.case.loaded.script().is_some_and(|script| script.has(hook))
    }

    fn times(&self) -> Vec<Change> {
        let mut found = Vec::new();
        let detail = self.case.detail;
        if self.has(Hook::Plan) {
            found.extend(self.time(ChangeKind::Time, detail.requested_at, &|at| Variant {
                requested_at: Some(at),
                ..Variant::default()
            }));
        }
        if let (Some(ended_at), Some(asked)) = (detail.ended_at, self.case.asked)
            && self.base.ending.is_some()
            && self.has(Hook::Ending(asked.class()))
        {
            found.extend(self.time(ChangeKind::EndingTime, ended_at, &|at| Variant {
                ended_at: Some(at),
                ..Variant::default()
            }));
        }
        found
    }

    /// The nearest minute that changes something: before, or else after, whichever is nearer.
    fn time(
        &self,
        kind: ChangeKind,
        now: Timestamp,
        variant: &dyn Fn(Timestamp) -> Variant,
    ) -> Option<Change> {
        let minute = Timestamp::from_micros(now.as_micros().div_euclid(MINUTE) * MINUTE);
        let at = |minutes: i64| Timestamp::from_micros(minute.as_micros().saturating_add(minutes * MINUTE));
        let told = |minutes: i64| self.told(&variant(at(minutes)));
        let side = |sign: i64| {
            let first = (1..=WEEK / STEP).find(|step| told(sign * step * STEP).is_some())?;
            // The bound lies within the last step.
            let (mut near, mut far) = (sign * (first - 1) * STEP, sign * first * STEP);
            while far.abs_diff(near) > 1 {
                let middle = near.midpoint(far);
                if told(middle).is_some() {
                    far = middle;
                } else {
                    near = middle;
                }
            }
            Some((far, told(far)?))
        };
        let (before, after) = (side(-1), side(1));
        let nearer = match (before, after) {
            (Some(before), Some(after)) if before.0.abs() < after.0 => Some((before, false)),
            (_, Some(after)) => Some((after, true)),
            (before, None) => before.map(|before| (before, false)),
        };
        let ((minutes, told), later) = nearer?;
        let shown = moment(at(minutes));
        let bound = if later {
            Bound::From(shown)
        } else {
            Bound::Until(shown)
        };
        Some(Self::change(kind, "time", Some(moment(now)), bound, told))
    }

    fn channels(&self) -> Vec<Change> {
        let now = self.case.detail.channel;
        let others = self
            .case
            .loaded
            .service
            .channels
            .iter()
            .filter(|channel| **channel != now);
        let found = others.filter_map(|channel| {
            let told = self.told(&Variant {
                channel: Some(*channel),
                ..Variant::default()
            })?;
            let bound = Bound::Exactly(channel.to_string());
            Some(Self::change(
                ChangeKind::Channel,
                "channel",
                Some(now.to_string()),
                bound,
                told,
            ))
        });
        let locale = self.case.detail.locale;
        let other = self.told(&Variant {
            locale: Some(locale.other()),
            ..Variant::default()
        });
        let other = other.map(|told| {
            let bound = Bound::Exactly(locale.other().to_string());
            Self::change(
                ChangeKind::Locale,
                "locale",
                Some(locale.to_string()),
                bound,
                told,
            )
        });
        found.chain(other).collect()
    }

    /// The nearest other try that is answered otherwise.
    fn attempts(&self) -> Option<Change> {
        let now = self.case.detail.try_number;
        let before = (1..now).rev();
        let after = now.saturating_add(1)..=now.saturating_add(MOST_ATTEMPTS);
        before.chain(after).find_map(|attempt| {
            let told = self.told(&Variant {
                attempt: Some(attempt),
                ..Variant::default()
            })?;
            let bound = Bound::Exactly(attempt.to_string());
            Some(Self::change(
                ChangeKind::Attempt,
                "attempt",
                Some(now.to_string()),
                bound,
                told,
            ))
        })
    }

    /// Claims about the person that the decision on an approval hangs on.
    fn claims(&self) -> Vec<Change> {
        let ended_approved = self.case.asked == Some(Outcome::Approved);
        if !ended_approved || self.base.ending.is_none() || !self.has(Hook::Ending(OutcomeClass::Approved)) {
            return Vec::new();
        }
        let proved = self.case.proved();
        let refused = self
            .base
            .ending
            .as_ref()
            .is_some_and(|(outcome, _)| *outcome != Outcome::Approved);
        if refused {
            self.missing_claims(&proved)
        } else {
            let each = proved.keys().filter_map(|name| {
                let told = self.told(&self.without(&proved, name))?;
                Some(Self::change(
                    ChangeKind::Person,
                    name.to_string(),
                    None,
                    Bound::Absent,
                    told,
                ))
            });
            each.collect()
        }
    }

    /// What would have had to be proved of somebody who was refused: the claims that matter once all are proved.
    fn missing_claims(&self, proved: &BTreeMap<FieldName, bool>) -> Vec<Change> {
        let all = Variant {
            claims: Some(proved.clone()),
            ..Variant::default()
        };
        let Some(told) = self.told(&all) else {
            return Vec::new();
        };
        let matters = |name: &&FieldName| {
            let without = self.case.answers(&self.without(proved, name));
            let with = self.case.answers(&all);
            match (with, without) {
                (Some(with), Some(without)) => !effects(&with, &without).0.is_empty(),
                _ => false,
            }
        };
        let names: Vec<String> = proved.keys().filter(matters).map(ToString::to_string).collect();
        if names.is_empty() {
            return Vec::new();
        }
        let bound = Bound::Exactly("true".to_owned());
        vec![Self::change(
            ChangeKind::Person,
            names.join(", "),
            None,
            bound,
            told,
        )]
    }

    fn without(&self, proved: &BTreeMap<FieldName, bool>, name: &FieldName) -> Variant {
        let mut claims = proved.clone();
        claims.insert(name.clone(), false);
        Variant {
            claims: Some(claims),
            ..Variant::default()
        }
    }

    fn checks(&self, verdict: &VerdictRecord) -> Vec<Change> {
        if let Some(failed) = verdict.checks.iter().find(|check| !check.passed) {
            let told = self.told(&self.if_ended(Outcome::Approved));
            let change = told.map(|told| {
                let was = Some(failed.detail.to_string());
                Self::change(ChangeKind::Check, &*failed.name, was, Bound::Passed, told)
            });
            return change.into_iter().collect();
        }
        // What would have kept the flow waiting is told as one.
        let (waiting, ending): (Vec<_>, Vec<_>) = verdict
            .checks
            .iter()
            .filter_map(|check| failed_check(&check.name).map(|failed| (check, failed)))
            .partition(|(_, failed)| *failed == FailedCheck::NotBelieved);
        let names: Vec<&str> = waiting.iter().map(|(check, _)| &*check.name).collect();
        let waits = (!names.is_empty()).then(|| {
            let told = (vec![Effect::Waits], None);
            Self::change(ChangeKind::Check, names.join(", "), None, Bound::Failed, told)
        });
        let ends = ending.into_iter().filter_map(|(check, failed)| {
            let FailedCheck::Ends(outcome) = failed else {
                return None;
            };
            let told = self.told(&self.if_ended(outcome))?;
            let was = Some(check.detail.to_string());
            Some(Self::change(
                ChangeKind::Check,
                &*check.name,
                was,
                Bound::Failed,
                told,
            ))
        });
        ends.chain(waits).collect()
    }

    /// How each other class of outcomes would have been decided on.
    fn outcomes(&self) -> Vec<Change> {
        let (Some(asked), true) = (self.case.asked, self.base.ending.is_some()) else {
            return Vec::new();
        };
        let others = ONE_OF_EACH
            .into_iter()
            .filter(|outcome| outcome.class() != asked.class());
        let found = others.filter_map(|outcome| {
            let told = self.told(&self.if_ended(outcome))?;
            let class = outcome.class().as_str();
            let bound = Bound::Exactly(outcome.code().to_owned());
            Some(Self::change(
                ChangeKind::Outcome,
                class,
                Some(asked.to_string()),
                bound,
                told,
            ))
        });
        found.collect()
    }

    /// The flow with another outcome; of whoever approves everything is proved.
    fn if_ended(&self, outcome: Outcome) -> Variant {
        Variant {
            asked: Some(outcome),
            claims: (outcome == Outcome::Approved).then(|| self.case.proved()),
            ..Variant::default()
        }
    }
}

/// A value as it may be shown: not a text, and not a number so long that it could be somebody's (law 13).
fn shown(value: &InputValue, input: &Input) -> Option<String> {
    let short = |number: i64| number.unsigned_abs() < LONG_NUMBER;
    let may = match value {
        InputValue::String(_) => matches!(input.kind, InputKind::Choice(_)),
        InputValue::Integer(number) => short(*number),
        InputValue::Decimal(number) => short(*number / 1_000),
        InputValue::Boolean(_) => true,
    };
    may.then(|| value.to_string())
}

/// `Sunday 2026-03-08 08:00`, in Kuwait.
fn moment(at: Timestamp) -> String {
    let local = at.in_kuwait();
    let day = usize::try_from(local.weekday - 1)
        .ok()
        .and_then(|day| DAYS.get(day));
    format!(
        "{} {:04}-{:02}-{:02} {:02}:{:02}",
        day.copied().unwrap_or_default(),
        local.year,
        local.month,
        local.day,
        local.hour,
        local.minute
    )
}

fn is_script(place: &Place) -> bool {
    place.file.starts_with("scripts/")
}

const ONE_OF_EACH: [Outcome; 5] = [
    Outcome::Approved,
    Outcome::DeclinedByUser,
    Outcome::TimeoutNoAnswer,
    Outcome::ErrorAuthority,
    Outcome::VerificationFailed,
];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MINUTE: i64 = 60_000_000;
/// In minutes: how far the search for another time goes, and in which steps.
const WEEK: i64 = 7 * 24 * 60;
const STEP: i64 = 15;
const MOST_ATTEMPTS: u8 = 5;
const LONG_NUMBER: u64 = 10_000_000;
