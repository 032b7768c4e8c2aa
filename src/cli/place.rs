use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use super::anchors::AuditConfig;
use super::arguments::Common;
use super::config::Config;
use super::config::ConnectorConfig;
use super::failure::Failure;
use super::running::Running;
use super::running::state_folder;
use super::sealing::KeysConfig;
use super::sealing::sealed;
use super::store::StoreConfig;
use crate::catalog::Catalog;
use crate::catalog::Folder;
use crate::catalog::Look;
use crate::connector::kuwait::KuwaitSettings;
use crate::engine::DualControl;
use crate::engine::Secrets;
use crate::engine::load_kept;
use crate::engine::log::Anchor;
use crate::store::KeyStore;
use crate::store::Sealed;
use crate::store::Store;
use crate::words::Digest;
use crate::words::Environment;
use std::sync::Arc;

/// The node that a command is about: where its store and secrets are, and how it is reached while it runs.
pub(crate) struct Place {
    pub(crate) store: StoreConfig,
    pub(crate) keys: KeysConfig,
    pub(crate) environment: Environment,
    pub(crate) secrets: PathBuf,
    /// Where checkpoints of its log are carried.
    pub(crate) anchors: Vec<Arc<dyn Anchor>>,
    /// How it speaks to the authority; `None` for that of `midflow dev`.
    pub(crate) connector: Option<Box<KuwaitSettings>>,
    /// How it knows that two persons want what takes two.
    pub(crate) dual_control: DualControl,
    console: Option<Console>,
}

/// The console of a node, on a loopback address always.
struct Console {
    url: String,
    /// Where the name in the URL leads, whatever the system says.
    address: Option<SocketAddr>,
    /// What its certificate is checked against.
    certificate: Option<PathBuf>,
}

impl Place {
    /// The node of a configuration file; without one, of `midflow.yaml` here, or of `midflow dev` for this folder.
    pub(crate) fn find(config: Option<&Path>, common: &Common) -> Result<Self, Failure> {
        let default = Path::new("midflow.yaml");
        if let Some(path) = config.or_else(|| default.is_file().then_some(default)) {
            let config = Config::read(path)?;
            let dual_control = config.dual_control()?;
            let console = config.listeners.console.map(|listener| {
                let scheme = if listener.tls.is_some() { "https" } else { "http" };
                let plain = format!("{scheme}://{}", listener.address);
                Console {
                    url: listener
                        .public_url
                        .unwrap_or(plain)
                        .trim_end_matches('/')
                        .to_owned(),
                    address: Some(listener.address),
                    certificate: listener.tls.map(|tls| tls.certificate),
                }
            });
            let ConnectorConfig::Kuwait(kuwait) = config.connector;
            return Ok(Self {
                dual_control,
                store: config.store,
                keys: config.keys,
                environment: config.environment,
                secrets: config.secrets,
                anchors: config.audit.anchors()?,
                connector: Some(kuwait),
                console,
            });
        }
        let state = state_folder(&common.dir);
        if !state.join(DEV_STORE).is_file() {
            return Err(
                Failure::new("there is no midflow.yaml here, and `midflow dev` has left no store").remedy(
                    "name the configuration of the node with --config FILE, or start `midflow dev` once",
                ),
            );
        }
        Self::of_dev(&state)
    }

    /// The node of `midflow dev` whose folder this is.
    pub(crate) fn of_dev(state: &Path) -> Result<Self, Failure> {
        let store = state.join(DEV_STORE);
        if !store.is_file() {
            return Err(Failure::new(format!(
                "no `midflow dev` has left a store in {}",
                state.display()
            ))
            .remedy("name the folder that it was started with: --state DIR"));
        }
        let console = Running::of(state).read().ok().and_then(|ready| ready.console);
        Ok(Self {
            store: StoreConfig::Sqlite(store),
            keys: KeysConfig::of_development(state),
            environment: Environment::Development,
            secrets: state.join("secrets"),
            anchors: AuditConfig::of_development(state)?.anchors()?,
            connector: None,
            dual_control: DualControl::Named,
            console: console.map(|url| Console {
                url,
                address: None,
                certificate: None,
            }),
        })
    }

    /// The node's own secrets.
    pub(crate) fn secrets(&self) -> Result<Secrets, Failure> {
        Secrets::open(&self.secrets).map_err(Failure::new)
    }

    /// The store, to be read with what is sealed in it; beside a node that runs, too.
    pub(crate) async fn read_opened(&self) -> Result<Sealed<dyn KeyStore>, Failure> {
        sealed(self.read().await?, &self.keys, self.environment).await
    }

