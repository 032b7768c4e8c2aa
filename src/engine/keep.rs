use std::collections::HashMap;
use std::sync::Arc;

use crate::catalog::Sources;
use crate::store::KeptCatalog;
use crate::store::Store;
use crate::store::StoreError;
use crate::words::Digest;
use crate::words::Timestamp;

/// A catalog to be kept: its manifest, and those of its files that another kept catalog does not have.
///
/// Takes long for a large catalog: not for a serving thread.
pub(crate) fn to_be_kept(sources: &Sources, kept: Option<&Sources>) -> KeptCatalog {
    let fresh = sources.files().filter(|(path, file)| {
        let before = kept.and_then(|kept| kept.file(path));
        before.is_none_or(|before| before.digest() != file.digest())
    });
    // Each content once.
    let fresh: HashMap<Digest, Arc<str>> = fresh
        .map(|(_, file)| (file.digest(), Arc::clone(file.text())))
        .collect();
    KeptCatalog {
        digest: sources.digest(),
        manifest: sources.manifest(),
        sources: fresh.into_iter().collect(),
    }
}

/// Keeps a catalog in the store, so that it can be activated again and running flows find it after a restart.
pub(crate) async fn keep(
    store: &dyn Store,
    mut catalog: KeptCatalog,
    at: Timestamp,
) -> Result<(), StoreError> {
    if !catalog.sources.is_empty() {
        let asked = catalog.sources.iter().map(|(digest, _)| *digest).collect();
        let mut missing = store.missing_sources(asked).await?;
        missing.sort_unstable();
        catalog
            .sources
            .retain(|(digest, _)| missing.binary_search(digest).is_ok());
    }
    store.keep_catalog(catalog, at).await
}
