use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use midflow::engine::CallbackReceipt;
use midflow::engine::Engine;
use midflow::engine::EngineOptions;
use midflow::engine::EngineParts;
use midflow::engine::FlowView;
use midflow::engine::Problem;
use midflow::engine::Secrets;
use midflow::engine::StartFlow;
use midflow::engine::Started;
use midflow::store::Store;
use midflow::words::CivilNo;
use midflow::words::FlowId;

use super::authority::ToldAuthority;
use super::clock::HandClock;
use super::store::sealed_store;

/// An engine over a real store in a folder of its own.
pub struct TestNode {
    pub engine: Engine,
    pub authority: Arc<ToldAuthority>,
    pub clock: Arc<HandClock>,
    pub folder: PathBuf,
    pub state: PathBuf,
    _temporary: tempfile::TempDir,
}

/// The policies of this repository.
pub fn served_policies() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A person that the tests ask, and that nobody is.
pub const PERSON: &str = "399123100017";

impl TestNode {
    pub async fn start() -> Self {
        Self::with_policies(&served_policies()).await
    }

    pub async fn with_policies(folder: &Path) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let (authority, clock) = (Arc::new(ToldAuthority::new()), Arc::new(HandClock::new()));
        let state = temporary.path().to_path_buf();
        let engine = open(folder, &state, &authority, &clock).await;
        Self {
            engine,
            authority,
            clock,
            folder: folder.to_path_buf(),
            state,
            _temporary: temporary,
        }
    }

    /// Stops the engine and starts another over the same store.
    pub async fn restart(&mut self) {
        self.engine.shutdown().await;
        self.authority = Arc::new(ToldAuthority::new());
        self.engine = open(&self.folder, &self.state, &self.authority, &self.clock).await;
    }

    pub async fn ask(&self) -> Started {
        self.try_ask(licence_renewal()).await.unwrap()
    }

    pub async fn try_ask(&self, ask: StartFlow) -> Result<Started, Problem> {
        self.engine.start_flow(ask).await
    }

    pub async fn callback(&self, token: &str, body: &str) -> CallbackReceipt {
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.engine.callback(token, "192.0.2.1".to_owned(), body).await
    }

    /// The flow once it has ended.
    pub async fn ended(&self, flow: FlowId) -> FlowView {
        let view = self
            .engine
            .wait(CLIENT, flow, Duration::from_secs(20))
            .await
            .unwrap();
        assert!(view.ended, "the flow has not ended");
        view
    }

    /// The kinds of records of a flow, in the order of the log.
    pub async fn kinds(&self, flow: FlowId) -> Vec<String> {
        let timeline = self.engine.timeline(flow).await.unwrap();
        timeline.into_iter().map(|entry| entry.kind).collect()
    }
}

async fn open(folder: &Path, state: &Path, authority: &Arc<ToldAuthority>, clock: &Arc<HandClock>) -> Engine {
    let store = Arc::new(sealed_store(state).await);
    engine_over(store, (folder, state), authority, clock).await
}

/// An engine over a store of the test's making: policies in one folder, secrets in another.
pub async fn engine_over(
    store: Arc<dyn Store>,
    (folder, state): (&Path, &Path),
    authority: &Arc<ToldAuthority>,
    clock: &Arc<HandClock>,
) -> Engine {
    let connector: Arc<ToldAuthority> = Arc::clone(authority);
    let clock: Arc<HandClock> = Arc::clone(clock);
    Engine::start(EngineParts {
        folder: folder.to_path_buf(),
        store,
        connector,
        secrets: Arc::new(Secrets::open(&state.join("secrets")).unwrap()),
        clock,
        options: EngineOptions {
            callback_base_url: "https://callback.example/".to_owned(),
            ..EngineOptions::default()
        },
        notify_roots: Vec::new(),
        gates: Vec::new(),
        settings: None,
        anchors: Vec::new(),
    })
    .await
    .unwrap()
}

/// The client that the tests are.
pub const CLIENT: &str = "portal";

/// A request that every policy is happy with.
pub fn licence_renewal() -> StartFlow {
    let person = CivilNo::parse(PERSON).unwrap();
    StartFlow::push(CLIENT, "licence-renewal", person).input("licence", "1234567")
}
