//! The test file of a service, as meant: what each case is given, what the authority answers and what is expected.

use std::collections::BTreeMap;
use std::time::Duration;

use super::TimeOfDay;
use crate::diagnostics::Label;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::CivilNo;
use crate::words::FieldSource;
use crate::words::Locale;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::Pii;
use crate::words::ServiceName;
use crate::words::Timestamp;

/// The tests of one service: tables and combinations are single cases already.
#[derive(Clone)]
pub struct TestFile {
    /// The file, such as `policies/services/licence-renewal.test.yaml`.
    pub file: String,
    /// The service.
    pub service: ServiceName,
    /// Every case, in the order of the file.
    pub cases: Vec<Case>,
    /// Changes of the policy that no test can notice, each with its reason.
    pub accepted: Vec<AcceptedMutant>,
}

/// One case: what is given, what the authority answers, what is expected.
#[derive(Clone)]
pub struct Case {
    /// The name, with what tells it from others of the same table.
    pub name: String,
    /// The name as it is written in the file.
    pub at: Label,
    /// What is given.
    pub given: Given,
    /// What comes back, in order.
    pub answers: Vec<Step>,
    /// The same for the steps of a journey, by name; a step that is not named is approved.
    pub steps: BTreeMap<String, Vec<Step>>,
    /// What is expected; never empty.
    pub expect: Expect,
}

/// What a case begins with.
#[derive(Clone)]
pub struct Given {
    /// The moment at which the e-service asks.
    pub now: Timestamp,
    /// The capability.
    pub capability: Capability,
    /// Where the person is.
    pub channel: Channel,
    /// The person's language.
    pub locale: Locale,
    /// 1 for the first flow, one more for each retry.
    pub attempt: u8,
    /// What the e-service passes, unchecked.
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// The person.
    pub citizen: Citizen,
    /// How long ago the same person began other flows of this service.
    pub earlier: Vec<Duration>,
    /// How long ago other services sent requests to the person's phone.
    pub elsewhere: Vec<Duration>,
    /// How long ago the person declined requests, of whatever service.
    pub declines: Vec<Duration>,
    /// How long ago the person reported a request that they did not ask for.
    pub reported: Option<Duration>,
    /// Whether a service of the organization has authenticated the person before.
    pub known: bool,
    /// How many flows other people began, and how long ago.
    pub others: Option<(u32, Duration)>,
}

/// A person as the authority knows them. All of it is made up; the types keep it out of Debug all the same.
#[derive(Clone)]
pub struct Citizen {
    /// Whom the e-service asks for.
    pub civil_no: CivilNo,
    /// What the authority sends; what is not there is not sent.
    pub fields: BTreeMap<FieldSource, Pii<String>>,
    /// The level of the person's Mobile ID.
    pub assurance: Assurance,
}

/// Something that happens after the request, and how long after the step before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// What happens.
    pub answer: Answer,
    /// The pause before it; `None` is the usual one, which is none at all but for `late`.
    pub after: Option<Duration>,
}

/// What the authority, the person, the network or an attacker does. The names are those of `midflow trigger --list`, and
/// a few more for what a sandbox citizen is by nature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One of the list.
    Named(AnswerName),
    /// midflow itself ends the flow with this outcome, for those that no answer leads to.
    Ends(Outcome),
}

/// Declares the answers with their names, in one place.
macro_rules! answers {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// The name of an answer.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum AnswerName {
            $($(#[$doc])* $variant,)+
        }

        impl AnswerName {
            /// Every answer, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in test files.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

answers! {
    /// The person approves.
    Approved = "approved",
    /// The person declines.
    Declined = "declined",
    /// Nobody ever answers.
    Timeout = "timeout",
    /// The e-service gives up.
    Cancelled = "cancelled",
    /// The authority refuses the request: the person has no Mobile ID.
    NotEnrolled = "not-enrolled",
    /// The authority refuses the request: too many for this person.
    TooManyRequests = "too-many-requests",
    /// An approval with a certificate of the lowest level.
    LowAssurance = "low-assurance",
    /// The certificate has been revoked.
    Revoked = "revoked",
    /// The certificate has expired.
    Expired = "expired",
    /// The authority could not verify the person.
    VerificationFailed = "verification-failed",
    /// An approval after the flow has ended.
    Late = "late",
    /// The same approval twice.
    Duplicate = "duplicate",
    /// An approval before the reply to the request.
    Early = "early",
    /// An approval, then a refusal, both stamped.
    Conflicting = "conflicting",
    /// An approval whose stamp is spoiled.
    Forged = "forged",
    /// An approval stamped with a key that nobody pinned.
    ForgedSigner = "forged-signer",
    /// An approval without a stamp.
    Unstamped = "unstamped",
    /// An approval whose personal data was changed after stamping.
    TamperedPerson = "tampered-person",
    /// The answer to an earlier request.
    Replay = "replay",
    /// Somebody else approves.
    WrongPerson = "wrong-person",
    /// An approval that names another request.
    WrongRequestId = "wrong-request-id",
    /// A result code that nobody knows.
    UnknownCode = "unknown-code",
    /// A result code that begins with the digit of success.
    CodeTen = "code-ten",
    /// The code of success with the action of a refusal.
    ActionContradiction = "action-contradiction",
    /// Codes as numbers; allowed.
    CodeAsInteger = "code-as-integer",
    /// A key with a space at its end; allowed.
    SpacedKey = "spaced-key",
    /// The challenge as an object; allowed.
    ChallengeAsObject = "challenge-as-object",
    /// The person's dates are null; allowed.
    NullDates = "null-dates",
    /// A photo of one megabyte.
    HugePhoto = "huge-photo",
    /// A body that trickles; without a network it is an approval.
    SlowBody = "slow-body",
    /// The authority refuses the request.
    ErrorReply = "error-reply",
    /// No reply to the request. It has arrived all the same: the person approves, unless other answers follow.
    NoReply = "no-reply",
    /// HTTP 500 in reply to the request; nobody is asked.
    ServerError = "server-error",
    /// The authority can't be reached: nothing is sent.
    Unreachable = "unreachable",
}

impl AnswerName {
    /// Reads the name; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|answer| answer.as_str() == name)
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => out.write_str(name.as_str()),
            Self::Ends(outcome) => out.write_str(outcome.code()),
        }
    }
}

/// An expected value and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected<T> {
    /// The value.
    pub value: T,
    /// Its place in the test file.
    pub at: Label,
}

