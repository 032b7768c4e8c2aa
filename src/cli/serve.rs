use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::Value;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::config::Config;
use super::config::ConnectorConfig;
use super::config::Listener;
use super::config::TlsFiles;
use super::failure::Ending;
use super::failure::Failure;
use super::logging;
use super::node::Node;
use super::node::Socket;
use super::node::admins;
use super::node::reload_on_hangup;
use super::output;
use super::ready::Ready;
use super::sealing::sealed;
use super::settings::SettingsFile;
use crate::connector::Connector;
use crate::connector::kuwait::Kuwait;
use crate::engine::ApplicationAsk;
use crate::engine::CatalogGate;
use crate::engine::Clock as _;
use crate::engine::DualControl;
use crate::engine::Engine;
use crate::engine::EngineOptions;
use crate::engine::EngineParts;
use crate::engine::ReplayGate;
use crate::engine::Rights;
use crate::engine::RightsAsk;
use crate::engine::RightsError;
use crate::engine::Secrets;
use crate::engine::StoreClock;
use crate::engine::SystemClock;
use crate::engine::TestGate;
use crate::engine::Watch;
use crate::http;
use crate::store::Store;
use crate::words::Environment;
use crate::words::Timestamp;

/// `midflow serve`: the engine for real.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// How this node runs: environment, store, listeners, connector, clients
    #[arg(long, value_name = "FILE", default_value = "midflow.yaml")]
    config: PathBuf,
}

impl Serve {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        logging::start(common.format);
        let config = Config::read(&self.config)?;
        runtime()?.block_on(serve(&config, &self.config, common))?;
        Ok(Ending::Good)
    }
}

async fn serve(config: &Config, file: &Path, common: &Common) -> Result<(), Failure> {
    let development = config.environment == Environment::Development;
    let api = Socket::open("the API", config.listeners.api.address)?;
    let callback = Socket::open("the callback listener", config.listeners.callback.address)?;
    let console = match &config.listeners.console {
        Some(console) => Some((Socket::open("the console", console.address)?, console)),
        None => None,
    };
    let api_tls = tls_of(&config.listeners.api)?;
    let callback_tls = match &config.listeners.callback.tls {
        Some(files) => load_tls(files, http::callback_tls)?,
        None => return Err(Failure::new("`listeners.callback` has no `tls`")),
    };

    let store = config.store.open().await?;
    let store: Arc<dyn Store> = Arc::new(sealed(store, &config.keys, config.environment).await?);
    let secrets = Arc::new(Secrets::open(&config.secrets).map_err(Failure::new)?);
    let page_key = secrets.page_key();
    let admins = admins(&secrets);
    let gates = gates(config, &store);
    let engine = Engine::start(EngineParts {
        folder: common.dir.clone(),
        clock: Arc::new(StoreClock::of(Arc::clone(&store))),
        store,
        connector: connector(config).await?,
        secrets,
        options: EngineOptions {
            environment: config.environment,
            notify_hosts: config.notify_hosts.clone(),
            spool: Some(config.spool()),
            administrators: config.administrators()?,
            ..EngineOptions::default()
        },
        notify_roots: Vec::new(),
        gates,
        settings: Some(Arc::new(SettingsFile::at(file))),
        anchors: config.audit.anchors()?,
    })
    .await
    .map_err(Failure::new)?;

    let flows: Arc<dyn http::Flows> = Arc::new(engine.clone());
    let mut node = Node::new()?;
    let api_url = public_url(&config.listeners.api, &api);
    let settings = http::ApiSettings {
        keys: http::ApiKeys::new(config.clients.iter().map(|client| http::ApiKey {
            client: client.name.clone(),
            digest: client.key,
        })),
        public_base: api_url.clone(),
        page_key: http::PageKey::new(&page_key),
        development,
    };
    let callback_url = public_url(&config.listeners.callback.listener(), &callback);
    node.serve(api, http::api(Arc::clone(&flows), settings), api_tls);
    let callbacks = http::callback_from(Arc::clone(&flows), config.listeners.callback.callers()?);
    node.serve(callback, callbacks, Some(callback_tls));
    let console_url = match console {
        Some((socket, listener)) => {
            let (url, tls) = (public_url(listener, &socket), tls_of(listener)?);
            let settings = http::ConsoleSettings {
                public_base: Some(url.clone()),
                admins,
            };
            node.serve(socket, http::console(flows, settings), tls);
            Some(url)
        }
        None => None,
    };
    if matches!(config.dual_control()?, DualControl::Nobody) {
        tracing::warn!(
            "`administrators` is empty: nothing that takes two persons is done, see docs/personal-data.md"
        );
    }
    let watch = Watch::start(engine.clone(), &common.dir);
    if let Err(error) = &watch {
        tracing::warn!(%error, "files are not watched");
    }
    reload_on_hangup(engine.clone(), common.dir.clone());
    tokio::spawn(retention_by_night(engine.clone()));
    let ready = Ready {
        ready: true,
        api: Some(api_url),
        callback: Some(callback_url),
        console: console_url,
        catalog: Some(engine.catalog().digest().to_string()),
        webhook_key: Some(engine.webhook_public_key()),
        ..Ready::default()
    };
    match common.format {
        Format::Json => output::print(&ready.to_line()),
        Format::Text => output::print(&announcement(&ready, config)),
    }
    node.run_until_asked(&engine).await
}

