use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::Dynamic;
use rhai::ImmutableString;

use crate::policy::InputValue;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::FieldName;
use crate::words::FieldValue;
use crate::words::InputName;
use crate::words::LocalTime;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Purpose;
use crate::words::Timestamp;

/// What a hook may read of a flow. Borrowed; only what the script mentions is copied.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The capability.
    pub capability: Capability,
    /// Where the person is.
    pub channel: Channel,
    /// The person's language.
    pub locale: Locale,
    /// The checked inputs.
    pub inputs: &'a BTreeMap<InputName, InputValue>,
    /// The moment, handed in.
    pub now: Timestamp,
    /// 1 for the first flow, one more for each retry.
    pub attempt: u8,
    /// The step of the journey; empty where the service has no steps.
    pub step: &'a str,
    /// The declared fields that earlier steps of the journey brought.
    pub earlier: PersonFacts<'a>,
    /// The outcome; `None` before anything is sent.
    pub outcome: Option<Outcome>,
    /// The declared fields of the person who approved.
    pub person: PersonFacts<'a>,
}

/// The person, where there is one to read.
pub type PersonFacts<'a> = Option<&'a Person>;

/// What a service declared: the only names that a script may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    /// Inputs, by name.
    pub(super) inputs: Vec<InputName>,
    /// Fields, each with whether the script's text mentions it.
    pub(super) fields: Vec<(FieldName, bool)>,
}

/// The facts of one call, as the engine holds them.
pub(super) struct Snapshot {
    pub(super) declared: Arc<Declared>,
    pub(super) inputs: Vec<(ImmutableString, Dynamic)>,
    pub(super) person: Option<Vec<(ImmutableString, Dynamic)>>,
    /// Empty before an earlier step has brought anything.
    pub(super) earlier: Vec<(ImmutableString, Dynamic)>,
    pub(super) step: ImmutableString,
    pub(super) now: LocalTime,
    pub(super) capability: Capability,
    pub(super) channel: Channel,
    pub(super) locale: Locale,
    pub(super) attempt: u8,
    pub(super) outcome: Option<Outcome>,
}

impl Snapshot {
    pub(super) fn new(facts: &Facts<'_>, declared: &Arc<Declared>) -> Self {
        let read = |person: &Person| -> Vec<(ImmutableString, Dynamic)> {
            let copied = declared.fields.iter().filter(|(_, mentioned)| *mentioned);
            copied
                .map(|(name, _)| (name.as_str().into(), field(person, name)))
                .collect()
        };
        Self {
            declared: Arc::clone(declared),
            inputs: declared
                .inputs
                .iter()
                .map(|name| (name.as_str().into(), input(facts.inputs.get(name))))
                .collect(),
            person: facts.person.map(read),
            earlier: facts.earlier.map(read).unwrap_or_default(),
            step: facts.step.into(),
            now: facts.now.in_kuwait(),
            capability: facts.capability,
            channel: facts.channel,
            locale: facts.locale,
            attempt: facts.attempt,
            outcome: facts.outcome,
        }
    }
}

fn input(value: Option<&InputValue>) -> Dynamic {
    match value {
        None => Dynamic::UNIT,
        Some(InputValue::String(text)) => text.as_str().into(),
        Some(InputValue::Integer(number)) => (*number).into(),
        Some(InputValue::Decimal(thousandths)) => decimal(*thousandths).into(),
        Some(InputValue::Boolean(flag)) => (*flag).into(),
    }
}

/// Amounts are kept in thousandths; scripts compare them as floating point, which is exact for comparing with
/// numbers of three places up to 2^53 thousandths.
#[expect(
    clippy::cast_precision_loss,
    reason = "amounts are far below 2^53 thousandths"
)]
fn decimal(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}

fn field(person: &Person, name: &FieldName) -> Dynamic {
    match person
        .field(name.as_str())
        .map(|value| value.expose(Purpose::Script))
    {
        None => Dynamic::UNIT,
        Some(FieldValue::Text(text) | FieldValue::Date(text)) => text.as_str().into(),
        Some(FieldValue::Flag(flag)) => (*flag).into(),
    }
}
