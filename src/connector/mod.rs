//! Who answers: the contract with an identity authority, and one folder per authority.
//!
//! A connector prepares exact bytes, sends what has been recorded, and reads what comes back. It decides
//! nothing: it answers with a [`Verdict`], and the flow machine and the policy take it from there.

use async_trait::async_trait;
use bytes::Bytes;

use crate::audit::Recorded;
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
use crate::words::Text;
use crate::words::Timestamp;

/// The adapter to an identity authority.
#[async_trait]
pub trait Connector: Send + Sync + std::fmt::Debug + 'static {
    /// The name for records and pages, such as `kuwait/bridge`.
    fn name(&self) -> &str;

    /// Turns a request into the exact bytes to be sent. Pure: nothing leaves.
    ///
    /// # Errors
    /// When this authority or transport can't do what is asked.
    fn prepare(&self, request: &Request) -> Result<Outbound, PrepareError>;

    /// Sends what has been recorded (law 1), once. Never repeats by itself.
    async fn send(&self, outbound: Recorded<Outbound>) -> Reply;

    /// Examines the exact bytes of a callback against what was asked (law 4). Pure.
    fn examine(&self, body: &[u8], expected: &Expected<'_>) -> Verdict;
}

/// What is asked of the authority, for one person.
#[derive(Clone)]
pub struct Request {
    /// The flow.
    pub flow: FlowId,
    /// Which attempt of the flow, from 1.
    pub attempt: u8,
    /// The capability.
    pub capability: Capability,
    /// The assurance to ask for.
    pub assurance: Assurance,
    /// The person asked; `None` for capabilities that begin without one.
    pub civil_no: Option<CivilNo>,
    /// The name of the service as the person sees it.
    pub description: Text,
    /// The reason as the person sees it, rendered, with the challenge.
    pub reason: Text,
    /// Whether the person's details are needed.
    pub wants_person: bool,
    /// Where the authority sends its answer, with the flow's token.
    pub callback_url: String,
    /// Our own correlation text; the authority echoes it.
    pub additional_data: String,
    /// The digits to compare.
    pub challenge: Challenge,
}

/// Exact bytes on their way out.
#[derive(Clone, PartialEq, Eq)]
pub struct Outbound {
    /// The flow.
    pub flow: FlowId,
    /// Which attempt of the flow.
    pub attempt: u8,
    /// The operation of the authority's contract.
    pub operation: &'static str,
    /// The exact bytes of the body. May hold personal data.
    pub body: Bytes,
}

/// Shows everything but the body, which may hold personal data.
impl std::fmt::Debug for Outbound {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Outbound")
            .field("flow", &self.flow)
            .field("attempt", &self.attempt)
            .field("operation", &self.operation)
            .field("bytes", &self.body.len())
            .finish()
    }
}

/// Why a request can't be prepared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrepareError {
    /// The transport has no such operation.
    #[error("{connector} can't do `{capability}`")]
    Unsupported {
        /// The connector.
        connector: String,
        /// What was asked.
        capability: Capability,
    },
    /// The request lacks something the operation needs.
    #[error("the request has no {0}")]
    Missing(&'static str),
}

/// The authority's direct reply to a request, or the lack of one.
#[derive(Clone)]
pub struct Reply {
    /// The exact bytes, if any came.
    pub body: Option<Bytes>,
    /// What it means.
    pub meaning: ReplyMeaning,
}

/// What a reply means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyMeaning {
    /// The authority took the request.
    Accepted {
        /// Its id; QR replies carry none.
        request_id: Option<RequestId>,
    },
    /// The authority refused the request; nobody was asked.
    Refused {
        /// The outcome that its code stands for.
        outcome: Outcome,
        /// Its code, as it came.
        code: Option<i64>,
        /// Why, for the operator; never carries personal data.
        detail: String,
    },
    /// No byte of the request left: trying again is safe.
    NotSent {
        /// Why, for the operator.
        detail: String,
    },
    /// The request may have arrived: it must not be sent again; the callback or the deadline ends the flow.
    Unknown {
        /// Why, for the operator.
        detail: String,
    },
}

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
