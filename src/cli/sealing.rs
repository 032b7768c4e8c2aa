use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use super::failure::Failure;
use crate::audit::seal::KeyWrapper;
use crate::engine::Clock as _;
use crate::engine::KeyFile;
use crate::engine::SystemClock;
use crate::store::KeyStore;
use crate::store::Sealed;
use crate::words::Environment;

/// Where the key is that wraps the keys of the store. Never in the store, and never in the configuration itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum KeysConfig {
    /// A file that this user alone can read; made by `midflow keys new`.
    File(PathBuf),
}

impl KeysConfig {
    /// The key file of `midflow dev`, beside its other secrets.
    pub(crate) fn of_development(state: &Path) -> Self {
        Self::File(state.join("secrets").join("midflow.key"))
    }

    /// Makes the paths count from a folder.
    pub(crate) fn resolve(&mut self, folder: &Path) {
        let Self::File(path) = self;
        *path = folder.join(&path);
    }

    /// The key.
    pub(crate) fn wrapper(&self) -> Result<Arc<dyn KeyWrapper>, Failure> {
        let Self::File(path) = self;
        let wrapper = KeyFile::read(path).map_err(Failure::new)?;
        Ok(Arc::new(wrapper))
    }
}

/// The store with its seal, as `midflow dev` has it: the key is made at the first start, beside the other secrets.
pub(crate) async fn sealed_for_development<S: KeyStore>(
    store: S,
    state: &Path,
) -> Result<Sealed<S>, Failure> {
    let keys = KeysConfig::of_development(state);
    let KeysConfig::File(path) = &keys;
    KeyFile::read_or_make(path).map_err(Failure::new)?;
    sealed(Arc::new(store), &keys, Environment::Development).await
}

/// The store with its seal.
pub(crate) async fn sealed<S: KeyStore + ?Sized>(
    store: Arc<S>,
    keys: &KeysConfig,
    environment: Environment,
) -> Result<Sealed<S>, Failure> {
    Sealed::open(store, keys.wrapper()?, environment, SystemClock.now())
        .await
        .map_err(Failure::new)
}
