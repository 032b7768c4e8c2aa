use std::path::PathBuf;

use super::activate::admin;
use super::activate::number_of_services;
use super::catalogs::load_kept;
use crate::catalog::Folder;
use crate::catalog::Look;
use crate::store::Activation;
use crate::store::Store;
use crate::words::Digest;
use crate::words::Timestamp;

/// Why a catalog can't be made active in a store that no node uses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestingError {
    /// The catalog is not kept, or does not load.
    #[error("{0}")]
    Catalog(String),
    /// The policy folder can't be read, so nobody knows what would be set aside.
    #[error("{0}")]
    Folder(String),
    /// The store can't be written.
    #[error("{0}")]
    Store(String),
}

/// Makes a kept catalog the one that the node of this store begins with, as long as its policy folder holds what it
/// holds now. For a store that no node uses; the act is recorded like one of a running node.
///
/// # Errors
/// When the catalog does not load any more, or nothing can be recorded; then nothing has changed.
pub async fn activate_at_rest(
    store: &dyn Store,
    folder: PathBuf,
    digest: Digest,
    actor: &str,
    now: Timestamp,
) -> Result<(), RestingError> {
    let catalog = load_kept(store, digest, None)
        .await
        .map_err(RestingError::Catalog)?;
    let in_folder = tokio::task::spawn_blocking(move || Folder::new(folder).sources(&Look::Everything))
        .await
        .map_err(|error| RestingError::Folder(error.to_string()))?
        .map_err(|error| RestingError::Folder(error.to_string()))?;
    let set_aside = Some(in_folder.digest()).filter(|in_folder| *in_folder != digest);
    let services = number_of_services(catalog.services().len());
    let aside = set_aside.map_or_else(String::new, |aside| {
        format!("; the files of {} are set aside", aside.short())
    });
    let detail = format!("{services}; in a store that no node used{aside}");
    let unit = admin("catalog_activated", actor, Some(digest), detail, now);
    let committed = store.commit(vec![unit]).await.into_iter().next();
    match committed {
        Some(Ok(())) => {}
        Some(Err(error)) => return Err(RestingError::Store(error.to_string())),
        None => return Err(RestingError::Store("the act could not be recorded".to_owned())),
    }
    store
        .set_active_catalog(Activation {
            catalog: digest,
            at: now,
            by: actor.to_owned(),
            set_aside,
        })
        .await
        .map_err(|error| RestingError::Store(error.to_string()))
}
