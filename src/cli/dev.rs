use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::anchors::AuditConfig;
use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::cassette;
use super::failure::Ending;
use super::failure::Failure;
use super::logging;
use super::node::Node;
use super::node::Socket;
use super::node::admins;
use super::node::local;
use super::node::reload_on_hangup;
use super::output;
use super::ready::Ready;
use super::running::Running;
use super::running::make_state_folder;
use super::running::state_folder;
use super::sealing::sealed_for_development;
use crate::connector::kuwait::WhenUnknown;
use crate::engine::Clock as _;
use crate::engine::Engine;
use crate::engine::EngineEvent;
use crate::engine::EngineParts;
use crate::engine::Secrets;
use crate::engine::SpoolOptions;
use crate::engine::SystemClock;
use crate::engine::Watch;
use crate::engine::random;
use crate::http;
use crate::sandbox::Authority;
use crate::sandbox::Cassette;
use crate::sandbox::Ending as CitizenEnding;
use crate::sandbox::Face;
use crate::sandbox::ReplayOptions;
use crate::sandbox::Sandbox;
use crate::sandbox::SandboxOptions;
use crate::store::Sqlite;
use crate::words::Digest;
use crate::words::Purpose;

/// `midflow dev`: everything in one process, and nothing leaves the machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Dev {
    /// The first of six ports, one a listener; 0 picks free ones
    #[arg(long, value_name = "N", default_value_t = FIRST_PORT)]
    port: u16,

    /// Where store and keys of this run are kept; `var/dev` of the policy folder without it
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,

    /// Draw the sandbox's keys, ids and codes from this seed, so that the same requests at the same times get the same
    /// answers, but for signatures by ECDSA
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// A recording that answers in the sandbox's place, again and again: what `midflow cassette record` wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "crowd", "think_ms"])]
    cassette: Option<PathBuf>,

    /// So many further citizens, all of whom approve, for `midflow load`
    #[arg(long, value_name = "N", default_value_t = 0)]
    crowd: usize,

    /// How long each of them takes, more or less
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    think_ms: u64,
}

impl Default for Dev {
    fn default() -> Self {
        Self {
            port: FIRST_PORT,
            state: None,
            seed: None,
            cassette: None,
            crowd: 0,
            think_ms: 0,
        }
    }
}

impl Dev {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        logging::start(common.format);
        runtime()?.block_on(self.serve(common))?;
        Ok(Ending::Good)
    }

    async fn serve(&self, common: &Common) -> Result<(), Failure> {
        let state = self.state.clone().unwrap_or_else(|| state_folder(&common.dir));
        let sockets = Sockets::open(self.port)?;
        make_state_folder(&state)?;
        let cassette = self.cassette.as_deref().map(cassette::read).transpose()?;
        let face = cassette.as_ref().map_or(Face::Bridge, cassette::face_of);
        if let (Some(file), Face::Template) = (&self.cassette, face) {
            return Err(Failure::new(format!(
                "{}: it was recorded over a wrapper, whose form only your own node knows",
                file.display()
            ))
            .remedy("start `midflow cassette replay` with it, and point your node at that"));
        }
        let sandbox = self.sandbox(&state, cassette).await?;
        let engine = engine(&common.dir, &state, (&sandbox, face), &sockets).await?;
        let organization = engine.catalog().organization().name.clone();
        sandbox.handle().rename_service_provider(organization);

        let key = hex::encode(random::<24>().map_err(Failure::new)?);
        let ready = sockets.ready(&sandbox, &engine, &key);
        let secrets = Secrets::open(&state.join("secrets")).map_err(Failure::new)?;
        let node = sockets.serve(&sandbox, &engine, &secrets, &key, &ready)?;
        let _watch = Watch::start(engine.clone(), &common.dir).map_err(Failure::new)?;
        reload_on_hangup(engine.clone(), common.dir.clone());
        let running = Running::of(&state);
        running
            .write(&ready)
            .map_err(|error| Failure::new(format!("can't write into {}: {error}", state.display())))?;
        match common.format {
            Format::Json => output::print(&ready.to_line()),
            Format::Text => output::print(&welcome(&ready, &engine, self.cassette.as_deref())),
        }
        if common.format == Format::Text {
            tokio::spawn(tell(engine.clone()));
        }
        let result = node.run_until_asked(&engine).await;
        sandbox.shutdown().await;
        running.remove();
        result
    }

    async fn sandbox(&self, state: &Path, cassette: Option<Cassette>) -> Result<Sandbox, Failure> {
        let mut options = SandboxOptions::new(state.join("sandbox"));
        options.bridge = local(self.port, BRIDGE);
        options.phone = local(self.port, PHONE);
        options.seed = self.seed;
        options.crowd = self.crowd;
        options.pace.think = Duration::from_millis(self.think_ms);
        options.replay = cassette.map(|cassette| ReplayOptions {
            repeat: true,
            ..ReplayOptions::new(cassette)
        });
        let started = Authority::start(options).await;
        started.map_err(|error| match &self.cassette {
            Some(file) => cassette::not_played(file, error),
            None => Failure::new(error),
        })
    }
}

