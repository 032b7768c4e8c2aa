//! What the answer to a poll proves.
//!
//! Where it carries the authority's stamped callback, it is judged as every callback is. Where it does not, it is only as
//! good as the connection that it came over, which the settings must have named as enough; then it proves that the
//! request of this flow, which named one person, was approved, and nothing about who that person is beyond that.

use std::borrow::Cow;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use super::pointer::Pointer;
use super::pointer::plain;
use super::settings::GatewayAnswers;
use super::settings::UnstampedAnswers;
use crate::connector::Check;
use crate::connector::Claims;
use crate::connector::Conclusion;
use crate::connector::Drift;
use crate::connector::Expected;
use crate::connector::Verdict;
use crate::connector::kuwait::approval::ApprovalRule;
use crate::connector::kuwait::callback::Part;
use crate::connector::kuwait::callback::recordable_name;
use crate::connector::kuwait::json::KeyMatching;
use crate::connector::kuwait::json::Node;
use crate::connector::kuwait::json::Value;
use crate::connector::kuwait::person;
use crate::connector::kuwait::settings::SettingsError;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Outcome;

/// What a status of a poll means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolledStatus {
    /// The person has not answered yet.
    Waiting,
    /// The flow ends so.
    Ended(Outcome),
}

/// Whether an approval counts that says to have been used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Used {
    /// It counts: the gateway marks what the person has used.
    Allowed,
    /// It does not: somebody else has consumed the answer.
    Refused,
}

/// How the answers of one gateway are judged.
#[derive(Debug)]
pub(in crate::connector::kuwait) enum PolledRule {
    Stamped(Pointer),
    Unstamped(UnstampedAnswers),
}

impl PolledRule {
    /// Takes the rule from the settings.
    pub(super) fn new(answers: Option<&GatewayAnswers>) -> Result<Self, SettingsError> {
        const SETTING: &str = "kuwait.transport.gateway.answers";
        match answers {
            None => Err(SettingsError::new(
                SETTING,
                "it is not set",
                "name `stamped` with the pointer of the stamped callback, or `unstamped` with what each status means; there \
                 is no default, because an answer without a stamp is worth only what the gateway's connection is worth",
            )),
            Some(GatewayAnswers::Stamped(pointer)) => match Pointer::parse(pointer) {
                Some(pointer) if !pointer.steps().is_empty() => Ok(Self::Stamped(pointer)),
                _ => Err(SettingsError::new(
                    "kuwait.transport.gateway.answers.stamped",
                    format!("`{pointer}` is no JSON pointer"),
                    "write a slash and the member that holds the callback, such as `/callback`",
                )),
            },
            Some(GatewayAnswers::Unstamped(answers)) => {
                let approved = PolledStatus::Ended(Outcome::Approved);
                if answers
                    .statuses
                    .values()
                    .filter(|status| **status == approved)
                    .count()
                    == 1
                {
                    Ok(Self::Unstamped(answers.clone()))
                } else {
                    Err(SettingsError::new(
                        "kuwait.transport.gateway.answers.unstamped.statuses",
                        "not exactly one status means `approved`",
                        "name the one status of an approval, and every other that the gateway's guide lists",
                    ))
                }
            }
        }
    }

    /// The digest of what counts in a poll's answer; `None` while it says nothing. What can't be read says something: it
    /// is recorded and judged.
    pub(super) fn mark(&self, body: &[u8], keys: KeyMatching) -> Option<Digest> {
        let Ok(root) = Node::parse(body, keys) else {
            return Some(Digest::of(body));
        };
        match self {
            Self::Stamped(pointer) => {
                let node = pointer.find(&root, keys)?;
                let waiting = matches!(&node.value, Value::Text(text) if text.trim().is_empty());
                let counts = body.get(node.span.clone()).unwrap_or_default();
                (!waiting).then(|| Digest::of(counts))
            }
            Self::Unstamped(answers) => {
                let said = |name| member(&root, name, keys).and_then(plain);
                let status = said("requestStatus");
                let waiting = matches!(
                    status.and_then(|status| answers.statuses.get(status)),
                    Some(PolledStatus::Waiting)
                );
                let counts = format!("{:?} {status:?}", said("statusCode"));
                (!waiting).then(|| Digest::of(counts.as_bytes()))
            }
        }
    }

    /// The stamped callback inside a poll's answer, as it is judged; `None` where there is none.
    pub(in crate::connector::kuwait) fn stamped<'b>(
        &self,
        body: &'b [u8],
        keys: KeyMatching,
    ) -> Option<Cow<'b, [u8]>> {
        let Self::Stamped(pointer) = self else {
            return None;
        };
        let root = Node::parse(body, keys).ok()?;
        let node = pointer.find(&root, keys)?;
        match &node.value {
            Value::Text(text) => Some(Cow::Owned(text.as_bytes().to_vec())),
            _ => body.get(node.span.clone()).map(Cow::Borrowed),
        }
    }

    /// Judges the exact bytes of a poll's answer.
    pub(in crate::connector::kuwait) fn examine(
        &self,
        body: &[u8],
        approval: &ApprovalRule,
        expected: &Expected<'_>,
    ) -> Verdict {
        let keys = approval.keys;
        let Ok(root) = Node::parse(body, keys) else {
            return disbelieved("readable", "the poll's answer is no JSON");
        };
        match self {
            Self::Stamped(pointer) => match pointer.find(&root, keys) {
                Some(node) => match &node.value {
                    Value::Text(text) => approval.examine(text.as_bytes(), expected),
                    _ => approval.examine(body.get(node.span.clone()).unwrap_or_default(), expected),
                },
                None => disbelieved("readable", "the poll's answer carries no callback"),
            },
            Self::Unstamped(answers) => answers.examine(&root, keys, expected),
        }
    }
}

