use std::path::Path;

use super::rollback::AcceptedRollback;
use super::rollback::AcceptedRollbacks;
use super::rollback::LogFault;
use super::rollback::check_promises;
use super::verify::Promise;
use crate::audit::Act;
use crate::audit::ActStamp;
use crate::audit::CommitError;
use crate::audit::Unrecordable;
use crate::audit::log::Checkpoint;
use crate::audit::log::VerifierKey;
use crate::audit::recordable;
use crate::engine::activate::admin;
use crate::engine::dual_control::DualControl;
use crate::engine::dual_control::DualControlError;
use crate::engine::dual_control::TwoPersons;
use crate::store::Store;
use crate::words::Digest;
use crate::words::Timestamp;

/// Why a rollback is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// Two persons have not.
    #[error(transparent)]
    Two(#[from] DualControlError),
    /// Why the records are lost is not said, or can't be recorded.
    #[error(transparent)]
    Reason(#[from] Unrecordable),
    /// Nothing is missing.
    #[error("nothing is missing: the store has everything that was promised of it")]
    Nothing,
    /// The promises can't be compared.
    #[error("{0}")]
    Fault(#[from] LogFault),
    /// The act can't be recorded, so it is not done.
    #[error("the acceptance can't be recorded: {0}")]
    Record(CommitError),
    /// It can't be written beside the secrets.
    #[error("the acceptance can't be written beside the node's secrets: {0}")]
    File(String),
}

/// What was promised of a log and is not there.
pub struct Loss<'a> {
    key: &'a VerifierKey,
    secrets: &'a Path,
    accepted: AcceptedRollbacks,
    broken: Vec<(&'a Promise, Checkpoint)>,
}

impl<'a> Loss<'a> {
    /// Holds the promises against the store, but for those that were given up before.
    ///
    /// # Errors
    /// When nothing is missing, or they can't be compared.
    pub async fn find(
        store: &dyn Store,
        key: &'a VerifierKey,
        secrets: &'a Path,
        promises: &'a [Promise],
    ) -> Result<Self, AcceptError> {
        let log = store.log().ok_or(AcceptError::Nothing)?;
        let accepted =
            AcceptedRollbacks::read(secrets).map_err(|error| AcceptError::File(error.to_string()))?;
        let mut broken = Vec::new();
        for promise in promises {
            match check_promises(log, key, std::slice::from_ref(promise), &accepted).await {
                Ok(()) => {}
                Err(LogFault::Shorter { .. } | LogFault::Changed { .. }) => {
                    let opened = Checkpoint::open(&promise.note, key);
                    broken.extend(opened.ok().map(|(checkpoint, _)| (promise, checkpoint)));
                }
                Err(fault) => return Err(AcceptError::Fault(fault)),
            }
        }
        if broken.is_empty() {
            return Err(AcceptError::Nothing);
        }
        Ok(Self {
            key,
            secrets,
            accepted,
            broken,
        })
    }

    /// What two administrators sign who accept it. The promises may be thousands, each kept in several places, so the act names
    /// the largest and the digest of them all.
    ///
    /// # Errors
    /// When the reason can't be recorded.
    pub fn act(&self, reason: &str, stamp: &ActStamp) -> Result<Act, AcceptError> {
        let reason = recordable("the reason", reason)?;
        let mut all: Vec<_> = self.broken.iter().map(|(_, one)| (one.size, one.root)).collect();
        all.sort_unstable();
        all.dedup();
        let lines: Vec<String> = all.iter().map(|(size, root)| format!("{size} {root}")).collect();
        Ok(Act::new("accept-rollback", &self.key.to_string(), stamp)
            .with("reason", &reason)
            .with("promises", &lines.len().to_string())
            .with("largest", lines.last().map_or("", String::as_str))
            .with("all", &Digest::of(lines.join("\n").as_bytes()).to_string()))
    }

    /// Lets a node serve on the store all the same, once it is known that two persons want it. For a store that no node uses;
    /// the act is recorded in the log before it has any effect. Gives how many promises are given up.
    ///
    /// # Errors
    /// When it may not be done, or can't be recorded; then nothing has changed. When it can't be written beside the secrets, it is
    /// on record, and can be done again.
    pub async fn accept(
        self,
        store: &dyn Store,
        dual_control: &DualControl,
        (by, reason): (&TwoPersons, &str),
        now: Timestamp,
    ) -> Result<usize, AcceptError> {
        let reason = recordable("the reason", reason)?;
        let agreed = dual_control.agreed(by, |stamp, _| self.act(&reason, stamp), now)?;
        let names = agreed.names();
        let places: Vec<&str> = self
            .broken
            .iter()
            .map(|(promise, _)| promise.place.as_str())
            .collect();
        let detail = format!("{reason}; accepted by {names}; given up: {}", places.join(", "));
        let accepted = admin("rollback_accepted", &names, None, detail, now);
        let mut unit = agreed.recorded_with(accepted, now);
        // An older copy may know others, or nobody: no node can start on it before this is done.
        if let Some(named) = dual_control.record(now) {
            unit.records.splice(0..0, named.records);
        }
        match store.commit(vec![unit]).await.into_iter().next() {
            Some(Ok(())) => {}
            Some(Err(error)) => return Err(AcceptError::Record(error)),
            None => return Err(AcceptError::Record(CommitError::Stopped)),
        }
        let one = |(promise, checkpoint): &(&Promise, Checkpoint)| AcceptedRollback {
            size: checkpoint.size,
            root: checkpoint.root,
            place: promise.place.clone(),
            by: agreed.each().map(str::to_owned).collect(),
            reason: reason.clone(),
            at: now,
        };
        self.accepted
            .add(self.secrets, self.broken.iter().map(one))
            .map_err(|error| AcceptError::File(error.to_string()))?;
        Ok(self.broken.len())
    }
}
