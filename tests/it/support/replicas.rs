use std::path::PathBuf;
use std::sync::Arc;
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
    _folders: [tempfile::TempDir; 2],
}

pub struct Replica {
    engine: Engine,
    runtime: Option<Runtime>,
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
            let parts = (
                policies.path().to_path_buf(),
                settings.clone(),
                Arc::clone(&authority),
                Arc::clone(&secrets),
                Arc::clone(&clock),
            );
            all.push(Replica::start(parts).await);
        }
        Self {
            all,
            authority,
            clock,
            store: Postgres::open_to_read(settings.clone()).await.unwrap(),
            settings,
            cluster,
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
        for replica in self.all {
            replica.shutdown().await;
        }
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

type Parts = (
    PathBuf,
    PostgresSettings,
    Arc<ToldAuthority>,
    Arc<Secrets>,
    Arc<HandClock>,
);

impl Replica {
    async fn start((folder, settings, authority, secrets, clock): Parts) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let starting = runtime.spawn(async move {
            let store = Postgres::open(settings).await.unwrap();
            Engine::start(EngineParts {
                folder,
                store: Arc::new(store),
                connector: authority,
                secrets,
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
        });
        Self {
            engine: starting.await.unwrap(),
            runtime: Some(runtime),
        }
    }

    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Does it on the threads of this replica; `None` if it was killed meanwhile.
    async fn on_it<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        self.runtime.as_ref()?.spawn(work).await.ok()
    }

    pub async fn ask(&self, ask: StartFlow) -> Result<Started, Problem> {
        let engine = self.engine.clone();
        self.on_it(async move { engine.start_flow(ask).await })
            .await
            .unwrap()
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
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    async fn shutdown(mut self) {
        let engine = self.engine.clone();
        self.on_it(async move { engine.shutdown().await }).await;
        self.kill();
    }
}
