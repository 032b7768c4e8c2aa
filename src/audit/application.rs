use serde::Deserialize;
use serde::Serialize;

use crate::words::Day;
use crate::words::Digest;

/// What is applied for, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationKind {
    /// A person asks to see what is kept of them (article 33; R003-66).
    Access,
    /// A legal representative asks to see what is kept of the person they stand for (article 33; R003-67).
    Representative,
    /// Somebody else asks for data of a person (article 34; R003-68).
    ThirdParty,
    /// A person asks to have data erased that is wrong or out of date (article 36; R003-76).
    Erasure,
    /// A person asks to have data put right that is wrong or out of date (article 36; R003-76).
    Correction,
}

/// What has to be looked at before a third party gets anything (article 34; R003-68).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequiredCheck {
    /// In which capacity they ask.
    Capacity,
    /// What kind of data it is.
    Nature,
    /// What use it is to them.
    Usefulness,
    /// For what purpose they will use it.
    Purpose,
}

/// A step of an application. Each day is that on which it happened; when it was written down says the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationStep {
    /// It came in.
    Opened {
        /// The day on which it came in: the clock of the law begins.
        day: Day,
        /// Digest of the exact bytes of the paper.
        digest: Digest,
        /// What is applied for.
        kind: ApplicationKind,
        /// The number of the paper that proves a representative's authority.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<String>,
    },
    /// One of the required checks was made.
    Checked {
        /// Which.
        check: RequiredCheck,
        /// What was found, in a few words.
        finding: String,
        /// Whether it speaks for the applicant.
        passed: bool,
    },
    /// It was decided, and the applicant told in writing; while a complaint waits, by the head of the body.
    Decided {
        /// The day on which the applicant was told.
        day: Day,
        /// Whether it was granted.
        granted: bool,
        /// Why, in a few words.
        reason: String,
    },
    /// The applicant complained to the head of the body about a refusal.
    Complained {
        /// The day on which the complaint came in.
        day: Day,
    },
    /// A period ended and nobody had answered, which is a refusal. Changes nothing by itself: it is written down so that a
    /// notice can be sent.
    Lapsed {
        /// Whether it is refused for good.
        finally: bool,
    },
}

impl ApplicationKind {
    /// Whether it is the person whose data it is about who applies.
    pub const fn is_of_the_person(self) -> bool {
        matches!(self, Self::Access | Self::Erasure | Self::Correction)
    }

    /// The name in records and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Representative => "representative",
            Self::ThirdParty => "third_party",
            Self::Erasure => "erasure",
            Self::Correction => "correction",
        }
    }
}

impl RequiredCheck {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Capacity, Self::Nature, Self::Usefulness, Self::Purpose];

    /// The name in records and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Capacity => "capacity",
            Self::Nature => "nature",
            Self::Usefulness => "usefulness",
            Self::Purpose => "purpose",
        }
    }
}

impl ApplicationStep {
    /// The name of the step.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Checked { .. } => "checked",
            Self::Decided { .. } => "decided",
            Self::Complained { .. } => "complained",
            Self::Lapsed { .. } => "lapsed",
        }
    }
}
