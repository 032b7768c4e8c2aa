use serde::Serialize;
use serde::Serializer;

use crate::audit::CheckRecord;
use crate::engine::Difference;
use crate::policy::Place;
use crate::policy::Then;
use crate::script::Trace;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::ServiceName;
use crate::words::Text;
use crate::words::Timestamp;

/// Why a flow ended as it did. Holds no personal data, and no text that is filled in with inputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Why {
    /// The flow.
    pub flow: FlowId,
    /// Its service.
    pub service: ServiceName,
    /// What was asked of Mobile ID.
    pub capability: Capability,
    /// Where the person was.
    pub channel: Channel,
    /// The person's language.
    pub locale: Locale,
    /// 1 for the first flow, one more for each that tried again.
    pub attempt: u8,
    /// The catalog it is pinned to.
    pub catalog: Digest,
    /// When it began.
    #[serde(serialize_with = "written")]
    pub began: Timestamp,
    /// How it ended; `None` while it runs.
    pub outcome: Option<Outcome>,
    /// What is on record, in the order of the log.
    pub steps: Vec<Step>,
    /// What was going to be sent, and what made it so.
    pub plan: Planned,
    /// What the policy decided on the outcome; `None` while the flow runs.
    pub decision: Option<Reckoned>,
    /// What the e-service was told, and how that went.
    pub deliveries: Vec<Delivery>,
    /// What would have made it end otherwise, the nearest first.
    pub nearest: Vec<Change>,
    /// Whether its own catalog, asked again, says what was recorded.
    pub again: Again,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Its number in the log.
    pub seq: u64,
    /// When it happened.
    #[serde(serialize_with = "written")]
    pub at: Timestamp,
    /// The time since the first record, in milliseconds.
    pub after_ms: u64,
    /// The kind of record: `request`, `reply`, `callback`, `verdict`, `ending`, `refusal`, `notice`, `delivery`, `admin`.
    pub kind: &'static str,
    /// What happened, in words.
    pub says: Text,
    /// More of what the record says.
    pub facts: Vec<Fact>,
    /// The exact bytes that it names.
    pub message: Option<Message>,
    /// The checks of a verdict, in the order they were made.
    #[serde(serialize_with = "name_first")]
    pub checks: Vec<CheckRecord>,
}

/// A named detail of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Its name, as in the record.
    pub name: &'static str,
    /// What it says.
    pub value: String,
}

/// The exact bytes of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The digest on record.
    pub digest: Digest,
    /// How many bytes there are; `None` where they are not kept.
    pub size: Option<u64>,
    /// Whether the bytes in the store have that digest; `None` where they are not kept.
    pub intact: Option<bool>,
}

/// What was going to be sent, and what made it so.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Planned {
    /// Whether a request was planned; `false` where the policy refused before.
    pub sent: bool,
    /// Each value.
    pub values: Vec<PlannedValue>,
    /// The rule that made the plan what it is; `None` where the catalog can't be asked.
    pub rule: Option<RuleLine>,
    /// What the script compared on the way.
    pub compared: Trace,
}

/// One value of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedValue {
    /// What it is: `assurance`, `expires_in`, `reason` or a field.
    pub what: String,
    /// What it was in the end. The reason is not repeated, as it is filled in with what the e-service passed.
    pub value: String,
    /// Where the service says it; `None` where nobody says it and the language means it.
    pub declared: Option<Place>,
    /// What it was before the script tightened it; `None` where the script left it alone.
    pub before: Option<String>,
}

/// A place in a policy, with what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleLine {
    /// The place.
    pub place: Place,
    /// The line without its indent; `None` where it is not known.
    pub line: Option<String>,
}

