use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::anchor::AnchorError;
use super::rollback::LogFault;
use crate::engine::inner::Inner;
use crate::store::StoreError;

impl Inner {
    /// Makes a checkpoint each second while records come, and carries the newest to the anchors.
    pub(crate) async fn keep_log(self: Arc<Self>) {
        let mut state = Anchoring::default();
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.stop.cancelled() => return,
            }
            self.checkpoint_if_grown(&mut state).await;
        }
    }

    /// Signs what was recorded last. Called when nothing is recorded any more, so that a clean stop leaves no record
    /// without a checkpoint.
    pub(crate) async fn finish_log(&self) {
        match self.log.checkpoint().await {
            Ok(None) => {}
            Ok(Some(newest)) => {
                // Two that carry checkpoints at the same time would look like two logs.
                if !self.signs().await.unwrap_or(false) {
                    return;
                }
                let anchoring = self.log.anchor(&newest);
                if tokio::time::timeout(LAST_ANCHORING, anchoring).await.is_err() {
                    tracing::warn!("the last checkpoint could not be carried to every anchor in time");
                }
            }
            Err(error) => {
                tracing::error!(%error, "the last records have no checkpoint yet; the next start makes it")
            }
        }
    }

    async fn checkpoint_if_grown(&self, state: &mut Anchoring) {
        match self.signs().await {
            Ok(true) => {}
            Ok(false) => return self.follow_log().await,
            Err(error) => return self.tell_of_fault(&LogFault::Store(error.to_string())),
        }
        let units = self.recorder.stats().units;
        // Where others write too, what has grown is known by looking.
        let has_grown = self.store.shared().is_some() || state.units != Some(units);
        if !has_grown && !state.is_behind {
            return;
        }
        let newest = match self.log.checkpoint().await {
            Ok(Some(newest)) => newest,
            Ok(None) => return,
            Err(fault) => return self.tell_of_fault(&fault),
        };
        let has_grown = state.size != Some(newest.size);
        state.size = Some(newest.size);
        state.units = Some(units);
        self.metrics.log_size(newest.size);
        state.is_behind |= has_grown;
        if !state.is_behind {
            return;
        }
        let is_due = state.anchored_at.is_none_or(|at| at.elapsed() >= ANCHOR_EVERY);
        if !is_due {
            return;
        }
        state.anchored_at = Some(Instant::now());
        state.is_behind = false;
        for (anchor, result) in self.log.anchor(&newest).await {
            match result {
                Ok(()) => {
                    self.metrics.anchored(&anchor, newest.size);
                    state.away_since.remove(&anchor);
                }
                // The checkpoint that it takes next covers this one.
                Err(AnchorError::Later) => {
                    state.away_since.remove(&anchor);
                }
                Err(error) => {
                    state.is_behind = true;
                    self.tell_of_anchor(state, &anchor, &error);
                }
            }
        }
    }

    /// Whether this node signs and anchors: alone over its store, or for all replicas.
    async fn signs(&self) -> Result<bool, StoreError> {
        match self.store.shared() {
            None => Ok(true),
            Some(shared) => shared.leads().await,
        }
    }

    /// Another replica signs.
    async fn follow_log(&self) {
        match self.log.follow().await {
            Ok(Some(newest)) => self.metrics.log_size(newest.size),
            Ok(None) => {}
            Err(fault) => self.tell_of_fault(&fault),
        }
    }

    fn tell_of_fault(&self, fault: &LogFault) {
        if fault.is_contradiction() {
            self.metrics.alarm("log_contradicts");
            tracing::error!(%fault, "the store is not the one that was promised; nothing new is begun");
        } else {
            self.metrics.alarm("checkpoint_failed");
            tracing::error!(%fault, "the head of the log can't be signed or read; trying again");
        }
    }

    /// Serving goes on whatever an anchor does; the operator is told when it lasts, and at once if it contradicts.
    fn tell_of_anchor(&self, state: &mut Anchoring, anchor: &str, error: &AnchorError) {
        match error {
            AnchorError::Contradicts(_) => {
                self.metrics.alarm("anchor_contradicts");
                tracing::error!(anchor, %error, "an anchor knows another log: run `midflow audit verify`");
            }
            AnchorError::Later => {}
            AnchorError::Away(_) => {
                let since = *state
                    .away_since
                    .entry(anchor.to_owned())
                    .or_insert_with(Instant::now);
                if since.elapsed() >= PATIENCE {
                    self.metrics.alarm("anchor_away");
                }
                tracing::warn!(anchor, %error, "a checkpoint is not anchored yet; trying again");
            }
        }
    }
}

/// What the task remembers from one second to the next.
#[derive(Default)]
struct Anchoring {
    /// How many units the recorder had made durable at the last checkpoint.
    units: Option<u64>,
    /// How many records it had.
    size: Option<u64>,
    /// Whether an anchor does not have the newest checkpoint.
    is_behind: bool,
    anchored_at: Option<Instant>,
    away_since: HashMap<String, Instant>,
}

const EVERY: Duration = Duration::from_secs(1);
/// How old the records can be that nobody outside knows of: the window that `docs/audit.md` speaks of.
const ANCHOR_EVERY: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(60);
const LAST_ANCHORING: Duration = Duration::from_secs(3);
