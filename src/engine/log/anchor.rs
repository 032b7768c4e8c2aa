use async_trait::async_trait;

use super::verify::Promise;
use crate::audit::log::VerifierKey;
use crate::store::KeptCheckpoint;
use crate::store::LogStore;

/// A place outside of the store where checkpoints stand, best in somebody else's hands. What stands there finds out what
/// even the log's own key can't hide.
#[async_trait]
pub trait Anchor: Send + Sync + 'static {
    /// Its name, for the store, metrics and people.
    fn name(&self) -> &str;

    /// Puts a checkpoint there, and gives what shows it. One that stands there already is no error.
    async fn place(&self, checkpoint: &KeptCheckpoint, store: &dyn LogStore) -> Result<String, AnchorError>;

    /// The newest checkpoint that stands there, if the place can tell.
    async fn newest(&self, key: &VerifierKey) -> Result<Option<Promise>, AnchorError>;

    /// Every checkpoint that stands there, if the place can tell.
    async fn all(&self, key: &VerifierKey) -> Result<Vec<Promise>, AnchorError>;
}

/// An anchor did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// It can't be reached or written; the checkpoint stands there later.
    #[error("{0}")]
    Away(String),
    /// It takes a checkpoint now and then, and not yet again.
    #[error("the next checkpoint stands there later")]
    Later,
    /// It knows a log that contradicts this one: what is recorded was changed, or taken back.
    #[error("{0}")]
    Contradicts(String),
}