    /// The store, to be read as it is stored: what is personal stays sealed. Beside a node that runs, too.
    pub(crate) async fn read(&self) -> Result<Arc<dyn KeyStore>, Failure> {
        self.store.open_to_read().await
    }

    /// Says something to the running node, on the machine it runs on.
    pub(crate) async fn call(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let console = self.console.as_ref().ok_or_else(|| {
            Failure::new("the node runs, and has no console to be told by")
                .remedy("give it `listeners.console` in midflow.yaml, or stop it first")
        })?;
        let key = self.secrets()?.admin_key();
        let answer = console
            .client()?
            .post(format!("{}{path}", console.url))
            .bearer_auth(key)
            .json(body)
            .send()
            .await
            .map_err(|_| {
                Failure::new(format!("nobody answers at {}", console.url))
                    .remedy("another process holds the store; is it a node of another configuration?")
            })?;
        let status = answer.status();
        let answer: Value = answer
            .json()
            .await
            .map_err(|_| Failure::new(format!("{} does not answer like a node ({status})", console.url)))?;
        if status.is_success() {
            return Ok(answer);
        }
        let why = answer["detail"].as_str().unwrap_or_default();
        let refused = Failure::new(format!("the node refused ({status}): {why}"));
        // What was asked is wrong, and says so by itself.
        if !matches!(status.as_u16(), 401 | 403) {
            return Err(refused);
        }
        Err(refused
            .remedy("the key comes from the node's secrets: run this as its user, with its configuration"))
    }
}

impl Console {
    fn client(&self) -> Result<reqwest::Client, Failure> {
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        let url = reqwest::Url::parse(&self.url).map_err(Failure::new)?;
        if let (Some(host), Some(address)) = (url.host_str(), self.address) {
            // The key goes to this machine and nowhere else.
            builder = builder.resolve(host, address);
        }
        if let Some(certificate) = &self.certificate {
            let pem = std::fs::read(certificate).map_err(Failure::new)?;
            for certificate in reqwest::Certificate::from_pem_bundle(&pem).map_err(Failure::new)? {
                builder = builder.add_root_certificate(certificate);
            }
        }
        builder.build().map_err(Failure::new)
    }
}

/// The catalog that a word on the command line names: a folder, a digest or its beginning, or `active`.
pub(crate) async fn catalog_of(word: &str, place: Option<&Place>) -> Result<Arc<Catalog>, Failure> {
    if Path::new(word).is_dir() {
        return from_folder(Path::new(word)).map(Arc::new);
    }
    let place = place.ok_or_else(|| Failure::new(format!("there is no folder {word}")))?;
    let store = place.read().await?;
    let digest = digest_of(store.as_ref(), word).await?;
    let loaded = load_kept(store.as_ref(), digest, None).await;
    store.close().await;
    loaded.map_err(|why| Failure::new(format!("the catalog {} can't be loaded: {why}", digest.short())))
}

fn from_folder(dir: &Path) -> Result<Catalog, Failure> {
    let reading = Folder::new(dir)
        .load(&Look::Everything, None, &[])
        .map_err(Failure::new)?;
    reading.loaded.and_then(|(catalog, _)| catalog).ok_or_else(|| {
        Failure::new(format!("the policies in {} have mistakes", dir.display()))
            .remedy(format!("`midflow check --dir {}` shows them", dir.display()))
    })
}

/// The digest that a word names, among all catalogs that were ever active.
pub(crate) async fn digest_of(store: &dyn Store, word: &str) -> Result<Digest, Failure> {
    let activations = store.activations(u32::MAX).await.map_err(Failure::new)?;
    if word == "active" {
        let active = activations.first().map(|activation| activation.catalog);
        return active.ok_or_else(|| Failure::new("no catalog was ever active in this store"));
    }
    let digits = word.strip_prefix("sha256:").unwrap_or(word).to_ascii_lowercase();
    let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let remedy = "`midflow catalog list` shows every catalog; six digits of its name are enough";
    if !hexadecimal || digits.len() < SHORTEST_NAME {
        return Err(
            Failure::new(format!("`{word}` is neither a folder nor the name of a catalog")).remedy(remedy),
        );
    }
    let mut named: Vec<Digest> = activations
        .iter()
        .map(|activation| activation.catalog)
        .filter(|digest| hex::encode(digest.as_bytes()).starts_with(&digits))
        .collect();
    named.sort_unstable();
    named.dedup();
    match named.as_slice() {
        [digest] => Ok(*digest),
        [] => Err(Failure::new(format!("the store keeps no catalog `{word}`")).remedy(remedy)),
        _ => Err(
            Failure::new(format!("`{word}` is the beginning of several catalogs")).remedy("write more of it"),
        ),
    }
}

const DEV_STORE: &str = "midflow.db";
const SHORTEST_NAME: usize = 6;
