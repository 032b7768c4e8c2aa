use std::sync::Arc;

use super::Problem;
use super::activate::admin;
use super::engine::Engine;
use super::start::unavailable;
use crate::audit::Unit;
use crate::store::Store;
use crate::words::Timestamp;

impl Engine {
    /// Exchanges the key that wraps the data keys of all flows, while flows go on. Returns how many keys were wrapped
    /// again. Recorded before and after, so that a rotation that was cut short shows.
    ///
    /// # Errors
    /// When the store fails or seals nothing; everything can still be opened then, and a second try goes on.
    pub async fn rotate_keys(&self, by: &str) -> Result<u64, Problem> {
        let (inner, by) = (Arc::clone(self.inner()), by.to_owned());
        self.detached(async move {
            let begun = begun(&by, inner.clock.now());
            inner.recorder.record(begun, ()).await.map_err(unavailable)?;
            let count = inner
                .store
                .rotate_keys(inner.clock.now())
                .await
                .map_err(unavailable)?;
            let ended = ended(&by, count, inner.clock.now());
            inner.recorder.record(ended, ()).await.map_err(unavailable)?;
            Ok(count)
        })
        .await?
    }
}

/// The same in a store that no node uses.
///
/// # Errors
/// As [`Engine::rotate_keys`]; says why, for the operator.
pub async fn rotate_at_rest(store: &dyn Store, by: &str, now: Timestamp) -> Result<u64, String> {
    commit(store, begun(by, now)).await?;
    let count = store.rotate_keys(now).await.map_err(|error| error.to_string())?;
    commit(store, ended(by, count, now)).await?;
    Ok(count)
}

pub(super) async fn commit(store: &dyn Store, unit: Unit) -> Result<(), String> {
    match store.commit(vec![unit]).await.into_iter().next() {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("the act could not be recorded".to_owned()),
    }
}

fn begun(by: &str, now: Timestamp) -> Unit {
    admin("key_rotation_begun", by, None, String::new(), now)
}

fn ended(by: &str, count: u64, now: Timestamp) -> Unit {
    let detail = format!("{count} data keys wrapped again; the keys before are destroyed");
    admin("key_rotation_ended", by, None, detail, now)
}
