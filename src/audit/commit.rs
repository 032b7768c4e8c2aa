use std::future::ready;
use std::pin::Pin;

use async_trait::async_trait;

use super::Unit;
use crate::words::FlowId;

/// Makes units durable. Implemented by the stores, used by the [`Recorder`](super::Recorder) alone.
#[async_trait]
pub trait Commit: Send + Sync + 'static {
    /// Commits a batch in one durable transaction, and answers for each unit in order.
    ///
    /// A unit that fails with [`CommitError::Conflict`] or [`CommitError::Duplicate`] leaves no trace and does
    /// not hinder the others of its batch. When this returns, every unit answered with `Ok` is on the disk.
    ///
    /// [`CommitError::Store`] means *unknown*, not *absent*: where the commit itself failed, the unit may be durable all the
    /// same, and be found at once, after a restart, or, where several processes share the store, a while later.
    async fn commit(&self, batch: Vec<Unit>) -> Vec<Result<(), CommitError>>;

    /// Accepts a batch: when this returns, it stands behind those that were accepted before, and is committed whether or
    /// not anybody waits for the answers. They are those of [`Commit::commit`], and who takes them has to wait to the end.
    ///
    /// So one batch is made ready while the one before it is on its way to the disk. A store that does not know how commits
    /// here.
    async fn accept(&self, batch: Vec<Unit>) -> Committing {
        Box::pin(ready(self.commit(batch).await))
    }
}

/// The answers for a batch that a store has accepted, once there are any.
pub type Committing = Pin<Box<dyn Future<Output = Vec<Result<(), CommitError>>> + Send>>;

/// Why a unit did not become durable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed the flow first, or its id or token is taken.
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
