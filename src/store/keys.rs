use std::path::Path;

use async_trait::async_trait;

use super::Store;
use super::StoreError;
use crate::audit::seal::KeyOwner;
use crate::audit::seal::RingKey;
use crate::audit::seal::WrappedKey;

/// A store that also keeps wrapped keys, in tables of their own: what a [`Sealed`](super::Sealed) store stands on.
///
/// New data keys come with the unit whose values they seal ([`Unit::keys`](crate::audit::Unit::keys)) and are destroyed
/// with the record that says so ([`Unit::destroy`](crate::audit::Unit::destroy)); both through
/// [`Commit`](crate::audit::Commit).
#[async_trait]
pub trait KeyStore: Store {
    /// The file, or the name of the server and its database: for errors.
    fn place(&self) -> &Path;

    /// Every key of the ring, by version.
    async fn ring(&self) -> Result<Vec<RingKey>, StoreError>;

    /// Keeps keys of the ring, all or none; a version that is there already stays as it is, since another may have been
    /// faster.
    async fn keep_ring_keys(&self, keys: Vec<RingKey>) -> Result<(), StoreError>;

    /// Puts the wrapping of keys of the ring in the place of the stored one.
    async fn rewrap_ring_keys(&self, keys: Vec<RingKey>) -> Result<(), StoreError>;

    /// Forgets a key of the ring. Fails with [`Rule`](super::StoreErrorKind::Rule) as long as a data key is wrapped with it.
    async fn drop_ring_key(&self, version: u32) -> Result<(), StoreError>;

    /// The data keys of these owners, in any order; those that have none are left out.
    async fn data_keys(&self, owners: Vec<KeyOwner>) -> Result<Vec<WrappedKey>, StoreError>;

    /// Data keys that are not destroyed and were wrapped with a version below `version`, in the order of their owners,
    /// after one of them or from the first.
    async fn data_keys_below(
        &self,
        version: u32,
        after: Option<KeyOwner>,
        limit: u32,
    ) -> Result<Vec<WrappedKey>, StoreError>;

    /// Puts the wrapping of data keys in the place of the stored one. What was destroyed meanwhile stays destroyed.
    async fn rewrap_data_keys(&self, keys: Vec<WrappedKey>) -> Result<(), StoreError>;
}
