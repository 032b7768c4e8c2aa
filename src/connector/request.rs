use bytes::Bytes;

use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::CivilNo;
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