/// What a case expects. What is `None` may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// The rule that turns the e-service away before a flow begins, such as `limits.per_person`.
    pub turned_away: Option<Expected<String>>,
    /// The step of a journey that the rest is about; the one that ends it where none is named.
    pub at: Option<Expected<String>>,
    /// The steps of a journey that begin, in order.
    pub steps: Option<Expected<Vec<String>>>,
    /// What is sent.
    pub plan: Option<ExpectedPlan>,
    /// How the flow ends.
    pub outcome: Option<Expected<ExpectedOutcome>>,
    /// What happens next: `continue`, `retry`, `step_up` or `stop`.
    pub then: Option<Expected<String>>,
    /// The most attempts of a retry.
    pub attempts: Option<Expected<u8>>,
    /// The code of a refusal by a script.
    pub refusal: Option<Expected<String>>,
    /// What an Arabic reader is told.
    pub say_ar: Option<Expected<String>>,
    /// What an English reader is told.
    pub say_en: Option<Expected<String>>,
    /// The fields that the e-service gets.
    pub person: Option<Expected<ExpectedPerson>>,
    /// The rule that decided.
    pub why: Option<Expected<Why>>,
    /// The first check of the connector that failed, such as `stamp`.
    pub check: Option<Expected<String>>,
    /// What was noted on the way, in order.
    pub notes: Option<Expected<Vec<String>>>,
}

/// What is expected to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedPlan {
    /// Nothing.
    Nothing(Label),
    /// A plan.
    Sent(Box<SentPlan>),
}

/// Parts of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SentPlan {
    /// The assurance asked for.
    pub assurance: Option<Expected<Assurance>>,
    /// The fields that are wanted, by name, in any order.
    pub fields: Option<Expected<Vec<String>>>,
    /// How long the person has to answer.
    pub expires_in: Option<Expected<Duration>>,
    /// The Arabic reason.
    pub reason_ar: Option<Expected<String>>,
    /// The English reason.
    pub reason_en: Option<Expected<String>>,
    /// The rule that made the plan what it is.
    pub why: Option<Expected<Why>>,
    /// When the request leaves, by the clock in Kuwait.
    pub sent_at: Option<Expected<TimeOfDay>>,
}

/// A class of outcomes, or one outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedOutcome {
    /// Any outcome of the class.
    Class(OutcomeClass),
    /// This one.
    Leaf(Outcome),
}

/// The fields that an e-service gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedPerson {
    /// None at all.
    Nobody,
    /// Exactly these, whatever their values.
    Names(Vec<String>),
    /// Exactly these, each with this value.
    Values(BTreeMap<String, String>),
}

/// Why something was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A key of the service file, such as `outcomes.declined`.
    Key(String),
    /// A hook of the script, such as `fn plan`.
    Hook(String),
    /// A file, and a line if one is named.
    Line(String, Option<u32>),
}

impl std::fmt::Display for Why {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => out.write_str(key),
            Self::Hook(name) => write!(out, "fn {name}"),
            Self::Line(file, Some(line)) => write!(out, "{file}:{line}"),
            Self::Line(file, None) => out.write_str(file),
        }
    }
}

/// A change of the policy that no test can notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedMutant {
    /// The file that is changed.
    pub file: String,
    /// The change, as `midflow test --mutate` names it.
    pub change: String,
    /// Why nothing can notice it.
    pub because: String,
    /// Where it is accepted.
    pub at: Label,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_back() {
        for answer in AnswerName::ALL {
            assert_eq!(AnswerName::from_name(answer.as_str()), Some(*answer));
        }
        assert_eq!(AnswerName::from_name("nothing"), None);
    }
}
