use std::borrow::Cow;

use serde::Deserialize;
use serde::Serialize;

use super::Drift;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Field;
use crate::words::FieldName;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::RequestId;
use crate::words::Timestamp;

/// What a callback is compared with.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// The flow that the path token named, or whose request was replied to.
    pub flow: FlowId,
    /// What was asked.
    pub capability: Capability,
    /// The authority's id of the request; `None` while its reply has not come.
    pub request_id: Option<&'a RequestId>,
    /// The person asked; `None` where the answer itself tells who it is.
    pub civil_no: Option<&'a CivilNo>,
    /// SHA-256 of what was to be signed; `None` unless something was.
    pub signing: Option<Digest>,
    /// The assurance asked for.
    pub assurance: Assurance,
    /// The challenge sent.
    pub challenge: &'a Challenge,
    /// The additional data sent.
    pub additional_data: &'a str,
    /// When the request was recorded.
    pub requested_at: Timestamp,
    /// When the flow times out.
    pub expires_at: Timestamp,
    /// When the callback arrived.
    pub received_at: Timestamp,
    /// The declared fields; everything else is dropped here (law 7).
    pub fields: &'a [Field],
}

/// What was found in a callback or an answer.
#[derive(Clone)]
pub struct Verdict {
    /// Every check, in the order it was made.
    pub checks: Vec<Check>,
    /// What follows.
    pub conclusion: Conclusion,
    /// Who answered, once all places of an approval name one person. A flow that began without a person is theirs from
    /// then on.
    pub approver: Option<CivilNo>,
    /// The person's signature, verified; only where something was signed.
    pub signature: Option<MadeSignature>,
    /// What the callback claims, for the record. Holds no personal data.
    pub claims: Claims,
}

/// A signature that a person made, verified over the digest that was sent. The certificate names the person, so it has no
/// `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeSignature {
    /// How it is written: `PKCS#1` or `PKCS#7`.
    pub format: String,
    /// SHA-256 of what was signed.
    pub digest: Digest,
    /// The signature, base64.
    pub value: String,
    /// The person's certificate, base64 of its DER.
    pub certificate: String,
}

/// Shows nothing of who answered.
impl std::fmt::Debug for Verdict {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Verdict")
            .field("checks", &self.checks)
            .field("conclusion", &self.conclusion)
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

impl Verdict {
    /// Whether the answer is known to come from the authority, whatever it says.
    pub fn is_believed(&self) -> bool {
        let stands = |name: &str| self.checks.iter().any(|check| check.name == name && check.passed);
        stands("stamp") || stands("channel")
    }

    /// Of an answer in a reply that can't be read: it ends the flow, because nothing else comes.
    pub fn unreadable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            checks: vec![Check {
                name: "readable",
                passed: false,
                detail: detail.into(),
            }],
            conclusion: Conclusion::Ended(Outcome::UnknownCode),
            approver: None,
            signature: None,
            claims: Claims::default(),
        }
    }
}

/// One check of a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// A stable name: `readable`, `stamp`, `request`, `unexpired`, `person`, `assurance`, `code`, `action`, ….
    pub name: &'static str,
    /// Whether it passed.
    pub passed: bool,
    /// What was found, for the operator; never carries personal data.
    pub detail: Cow<'static, str>,
}

/// What follows from a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// Everything agrees: the person asked has approved, with these declared fields.
    Approved(Person),
    /// The authority has verifiably answered this request, and the answer is no success.
    Ended(Outcome),
    /// Nothing can be believed; the flow keeps waiting.
    Rejected,
}

/// What a callback claims, for the record (R000-140 to R000-148).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// The authority's id of the request.
    pub request_id: Option<RequestId>,
    /// The raw result code.
    pub result_code: Option<String>,
    /// The raw user action.
    pub user_action: Option<String>,
    /// Digest of the user's signature.
    pub user_signature: Option<Digest>,
    /// Digest of the user's certificate.
    pub user_certificate: Option<Digest>,
    /// Declared fields that came.
    pub kept_fields: Vec<FieldName>,
    /// Names of members that came undeclared.
    pub dropped_fields: Vec<String>,
    /// Digest of the stamp.
    pub stamp: Option<Digest>,
    /// Digest of the certificate that stamped.
    pub stamp_signer: Option<Digest>,
    /// The moment the authority claims.
    pub claimed_at: Option<Timestamp>,
    /// What stands in no list.
    pub drift: Vec<Drift>,
}
