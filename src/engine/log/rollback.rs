use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

use super::verify::Promise;
use crate::audit::log::Checkpoint;
use crate::audit::log::Node;
use crate::audit::log::VerifierKey;
use crate::store::LogStore;
use crate::store::StoreError;
use crate::words::Digest;
use crate::words::Timestamp;

/// Why a node must not serve on the store it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// Records that were promised are not there.
    #[error(
        "the log of the store has {found} records, and {place} vouches for {promised}: an older copy was put in its \
         place, or records were taken out. Put the newest copy of the store there. If those records are lost for good, \
         two administrators can accept that with `midflow audit accept-rollback`"
    )]
    Shorter {
        /// How many records the store has.
        found: u64,
        /// How many were promised.
        promised: u64,
        /// Where the promise is kept.
        place: String,
    },
    /// Records are not what they were.
    #[error(
        "the first {size} records of the store are not those that {place} vouches for: records were changed. Keep the \
         store for examination, see `midflow audit verify`, and put an unchanged copy in its place. If there is none, two \
         administrators can accept that with `midflow audit accept-rollback`"
    )]
    Changed {
        /// How many records were promised.
        size: u64,
        /// Where the promise is kept.
        place: String,
    },
    /// The checkpoints of the store are those of another key.
    #[error(
        "the newest checkpoint of the store can't be used ({0}): is it the store of another node, or were this node's \
         secrets made anew? Put the store and the secrets that belong together in place"
    )]
    Foreign(String),
    /// A promise outside of the store can't be used.
    #[error("{place} can't be used ({why}); put it right, or take it away if you know why it is so")]
    Promise {
        /// Where it is kept.
        place: String,
        /// Why.
        why: String,
    },
    /// The store can't be read.
    #[error("the log of the store can't be read: {0}")]
    Store(String),
}

impl LogFault {
    /// Whether the store is not what was promised, and not only out of reach.
    pub const fn is_contradiction(&self) -> bool {
        matches!(
            self,
            Self::Shorter { .. } | Self::Changed { .. } | Self::Foreign(_)
        )
    }
}

/// Checks that a store still has everything that was promised of it.
///
/// # Errors
/// Says what is missing or different, and what to do.
pub async fn check_promises(
    store: &dyn LogStore,
    key: &VerifierKey,
    promises: &[Promise],
    accepted: &AcceptedRollbacks,
) -> Result<(), LogFault> {
    let fault = |error: StoreError| LogFault::Store(error.to_string());
    if let Some(kept) = store.last_checkpoint().await.map_err(fault)? {
        Checkpoint::open(&kept.note, key).map_err(|error| LogFault::Foreign(error.to_string()))?;
    }
    let found = store.log_edge().await.map_err(fault)?.size();
    for promise in promises {
        let place = promise.place.clone();
        let (checkpoint, _) = Checkpoint::open(&promise.note, key).map_err(|error| LogFault::Promise {
            place: place.clone(),
            why: error.to_string(),
        })?;
        if accepted.has(&checkpoint) {
            continue;
        }
        if checkpoint.size > found {
            return Err(LogFault::Shorter {
                found,
                promised: checkpoint.size,
                place,
            });
        }
        if root_at(store, checkpoint.size).await.map_err(fault)? != checkpoint.root {
            return Err(LogFault::Changed {
                size: checkpoint.size,
                place,
            });
        }
    }
    Ok(())
}

/// The root over the first `size` records.
///
/// # Errors
/// When the store can't be read or has fewer.
pub async fn root_at(store: &dyn LogStore, size: u64) -> Result<Digest, StoreError> {
    let hashes = store.log_nodes(&Node::of_tree(size)).await?;
    Ok(Node::root_of_tree(&hashes))
}

/// What two administrators have accepted as lost, beside the node's secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedRollbacks {
    accepted: Vec<AcceptedRollback>,
}

/// One acceptance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedRollback {
    /// The size that was promised.
    pub size: u64,
    /// The root that was promised.
    pub root: Digest,
    /// Where the promise was kept.
    pub place: String,
    /// Who accepted.
    pub by: Vec<String>,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl AcceptedRollbacks {
    /// The file in the folder of the node's secrets.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("log-accepted.json")
    }

    /// Reads what was accepted; nothing where there is no file.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn read(folder: &Path) -> io::Result<Self> {
        match fs::read(Self::path(folder)) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes these down, all or none.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn add(
        mut self,
        folder: &Path,
        more: impl IntoIterator<Item = AcceptedRollback>,
    ) -> io::Result<Self> {
        self.accepted.extend(more);
        let beside = Self::path(folder).with_extension("new");
        fs::write(&beside, serde_json::to_vec_pretty(&self)?)?;
        fs::File::open(&beside)?.sync_all()?;
        fs::rename(&beside, Self::path(folder))?;
        fs::File::open(folder)?.sync_all()?;
        Ok(self)
    }

    fn has(&self, checkpoint: &Checkpoint) -> bool {
        self.accepted
            .iter()
            .any(|one| (one.size, one.root) == (checkpoint.size, checkpoint.root))
    }
}
