use std::sync::Arc;

use bytes::Bytes;

use super::Record;
use super::Written;
use super::seal::KeyOwner;
use super::seal::WrappedKey;
use crate::flow::State;
use crate::words::Capability;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::ServiceName;
use crate::words::Timestamp;

/// What becomes durable together, or not at all.
#[derive(Clone, Default)]
pub struct Unit {
    /// Lines of the audit log, in order.
    pub records: Vec<Record>,
    /// Exact bytes that the records name.
    pub exchanges: Vec<ExchangeRow>,
    /// A new flow, or the next state of one.
    pub flow: Option<FlowChange>,
    /// The document that a new flow refers to; handed in before, with a key of its own.
    pub document: Option<ExchangeId>,
    /// Outcome notices to be delivered, or their progress.
    pub deliveries: Vec<DeliveryChange>,
    /// The data keys under which the parts of the unit are sealed, where they are new. The seal adds them.
    pub keys: Vec<WrappedKey>,
    /// Whose data keys are destroyed with this unit: from then on what they sealed is erased. The keyed hashes by which
    /// such flows were found go with them; the rest of their rows stays. The key of a document stays as long as a flow
    /// refers to it whose own key is not destroyed.
    pub destroy: Vec<KeyOwner>,
    /// Records and flow as they will stand in the store, where they were written down already: the recorder does it. Whoever
    /// changes an event or a state afterwards has to take it away.
    pub written: Written,
}

impl Unit {
    /// Roughly how many bytes the unit brings to the disk, so that a batch stays bounded.
    pub fn weight(&self) -> usize {
        let exchanges: usize = self.exchanges.iter().map(|exchange| exchange.bytes.len()).sum();
        let deliveries: usize = self.deliveries.iter().map(|change| change.row().body.len()).sum();
        let detail = self
            .flow
            .as_ref()
            .and_then(FlowChange::detail)
            .map_or(0, Bytes::len);
        exchanges + deliveries + detail
    }
}

/// A change of one flow.
#[derive(Clone)]
pub enum FlowChange {
    /// A new flow. Fails with [`super::CommitError::Duplicate`] if its idempotency key is taken.
    Insert(Arc<FlowRow>),
    /// The next state of a flow: version, subject, person key, state, request id, deadline, outcome and detail
    /// take the place of the stored ones; the rest of a flow never changes. Fails with
    /// [`super::CommitError::Conflict`] unless the stored version is one below.
    Update(Arc<FlowRow>),
    /// The same, but subject and detail stay as they are stored; the row's own are not looked at.
    Advance(Arc<FlowRow>),
}

impl FlowChange {
    /// The flow as it shall be.
    pub fn row(&self) -> &FlowRow {
        match self {
            Self::Insert(row) | Self::Update(row) | Self::Advance(row) => row,
        }
    }

    /// The detail to be stored; `None` where the stored one stays.
    pub fn detail(&self) -> Option<&Bytes> {
        match self {
            Self::Insert(row) | Self::Update(row) => Some(&row.detail),
            Self::Advance(_) => None,
        }
    }
}

/// A flow as the store keeps it.
#[derive(Clone)]
pub struct FlowRow {
    /// The id.
    pub id: FlowId,
    /// Grows by one with each change; the compare-and-set of law 3.
    pub version: u64,
    /// The service.
    pub service: ServiceName,
    /// The capability.
    pub capability: Capability,
    /// The catalog the flow is pinned to.
    pub catalog: Digest,
    /// Digest of the callback token; unique.
    pub token: Digest,
    /// Keyed hash of the civil number, for limits; never the number.
    pub person_key: Option<Digest>,
    /// The person asked.
    pub subject: Option<CivilNo>,
    /// The state of the machine.
    pub state: State,
    /// The authority's id of the request, once known.
    pub request_id: Option<RequestId>,
    /// When the flow began.
    pub created_at: Timestamp,
    /// When it times out.
    pub expires_at: Timestamp,
    /// The outcome, once ended.
    pub outcome: Option<Outcome>,
    /// The client and its idempotency key, and the digest of the request it came with.
    pub idempotency: Option<(String, Digest)>,
    /// What else the engine needs to go on after a restart, JSON; opaque here. May hold personal data, so it
    /// is stored and never shown.
    pub detail: Bytes,
}

/// Which way an exchange went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeDirection {
    /// From us to the authority.
    Outbound,
    /// From the authority to us, as a reply.
    Reply,
    /// From the authority to us, as a callback.
    Callback,
    /// Handed in to us: by the e-service, to be shown and signed, or by an officer, to be kept beside what is known of a
    /// person (a correction, an application).
    Document,
}

/// The exact bytes of a message.
#[derive(Clone)]
pub struct ExchangeRow {
    /// The id.
    pub id: ExchangeId,
    /// The flow; `None` if the bytes belong to none.
    pub flow: Option<FlowId>,
    /// Which way it went.
    pub direction: ExchangeDirection,
    /// When.
    pub at: Timestamp,
    /// The bytes, unchanged.
    pub bytes: Bytes,
}

/// A change of one outcome notice.
#[derive(Clone)]
pub enum DeliveryChange {
    /// A new notice to be delivered. Fails with [`super::CommitError::Conflict`] if its `webhook-id` is taken.
    Insert(DeliveryRow),
    /// A notice after an attempt: attempts, next try and delivery take the place of the stored ones. Fails
    /// with [`super::CommitError::Conflict`] if there is no such notice.
    Update(DeliveryRow),
}

impl DeliveryChange {
    /// The notice as it shall be.
    pub const fn row(&self) -> &DeliveryRow {
        match self {
            Self::Insert(row) | Self::Update(row) => row,
        }
    }
}

/// An outcome notice on its way to the e-service.
#[derive(Clone)]
pub struct DeliveryRow {
    /// The `webhook-id`: flow and decision number. Unique.
    pub webhook_id: String,
    /// The flow.
    pub flow: FlowId,
    /// Where it goes.
    pub url: String,
    /// The exact body; every attempt sends the same bytes. May hold personal data.
    pub body: Bytes,
    /// Attempts made so far.
    pub attempts: u32,
    /// When to try next; `None` once delivered or parked.
    pub next_at: Option<Timestamp>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
}
