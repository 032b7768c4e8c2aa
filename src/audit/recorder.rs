use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;

use super::Record;
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

/// Proof that what it wraps was recorded durably before (laws 1 and 2).
///
/// Only [`Recorder::record`] makes one, after the commit returned.
///
/// ```compile_fail,E0451
/// let forged = midflow::audit::Recorded { subject: "a request nobody recorded" };
/// ```
#[derive(Debug)]
pub struct Recorded<T> {
    subject: T,
}

impl<T> Recorded<T> {
    /// The recorded thing itself; the proof is used up.
    pub fn into_inner(self) -> T {
        self.subject
    }
}

impl<T> Deref for Recorded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.subject
    }
}

/// What becomes durable together, or not at all.
#[derive(Clone, Default)]
pub struct Unit {
    /// Lines of the audit log, in order.
    pub records: Vec<Record>,
    /// Exact bytes that the records name.
    pub exchanges: Vec<ExchangeRow>,
    /// A new flow, or the next state of one.
    pub flow: Option<FlowChange>,
    /// Outcome notices to be delivered, or their progress.
    pub deliveries: Vec<DeliveryChange>,
}

/// A change of one flow.
#[derive(Clone)]
pub enum FlowChange {
    /// A new flow. Fails with [`CommitError::Duplicate`] if its idempotency key is taken.
    Insert(Box<FlowRow>),
    /// The next state of a flow. Fails with [`CommitError::Conflict`] unless the stored version is one below.
    Update(Box<FlowRow>),
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
    pub detail: Vec<u8>,
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
    pub bytes: bytes::Bytes,
}

/// A change of one outcome notice.
#[derive(Clone)]
pub enum DeliveryChange {
    /// A new notice to be delivered.
    Insert(DeliveryRow),
    /// A notice after an attempt.
    Update(DeliveryRow),
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
    pub body: bytes::Bytes,
    /// Attempts made so far.
    pub attempts: u32,
    /// When to try next; `None` once delivered or parked.
    pub next_at: Option<Timestamp>,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
}

/// Makes units durable. Implemented by the stores, used by the [`Recorder`] alone.
#[async_trait]
pub trait Commit: Send + Sync + 'static {
    /// Commits a batch in one durable transaction, and answers for each unit in order.
    ///
    /// A unit that fails with [`CommitError::Conflict`] or [`CommitError::Duplicate`] leaves no trace and does
    /// not hinder the others of its batch. When this returns, every unit answered with `Ok` is on the disk.
    async fn commit(&self, batch: Vec<Unit>) -> Vec<Result<(), CommitError>>;
}

/// Why a unit did not become durable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed the flow first.
    #[error("the flow has changed meanwhile")]
    Conflict,
    /// The idempotency key is taken by the flow named.
    #[error("the idempotency key belongs to flow {0}")]
    Duplicate(FlowId),
    /// The store failed; nothing of the unit may be assumed. Names the cause for the operator.
    #[error("the store failed: {0}")]
    Store(String),
    /// The recorder is shutting down.
    #[error("the recorder has stopped")]
    Stopped,
}

/// How the recorder gathers units into batches.
#[derive(Clone, Copy, Debug)]
pub struct RecorderOptions {
    /// The most units in one commit.
    pub max_batch: usize,
    /// The most units that wait before callers have to wait to hand theirs in.
    pub queue: usize,
}

/// The one door to the audit log: gathers units, commits them in groups, and gives out [`Recorded`] proofs.
#[derive(Clone)]
pub struct Recorder {
    _store: Arc<dyn Commit>,
}

impl Recorder {
    /// Starts the writer task over a store.
    pub fn start(store: Arc<dyn Commit>, _options: RecorderOptions) -> Self {
        Self { _store: store }
    }

    /// Records `unit` durably, then gives `subject` back with the proof.
    ///
    /// A caller that stops waiting does not stop the commit.
    ///
    /// # Errors
    /// When the unit did not become durable; then nothing that depends on it may happen.
    pub async fn record<T>(&self, _unit: Unit, _subject: T) -> Result<Recorded<T>, CommitError> {
        Err(CommitError::Stopped)
    }
}