impl UnstampedAnswers {
    fn examine(&self, root: &Node<'_>, keys: KeyMatching, expected: &Expected<'_>) -> Verdict {
        let Some(status) = member(root, "requestStatus", keys).and_then(plain) else {
            return disbelieved("code", "the poll's answer has no status");
        };
        let mut verdict = rejected(Claims {
            request_id: expected.request_id.cloned(),
            result_code: Some(recordable_name(status)),
            ..Claims::default()
        });
        verdict.checks = vec![
            passed("readable", "a poll's answer"),
            passed(
                "channel",
                "our own connection to the gateway; the settings let that do for a stamp",
            ),
            passed("request", "the request id was ours to ask about"),
        ];
        if !self.statuses.contains_key(status) {
            verdict.claims.drift = vec![Drift::code("requestStatus", recordable_name(status))];
        }
        let mut fail = |name, detail: &'static str, conclusion| {
            verdict.checks.push(failed(name, detail));
            verdict.conclusion = conclusion;
        };
        match self.statuses.get(status) {
            _ if expected.received_at >= expected.expires_at => {
                fail("unexpired", "after the deadline", Conclusion::Rejected);
            }
            None => fail("code", "the status is not in the table", Conclusion::Rejected),
            Some(PolledStatus::Waiting) => fail("code", "the person has not answered", Conclusion::Rejected),
            Some(PolledStatus::Ended(Outcome::Approved)) => match self.approved(root, keys, expected) {
                Ok(civil_no) => {
                    verdict.checks.push(passed("code", "approved"));
                    verdict
                        .checks
                        .push(passed("person", "the request named one person"));
                    verdict.checks.push(passed(
                        "assurance",
                        "as requested: the gateway took the request with its level",
                    ));
                    let person = person::declared(
                        &Part::of(Vec::new(), keys),
                        expected.fields,
                        civil_no,
                        expected.received_at,
                    );
                    verdict.claims.kept_fields = person::kept_names(&person);
                    verdict.approver = Some(civil_no.clone());
                    verdict.conclusion = Conclusion::Approved(person);
                }
                Err((name, outcome, detail)) => fail(name, detail, Conclusion::Ended(outcome)),
            },
            Some(PolledStatus::Ended(outcome)) => fail("code", outcome.code(), Conclusion::Ended(*outcome)),
        }
        verdict
    }

    /// What an approval needs besides its status.
    fn approved<'e>(
        &self,
        root: &Node<'_>,
        keys: KeyMatching,
        expected: &Expected<'e>,
    ) -> Result<&'e CivilNo, (&'static str, Outcome, &'static str)> {
        let accepted = member(root, "statusCode", keys).and_then(plain) == Some(ACCEPTED);
        if !accepted {
            let detail = "approved was reported with a status code that is none of success";
            return Err(("code", Outcome::InconsistentAnswer, detail));
        }
        let used = member(root, "isUsed", keys).map(|node| &node.value);
        if self.used == Used::Refused && !matches!(used, Some(Value::Bool(false))) {
            let detail = "the approval was used before, or does not say that it was not";
            return Err(("unused", Outcome::InconsistentAnswer, detail));
        }
        expected.civil_no.ok_or((
            "person",
            Outcome::VerificationFailed,
            "the request named nobody, and neither does its answer",
        ))
    }
}

impl Serialize for PolledStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Waiting => serializer.serialize_str(WAITING),
            Self::Ended(outcome) => serializer.serialize_str(outcome.code()),
        }
    }
}

impl<'de> Deserialize<'de> for PolledStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        if text == WAITING {
            return Ok(Self::Waiting);
        }
        Outcome::from_code(&text).map(Self::Ended).ok_or_else(|| {
            serde::de::Error::custom("expected `waiting`, `approved` or the code of another outcome")
        })
    }
}

fn member<'n, 'a>(root: &'n Node<'a>, name: &str, keys: KeyMatching) -> Option<&'n Node<'a>> {
    let members = root.members()?;
    members
        .iter()
        .find(|member| keys.same(&member.key, name))
        .map(|member| &member.node)
}

fn disbelieved(name: &'static str, detail: &'static str) -> Verdict {
    let mut verdict = rejected(Claims::default());
    verdict.checks.push(failed(name, detail));
    verdict
}

/// Nothing is believed yet.
const fn rejected(claims: Claims) -> Verdict {
    Verdict {
        checks: Vec::new(),
        conclusion: Conclusion::Rejected,
        approver: None,
        signature: None,
        claims,
    }
}

const fn passed(name: &'static str, detail: &'static str) -> Check {
    Check {
        name,
        passed: true,
        detail: Cow::Borrowed(detail),
    }
}

const fn failed(name: &'static str, detail: &'static str) -> Check {
    Check {
        name,
        passed: false,
        detail: Cow::Borrowed(detail),
    }
}

/// The gateway's code of success.
pub(super) const ACCEPTED: &str = "900";
const WAITING: &str = "waiting";
