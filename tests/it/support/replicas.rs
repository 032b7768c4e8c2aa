use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use midflow::audit::FlowRow;
use midflow::engine::CallbackReceipt;
use midflow::engine::Engine;
use midflow::engine::EngineOptions;
use midflow::engine::EngineParts;
use midflow::engine::FlowView;
use midflow::engine::Problem;
use midflow::engine::Secrets;
use midflow::engine::StartFlow;
use midflow::engine::Started;
use midflow::engine::log::Anchor;
use midflow::engine::log::Contents;
use midflow::engine::log::HeadFile;
use midflow::engine::log::verify;
use midflow::store::Postgres;
use midflow::store::PostgresCluster;
use midflow::store::PostgresSettings;
use midflow::store::Store;
use midflow::words::FlowId;
use tokio::runtime::Runtime;

use super::authority::Sent;
use super::authority::ToldAuthority;
use super::clock::HandClock;
use super::node::CLIENT;
use super::policy_folder;

/// Engines that share a PostgreSQL database, one authority and one clock, each with threads of its own, so that one can
/// be killed.
pub struct Replicas {
    pub all: Vec<Replica>,
    pub authority: Arc<ToldAuthority>,
    pub clock: Arc<HandClock>,
    pub settings: PostgresSettings,
    pub cluster: PostgresCluster,
    /// Reads beside the replicas.
    pub store: Postgres,
    secrets: Arc<Secrets>,
    _folders: [tempfile::TempDir; 2],
}

/// Derives the whole log again, against the checkpoint beside the secrets and those that were carried elsewhere.
pub async fn verify_log(store: &Postgres, secrets: &Secrets, anchors: &[Arc<dyn Anchor>]) {
    let key = secrets.named_log_key().unwrap().unwrap();
    let mut promises = Vec::from_iter(HeadFile::in_folder(secrets.folder()).read().unwrap());
    for anchor in anchors {
        promises.extend(anchor.all(key.verifier()).await.unwrap());
    }
    let verified = verify(store, key.verifier(), promises, Contents::Open)
        .await
        .unwrap();
    assert_eq!(verified.findings, []);
    assert!(verified.records > 0 && verified.anchored > 0, "{verified:?}");
    assert_eq!(
        verified.anchored_records, verified.records,
        "a clean stop leaves nothing unsigned"
    );
}

pub struct Replica {
    engine: Engine,
    runtime: Mutex<Option<Runtime>>,
}

impl Replicas {
    /// So many over the served policies; `wide` takes their limits away.
    pub async fn start(count: usize, cluster: PostgresCluster, wide: bool) -> Self {
        let settings = cluster.database().await.unwrap();
        let policies = if wide {
            policy_folder::with_wide_limits()
        } else {
            policy_folder::copy_of_the_policies()
        };
        let state = tempfile::tempdir().unwrap();
        let secrets = Arc::new(Secrets::open(state.path()).unwrap());
        let (authority, clock) = (Arc::new(ToldAuthority::new()), Arc::new(HandClock::new()));
        let mut all = Vec::new();
        for _ in 0..count {
            let parts = ReplicaParts {
                folder: policies.path().to_path_buf(),
                settings: settings.clone(),
                authority: Arc::clone(&authority),
                secrets: Arc::clone(&secrets),
                clock: Arc::clone(&clock),
                anchors: Vec::new(),
            };
            all.push(Replica::start(parts).await);
        }
        Self {
            all,
            authority,
            clock,
            store: Postgres::open_to_read(settings.clone()).await.unwrap(),
            settings,
            cluster,
            secrets,
            _folders: [policies, state],
        }
    }

    /// The request of this flow, once the authority has it.
    pub async fn sent(&self, started: &Started) -> Sent {
        sent(&self.authority, started).await
    }

