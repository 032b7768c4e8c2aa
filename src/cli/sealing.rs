use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use super::failure::Failure;
use crate::audit::seal::KeyWrapper;
use crate::engine::Clock as _;
use crate::engine::KeyFile;
use crate::engine::KeyToken;
use crate::engine::KeyTokenSettings;
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
    /// A key that never leaves its token: a hardware security module.
    Pkcs11(TokenConfig),
}

/// A key on a token.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenConfig {
    /// The maker's PKCS #11 library; an absolute path.
    module: PathBuf,
    /// The label of the token.
    token: String,
    /// The label of the key.
    key: String,
    /// The file of the user's PIN.
    pin: PathBuf,
}

impl TokenConfig {
    fn settings(&self) -> KeyTokenSettings {
        KeyTokenSettings {
            module: self.module.clone(),
            token: self.token.clone(),
            key: self.key.clone(),
            pin: self.pin.clone(),
        }
    }
}

impl KeysConfig {
    /// The key file of `midflow dev`, beside its other secrets.
    pub(crate) fn of_development(state: &Path) -> Self {
        Self::File(Self::file_of_development(state))
    }

    fn file_of_development(state: &Path) -> PathBuf {
        state.join("secrets").join("midflow.key")
    }

    /// Makes the paths count from a folder.
    pub(crate) fn resolve(&mut self, folder: &Path) {
        match self {
            Self::File(path) => *path = folder.join(&path),
            // A library is where its maker put it.
            Self::Pkcs11(token) => token.pin = folder.join(&token.pin),
        }
    }

    /// The key.
    pub(crate) fn wrapper(&self) -> Result<Arc<dyn KeyWrapper>, Failure> {
        Ok(match self {
            Self::File(path) => Arc::new(KeyFile::read(path).map_err(Failure::new)?),
            Self::Pkcs11(token) => Arc::new(KeyToken::open(token.settings()).map_err(Failure::new)?),
        })
    }

    /// Makes the key, once.
    pub(crate) fn make(&self) -> Result<Arc<dyn KeyWrapper>, Failure> {
        Ok(match self {
            Self::File(path) => Arc::new(KeyFile::make(path).map_err(Failure::new)?),
            Self::Pkcs11(token) => Arc::new(KeyToken::make(token.settings()).map_err(Failure::new)?),
        })
    }
}

/// The store with its seal, as `midflow dev` has it: the key is made at the first start, beside the other secrets.
pub(crate) async fn sealed_for_development<S: KeyStore>(
    store: S,
    state: &Path,
) -> Result<Sealed<S>, Failure> {
    let keys = KeysConfig::of_development(state);
    KeyFile::read_or_make(&KeysConfig::file_of_development(state)).map_err(Failure::new)?;
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