/// The sockets of everything but the sandbox, which opens its own.
struct Sockets {
    console: Socket,
    demo: Socket,
    api: Socket,
    callback: Socket,
}

impl Sockets {
    fn open(first: u16) -> Result<Self, Failure> {
        let busy = |failure: Failure| {
            failure.remedy("give other ports with `midflow dev --port N`, or --port 0 for free ones")
        };
        Ok(Self {
            console: Socket::open("the console", local(first, CONSOLE)).map_err(busy)?,
            demo: Socket::open("the demo", local(first, DEMO)).map_err(busy)?,
            api: Socket::open("the API", local(first, API)).map_err(busy)?,
            callback: Socket::open("the callback listener", local(first, CALLBACK)).map_err(busy)?,
        })
    }

    fn callback_url(&self) -> String {
        format!("https://{}", self.callback.address)
    }

    fn ready(&self, sandbox: &Sandbox, engine: &Engine, key: &str) -> Ready {
        let plain = |socket: &Socket| Some(format!("http://{}", socket.address));
        Ready {
            ready: true,
            api: plain(&self.api),
            callback: Some(self.callback_url()),
            sandbox: Some(sandbox.bridge_url()),
            phone: Some(sandbox.phone_url()),
            console: plain(&self.console),
            demo: plain(&self.demo),
            key: Some(key.to_owned()),
            catalog: Some(engine.catalog().digest().to_string()),
            webhook_key: Some(engine.webhook_public_key()),
        }
    }

    fn serve(
        self,
        sandbox: &Sandbox,
        engine: &Engine,
        secrets: &Secrets,
        key: &str,
        ready: &Ready,
    ) -> Result<Node, Failure> {
        let flows: Arc<dyn http::Flows> = Arc::new(engine.clone());
        let url = |url: &Option<String>| url.clone().unwrap_or_default();
        let page_key: [u8; 32] = random().map_err(Failure::new)?;
        let api = http::ApiSettings {
            keys: http::ApiKeys::new([http::ApiKey {
                client: "demo".to_owned(),
                digest: Digest::of(key.as_bytes()),
            }]),
            public_base: url(&ready.api),
            page_key: http::PageKey::new(&page_key),
            development: true,
        };
        let example = sandbox
            .handle()
            .citizens()
            .iter()
            .find(|citizen| citizen.ending == CitizenEnding::Free)
            .map(|citizen| citizen.civil_no.expose(Purpose::Citizen).to_owned());
        let demo = http::DemoSettings {
            api_base: url(&ready.api),
            key: SecretString::from(key),
            public_base: url(&ready.demo),
            phone_url: ready.phone.clone(),
            console_url: ready.console.clone(),
            example_civil_no: example,
            clock: http::PageClock::system(),
        };
        let console = http::ConsoleSettings {
            public_base: ready.console.clone(),
            admins: admins(secrets),
        };
        let identity = sandbox.handle().sp_settings().callback_server;
        let tls = http::callback_tls(
            identity.chain_pem().as_bytes(),
            identity.key_pem().as_bytes(),
            SystemClock.now(),
        )
        .map_err(Failure::new)?;
        let mut node = Node::new()?;
        node.serve(self.api, http::api(Arc::clone(&flows), api), None);
        node.serve(self.callback, http::callback(Arc::clone(&flows)), Some(tls));
        node.serve(self.console, http::console(Arc::clone(&flows), console), None);
        let demo = http::demo(flows, demo).map_err(Failure::new)?;
        node.serve(self.demo, demo, None);
        Ok(node)
    }
}

