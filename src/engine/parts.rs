use std::path::PathBuf;
use std::sync::Arc;

use super::EngineOptions;
use super::activate::NodeSettings;
use super::admit::CatalogGate;
use super::clock::Clock;
use super::clock::SystemClock;
use super::log::Anchor;
use super::secrets::Secrets;
use crate::connector::Connector;
use crate::store::Store;
use crate::words::Environment;

/// What an engine is made of.
pub struct EngineParts {
    /// The folder that holds `policies/` and `scripts/`.
    pub folder: PathBuf,
    /// Where things are kept.
    pub store: Arc<dyn Store>,
    /// Who answers.
    pub connector: Arc<dyn Connector>,
    /// The node's own secrets.
    pub secrets: Arc<Secrets>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How it runs.
    pub options: EngineOptions,
    /// Further root certificates that outcome notices trust, PEM.
    pub notify_roots: Vec<Vec<u8>>,
    /// What a catalog has to pass before it is activated, besides its own checks.
    pub gates: Vec<Arc<dyn CatalogGate>>,
    /// The settings of the node, to name what only a restart takes up.
    pub settings: Option<Arc<dyn NodeSettings>>,
    /// Where checkpoints of the log are carried.
    pub anchors: Vec<Arc<dyn Anchor>>,
}

impl EngineParts {
    /// An engine for development, by the machine's clock; change the public members for anything else.
    pub fn new(
        folder: impl Into<PathBuf>,
        store: impl Store,
        connector: impl Connector,
        secrets: Secrets,
    ) -> Self {
        Self {
            folder: folder.into(),
            store: Arc::new(store),
            connector: Arc::new(connector),
            secrets: Arc::new(secrets),
            clock: Arc::new(SystemClock),
            options: EngineOptions::default(),
            notify_roots: Vec::new(),
            gates: Vec::new(),
            settings: None,
            anchors: Vec::new(),
        }
    }
}

/// Why an engine does not start.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// The policy folder can't be read.
    #[error("{0}")]
    Sources(String),
    /// The policies are not good; holds the diagnostics, rendered without colour.
    #[error("the policies can't be served:\n\n{0}")]
    Policies(String),
    /// The organization does not declare the environment of this node.
    #[error(
        "policies/organization.yaml declares no environment `{0}`; declare it there with its `callback_base_url`, as \
         in the subscription form"
    )]
    Environment(Environment),
    /// The store would keep personal data in clear, outside development.
    #[error(
        "the store keeps personal data in clear, and the environment is `{0}`: hand in a `Sealed` store; only in \
         `development` an engine runs without"
    )]
    Unsealed(Environment),
    /// The store can't be read or written.
    #[error("the store can't be used: {0}")]
    Store(String),
    /// The log of the store is not what was promised of it.
    #[error("{0}")]
    Log(String),
    /// Callbacks could not wait while the store is away.
    #[error("{0}")]
    Spool(String),
    /// The client for outcome notices can't be made.
    #[error("outcome notices can't be sent: {0}")]
    Notifier(String),
}
