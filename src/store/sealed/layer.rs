use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::time::Instant;

use super::cache::KeyCache;
use super::unsettled::Unsettled;
use crate::audit::seal::DataKey;
use crate::audit::seal::KeyOwner;
use crate::audit::seal::KeyRing;
use crate::audit::seal::KeyWrapper;
use crate::audit::seal::SealError;
use crate::audit::seal::WrapError;
use crate::store::KeyStore;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::words::Environment;
use crate::words::Timestamp;

/// A store that seals what it hands down and opens what it reads.
pub struct Sealed<S: ?Sized> {
    pub(super) inner: Arc<S>,
    wrapper: Arc<dyn KeyWrapper>,
    ring: RwLock<Arc<KeyRing>>,
    pub(super) cache: Arc<KeyCache>,
    pub(super) unsettled: Arc<Unsettled>,
}

/// Why a store can't be used sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// The store below failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds flows that were written before midflow sealed.
    #[error(
        "store {}: it was written by a version of midflow that did not seal personal data; move it away and begin with an \
         empty one, and destroy it when you no longer need it", .0.display()
    )]
    Unsealed(PathBuf),
    /// The key ring was wrapped with another key than the one given.
    #[error(
        "store {}: its key ring was wrapped with the key `{wrapped}`, and the key given is `{given}`; name the right key: \
         without it nothing of a person in this store can be read (`midflow keys move` wraps the ring with a new one)", place.display()
    )]
    OtherKey {
        /// The store.
        place: PathBuf,
        /// The name of the key that is needed.
        wrapped: String,
        /// The name of the key that was given.
        given: String,
    },
    /// The key ring can't be opened or made.
    #[error("store {}: its key ring can't be used: {cause}; was the store changed by hand, or is it another environment's?", place.display())]
    Ring {
        /// The store.
        place: PathBuf,
        /// Why.
        cause: WrapError,
    },
}

impl<S: KeyStore + ?Sized> Sealed<S> {
    /// Opens the key ring of a store, or makes it where the store is empty.
    ///
    /// # Errors
    /// When the store can't be read, was written without sealing, or its ring does not open with this wrapper.
    pub async fn open(
        inner: Arc<S>,
        wrapper: Arc<dyn KeyWrapper>,
        environment: Environment,
        now: Timestamp,
    ) -> Result<Self, SealedError> {
        let mut rows = inner.ring().await?;
        if rows.is_empty() {
            let counts = inner.counts().await?;
            if counts.flows > 0 || counts.records > 0 {
                return Err(SealedError::Unsealed(inner.place().to_path_buf()));
            }
            let begun =
                KeyRing::begin(environment, wrapper.as_ref(), now).map_err(|cause| SealedError::Ring {
                    place: inner.place().to_path_buf(),
                    cause,
                })?;
            inner.keep_ring_keys(begun).await?;
            // Another process may have been faster: what is stored counts.
            rows = inner.ring().await?;
        }
        if let Some(row) = rows.iter().find(|row| row.wrapper != wrapper.name()) {
            return Err(SealedError::OtherKey {
                place: inner.place().to_path_buf(),
                wrapped: row.wrapper.clone(),
                given: wrapper.name().to_owned(),
            });
        }
        let ring =
            KeyRing::open(environment, wrapper.as_ref(), &rows).map_err(|cause| SealedError::Ring {
                place: inner.place().to_path_buf(),
                cause,
            })?;
        Ok(Self {
            inner,
            wrapper,
            ring: RwLock::new(Arc::new(ring)),
            cache: Arc::new(KeyCache::new(Instant::now())),
            unsettled: Arc::default(),
        })
    }

    /// The store below, which holds ciphertext.
    pub const fn inner(&self) -> &Arc<S> {
        &self.inner
    }

    /// Wraps the keys of the ring with another key, in one transaction. Returns how many there are. This layer goes on
    /// with the wrapper it has, so it is let go afterwards.
    ///
    /// # Errors
    /// When the other key can't be used or the store fails; the ring is as it was then.
    pub async fn rewrap_ring(&self, wrapper: &dyn KeyWrapper) -> Result<usize, StoreError> {
        let rows = self.inner.ring().await?;
        let moved = self
            .ring()
            .wrapped_with(wrapper, &rows)
            .map_err(|error| self.unfit(StoreErrorKind::Io, error.to_string()))?;
        let count = moved.len();
        self.inner.rewrap_ring_keys(moved).await?;
        Ok(count)
    }

