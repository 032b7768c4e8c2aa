use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use super::anchors::AuditConfig;
use super::failure::Failure;
use super::sealing::KeysConfig;
use super::store::StoreConfig;
use crate::audit::Administrators;
use crate::connector::kuwait::KuwaitSettings;
use crate::engine::DualControl;
use crate::engine::SpoolOptions;
use crate::http::CallbackSources;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::FlowId;

/// How a node runs: `midflow.yaml`. Never part of the catalog, and never holds a secret, only where one is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The version of this format; 1.
    pub(crate) midflow: u8,
    /// The environment that this node serves.
    pub(crate) environment: Environment,
    /// Where flows, records and catalogs are kept.
    pub(crate) store: StoreConfig,
    /// The folder of the node's own secrets; made at the first start.
    pub(crate) secrets: PathBuf,
    /// The key that wraps the keys of the store.
    pub(crate) keys: KeysConfig,
    /// Who listens where.
    pub(crate) listeners: Listeners,
    /// Who answers.
    pub(crate) connector: ConnectorConfig,
    /// The e-services that may call the API.
    pub(crate) clients: Vec<Client>,
    /// Hosts that outcome notices may go to.
    #[serde(default)]
    pub(crate) notify_hosts: Vec<String>,
    /// What a changed catalog has to pass before it is active.
    #[serde(default)]
    pub(crate) reload: ReloadConfig,
    /// Where checkpoints of the log are carried.
    #[serde(default)]
    pub(crate) audit: AuditConfig,
    /// Where callbacks wait while the store can't be written.
    #[serde(default)]
    spool: SpoolConfig,
    /// The public keys of those who sign what takes two persons.
    #[serde(default)]
    administrators: Vec<String>,
}

/// Where callbacks wait while the store can't be written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpoolConfig {
    /// The folder; `spool` beside that of the secrets without it.
    #[serde(default)]
    folder: Option<PathBuf>,
    /// How much room they have, in MiB.
    #[serde(default)]
    size_mb: Option<NonZeroU16>,
}

/// What a changed catalog has to pass before it is active, besides its own checks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReloadConfig {
    /// Whether the tests beside the services that were touched have to pass.
    pub(crate) tests: bool,
    /// Recorded flows that it has to decide as they were decided.
    pub(crate) replay: Vec<FlowId>,
}

impl Default for ReloadConfig {
    fn default() -> Self {
        Self {
            tests: true,
            replay: Vec::new(),
        }
    }
}

/// Who listens where.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listeners {
    /// The API of the e-services, with health and metrics.
    pub(crate) api: Listener,
    /// What the authority calls; TLS 1.3 always.
    pub(crate) callback: CallbackListener,
    /// The console; none without it.
    #[serde(default)]
    pub(crate) console: Option<Listener>,
}

/// One listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Listener {
    /// Address and port.
    pub(crate) address: SocketAddr,
    /// The URL under which others reach it; made from the address without it.
    #[serde(default)]
    pub(crate) public_url: Option<String>,
    /// Its certificate. May be left out on loopback addresses only.
    #[serde(default)]
    pub(crate) tls: Option<TlsFiles>,
}

/// What the authority calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallbackListener {
    /// Address and port.
    pub(crate) address: SocketAddr,
    /// The URL under which the authority reaches it; made from the address without it.
    #[serde(default)]
    pub(crate) public_url: Option<String>,
    /// Its certificate; it has to have one.
    #[serde(default)]
    pub(crate) tls: Option<TlsFiles>,
    /// The addresses and networks that the authority calls from; anybody without it.
    #[serde(default)]
    sources: Option<Vec<String>>,
    /// The proxies of ours whose `X-Forwarded-For` counts.
    #[serde(default)]
    proxies: Vec<String>,
}

impl CallbackListener {
    /// Who may call it (R000-065).
    pub(crate) fn callers(&self) -> Result<CallbackSources, Failure> {
        let Some(sources) = &self.sources else {
            return if self.proxies.is_empty() {
                Ok(CallbackSources::any())
            } else {
                Err(
                    Failure::new("`listeners.callback.proxies` says nothing without `sources`")
                        .remedy("name the authority's addresses in `sources`"),
                )
            };
        };
        let (sources, proxies) = (sources.iter(), self.proxies.iter());
        CallbackSources::only(sources.map(String::as_str), proxies.map(String::as_str))
            .map_err(|error| Failure::new(format!("`listeners.callback`: {error}")))
    }

    /// The same as a listener like others.
    pub(crate) fn listener(&self) -> Listener {
        Listener {
            address: self.address,
            public_url: self.public_url.clone(),
            tls: self.tls.clone(),
        }
    }
}

