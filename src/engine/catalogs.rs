use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;

use arc_swap::ArcSwap;

use crate::catalog::Catalog;
use crate::catalog::RetiredCatalogs;
use crate::catalog::Sources;
use crate::store::Store;
use crate::words::Digest;
use crate::words::Timestamp;

/// The active catalog, and those that running flows are pinned to.
pub(crate) struct Catalogs {
    active: ArcSwap<Catalog>,
    retired: Mutex<RetiredCatalogs>,
    known: Mutex<HashMap<Digest, Weak<Catalog>>>,
    status: Mutex<CatalogStatus>,
}

/// Desired and active, kept apart (reload rule R12).
#[derive(Clone, Debug)]
pub struct CatalogStatus {
    /// The catalog that new flows begin under.
    pub active: Digest,
    /// Since when.
    pub since: Timestamp,
    /// Who or what activated it.
    pub by: String,
    /// The files as they were last read; equal to `active` unless they were refused.
    pub desired: Digest,
    /// Why the desired catalog is not active, rendered for a terminal without colour; `None` once it is.
    pub failure: Option<String>,
}

impl Catalogs {
    pub(crate) fn new(catalog: Arc<Catalog>, status: CatalogStatus) -> Self {
        Self {
            known: Mutex::new(HashMap::from([(catalog.digest(), Arc::downgrade(&catalog))])),
            active: ArcSwap::new(catalog),
            retired: Mutex::new(RetiredCatalogs::default()),
            status: Mutex::new(status),
        }
    }

    /// The catalog that new flows begin under.
    pub(crate) fn active(&self) -> Arc<Catalog> {
        self.active.load_full()
    }

    /// Makes another catalog the active one. The old one is kept until nobody holds it.
    pub(crate) fn swap(self: &Arc<Self>, catalog: Arc<Catalog>) {
        self.remember(&catalog);
        let old = self.active.swap(catalog);
        self.retired
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retire(old);
        self.sweep();
    }

    /// Keeps a catalog that only old flows use, so that the last of them does not have to drop it.
    pub(crate) fn keep(&self, catalog: Arc<Catalog>) {
        self.remember(&catalog);
        self.retired
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retire(catalog);
    }

    /// Drops what no flow is pinned to any more. Dropping a large catalog takes long: not for a serving thread.
    pub(crate) fn sweep(self: &Arc<Self>) {
        let catalogs = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            catalogs
                .retired
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .sweep();
        });
    }

    /// A catalog that is in memory already.
    pub(crate) fn in_memory(&self, digest: Digest) -> Option<Arc<Catalog>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&digest).and_then(Weak::upgrade)
    }

    fn remember(&self, catalog: &Arc<Catalog>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, catalog| catalog.strong_count() > 0);
        known.insert(catalog.digest(), Arc::downgrade(catalog));
    }

    pub(crate) fn status(&self) -> CatalogStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn change_status(&self, change: impl FnOnce(&mut CatalogStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Loads a catalog that was active once from the store; `None` if it is not there or does not load any more.
pub(crate) async fn load_kept(store: &dyn Store, digest: Digest) -> Option<Arc<Catalog>> {
    let archive = store.catalog(&digest).await.ok().flatten()?;
    let loaded = tokio::task::spawn_blocking(move || {
        let sources = Sources::from_bytes(&archive).ok()?;
        Catalog::load(&sources, None).0
    });
    let catalog = loaded.await.ok().flatten()?;
    (catalog.digest() == digest).then(|| Arc::new(catalog))
}
