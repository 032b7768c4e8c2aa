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
use midflow::engine::Secrets;
use midflow::engine::StartFlow;
use midflow::engine::Started;
use midflow::engine::TimelineEntry;
use midflow::http;
use midflow::sandbox::Authority;
use midflow::sandbox::Cassette;
use midflow::sandbox::Citizen;
use midflow::sandbox::Face;
use midflow::sandbox::ReplayOptions;
use midflow::sandbox::Sandbox;
use midflow::sandbox::SandboxHandle;
use midflow::sandbox::SandboxOptions;
use midflow::sandbox::StampAlgorithm;
use midflow::store::Sealed;
use midflow::store::Sqlite;
use midflow::words::CivilNo;
use midflow::words::FlowId;
use midflow::words::Purpose;
use tempfile::TempDir;

use super::clock::HandClock;
use super::node::CLIENT;
use super::notary::Notary;
use super::policy_folder;
use super::store::sealed_store;
use super::witness::Witness;

/// A whole node as it is operated: the engine with the real connector over mutual TLS, its callback listener over
/// TLS 1.3, and the sandbox as the authority. Only the time is made; everybody shares one clock.
pub struct FullNode {
    pub engine: Engine,
    pub store: Arc<Sealed<Sqlite>>,
    pub sandbox: Sandbox,
    pub authority: SandboxHandle,
    pub connector: Arc<Witness>,
    pub clock: Arc<HandClock>,
    /// Holds `policies/` and `scripts/`; to be edited at will.
    pub folder: PathBuf,
    state: TempDir,
    _policies: TempDir,
}

impl FullNode {
    /// Starts with so many citizens beside the named ones.
    pub async fn start(crowd: usize, stamp: StampAlgorithm) -> Self {
        let policies = policy_folder::with_wide_limits();
        let folder = policies.path().to_path_buf();
        Self::over(policies, &folder, crowd, stamp).await
    }

    /// Starts with another way to the authority than the bridge.
    pub async fn through(face: Face, crowd: usize, stamp: StampAlgorithm) -> Self {
        let policies = policy_folder::with_wide_limits();
        let folder = policies.path().to_path_buf();
        Self::over_face(policies, &folder, crowd, (stamp, face, None)).await
    }

    /// Starts with a recorded authority, over the transport that was recorded.
    pub async fn replaying(cassette: Cassette, face: Face, crowd: usize) -> Self {
        let policies = policy_folder::with_wide_limits();
        let folder = policies.path().to_path_buf();
        let stamp = StampAlgorithm::EcdsaP256;
        Self::over_face(policies, &folder, crowd, (stamp, face, Some(cassette))).await
    }

    /// Starts over policies that stand somewhere below a folder of the test's making.
    pub async fn over(policies: TempDir, folder: &Path, crowd: usize, stamp: StampAlgorithm) -> Self {
        Self::over_face(policies, folder, crowd, (stamp, Face::Bridge, None)).await
    }

    async fn over_face(
        policies: TempDir,
        folder: &Path,
        crowd: usize,
        (stamp, face, cassette): (StampAlgorithm, Face, Option<Cassette>),
    ) -> Self {
        let state = tempfile::tempdir().unwrap();
        // Certificates are checked by the machine's clock, so ours begins where that one is.
        let now = midflow::engine::Clock::now(&midflow::engine::SystemClock);
        let clock = Arc::new(HandClock::at(now));
        let mut options = SandboxOptions::new(state.path().join("sandbox"));
        options.clock = clock.clone();
        options.crowd = crowd;
        options.stamp = stamp;
        options.open_per_person = None;
        options.replay = cassette.map(ReplayOptions::new);
        let sandbox = Authority::start(options).await.unwrap();
        let authority = sandbox.handle();
        let sp = authority.sp_settings();
        let socket = http::bind("callback", "127.0.0.1:0".parse().unwrap()).unwrap();
        let callback_url = format!("https://{}", socket.local_addr().unwrap());
        authority.register_callback_base(&callback_url).unwrap();
        let store = Arc::new(sealed_store(state.path()).await);
        let connector = Witness::new(sp.connector_over(face, now).unwrap());
        let engine = Engine::start(EngineParts {
            folder: folder.to_path_buf(),
            store: store.clone(),
            connector: connector.clone(),
            secrets: Arc::new(Secrets::open(&state.path().join("secrets")).unwrap()),
            clock: clock.clone(),
            options: EngineOptions {
                callback_base_url: callback_url.clone(),
                ..EngineOptions::default()
            },
            notify_roots: Vec::new(),
            gates: Vec::new(),
            settings: None,
            anchors: Vec::new(),
        })
        .await
        .unwrap();
        let identity = &sp.callback_server;
        let tls = http::callback_tls(
            identity.chain_pem().as_bytes(),
            identity.key_pem().as_bytes(),
            now,
        );
        let router = http::callback(Arc::new(engine.clone()));
        let serving = http::serve(socket, router, Some(Arc::new(tls.unwrap())), http::Handle::new());
        tokio::spawn(serving);
        Self {
            engine,
            store,
            sandbox,
            authority,
            connector,
            clock,
            folder: folder.to_path_buf(),

            state,
            _policies: policies,
        }
    }

