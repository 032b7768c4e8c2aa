use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;

use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Text;

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
    /// The reason, rendered. The connector adds the challenge where its authority shows none by itself.
    pub reason: Text,
    /// Whether the person's details are needed.
    pub wants_person: bool,
    /// Where the authority sends its answer, with the flow's token.
    pub callback_url: String,
    /// Our own correlation text; the authority echoes it.
    pub additional_data: String,
    /// The digits to compare.
    pub challenge: Challenge,
    /// What only this capability has.
    pub matter: Matter,
}

/// What only one capability has to say. Holds personal data, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// Nothing.
    Nothing,
    /// The text of the QR code that the person's digital card shows.
    IdentityQr(String),
    /// What is to be signed.
    Signing(Box<Signing>),
    /// What the person is to be told.
    Notification(Notification),
}

/// What is to be signed: the digest of exactly the bytes that were shown (law 11).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signing {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// The name of the document, as the person reads it.
    pub file_name: String,
    /// What the phone shows.
    pub preview: Preview,
}

/// What the phone shows of what is to be signed (R000-095, R000-096).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preview {
    /// The whole document; its digest is the one that is signed.
    Document(Vec<u8>),
    /// A text that says exactly what is signed.
    Text(Text),
}

/// A notification, rendered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The name of the template it was made from.
    pub template: String,
    /// The first line.
    pub title: Text,
    /// The notification, with its link if it has one.
    pub text: Text,
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
