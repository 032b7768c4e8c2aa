use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;

use arc_swap::ArcSwap;
use serde::Serialize;
use serde::Serializer;

use super::activate::render;
use crate::catalog::Catalog;
use crate::catalog::RetiredCatalogs;
use crate::catalog::Sources;
use crate::catalog::read_manifest;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::words::Digest;
use crate::words::Timestamp;

/// The active catalog, and those that running flows are pinned to.
pub(crate) struct Catalogs {
    active: ArcSwap<Catalog>,
    retired: Mutex<RetiredCatalogs>,
    known: Mutex<HashMap<Digest, Weak<Catalog>>>,
    /// What this version can't load, which stays so while it runs.
    lost: Mutex<HashSet<Digest>>,
    status: Mutex<CatalogStatus>,
}

/// Desired and active, kept apart (reload rule R12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogStatus {
    /// The catalog that new flows begin under.
    pub active: Digest,
    /// Since when.
    #[serde(serialize_with = "written")]
    pub since: Timestamp,
    /// Who or what activated it.
    pub by: String,
    /// What should be active: the files as they were last read, or what was activated by hand. Equal to `active`
    /// unless it was refused.
    pub desired: Digest,
    /// Why the desired catalog is not active, rendered for a terminal without colour; `None` once it is.
    pub failure: Option<String>,
    /// Since when it is not.
    #[serde(serialize_with = "maybe_written")]
    pub failed_at: Option<Timestamp>,
    /// The files in the folder, where another catalog was activated by hand. They stay aside until they change, or
    /// somebody asks for a reload.
    pub set_aside: Option<Digest>,
    /// What has changed in the settings of this node and takes a restart to be taken up, by name.
    pub needs_restart: Vec<String>,
    /// The waivers of the active catalog that have ended since it was loaded: service, rule and last day. Flows go on
    /// beginning and ending as before; the next load is judged without them.
    pub ended_waivers: Vec<String>,
}

/// As people write a moment.
fn written<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}

fn maybe_written<S: Serializer>(moment: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => written(moment, serializer),
        None => serializer.serialize_none(),
    }
}

impl CatalogStatus {
    /// A catalog that is active and desired.
    pub(crate) fn good(active: Digest, since: Timestamp, by: &str) -> Self {
        Self {
            active,
            since,
            by: by.to_owned(),
            desired: active,
            failure: None,
            failed_at: None,
            set_aside: None,
            needs_restart: Vec::new(),
            ended_waivers: Vec::new(),
        }
    }
}

impl Catalogs {
    pub(crate) fn new(catalog: Arc<Catalog>, status: CatalogStatus) -> Self {
        Self {
            known: Mutex::new(HashMap::from([(catalog.digest(), Arc::downgrade(&catalog))])),
            active: ArcSwap::new(catalog),
            lost: Mutex::default(),
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
            let free = {
                let mut retired = catalogs.retired.lock().unwrap_or_else(PoisonError::into_inner);
                retired.sweep()
            };
            drop(free);
        });
    }

    /// A catalog that is in memory already.
    pub(crate) fn in_memory(&self, digest: Digest) -> Option<Arc<Catalog>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&digest).and_then(Weak::upgrade)
    }

    /// Whether a catalog was found to be lost.
    pub(crate) fn is_lost(&self, digest: Digest) -> bool {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.contains(&digest)
    }

    /// Remembers that a catalog is lost, so that it is not loaded again for each flow that is pinned to it.
    pub(crate) fn lose(&self, digest: Digest) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.insert(digest);
    }

    fn remember(&self, catalog: &Arc<Catalog>) {
        self.lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&catalog.digest());
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

/// Why a catalog that was active once can't be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeptFault {
    /// The store can't be read at the moment.
    #[error(transparent)]
    Store(StoreError),
    /// It is not kept, not whole, or no longer passes the checks of this version.
    #[error("{0}")]
    Lost(String),
}

impl From<StoreError> for KeptFault {
    fn from(error: StoreError) -> Self {
        // What is damaged stays so, however often it is read.
        if error.kind() == StoreErrorKind::Corrupt {
            Self::Lost(error.to_string())
        } else {
            Self::Store(error)
        }
    }
}

/// Loads a catalog that was active once from the store, sharing what `previous` has in common with it.
///
/// # Errors
/// Says why it can't be: it is not kept, not whole, or no longer passes the checks of this version.
pub async fn load_kept(
    store: &dyn Store,
    digest: Digest,
    previous: Option<Arc<Catalog>>,
) -> Result<Arc<Catalog>, String> {
    let loaded = load_if_kept(store, digest, previous).await;
    loaded.map_err(|fault| fault.to_string())
}

/// The same, with whether another try may end differently.
pub(crate) async fn load_if_kept(
    store: &dyn Store,
    digest: Digest,
    previous: Option<Arc<Catalog>>,
) -> Result<Arc<Catalog>, KeptFault> {
    let manifest = store
        .catalog(&digest)
        .await?
        .ok_or_else(|| KeptFault::Lost(format!("the store keeps no catalog {}", digest.short())))?;
    let files = read_manifest(&manifest).map_err(|error| KeptFault::Lost(error.to_string()))?;
    let digests = files.into_iter().map(|(_, digest)| digest).collect();
    let kept = store.sources(digests).await?;
    let loaded = tokio::task::spawn_blocking(move || {
        let mut kept: HashMap<Digest, Vec<u8>> = kept.into_iter().collect();
        let mut shared: HashMap<Digest, Vec<u8>> = HashMap::new();
        let content = |digest: &Digest| {
            // Two files may have one content.
            let bytes = kept.remove(digest).or_else(|| shared.get(digest).cloned())?;
            shared.insert(*digest, bytes.clone());
            Some(bytes)
        };
        let sources = Sources::from_manifest(&manifest, content).map_err(|error| error.to_string())?;
        if sources.digest() != digest {
            return Err("what the store keeps is not the catalog of that name".to_owned());
        }
        let (catalog, found) = Catalog::load(&sources, previous.as_deref());
        catalog.map(Arc::new).ok_or_else(|| render(&found, &sources))
    });
    match loaded.await {
        Ok(loaded) => loaded.map_err(KeptFault::Lost),
        // That says nothing about the catalog, and nothing may end for it.
        Err(error) => Err(KeptFault::Store(StoreError::internal(&error.to_string()))),
    }
}