/// A certificate and its key, PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsFiles {
    /// The certificate and its intermediates, the certificate first.
    pub(crate) certificate: PathBuf,
    /// The private key; readable by its owner only.
    pub(crate) key: PathBuf,
}

/// Who answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum ConnectorConfig {
    /// Kuwait Mobile ID over the bridge.
    Kuwait(Box<KuwaitSettings>),
}

/// An e-service that may call the API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Client {
    /// Its name; its flows belong to this name.
    pub(crate) name: String,
    /// SHA-256 of its key, `sha256:` and 64 hexadecimal digits.
    pub(crate) key: Digest,
}

impl Config {
    /// Reads the file; paths in it count from its folder.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::new(format!("can't read {}: {error}", path.display()))
                .remedy("name the configuration with --config FILE; docs/configuration.md shows one")
        })?;
        let mut config = Self::parse(&text).map_err(|why| {
            Failure::new(format!("{}: {why}", path.display()))
                .remedy("docs/configuration.md explains every key")
        })?;
        config.resolve(path.parent().unwrap_or(Path::new(".")));
        config.check()?;
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())
    }

    /// Where callbacks wait while the store can't be written.
    pub(crate) fn spool(&self) -> SpoolOptions {
        let beside = || self.secrets.parent().unwrap_or(Path::new(".")).join("spool");
        let mut options = SpoolOptions::new(self.spool.folder.clone().unwrap_or_else(beside));
        if let Some(size) = self.spool.size_mb {
            options.size = u64::from(size.get()) << 20;
        }
        options
    }

    /// Who signs what takes two persons (R003-75).
    pub(crate) fn administrators(&self) -> Result<Option<Administrators>, Failure> {
        if self.administrators.is_empty() {
            return Ok(None);
        }
        Administrators::read(&self.administrators)
            .map(Some)
            .map_err(|error| Failure::new(format!("`administrators`: {error}")))
    }

    /// How the node knows that two persons want what takes two.
    pub(crate) fn dual_control(&self) -> Result<DualControl, Failure> {
        Ok(DualControl::of(self.administrators()?, self.environment))
    }

    fn resolve(&mut self, folder: &Path) {
        self.store.resolve(folder);
        self.secrets = folder.join(&self.secrets);
        if let Some(path) = &mut self.spool.folder {
            *path = folder.join(&path);
        }
        self.audit.resolve(folder);
        self.keys.resolve(folder);
        let ConnectorConfig::Kuwait(kuwait) = &mut self.connector;
        kuwait.count_from(folder);
        let all = [
            self.listeners.api.tls.as_mut(),
            self.listeners.callback.tls.as_mut(),
            self.listeners
                .console
                .as_mut()
                .and_then(|console| console.tls.as_mut()),
        ];
        for tls in all.into_iter().flatten() {
            tls.certificate = folder.join(&tls.certificate);
            tls.key = folder.join(&tls.key);
        }
    }

    fn check(&self) -> Result<(), Failure> {
        if self.midflow != 1 {
            return Err(
                Failure::new(format!("`midflow: {}` is no known version", self.midflow))
                    .remedy("write `midflow: 1`"),
            );
        }
        self.store.check()?;
        if self.clients.is_empty() {
            return Err(
                Failure::new("`clients` is empty, so nobody could call the API").remedy(CLIENT_REMEDY)
            );
        }
        // R000-066: the authority is answered over TLS 1.3 and nothing else.
        if self.listeners.callback.tls.is_none() {
            return Err(
                Failure::new("`listeners.callback` has no `tls`").remedy("name its certificate and key")
            );
        }
        // R000-065: in production the addresses of the authority are known, and nobody else has business here.
        let unnamed = self.listeners.callback.sources.is_none();
        if unnamed && matches!(self.environment, Environment::Production | Environment::Dr) {
            return Err(Failure::new("`listeners.callback` takes callbacks from anywhere").remedy(
                "name the authority's addresses in `listeners.callback.sources`; `[0.0.0.0/0, \"::/0\"]` if a firewall \
                 of yours does this",
            ));
        }
        self.listeners.callback.callers()?;
        self.administrators()?;
        let open = [
            ("api", Some(&self.listeners.api)),
            ("console", self.listeners.console.as_ref()),
        ];
        for (name, listener) in open {
            if let Some(listener) = listener
                && listener.tls.is_none()
                && !listener.address.ip().is_loopback()
            {
                let message = format!(
                    "`listeners.{name}` would speak plain HTTP on {}",
                    listener.address
                );
                return Err(Failure::new(message)
                    .remedy("give it `tls`, or a loopback address behind a proxy of yours"));
            }
        }
        // The console has no accounts yet, so it stays where only this machine reaches it.
        match &self.listeners.console {
            Some(console) if !console.address.ip().is_loopback() => Err(Failure::new(format!(
                "`listeners.console` would be reachable on {}",
                console.address
            ))
            .remedy("give it a loopback address; reach it through a tunnel")),
            _ => Ok(()),
        }
    }
}

