use std::path::Path;

use super::rollback::AcceptedRollback;
use super::rollback::AcceptedRollbacks;
use super::rollback::LogFault;
use super::rollback::check_promises;
use super::verify::Promise;
use crate::audit::CommitError;
use crate::audit::log::Checkpoint;
use crate::audit::log::VerifierKey;
use crate::engine::activate::admin;
use crate::store::Store;
use crate::words::Timestamp;

/// Why a rollback is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// One person can't do it.
    #[error("two different administrators have to accept it: give --by twice")]
    Alone,
    /// Nobody says why.
    #[error("say why the records are lost: --reason")]
    NoReason,
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

/// Lets a node serve on a store that lacks records which were promised, or has others. For a store that no node uses; the
/// act is recorded in the log before it has any effect. Gives how many promises are given up.
///
/// # Errors
/// When it may not be done, or can't be recorded; then nothing has changed.
pub async fn accept_rollback(
    store: &dyn Store,
    key: &VerifierKey,
    secrets: &Path,
    promises: &[Promise],
    (by, reason): (&[String], &str),
    now: Timestamp,
) -> Result<usize, AcceptError> {
    let Some(log) = store.log() else {
        return Err(AcceptError::Nothing);
    };
    let mut names: Vec<&str> = by
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.len() < 2 {
        return Err(AcceptError::Alone);
    }
    if reason.trim().is_empty() {
        return Err(AcceptError::NoReason);
    }
    let mut accepted =
        AcceptedRollbacks::read(secrets).map_err(|error| AcceptError::File(error.to_string()))?;
    let mut broken = Vec::new();
    for promise in promises {
        match check_promises(log, key, std::slice::from_ref(promise), &accepted).await {
            Ok(()) => {}
            Err(LogFault::Shorter { .. } | LogFault::Changed { .. }) => broken.push(promise),
            Err(fault) => return Err(AcceptError::Fault(fault)),
        }
    }
    if broken.is_empty() {
        return Err(AcceptError::Nothing);
    }
    let places: Vec<&str> = broken.iter().map(|promise| promise.place.as_str()).collect();
    let detail = format!(
        "{reason}; accepted by {}; given up: {}",
        names.join(" and "),
        places.join(", ")
    );
    let unit = admin("rollback_accepted", &names.join(" and "), None, detail, now);
    match store.commit(vec![unit]).await.into_iter().next() {
        Some(Ok(())) => {}
        Some(Err(error)) => return Err(AcceptError::Record(error)),
        None => return Err(AcceptError::Record(CommitError::Stopped)),
    }
    for promise in &broken {
        let Ok((checkpoint, _)) = Checkpoint::open(&promise.note, key) else {
            continue;
        };
        let one = AcceptedRollback {
            size: checkpoint.size,
            root: checkpoint.root,
            place: promise.place.clone(),
            by: names.iter().map(|name| (*name).to_owned()).collect(),
            reason: reason.to_owned(),
            at: now,
        };
        accepted = accepted
            .add(secrets, one)
            .map_err(|error| AcceptError::File(error.to_string()))?;
    }
    Ok(broken.len())
}
