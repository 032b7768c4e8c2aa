use std::sync::Arc;

use super::activate::admin;
use super::rotate::commit;
use crate::audit::Unit;
use crate::audit::seal::KeyWrapper;
use crate::store::KeyStore;
use crate::store::Sealed;
use crate::words::Environment;
use crate::words::Timestamp;

/// Wraps the key ring of a store that no node uses with another key than before: a new key file, or from a file to a
/// token. The keys of the ring stay the same, so nothing else changes. Recorded before and after; returns how many keys
/// were wrapped.
///
/// # Errors
/// When the ring does not open with the key of before, or the store fails; the ring is then as it was. Says why, for the
/// operator.
pub async fn move_ring(
    store: &Arc<dyn KeyStore>,
    before: &Arc<dyn KeyWrapper>,
    after: &Arc<dyn KeyWrapper>,
    environment: Environment,
    by: &str,
    now: Timestamp,
) -> Result<usize, String> {
    let (old, new) = (before.name(), after.name());
    if old == new {
        return Err(format!(
            "both configurations name the key `{new}`; there is nothing to move"
        ));
    }
    let acts = |action: &str| -> Unit { admin(action, by, None, format!("{old} to {new}"), now) };
    let open = |wrapper: &Arc<dyn KeyWrapper>| {
        Sealed::open(Arc::clone(store), Arc::clone(wrapper), environment, now)
    };
    let sealed = open(before).await.map_err(|error| error.to_string())?;
    commit(&sealed, acts("key_move_begun")).await?;
    let count = sealed
        .rewrap_ring(after.as_ref())
        .await
        .map_err(|error| error.to_string())?;
    // Only what opens is moved.
    let sealed = open(after).await.map_err(|error| error.to_string())?;
    commit(&sealed, acts("key_move_ended")).await?;
    Ok(count)
}