    /// Exchanges the key that wraps data keys: makes a new version, wraps every data key again, and forgets the old
    /// versions. Returns how many data keys were wrapped again. A run that was cut short is taken up by the next one.
    ///
    /// # Errors
    /// When a step fails; everything can still be opened then.
    pub async fn rotate(&self, now: Timestamp) -> Result<u64, StoreError> {
        let next = self
            .ring()
            .next(self.wrapper.as_ref(), now)
            .map_err(|error| self.unfit(StoreErrorKind::Io, error.to_string()))?;
        let version = next.version;
        self.inner.keep_ring_keys(vec![next]).await?;
        let ring = self.reread_ring().await?;
        let mut count = 0;
        let mut after = None;
        loop {
            let rows = self.inner.data_keys_below(version, after, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.owner);
            let mut again = Vec::with_capacity(rows.len());
            for row in &rows {
                let wrapped = ring.unwrap(row).and_then(|key| ring.wrap(row.owner, &key));
                again.push(wrapped.map_err(|error| self.unfit(StoreErrorKind::Corrupt, error.to_string()))?);
            }
            count += again.len() as u64;
            self.inner.rewrap_data_keys(again).await?;
        }
        for row in self.inner.ring().await? {
            if row.version != LOOKUPS && row.version < version {
                self.inner.drop_ring_key(row.version).await?;
            }
        }
        self.inner.scrub().await?;
        self.reread_ring().await?;
        Ok(count)
    }

    pub(super) fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn environment(&self) -> Environment {
        self.ring().environment()
    }

    /// The ring as it is stored now: another process may have rotated it.
    async fn reread_ring(&self) -> Result<Arc<KeyRing>, StoreError> {
        let rows = self.inner.ring().await?;
        let ring = KeyRing::open(self.environment(), self.wrapper.as_ref(), &rows)
            .map_err(|error| self.unfit(StoreErrorKind::Corrupt, error.to_string()))?;
        let ring = Arc::new(ring);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&ring);
        Ok(ring)
    }

    /// The keys of these owners. Who has none is left out.
    pub(super) async fn keys_of(
        &self,
        owners: impl IntoIterator<Item = KeyOwner> + Send,
    ) -> Result<HashMap<KeyOwner, HeldKey>, StoreError> {
        let now = Instant::now();
        let mut held = HashMap::new();
        let mut unknown = Vec::new();
        for owner in owners {
            if held.contains_key(&owner) {
                continue;
            }
            match self.cache.get(owner, now) {
                Some(key) => drop(held.insert(owner, HeldKey::Key(key))),
                None => unknown.push(owner),
            }
        }
        if unknown.is_empty() {
            return Ok(held);
        }
        unknown.sort_unstable();
        unknown.dedup();
        for part in unknown.chunks(MOST_ASKED) {
            for row in self.inner.data_keys(part.to_vec()).await? {
                let ring = if row.version > self.ring().version() {
                    self.reread_ring().await?
                } else {
                    self.ring()
                };
                let key = match ring.unwrap(&row) {
                    Ok(key) => Arc::new(key),
                    Err(SealError::Destroyed) => {
                        held.insert(row.owner, HeldKey::Destroyed);
                        continue;
                    }
                    Err(error) => return Err(self.unfit(StoreErrorKind::Corrupt, error.to_string())),
                };
                self.cache.keep(row.owner, Arc::clone(&key), now);
                held.insert(row.owner, HeldKey::Key(key));
            }
        }
        Ok(held)
    }

    pub(super) fn unfit(&self, kind: StoreErrorKind, cause: impl std::fmt::Display) -> StoreError {
        StoreError::new(
            kind,
            self.inner.place(),
            format!("a sealed value can't be used: {cause}"),
        )
    }
}

/// A data key, or that it was destroyed.
pub(super) enum HeldKey {
    Key(Arc<DataKey>),
    Destroyed,
}

/// The version of the key of look-ups, which is never exchanged.
const LOOKUPS: u32 = 0;
const PAGE: u32 = 1_000;
const MOST_ASKED: usize = 1_000;
