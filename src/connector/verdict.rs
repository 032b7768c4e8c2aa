use crate::words::Assurance;
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
    /// The flow that the path token named.
    pub flow: FlowId,
    /// The authority's id of the request; `None` while its reply has not come.
    pub request_id: Option<&'a RequestId>,
    /// The person asked.
    pub civil_no: Option<&'a CivilNo>,
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

/// What was found in a callback.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Every check, in the order it was made.
    pub checks: Vec<Check>,
    /// What follows.
    pub conclusion: Conclusion,
    /// What the callback claims, for the record. Holds no personal data.
    pub claims: Claims,
}

/// One check of a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// A stable name: `readable`, `stamp`, `request`, `unexpired`, `person`, `assurance`, `code`, `action`, ….
    pub name: &'static str,
    /// Whether it passed.
    pub passed: bool,
    /// What was found, for the operator; never carries personal data.
    pub detail: String,
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
}
