use std::path::Path;
use std::sync::Arc;
use std::sync::PoisonError;

use tokio::sync::Mutex;

use super::anchor::Anchor;
use super::anchor::AnchorError;
use super::head::HeadFile;
use super::rollback::AcceptedRollbacks;
use super::rollback::LogFault;
use super::rollback::check_promises;
use super::rollback::root_at;
use super::verify::Promise;
use crate::audit::log::Checkpoint;
use crate::audit::log::LogKey;
use crate::store::KeptCheckpoint;
use crate::store::LogStore;
use crate::store::Store;
use crate::store::StoreError;

/// Signs the head of the log, keeps it, and carries it to where nobody can take it back.
pub struct LogKeeper {
    key: Arc<LogKey>,
    store: Arc<dyn Store>,
    head: HeadFile,
    accepted: AcceptedRollbacks,
    anchors: Vec<Arc<dyn Anchor>>,
    /// The newest checkpoint; one at a time is made.
    newest: Mutex<Option<KeptCheckpoint>>,
    /// Why nothing new may be begun: the store is not the one that was promised.
    contradiction: std::sync::Mutex<Option<LogFault>>,
}

impl LogKeeper {
    /// For a store, with what lies in the folder of the node's secrets.
    ///
    /// # Errors
    /// When what two administrators have accepted can't be read.
    pub fn new(
        key: Arc<LogKey>,
        store: Arc<dyn Store>,
        secrets: &Path,
        anchors: Vec<Arc<dyn Anchor>>,
    ) -> Result<Self, LogFault> {
        let accepted = AcceptedRollbacks::read(secrets).map_err(|error| LogFault::Promise {
            place: AcceptedRollbacks::path(secrets).display().to_string(),
            why: error.to_string(),
        })?;
        Ok(Self {
            key,
            store,
            head: HeadFile::in_folder(secrets),
            accepted,
            anchors,
            newest: Mutex::default(),
            contradiction: std::sync::Mutex::default(),
        })
    }

    /// The key that signs.
    pub fn key(&self) -> &LogKey {
        &self.key
    }

    /// The newest checkpoint of each place outside of the store. An anchor that is away is passed over, and named in the
    /// log of the process: it must not keep a node from serving.
    ///
    /// # Errors
    /// When the file beside the secrets can't be read.
    pub async fn newest_promises(&self) -> Result<Vec<Promise>, LogFault> {
        let head = self.head.read().map_err(|error| LogFault::Promise {
            place: self.head.path().display().to_string(),
            why: error.to_string(),
        })?;
        let mut promises: Vec<Promise> = head.into_iter().collect();
        for anchor in &self.anchors {
            match anchor.newest(self.key.verifier()).await {
                Ok(promise) => promises.extend(promise),
                Err(error) => {
                    tracing::warn!(anchor = anchor.name(), %error, "an anchor can't be asked what it knows of the log");
                }
            }
        }
        Ok(promises)
    }

    /// Whether the store has everything that was promised of it.
    ///
    /// # Errors
    /// Says what is missing or different, and what to do; then nothing may be served.
    pub async fn check(&self) -> Result<(), LogFault> {
        let Some(log) = self.store.log() else {
            tracing::warn!("this store keeps no tamper-evident log: what is changed in it does not show");
            return Ok(());
        };
        let promises = self.newest_promises().await?;
        check_promises(log, self.key.verifier(), &promises, &self.accepted).await
    }

    /// Signs the head of the log as it is, unless the newest checkpoint is that already, and gives the newest;
    /// none where the store keeps no log.
    ///
    /// # Errors
    /// When the store can't be read or written, or lacks what this process has signed or seen signed before: another
    /// history is not signed.
    pub async fn checkpoint(&self) -> Result<Option<KeptCheckpoint>, LogFault> {
        let result = self.sign().await;
        self.remember(result.as_ref().err());
        result
    }

    async fn sign(&self) -> Result<Option<KeptCheckpoint>, LogFault> {
        let Some(log) = self.store.log() else {
            return Ok(None);
        };
        let fault = |error: StoreError| LogFault::Store(error.to_string());
        let mut newest = self.newest.lock().await;
        let edge = log.log_edge().await.map_err(fault)?;
        let checkpoint = Checkpoint {
            origin: self.key.verifier().name().to_owned(),
            size: edge.size(),
            root: edge.root(),
        };
        let kept = KeptCheckpoint {
            size: edge.size(),
            note: checkpoint.sign(&self.key).to_string(),
        };
        // The same key signs the same head always in the same way.
        if newest.as_ref() == Some(&kept) {
            return Ok(Some(kept));
        }
        self.check_newest(log, newest.as_ref()).await?;
        // Everything below it is durable already, so a promise never runs ahead of the store.
        log.keep_checkpoint(kept.size, kept.note.clone())
            .await
            .map_err(fault)?;
        self.write_beside(&kept.note).await;
        *newest = Some(kept.clone());
        Ok(Some(kept))
    }