    /// The folder that holds the store.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// Somebody who stamps like the sandbox, with its keys.
    pub fn notary(&self, crowd: usize, stamp: StampAlgorithm) -> Notary {
        let folder = self.state.path().join("sandbox");
        let provider = self.authority.sp_settings().service_provider_id;
        Notary::open(&folder, provider, crowd, stamp, self.clock.now())
    }

    /// The citizens of the crowd.
    pub fn crowd(&self) -> impl Iterator<Item = &Citizen> {
        self.authority
            .citizens()
            .iter()
            .filter(|citizen| citizen.of_the_crowd)
    }

    /// Asks a person for the renewal of a driving licence.
    pub async fn ask(&self, person: &CivilNo) -> Started {
        let ask = StartFlow::push(CLIENT, "licence-renewal", person.clone()).input("licence", "1234567");
        self.engine.start_flow(ask).await.unwrap()
    }

    pub async fn callback(&self, token: &str, body: impl Into<Bytes>) -> CallbackReceipt {
        self.engine
            .callback(token, "192.0.2.1".to_owned(), body.into())
            .await
    }

    pub async fn view(&self, flow: FlowId) -> FlowView {
        self.engine.view(CLIENT, flow).await.unwrap()
    }

    /// The flow once it has ended.
    pub async fn ended(&self, flow: FlowId) -> FlowView {
        let view = self.engine.wait(CLIENT, flow, PATIENCE).await.unwrap();
        assert!(
            view.ended,
            "the flow has not ended: {:?}",
            self.timeline(flow).await
        );
        view
    }

    pub async fn timeline(&self, flow: FlowId) -> Vec<TimelineEntry> {
        self.engine.timeline(flow).await.unwrap()
    }

    /// The timeline, once it is as wanted.
    pub async fn until(&self, flow: FlowId, wanted: impl Fn(&[TimelineEntry]) -> bool) -> Vec<TimelineEntry> {
        let mut events = self.engine.subscribe();
        loop {
            let timeline = self.timeline(flow).await;
            if wanted(&timeline) {
                return timeline;
            }
            // Whatever the event says, even that some were missed, it is time to look again.
            let next = tokio::time::timeout(PATIENCE, events.recv()).await;
            assert!(next.is_ok(), "it does not come: {timeline:?}");
        }
    }

    /// Every byte of the database and of its write-ahead log, pages that are free included.
    pub fn on_disk(&self) -> Vec<u8> {
        let files = ["midflow.db", "midflow.db-wal"];
        let read = |name: &str| std::fs::read(self.state.path().join(name)).unwrap();
        files.map(read).concat()
    }

    pub async fn shutdown(self) {
        self.engine.shutdown().await;
        self.sandbox.shutdown().await;
    }
}

/// The digits of a civil number.
pub fn digits(number: &CivilNo) -> &str {
    number.expose(Purpose::Compare)
}

/// How many records of a kind there are.
pub fn count(timeline: &[TimelineEntry], kind: &str) -> usize {
    timeline.iter().filter(|entry| entry.kind == kind).count()
}

/// Far more than a loaded machine needs.
const PATIENCE: Duration = Duration::from_secs(60);
