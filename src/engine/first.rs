use std::path::PathBuf;
use std::sync::Arc;

use super::EngineError;
use super::activate::render;
use super::catalogs::CatalogStatus;
use super::catalogs::load_kept;
use super::keep::keep;
use super::keep::to_be_kept;
use crate::catalog::Catalog;
use crate::catalog::Folder;
use crate::catalog::Look;
use crate::catalog::Setting;
use crate::catalog::Sources;
use crate::store::Activation;
use crate::store::KeptCatalog;
use crate::store::Store;
use crate::store::StoreError;
use crate::words::Digest;
use crate::words::Timestamp;

/// The catalog that a node begins with: what lies in the folder; what was activated by hand in its place, as long as
/// the folder holds the same; and the last good one of the store where the folder can't be served. The last is no
/// good state, and the status says so.
///
/// With it comes the activation that has to be kept, once the start is recorded: no row without its record.
pub(crate) async fn first_catalog(
    folder: PathBuf,
    setting: Setting,
    store: &dyn Store,
    now: Timestamp,
) -> Result<(Arc<Catalog>, CatalogStatus, Option<Activation>), EngineError> {
    let last = store.active_catalog().await.map_err(store_fault)?;
    let read = tokio::task::spawn_blocking(move || read(folder, setting))
        .await
        .map_err(|error| EngineError::Sources(error.to_string()))?;
    let last = match (read, last) {
        (Read::Good(catalog, kept), last) => {
            let digest = catalog.digest();
            if let Some(last) = last.as_ref().filter(|last| last.set_aside == Some(digest)) {
                match load_kept(store, last.catalog, Some(Arc::clone(&catalog))).await {
                    Ok(by_hand) => {
                        let mut status = CatalogStatus::good(last.catalog, last.at, &last.by);
                        status.set_aside = last.set_aside;
                        return Ok((by_hand, status, None));
                    }
                    Err(why) => {
                        let by_hand = last.catalog;
                        tracing::error!(catalog = %by_hand, why, "what was activated by hand does not load; the files do");
                    }
                }
            }
            keep(store, *kept, now).await.map_err(store_fault)?;
            let is_new = last
                .as_ref()
                .is_none_or(|last| last.catalog != digest || last.set_aside.is_some());
            let activation = is_new.then(|| Activation {
                catalog: digest,
                at: now,
                by: "start".to_owned(),
                set_aside: None,
            });
            return Ok((catalog, CatalogStatus::good(digest, now, "start"), activation));
        }
        (Read::Bad(error, _), None) => return Err(error),
        (Read::Bad(error, digest), Some(last)) => (error, digest, last),
    };
    let (error, desired, last) = last;
    let catalog = load_kept(store, last.catalog, None).await.map_err(|why| {
        tracing::error!(catalog = %last.catalog, why, "the last good catalog of the store does not load either");
        error.clone()
    })?;
    tracing::error!(
        catalog = %last.catalog,
        "the policy files can't be served; the node begins with the last good catalog of its store"
    );
    let status = CatalogStatus {
        desired: desired.unwrap_or(last.catalog),
        failure: Some(error.to_string()),
        failed_at: Some(now),
        ..CatalogStatus::good(last.catalog, last.at, &last.by)
    };
    Ok((catalog, status, None))
}

enum Read {
    Good(Arc<Catalog>, Box<KeptCatalog>),
    Bad(EngineError, Option<Digest>),
}

fn read(folder: PathBuf, setting: Setting) -> Read {
    let mut folder = Folder::new(folder);
    folder.load_for(setting);
    let reading = match folder.load(&Look::Everything, None, &[]) {
        Ok(reading) => reading,
        Err(error) => return Read::Bad(EngineError::Sources(error.to_string()), None),
    };
    let sources: Sources = reading.sources;
    let (catalog, found) = reading.loaded.unwrap_or_default();
    match catalog {
        Some(catalog) => Read::Good(Arc::new(catalog), Box::new(to_be_kept(&sources, None))),
        None => Read::Bad(
            EngineError::Policies(render(&found, &sources)),
            Some(sources.digest()),
        ),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn store_fault(error: StoreError) -> EngineError {
    EngineError::Store(error.to_string())
}
