use async_trait::async_trait;

use super::StoreError;
use crate::audit::log::Edge;
use crate::audit::log::LogRow;
use crate::audit::log::Node;
use crate::audit::log::Place;
use crate::audit::log::StoredExchange;
use crate::audit::log::StoredFlow;
use crate::audit::log::StoredNotice;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// The tamper-evident log as a store keeps it.
///
/// A record gets its entry in the chain of its writer with the commit that makes it durable. Its place in the tree it
/// gets with the same commit (one writer) or shortly afterwards (several writers and a sequencer); what has no place yet
/// is not counted by [`LogStore::log_edge`].
#[async_trait]
pub trait LogStore: Send + Sync {
    /// The right edge of the tree: its size and root.
    async fn log_edge(&self) -> Result<Edge, StoreError>;

    /// Hashes of perfect subtrees, in the order of `nodes`. Fails with [`Rule`](super::StoreErrorKind::Rule) if the
    /// tree is too small.
    async fn log_nodes(&self, nodes: &[Node]) -> Result<Vec<Digest>, StoreError>;

    /// The records of a flow as the log has them, in the order of the log.
    async fn log_rows(&self, flow: FlowId) -> Result<Vec<LogRow>, StoreError>;

    /// The record at a place of the tree, from 0.
    async fn log_row(&self, index: u64) -> Result<Option<LogRow>, StoreError>;

    /// The leaf that stands before a record in the chain of its writer; zeros before the first.
    async fn log_leaf_before(&self, row: &LogRow) -> Result<Digest, StoreError>;

    /// Keeps a signed checkpoint; one of the same size stays as it is.
    async fn keep_checkpoint(&self, size: u64, note: String) -> Result<(), StoreError>;

    /// The smallest kept checkpoint of at least `size` records.
    async fn checkpoint_from(&self, size: u64) -> Result<Option<KeptCheckpoint>, StoreError>;

    /// The newest kept checkpoint.
    async fn last_checkpoint(&self) -> Result<Option<KeptCheckpoint>, StoreError>;

    /// Keeps what shows that a checkpoint stands outside of the store; what is kept already stays as it is.
    async fn keep_anchor(&self, anchor: KeptAnchor) -> Result<(), StoreError>;

    /// Where checkpoints of at least `size` records stand outside of the store, smallest first.
    async fn anchors_from(&self, size: u64, limit: u32) -> Result<Vec<KeptAnchor>, StoreError>;

    /// Everything as it is at this moment, to be examined; what is written meanwhile is not seen.
    async fn snapshot(&self) -> Result<Box<dyn LogSnapshot>, StoreError>;
}

/// A signed checkpoint as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCheckpoint {
    /// How many records it vouches for.
    pub size: u64,
    /// The signed note.
    pub note: String,
}

/// That a checkpoint stands outside of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnchor {
    /// The size of the checkpoint.
    pub size: u64,
    /// The name of the anchor.
    pub anchor: String,
    /// What shows it: the signature line of a witness, the name of a file.
    pub proof: String,
}

/// A stored tile, unread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTile {
    /// The level.
    pub level: i64,
    /// The number in its level.
    pub number: i64,
    /// The hashes.
    pub hashes: Vec<u8>,
}

/// The whole store at one moment, read in portions: memory does not grow with the log.
#[async_trait]
pub trait LogSnapshot: Send {
    /// The rows after number `seq`, in the order of their numbers, at most `limit`. Whoever asks for one page after another finds
    /// the next one read already.
    async fn rows(&mut self, seq: i64, limit: u32) -> Result<Vec<LogRow>, StoreError>;

    /// The stored tiles after one of them, by level and number, at most `limit`.
    async fn tiles(&mut self, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<StoredTile>, StoreError>;

    /// The checkpoints of more than `size` records, smallest first, at most `limit`; sizes and notes as they are stored.
    async fn checkpoints(&mut self, size: i64, limit: u32) -> Result<Vec<(i64, String)>, StoreError>;

    /// The messages of these ids, in any order; those that are not there are left out.
    async fn exchanges(&mut self, ids: Vec<ExchangeId>) -> Result<Vec<StoredExchange>, StoreError>;

    /// The flows of these ids, in any order; those that are not there are left out.
    async fn flows(&mut self, ids: Vec<FlowId>) -> Result<Vec<StoredFlow>, StoreError>;

    /// The outcome notices of these `webhook-id`s, in any order; those that are not there are left out.
    async fn notices(&mut self, ids: Vec<String>) -> Result<Vec<StoredNotice>, StoreError>;

    /// Rows that no record speaks of, given how many there should be.
    async fn strays(&mut self, expected: Expected) -> Result<Vec<(Place, String)>, StoreError>;
}

/// What the records speak of, in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// How many messages.
    pub exchanges: u64,
    /// How many ends of flows.
    pub endings: u64,
    /// How many outcome notices.
    pub notices: u64,
    /// Every activation of a catalog: the catalog, when, by whom, and what else was said.
    pub activations: Vec<ExpectedActivation>,
}

/// An activation of a catalog as its record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedActivation {
    /// The catalog.
    pub catalog: Digest,
    /// When, microseconds since 1970.
    pub at: i64,
    /// By whom.
    pub actor: String,
    /// What else was said.
    pub detail: String,
}