async fn engine(
    folder: &Path,
    state: &Path,
    (sandbox, face): (&Sandbox, Face),
    sockets: &Sockets,
) -> Result<Engine, Failure> {
    let callback_base_url = sockets.callback_url();
    sandbox
        .handle()
        .register_callback_base(&callback_base_url)
        .map_err(Failure::new)?;
    let connector = sandbox
        .handle()
        .sp_settings()
        .connector_with_lists_and_responder(face, WhenUnknown::Refuse, SystemClock.now())
        .map_err(Failure::new)?;
    connector.refresh_lists(SystemClock.now()).await;
    connector.keep_lists_fresh(|| SystemClock.now());
    let store = Sqlite::open(state.join("midflow.db"))
        .await
        .map_err(Failure::new)?;
    let secrets = Secrets::open(&state.join("secrets")).map_err(Failure::new)?;
    let store = sealed_for_development(store, state).await?;
    let mut parts = EngineParts::new(folder, store, connector, secrets);
    parts.anchors = AuditConfig::develop(state, &sandbox.handle().sp_settings())?.anchors()?;
    parts.options.callback_base_url = callback_base_url;
    parts.options.spool = Some(SpoolOptions {
        size: 4 << 20,
        ..SpoolOptions::new(state.join("spool"))
    });
    Engine::start(parts).await.map_err(Failure::new)
}

fn welcome(ready: &Ready, engine: &Engine, cassette: Option<&Path>) -> String {
    let url = |url: &Option<String>| url.clone().unwrap_or_default();
    let catalog = engine.catalog();
    let recorded = cassette.map_or_else(String::new, |file| {
        format!(
            "\n  answers   those of {}, again and again; a replayed stamp is the sandbox's",
            file.display()
        )
    });
    format!(
        "midflow {version}  sandbox: no real authority is reached, nothing leaves this machine\n\
         \n  demo      {demo}/     an e-service that uses your policies: begin here\
         \n  phone     {phone}/     the phone of the sandbox's citizens\
         \n  console   {console}/     every flow, live, as it was recorded\
         \n  api       {api}/v1   key {key}\
         \n  callback  {callback}\
         \n  catalog   {digest}  {services}{recorded}\n\
         \nEdit a file in policies/ or scripts/ and save: it is active at once, or refused with the reason.\n\
         Stop with Ctrl-C.",
        version = env!("CARGO_PKG_VERSION"),
        demo = url(&ready.demo),
        phone = url(&ready.phone),
        console = url(&ready.console),
        api = url(&ready.api),
        key = url(&ready.key),
        callback = url(&ready.callback),
        digest = catalog.digest().short(),
        services = output::counted(catalog.services().len(), "service"),
    )
}

/// Tells in the terminal what happens to flows and catalogs.
async fn tell(engine: Engine) {
    let mut events = engine.subscribe();
    while let Ok(event) = events.recv().await {
        match event {
            EngineEvent::CatalogActivated { catalog } => {
                output::print(&format!(
                    "catalog   {}  active{}",
                    catalog.short(),
                    unused(&engine)
                ));
            }
            EngineEvent::CatalogRefused { diagnostics } => {
                output::print(&format!(
                    "{diagnostics}\n\ncatalog   refused; the one before stays active"
                ));
            }
            EngineEvent::Flow { flow, ended: true } => {
                output::print(&format!("flow      {flow}  ended"));
            }
            EngineEvent::Flow { .. } => {}
        }
    }
}

/// A script that was saved and that no service names does nothing, which is easily missed.
fn unused(engine: &Engine) -> String {
    let catalog = engine.catalog();
    let line = |script| {
        format!(
            "\n          no service uses {script}: name it in one with `script`, or move it to scripts/lib/"
        )
    };
    catalog.unused_scripts().into_iter().map(line).collect()
}

const FIRST_PORT: u16 = 8080;
const CONSOLE: u16 = 0;
const PHONE: u16 = 1;
const DEMO: u16 = 2;
const API: u16 = 3;
const CALLBACK: u16 = 4;
const BRIDGE: u16 = 5;