/// Every night: erases what the services no longer need, and writes down what silence has decided on applications.
async fn retention_by_night(engine: Engine) {
    loop {
        let night = next_night(SystemClock.now());
        SystemClock.sleep_until(night).await;
        let ask = RightsAsk::Retention {
            dry_run: false,
            by: "retention".to_owned(),
        };
        match engine.rights().carry_out(ask).await {
            Ok(_) => tracing::info!("what the services no longer need is erased"),
            Err(error) => tracing::error!(%error, "the retention run failed; the next one is tomorrow"),
        }
        match clocks_by_night(&engine.rights()).await {
            Ok(None) => {}
            Ok(Some(told)) => {
                let count = |name: &str| told[name].as_array().map_or(0, Vec::len);
                let (lapsed, due_soon) = (count("lapsed"), count("due_soon"));
                if lapsed + due_soon > 0 {
                    tracing::warn!(
                        lapsed,
                        due_soon,
                        "applications about personal data want looking at: `midflow subject request list`"
                    );
                }
            }
            Err(error) => tracing::error!(%error, "the clocks of the applications could not be looked at"),
        }
    }
}

/// What silence has decided; on several nodes one does it for all.
async fn clocks_by_night(rights: &Rights) -> Result<Option<Value>, RightsError> {
    if !rights.leads().await? {
        return Ok(None);
    }
    let ask = RightsAsk::Application(ApplicationAsk::Clocks {
        by: "clock".to_owned(),
    });
    rights.carry_out(ask).await.map(Some)
}

/// The next 02:00 of Kuwait, which is three hours ahead of UTC all year.
fn next_night(now: Timestamp) -> Timestamp {
    const DAY: i64 = 86_400_000_000;
    const NIGHT: i64 = 23 * 3_600_000_000;
    let today = now.as_micros().div_euclid(DAY) * DAY;
    let night = today + NIGHT;
    Timestamp::from_micros(if night > now.as_micros() {
        night
    } else {
        night + DAY
    })
}

/// What a changed catalog has to pass before it is active on this node.
fn gates(config: &Config, store: &Arc<dyn Store>) -> Vec<Arc<dyn CatalogGate>> {
    let mut gates: Vec<Arc<dyn CatalogGate>> = Vec::new();
    if config.reload.tests {
        gates.push(Arc::new(TestGate));
    }
    if !config.reload.replay.is_empty() {
        let pinned = config.reload.replay.clone();
        gates.push(Arc::new(ReplayGate::new(Arc::clone(store), pinned)));
    }
    gates
}

async fn connector(config: &Config) -> Result<Arc<dyn Connector>, Failure> {
    let ConnectorConfig::Kuwait(settings) = &config.connector;
    let connector = Kuwait::open(settings, SystemClock.now()).map_err(Failure::new)?;
    // Before the first answer, so that none is refused for want of a list.
    connector.refresh_lists(SystemClock.now()).await;
    connector.keep_lists_fresh(|| SystemClock.now());
    Ok(Arc::new(connector))
}

pub(super) type MakeTls = fn(&[u8], &[u8], crate::words::Timestamp) -> Result<ServerConfig, http::TlsError>;

fn tls_of(listener: &Listener) -> Result<Option<ServerConfig>, Failure> {
    listener
        .tls
        .as_ref()
        .map(|files| load_tls(files, http::public_tls))
        .transpose()
}

pub(super) fn load_tls(files: &TlsFiles, make: MakeTls) -> Result<ServerConfig, Failure> {
    let read = |path: &Path| {
        fs::read(path).map_err(|error| Failure::new(format!("can't read {}: {error}", path.display())))
    };
    let (certificate, key) = (read(&files.certificate)?, read_key(&files.key)?);
    make(&certificate, &key, SystemClock.now())
        .map_err(|error| Failure::new(format!("{}: {error}", files.certificate.display())))
}

/// R000-064: a key that others can read is not used.
fn read_key(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::os::unix::fs::PermissionsExt as _;
    let fault = |error| Failure::new(format!("can't read {}: {error}", path.display()));
    let mode = fs::metadata(path).map_err(fault)?.permissions().mode();
    if mode & 0o077 != 0 {
        let message = format!("the key {} can be read by others", path.display());
        return Err(Failure::new(message).remedy(format!("chmod 600 {}", path.display())));
    }
    fs::read(path).map_err(fault)
}

fn public_url(listener: &Listener, socket: &Socket) -> String {
    let scheme = if listener.tls.is_some() { "https" } else { "http" };
    let url = listener.public_url.clone();
    url.unwrap_or_else(|| format!("{scheme}://{}", socket.address))
        .trim_end_matches('/')
        .to_owned()
}

fn announcement(ready: &Ready, config: &Config) -> String {
    let mut lines = vec![format!("midflow serves `{}`", config.environment)];
    for (name, value) in [
        ("api", &ready.api),
        ("callback", &ready.callback),
        ("console", &ready.console),
        ("catalog", &ready.catalog),
        ("webhook", &ready.webhook_key),
    ] {
        if let Some(value) = value {
            lines.push(format!("  {name:9} {value}"));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_at_two_in_kuwait() {
        for (now, night) in [
            ("2026-11-27T12:00:00Z", "2026-11-27T23:00:00Z"),
            ("2026-11-27T22:59:59Z", "2026-11-27T23:00:00Z"),
            ("2026-11-27T23:00:00Z", "2026-11-28T23:00:00Z"),
        ] {
            let moment = |text| Timestamp::parse(text).unwrap();
            assert_eq!(next_night(moment(now)), moment(night), "{now}");
        }
    }
}