const CLIENT_REMEDY: &str =
    "add an entry: `{ name: portal, key: \"sha256:…\" }`, the SHA-256 of a random key";

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../docs/configuration.md");

    /// The example of the documentation, so that it stays true.
    fn good() -> &'static str {
        let (_, after) = PAGE.split_once("```yaml\n").unwrap();
        after.split_once("```").unwrap().0
    }

    fn fault(text: &str) -> String {
        match Config::parse(text) {
            Ok(config) => config.check().unwrap_err().message,
            Err(why) => why,
        }
    }

    #[test]
    fn the_example_is_read() {
        let config = Config::parse(good()).unwrap();
        config.check().unwrap();
        assert_eq!(config.environment, Environment::Test);
    }

    // R000-062, R000-066, R000-152: no plain HTTP beyond this machine, TLS for the authority always.
    #[test]
    fn what_would_be_unsafe_is_refused() {
        for (from, to, expected) in [
            ("127.0.0.1:8083", "0.0.0.0:8083", "plain HTTP"),
            ("127.0.0.1:8080", "0.0.0.0:8080", "plain HTTP"),
            (
                ", tls: { certificate: tls/callback.pem, key: tls/callback.key }",
                "",
                "has no `tls`",
            ),
            ("midflow: 1", "midflow: 2", "no known version"),
            // R000-065
            ("environment: test ", "environment: production ", "from anywhere"),
            (
                "tls/callback.key } }",
                "tls/callback.key }, sources: [mid.example] }",
                "is no network",
            ),
            (
                "tls/callback.key } }",
                "tls/callback.key }, proxies: [10.0.0.1] }",
                "without `sources`",
            ),
        ] {
            let message = fault(&good().replace(from, to));
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn a_mistake_has_its_place() {
        let message = fault(&good().replace("secrets:", "secretz:"));
        assert!(
            message.contains("secretz") && message.contains("line 4"),
            "{message}"
        );
    }

    #[test]
    fn paths_count_from_the_file() {
        let mut config = Config::parse(good()).unwrap();
        config.resolve(Path::new("/etc/midflow"));
        assert_eq!(config.secrets, PathBuf::from("/etc/midflow/var/secrets"));
        assert_eq!(config.spool().folder, PathBuf::from("/etc/midflow/var/spool"));
        let named = format!("{}spool: {{ folder: /mnt/other, size_mb: 256 }}\n", good());
        let mut config = Config::parse(&named).unwrap();
        config.resolve(Path::new("/etc/midflow"));
        assert_eq!(config.spool().folder, PathBuf::from("/mnt/other"));
        assert_eq!(config.spool().size, 256 << 20);
    }

    // A `file:` of the connector counted from the folder in which midflow was started.
    #[test]
    fn files_of_the_connector_count_from_the_file_too() {
        let login = "{ name: \"file:secrets/name\", password: \"file:/run/secrets/wrapper\" }";
        let transports = [
            "bridge".to_owned(),
            format!("{{ soap: {{ path: MIDWrapper.svc, login: {login} }} }}"),
            format!("{{ gateway: {{ login: {login}, answers: {{ stamped: /callback }} }} }}"),
            format!(
                "{{ template: {{ paths: {{ auth_push: push }}, casing: camel, envelope: \"\", success: {{ pointer: /status, \
                 values: [ok] }}, request_id: /id, login: {login} }} }}"
            ),
        ];
        for transport in transports {
            let text = good().replace("transport: bridge ", &format!("transport: {transport} "));
            let mut config = Config::parse(&text).unwrap();
            config.resolve(Path::new("/etc/midflow"));
            let ConnectorConfig::Kuwait(kuwait) = &config.connector;
            let written = serde_json::to_string(kuwait).unwrap();
            let files: Vec<&str> = written.split("file:").skip(1).collect();
            assert!(files.len() >= 4, "{written}");
            assert!(files.iter().all(|file| file.starts_with('/')), "{written}");
            assert!(written.contains("file:/etc/midflow/tls/sp.key"), "{written}");
            let has_login = transport != "bridge";
            assert_eq!(
                written.contains("file:/etc/midflow/secrets/name"),
                has_login,
                "{written}"
            );
            assert_eq!(
                written.contains("file:/run/secrets/wrapper"),
                has_login,
                "{written}"
            );
        }
    }
}