/// What the policy made of an outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reckoned {
    /// How the flow ended.
    pub outcome: Outcome,
    /// The outcome that the policy was asked about, where it made another of it.
    pub asked: Option<Outcome>,
    /// What happens next.
    pub then: Then,
    /// The code of a refusal by the policy.
    pub refusal: Option<String>,
    /// The rule that decided.
    pub rule: Option<RuleLine>,
    /// Where the script failed and why.
    pub fault: Option<String>,
    /// What the script compared on the way.
    pub compared: Trace,
}

/// An outcome notice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Delivery {
    /// The `webhook-id`.
    pub webhook_id: String,
    /// The host it goes to.
    pub host: String,
    /// How many bytes the notice has, the same in every attempt.
    pub size: u64,
    /// Digest of the notice.
    pub digest: Digest,
    /// Attempts made so far.
    pub attempts: u32,
    /// When it was delivered; `None` if it was not, or not yet.
    #[serde(serialize_with = "maybe_written")]
    pub delivered_at: Option<Timestamp>,
}

/// A change that would have led elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// What kind of thing is changed.
    pub kind: ChangeKind,
    /// What is changed: `inputs.amount`, `time`, `channel`, `attempt`, a field of the person, a check, `outcome`.
    pub what: String,
    /// What it was, where that may be shown.
    pub was: Option<String>,
    /// What it would have to be.
    pub bound: Bound,
    /// What would follow.
    pub effects: Vec<Effect>,
    /// The rule that would decide.
    pub by: Option<Place>,
    /// All of it as a sentence.
    pub says: Text,
}

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A check of the answer.
    Check,
    /// Something that the e-service passes.
    Input,
    /// A claim about the person.
    Person,
    /// When the request was made.
    Time,
    /// When the flow ended.
    EndingTime,
    /// Where the person is.
    Channel,
    /// The person's language.
    Locale,
    /// Which try it is.
    Attempt,
    /// How the authority and the person answered.
    Outcome,
}

/// What a value would have to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// This.
    Exactly(String),
    /// This or less.
    AtMost(String),
    /// This or more.
    AtLeast(String),
    /// Less than this.
    LessThan(String),
    /// More than this.
    MoreThan(String),
    /// Not there: an input that is not passed, a claim that is not proved.
    Absent,
    /// From this moment on.
    From(String),
    /// Up to this moment.
    Until(String),
    /// Passed, as a check.
    Passed,
    /// Failed, as a check.
    Failed,
}

/// What would follow from a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The request would have been sent, asking for this.
    Sent(Assurance),
    /// The policy would have refused before anything was sent.
    Refused {
        /// The outcome.
        outcome: Outcome,
        /// The code of the refusal.
        code: Option<String>,
    },
    /// Another assurance would have been asked.
    Assurance(Assurance),
    /// Other fields would have been asked.
    Fields(Vec<String>),
    /// The person would have had so long to answer, as policy files write it.
    ExpiresIn(String),
    /// The flow would have ended otherwise.
    Outcome {
        /// The outcome.
        outcome: Outcome,
        /// The code of a refusal by the policy.
        code: Option<String>,
    },
    /// Something else would have happened next.
    Then(Then),
    /// The person would have read another text.
    Say,
    /// The answer would not have been believed, and the flow would have gone on waiting.
    Waits,
}

/// Whether the flow's own catalog, asked again, says what was recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// It does.
    Same,
    /// It does not, and that should be looked into.
    Differs(Vec<Difference>),
    /// What was planned does; what was decided can't be asked again.
    Partly(String),
    /// It can't be asked again.
    Impossible(String),
}

fn written<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}

/// A record has its members in the order of the alphabet; whoever reads an explanation looks for the name of a check first.
fn name_first<S: Serializer>(checks: &[CheckRecord], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Told<'c> {
        name: &'c str,
        passed: bool,
        detail: &'c str,
    }
    serializer.collect_seq(checks.iter().map(|check| Told {
        name: &check.name,
        passed: check.passed,
        detail: &check.detail,
    }))
}

fn maybe_written<S: Serializer>(moment: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => written(moment, serializer),
        None => serializer.serialize_none(),
    }
}