    /// Every flow of the store, once the condition holds for all of them.
    pub async fn until_all(&self, longest: Duration, condition: impl Fn(&FlowRow) -> bool) -> Vec<FlowRow> {
        let began = tokio::time::Instant::now();
        loop {
            // The database may be down for a moment.
            let flows = self.store.flows_after(None, u32::MAX).await.unwrap_or_default();
            if !flows.is_empty() && flows.iter().all(&condition) {
                return flows;
            }
            let open = flows.iter().filter(|row| !condition(row)).count();
            assert!(
                began.elapsed() < longest,
                "{open} of {} flows are not there yet",
                flows.len()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Carries out a statement as the administrator of the server.
    pub async fn administer(&self, statement: &str) {
        let statement = format!("SET search_path = midflow; {statement}");
        self.cluster
            .administer(&self.settings.database, &statement)
            .await
            .unwrap();
    }

    pub async fn shutdown(self) {
        for replica in &self.all {
            replica.shutdown().await;
        }
        verify_log(&self.store, &self.secrets, &[]).await;
        self.store.close().await;
    }
}

/// The request of this flow, once the authority has it. Challenges are too short to tell flows apart.
pub async fn sent(authority: &ToldAuthority, started: &Started) -> Sent {
    loop {
        let sent = authority
            .sent()
            .into_iter()
            .rfind(|sent| sent.flow == started.view.flow);
        if let Some(sent) = sent {
            return sent;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// What a replica shares with the others, and the way that it takes to the database.
#[derive(Clone)]
pub struct ReplicaParts {
    pub folder: PathBuf,
    pub settings: PostgresSettings,
    pub authority: Arc<ToldAuthority>,
    pub secrets: Arc<Secrets>,
    pub clock: Arc<HandClock>,
    pub anchors: Vec<Arc<dyn Anchor>>,
}

impl Replica {
    pub async fn start(parts: ReplicaParts) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let starting = runtime.spawn(async move {
            let store = Postgres::open(parts.settings).await.unwrap();
            Engine::start(EngineParts {
                folder: parts.folder,
                store: Arc::new(store),
                connector: parts.authority,
                secrets: parts.secrets,
                clock: parts.clock,
                options: EngineOptions {
                    callback_base_url: "https://callback.example/".to_owned(),
                    ..EngineOptions::default()
                },
                notify_roots: Vec::new(),
                gates: Vec::new(),
                settings: None,
                anchors: parts.anchors,
            })
            .await
            .unwrap()
        });
        Self {
            engine: starting.await.unwrap(),
            runtime: Mutex::new(Some(runtime)),
        }
    }

    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Does it on the threads of this replica; `None` if it was killed meanwhile.
    async fn on_it<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let working = self.runtime.lock().unwrap().as_ref()?.spawn(work);
        working.await.ok()
    }

    /// Does something with the engine of this replica, on its threads.
    pub async fn with<T, W>(&self, work: impl FnOnce(Engine) -> W) -> T
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let working = work(self.engine.clone());
        self.on_it(working).await.unwrap()
    }

    pub async fn ask(&self, ask: StartFlow) -> Result<Started, Problem> {
        self.try_ask(ask).await.unwrap()
    }

    /// The same of one that may be killed meanwhile.
    pub async fn try_ask(&self, ask: StartFlow) -> Option<Result<Started, Problem>> {
        let engine = self.engine.clone();
        self.on_it(async move { engine.start_flow(ask).await }).await
    }

    pub async fn callback(&self, token: &str, body: &str) -> CallbackReceipt {
        let (engine, token, body) = (
            self.engine.clone(),
            token.to_owned(),
            Bytes::copy_from_slice(body.as_bytes()),
        );
        self.on_it(async move { engine.callback(&token, "192.0.2.1".to_owned(), body).await })
            .await
            .unwrap_or(CallbackReceipt::StoreUnavailable)
    }

    pub async fn view(&self, flow: FlowId) -> FlowView {
        let engine = self.engine.clone();
        self.on_it(async move { engine.view(CLIENT, flow).await })
            .await
            .unwrap()
            .unwrap()
    }

    pub async fn ended(&self, flow: FlowId) -> FlowView {
        let engine = self.engine.clone();
        let view = self
            .on_it(async move { engine.wait(CLIENT, flow, Duration::from_secs(20)).await })
            .await
            .unwrap()
            .unwrap();
        assert!(view.ended, "the flow has not ended");
        view
    }

    pub async fn cancel(&self, flow: FlowId) -> Result<FlowView, Problem> {
        let engine = self.engine.clone();
        self.on_it(async move { engine.cancel(CLIENT, flow).await })
            .await
            .unwrap()
    }

    /// Stops every thread and task where it stands: no lease is given back, no connection is closed in order.
    pub fn kill(&self) {
        if let Some(runtime) = self.runtime.lock().unwrap().take() {
            runtime.shutdown_background();
        }
    }

    pub async fn shutdown(&self) {
        let engine = self.engine.clone();
        self.on_it(async move { engine.shutdown().await }).await;
        self.kill();
    }
}

/// A runtime that is dropped where something waits panics, and would hide what a test has found.
impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}
