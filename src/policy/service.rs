use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Field;
use crate::words::InputName;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::ServiceName;
use crate::words::Text;

/// One e-service as meant: the ceiling of what the authority approved (law 6).
#[derive(Clone, Debug)]
pub struct Service {
    /// The name in the API and in file names.
    pub id: ServiceName,
    /// The file it was read from, relative to the policy folder's parent.
    pub file: String,
    /// The name citizens read.
    pub name: Text,
    /// What the integration is for (R000-018).
    pub purpose: Text,
    /// Who uses it and how many they are (R000-015).
    pub audience: Audience,
    /// How grave a mistake would be (R000-039).
    pub sensitivity: Sensitivity,
    /// The channels it is offered on (R000-016).
    pub channels: BTreeSet<Channel>,
    /// The capabilities it may use, with their settings (R000-017).
    pub capabilities: BTreeMap<Capability, CapabilitySettings>,
    /// What the e-service passes with each flow; the only variables texts may use.
    pub inputs: BTreeMap<InputName, Input>,
    /// The declared fields of the person; nothing else is ever seen (law 7). Always holds the civil number.
    pub fields: Vec<DeclaredField>,
    /// What to do with each outcome class; complete (law 8).
    pub outcomes: BTreeMap<OutcomeClass, Response>,
    /// Where one leaf code is answered differently from its class.
    pub outcome_codes: BTreeMap<Outcome, Response>,
    /// What the citizen is told before anything is sent (R000-070 to R000-078).
    pub notices: Notices,
    /// The script, by the name of its file in `scripts/`; `None` if the YAML says all.
    pub script: Option<String>,
    /// How long evidence and personal data are kept.
    pub retention: Retention,
    /// How often it may be asked for.
    pub limits: Limits,
}

/// A place in a policy file, for records and explanations. Lines and columns count from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// The file, relative to the policy folder's parent.
    pub file: String,
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Whom a service is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Who they are.
    pub who: Text,
    /// How many they are.
    pub size: u64,
}

/// How grave a mistake would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sensitivity {
    /// An ordinary service.
    #[default]
    Normal,
    /// Personal or financial consequences.
    Sensitive,
    /// Health, large sums, identity itself; high assurance is expected.
    Critical,
}

/// The settings of one capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapabilitySettings {
    /// The assurance asked for; scripts may raise it.
    pub assurance: Assurance,
    /// The reason the person reads on the phone; may hold `{input}` placeholders (R000-079).
    pub reason: Text,
    /// How long the person has to answer; scripts may shorten it.
    pub expires_in: Duration,
    /// Where the settings stand in the file.
    pub place: Place,
}

/// One input that the e-service passes.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its type and what it accepts.
    pub kind: InputKind,
    /// Whether a flow may begin without it.
    pub optional: bool,
    /// Where it is declared.
    pub place: Place,
}

/// The type of an input.
#[derive(Clone, Debug)]
pub enum InputKind {
    /// A text that matches the whole pattern, at most `max_length` characters.
    String {
        /// The pattern, anchored at both ends; `None` accepts any safe text.
        pattern: Option<regex::Regex>,
        /// The most characters.
        max_length: usize,
    },
    /// A whole number within bounds.
    Integer {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// A decimal number with at most three places, within bounds; for amounts in dinars.
    Decimal {
        /// The least value, in thousandths.
        min: i64,
        /// The greatest value, in thousandths.
        max: i64,
    },
    /// True or false.
    Boolean,
    /// One of a few words.
    Choice(Vec<String>),
}

/// A checked value of an input.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputValue {
    /// A text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A decimal number, in thousandths.
    Decimal(i64),
    /// True or false.
    Boolean(bool),
}

/// A field of the person, declared with a reason (R000-036).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredField {
    /// The field or derived claim.
    pub field: Field,
    /// Why the service needs it.
    pub reason: Text,
    /// Where it is declared.
    pub place: Place,
}

/// What to do with an outcome (R000-081 to R000-085).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What happens next.
    pub then: super::Then,
    /// What the citizen is told.
    pub say: Text,
    /// Where it is declared.
    pub place: Place,
}

/// What the citizen is told before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notices {
    /// How retrieved data is used (R000-073).
    pub data_use: Text,
    /// The liability of using Mobile ID here (R000-072).
    pub liability: Text,
    /// What will happen and what to do on the phone, step by step (R000-071, R000-076, R000-077).
    pub steps: Vec<Text>,
    /// How to get Mobile ID (R000-070).
    pub enrol: Text,
    /// The official page about enrolment (R000-070).
    pub enrol_url: String,
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Evidence.
    pub evidence: Duration,
    /// Personal data.
    pub personal_data: Duration,
}

/// How often a service may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Per person.
    pub per_person: Limit,
    /// For the service as a whole.
    pub per_service: Limit,
}

/// So many in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count: NonZeroU32,
    /// In how long.
    pub window: Duration,
}
