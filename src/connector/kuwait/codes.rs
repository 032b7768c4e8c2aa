//! The authority's codes as data: what is published is built in, the rest comes from the settings.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::words::Outcome;

/// Codes that the settings add. None may mean success: success is result 1 with action 1 and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CodeAdditions {
    /// Further result codes of callbacks, as texts: `"6": other.not_enrolled`.
    pub result: BTreeMap<String, Outcome>,
    /// Error codes of direct replies: `1001: other.not_enrolled`. The authority's list is not published.
    pub error: BTreeMap<i64, Outcome>,
}

/// The codes table.
#[derive(Clone, Debug, Default)]
pub(super) struct Codes(CodeAdditions);

/// A result code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResultCode {
    /// 1: the person was authenticated.
    Authenticated,
    /// 4: the person declined.
    Declined,
    /// Another known code, and the outcome that it stands for.
    Failure(Outcome),
    /// Not in the table.
    Unknown,
}

/// What the person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UserAction {
    /// 1.
    Accepted,
    /// 2.
    Declined,
    /// Not in the table.
    Unknown,
}

/// What a callback answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestType {
    /// 1.
    Authentication,
    /// 2.
    Signing,
    /// Not in the table.
    Unknown,
}

/// One code of the authority with what it stands for, for the reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// The member that holds it.
    pub member: &'static str,
    /// The code, and its name where it has one.
    pub code: String,
    /// What it leads to.
    pub outcome: Outcome,
}

/// Every code that midflow knows by itself, and those of its own sandbox.
pub fn code_table() -> Vec<CodeRow> {
    let published = RESULTS.iter().filter_map(|(code, name, meaning)| {
        let outcome = match meaning {
            // Only together with the action, and after every check.
            ResultCode::Authenticated => Outcome::Approved,
            ResultCode::Declined => Outcome::DeclinedByUser,
            ResultCode::Failure(outcome) => *outcome,
            ResultCode::Unknown => return None,
        };
        Some(CodeRow {
            member: "ResultCode",
            code: format!("{code} ({name})"),
            outcome,
        })
    });
    let sandbox = CodeAdditions::sandbox().error;
    let sandbox = sandbox.into_iter().map(|(code, outcome)| CodeRow {
        member: "Error.Code of the sandbox",
        code: code.to_string(),
        outcome,
    });
    published.chain(sandbox).collect()
}

impl CodeAdditions {
    /// The error codes of midflow's own sandbox.
    pub fn sandbox() -> Self {
        Self {
            result: BTreeMap::new(),
            error: BTreeMap::from([
                (1001, Outcome::NotEnrolled),
                (1002, Outcome::AssuranceInsufficient),
                (1003, Outcome::TooManyRequests),
                (1004, Outcome::ErrorRequest),
                (1005, Outcome::ErrorRegistration),
                (1006, Outcome::ErrorRegistration),
                (1008, Outcome::UnreadableQr),
            ]),
        }
    }
}

impl Codes {
    /// The built-in codes with the additions.
    ///
    /// # Errors
    /// Names the addition that would mean success or change a built-in code.
    pub(super) fn new(additions: CodeAdditions) -> Result<Self, String> {
        let built_in = Self::default();
        if let Some(code) = additions
            .result
            .keys()
            .find(|code| built_in.result(code) != ResultCode::Unknown)
        {
            return Err(format!(
                "result `{code}` has a published meaning that can't be changed"
            ));
        }
        let result = additions
            .result
            .iter()
            .map(|(code, outcome)| (code.clone(), outcome));
        let error = additions
            .error
            .iter()
            .map(|(code, outcome)| (code.to_string(), outcome));
        if let Some((code, _)) = result
            .chain(error)
            .find(|(_, outcome)| **outcome == Outcome::Approved)
        {
            return Err(format!("`{code}` can't be made to mean approved"));
        }
        Ok(Self(additions))
    }

    /// The meaning of a `ResultCode`. The whole text counts: `10` is not `1`.
    pub(super) fn result(&self, text: &str) -> ResultCode {
        let published = RESULTS
            .iter()
            .find(|(code, name, _)| *code == text || *name == text);
        match (published, self.0.result.get(text)) {
            (Some((.., meaning)), _) => *meaning,
            (None, Some(outcome)) => ResultCode::Failure(*outcome),
            (None, None) => ResultCode::Unknown,
        }
    }

    /// The meaning of a `UserAction`.
    pub(super) fn action(text: &str) -> UserAction {
        match text {
            "1" | "Accepted" => UserAction::Accepted,
            "2" | "Declined" => UserAction::Declined,
            _ => UserAction::Unknown,
        }
    }

    /// The meaning of a `RequestType`.
    pub(super) fn request_type(text: &str) -> RequestType {
        match text {
            "1" | "Authentication" => RequestType::Authentication,
            "2" | "Signing" => RequestType::Signing,
            _ => RequestType::Unknown,
        }
    }

    /// Whether the `Code` of a direct reply is in the table.
    pub(super) fn knows_error(&self, code: i64) -> bool {
        self.0.error.contains_key(&code)
    }

    /// The outcome that the `Code` of a direct reply stands for; unknown codes are an error of the authority.
    pub(super) fn error(&self, code: Option<i64>) -> Outcome {
        code.and_then(|code| self.0.error.get(&code))
            .copied()
            .unwrap_or(Outcome::ErrorAuthority)
    }
}

/// What is published of `ResultCode`: the code, its name, its meaning.
const RESULTS: &[(&str, &str, ResultCode)] = &[
    ("1", "Authenticated", ResultCode::Authenticated),
    ("2", "Revoked", ResultCode::Failure(Outcome::CertificateRevoked)),
    (
        "3",
        "FailedToVerify",
        ResultCode::Failure(Outcome::VerificationFailed),
    ),
    ("4", "Declined", ResultCode::Declined),
    ("5", "Expired", ResultCode::Failure(Outcome::CertificateExpired)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_code_one_is_success() {
        let codes = Codes::default();
        for text in ["10", "01", "1.0", "+1", "11", "", "true", "authenticated", "١"] {
            assert_eq!(codes.result(text), ResultCode::Unknown, "{text}");
        }
        assert_eq!(codes.result("1"), ResultCode::Authenticated);
        for text in ["0", "3", "11", "accepted"] {
            assert_eq!(Codes::action(text), UserAction::Unknown, "{text}");
        }
    }

    #[test]
    fn additions_are_never_success_and_change_nothing_published() {
        let add = |code: &str, outcome| {
            Codes::new(CodeAdditions {
                result: BTreeMap::from([(code.to_owned(), outcome)]),
                error: BTreeMap::new(),
            })
        };
        assert!(add("7", Outcome::Approved).is_err());
        assert!(add("1", Outcome::NotEnrolled).is_err());
        let codes = add("7", Outcome::NotEnrolled).unwrap();
        assert_eq!(codes.result("7"), ResultCode::Failure(Outcome::NotEnrolled));
        let error = CodeAdditions {
            error: BTreeMap::from([(9, Outcome::Approved)]),
            ..CodeAdditions::default()
        };
        assert!(Codes::new(error).is_err());
    }

    #[test]
    fn error_codes_are_mapped_and_unknown_ones_are_the_authoritys() {
        let codes = Codes::new(CodeAdditions::sandbox()).unwrap();
        assert_eq!(codes.error(Some(1003)), Outcome::TooManyRequests);
        assert_eq!(codes.error(Some(7)), Outcome::ErrorAuthority);
        assert_eq!(codes.error(None), Outcome::ErrorAuthority);
        assert_eq!(Codes::default().error(Some(1001)), Outcome::ErrorAuthority);
    }
}
