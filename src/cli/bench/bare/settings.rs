use std::path::PathBuf;

use serde::Deserialize;
use serde::Serialize;

/// How the bare program runs. It holds private keys, so it has no Debug, and its file is its user's alone.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli::bench) struct Settings {
    /// The key that the e-service shows with each call.
    pub(in crate::cli::bench) api_key: String,
    /// Where the authority's operations are: `https://127.0.0.1:…`.
    pub(in crate::cli::bench) bridge_url: String,
    /// The id that the provider is registered under.
    pub(in crate::cli::bench) service_provider_id: String,
    /// The only root for the bridge, PEM.
    pub(in crate::cli::bench) server_ca: String,
    /// Shown to the authority.
    pub(in crate::cli::bench) client: Pair,
    /// Shown by the callback listener.
    pub(in crate::cli::bench) callback: Pair,
    /// The certificate of the stamp, PEM.
    pub(in crate::cli::bench) stamp_signer: String,
    /// Where rows become durable.
    pub(in crate::cli::bench) store: StoreSettings,
}

/// A certificate with its chain, and its private key; PEM.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli::bench) struct Pair {
    pub(in crate::cli::bench) certificate: String,
    pub(in crate::cli::bench) key: String,
}

/// Where rows become durable.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::cli::bench) enum StoreSettings {
    /// A file, which is made.
    Sqlite(PathBuf),
    /// An empty database of a server on this machine.
    Postgres {
        /// The folder of the server's socket.
        socket: PathBuf,
        port: u16,
        database: String,
        /// The owner of the database.
        user: String,
    },
}