    /// Takes over the newest checkpoint that another replica has signed, so that this node, too, knows beside its secrets
    /// what the store has promised; none where there is none.
    ///
    /// # Errors
    /// When the store can't be read, or the checkpoint does not speak of the records that are there.
    pub async fn follow(&self) -> Result<Option<KeptCheckpoint>, LogFault> {
        let result = self.take_over().await;
        self.remember(result.as_ref().err());
        result
    }

    /// Why nothing new may be begun: the store, as it was last looked at, lacks what was promised of it, or has something
    /// else. It can become good again, when the newest copy is put in its place.
    pub fn contradiction(&self) -> Option<LogFault> {
        let held = self.contradiction.lock();
        held.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A store that can't be read for a moment says nothing about what is in it.
    fn remember(&self, fault: Option<&LogFault>) {
        if fault.is_none_or(LogFault::is_contradiction) {
            let mut held = self.contradiction.lock().unwrap_or_else(PoisonError::into_inner);
            *held = fault.cloned();
        }
    }

    async fn take_over(&self) -> Result<Option<KeptCheckpoint>, LogFault> {
        let Some(log) = self.store.log() else {
            return Ok(None);
        };
        let fault = |error: StoreError| LogFault::Store(error.to_string());
        let mut newest = self.newest.lock().await;
        let edge = log.log_edge().await.map_err(fault)?;
        let Some(kept) = log.last_checkpoint().await.map_err(fault)? else {
            return Ok(None);
        };
        if newest.as_ref() == Some(&kept) {
            return Ok(Some(kept));
        }
        self.check_newest(log, newest.as_ref()).await?;
        let (checkpoint, _) = Checkpoint::open(&kept.note, self.key.verifier())
            .map_err(|error| LogFault::Foreign(error.to_string()))?;
        // One that is larger than what was read a moment ago is looked at the next time.
        if checkpoint.size > edge.size() {
            return Ok(newest.clone());
        }
        if checkpoint.size != kept.size || root_at(log, kept.size).await.map_err(fault)? != checkpoint.root {
            return Err(LogFault::Changed {
                size: kept.size,
                place: "a checkpoint of another node".to_owned(),
            });
        }
        self.write_beside(&kept.note).await;
        *newest = Some(kept.clone());
        Ok(Some(kept))
    }

    /// Whether the store still has what this process has signed last, or has seen signed: a database that is restored or
    /// replaced under a node that runs shows here.
    async fn check_newest(
        &self,
        log: &dyn LogStore,
        newest: Option<&KeptCheckpoint>,
    ) -> Result<(), LogFault> {
        let Some(newest) = newest else {
            return Ok(());
        };
        let promise = Promise {
            place: "the newest checkpoint that this node knows".to_owned(),
            note: newest.note.clone(),
        };
        check_promises(log, self.key.verifier(), &[promise], &self.accepted).await
    }

    async fn write_beside(&self, note: &str) {
        let (head, note) = (self.head.clone(), note.to_owned());
        let written = tokio::task::spawn_blocking(move || head.write(&note)).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::error!(file = %self.head.path().display(), "the newest checkpoint can't be written beside the secrets");
        }
    }

    /// Carries a checkpoint to every anchor, and says what came of each.
    pub async fn anchor(&self, checkpoint: &KeptCheckpoint) -> Vec<(String, Result<(), AnchorError>)> {
        let mut results = Vec::new();
        let Some(log) = self.store.log() else {
            return results;
        };
        for anchor in &self.anchors {
            let placed = anchor.place(checkpoint, log).await;
            let result = match placed {
                Ok(proof) => {
                    let anchored = crate::store::KeptAnchor {
                        size: checkpoint.size,
                        anchor: anchor.name().to_owned(),
                        proof,
                    };
                    log.keep_anchor(anchored)
                        .await
                        .map_err(|error| AnchorError::Away(error.to_string()))
                }
                Err(error) => Err(error),
            };
            results.push((anchor.name().to_owned(), result));
        }
        results
    }
}
