use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::CallbackReceipt;
use super::Confirmation;
use super::EngineEvent;
use super::EngineOptions;
use super::EvidenceAct;
use super::FlowView;
use super::KeptDocument;
use super::NewDocument;
use super::Problem;
use super::ProblemCode;
use super::Reload;
use super::ShownDocument;
use super::StartFlow;
use super::Started;
use super::TimelineEntry;
use super::activate::Ask;
use super::activate::NodeSettings;
use super::activate::admin;
use super::admit::CatalogGate;
use super::catalogs::CatalogStatus;
use super::catalogs::Catalogs;
use super::clock::Clock;
use super::clock::SystemClock;
use super::first::first_catalog;
use super::inner::Inner;
use super::inner::notifier;
use super::input::Input;
use super::limits::Starts;
use super::live::LiveFlows;
use super::live::Stage;
use super::log::Anchor;
use super::log::LogFault;
use super::log::LogKeeper;
use super::log::Search;
use super::log::SearchAsk;
use super::metrics::Metrics;
use super::pasts::Pasts;
use super::replicas::look_after;
use super::schedule::Due;
use super::schedule::DueFlows;
use super::schedule::Schedule;
use super::secrets::Secrets;
use super::secrets::SecretsError;
use super::spool::Spool;
use super::spool::SpoolError;
use super::start::problem;
use super::start::unavailable;
use super::webhook;
use super::why::Why;
use super::why::WhyError;
use super::why::why;
use crate::audit::CommitError;
use crate::audit::Recorder;
use crate::audit::RecorderOptions;
use crate::catalog::Catalog;
use crate::catalog::Look;
use crate::catalog::Setting;
use crate::connector::Connector;
use crate::store::Activation;
use crate::store::FlowSummary;
use crate::store::KeptCheckpoint;
use crate::store::Store;
use crate::words::Day;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::FlowId;
use crate::words::Locale;
use crate::words::Text;

/// A running engine. Clones are handles to the same one.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

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

impl Engine {
    /// Loads the policies, picks up the flows of an earlier run, and begins to serve.
    ///
    /// # Errors
    /// When anything is missing that the engine could not serve safely without.
    pub async fn start(parts: EngineParts) -> Result<Self, EngineError> {
        if !parts.store.is_sealed() && parts.options.environment != Environment::Development {
            return Err(EngineError::Unsealed(parts.options.environment));
        }
        let now = parts.clock.now();
        let setting = Setting {
            environment: Some(parts.options.environment),
            today: Some(Day::in_kuwait(now)),
        };
        let log_fault = |error: LogFault| EngineError::Log(error.to_string());
        let keeper = |key| {
            let (store, anchors) = (Arc::clone(&parts.store), parts.anchors.clone());
            LogKeeper::new(Arc::new(key), store, parts.secrets.folder(), anchors).map_err(log_fault)
        };
        let secrets_fault = |error: SecretsError| EngineError::Log(error.to_string());
        // Before anything is written: a store that lacks what was promised is kept as it is.
        let named = parts.secrets.named_log_key().map_err(secrets_fault)?;
        let log = named.map(keeper).transpose()?;
        if let Some(log) = &log {
            log.check().await.map_err(log_fault)?;
        }
        let (catalog, status, activation) =
            first_catalog(parts.folder.clone(), setting, parts.store.as_ref(), now).await?;
        let mut options = parts.options;
        if options.callback_base_url.is_empty() {
            options.callback_base_url = declared_callback_base(&catalog, options.environment)?;
        }
        let log = match log {
            Some(log) => log,
            None => {
                let origin = log_origin(&catalog.organization().name, options.environment);
                let log = keeper(parts.secrets.log_key(&origin).map_err(secrets_fault)?)?;
                log.check().await.map_err(log_fault)?;
                log
            }
        };
        let spool = open_spool(&options, parts.store.as_ref())?;
        let good = status.failure.is_none();
        let (schedule, due) = Schedule::start(Arc::clone(&parts.clock));
        let commit: Arc<dyn Store> = Arc::clone(&parts.store);
        let inner = Arc::new(Inner {
            recorder: Recorder::start(commit, RecorderOptions::default()),
            notifier: notifier(&parts.notify_roots)
                .map_err(|error| EngineError::Notifier(error.to_string()))?,
            options,
            folder: parts.folder,
            gates: parts.gates,
            settings: parts.settings,
            clock: parts.clock,
            secrets: parts.secrets,
            log,
            spool,
            store: parts.store,
            connector: parts.connector,
            catalogs: Arc::new(Catalogs::new(catalog, status)),
            flows: LiveFlows::default(),
            starts: Starts::default(),
            pasts: Pasts::default(),
            schedule,
            events: broadcast::Sender::new(EVENT_BUFFER),
            metrics: Metrics::new(),
            deliveries: Semaphore::new(CONCURRENT_DELIVERIES),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            loading_kept: tokio::sync::Mutex::default(),
            reloading: tokio::sync::Mutex::default(),
        });
        inner
            .metrics
            .reload(if good { "activated" } else { "refused" }, good);
        let detail = if good {
            String::new()
        } else {
            "the policy files can't be served; the last good catalog of the store is".to_owned()
        };
        let active = inner.catalogs.active().digest();
        let started = admin("engine_started", "start", Some(active), detail, now);
        // What others record from here on is news.
        let counts = inner.store.counts().await;
        let upto = counts
            .map_err(|error| EngineError::Store(error.to_string()))?
            .records;
        let unrecorded = |error: CommitError| EngineError::Store(error.to_string());
        inner.recorder.record(started, ()).await.map_err(unrecorded)?;
        if let Some(activation) = activation {
            let kept = inner.store.set_active_catalog(activation).await;
            kept.map_err(|error| EngineError::Store(error.to_string()))?;
        }
        let recovered = inner.recover().await.map_err(unrecorded)?;
        tracing::info!(recovered, "the engine serves");
        inner.tasks.spawn(strike(Arc::clone(&inner), due));
        inner.tasks.spawn(Arc::clone(&inner).keep_log());
        inner.tasks.spawn(Arc::clone(&inner).look_after_spool());
        inner.tasks.spawn(look_after(Arc::clone(&inner), upto));
        Ok(Self { inner })
    }

    /// Begins a flow.
    ///
    /// # Errors
    /// Says what is wrong with the request, or that nothing can be recorded; then nothing was sent.
    pub async fn start_flow(&self, ask: StartFlow) -> Result<Started, Problem> {
        let inner = Arc::clone(&self.inner);
        self.detached(async move { inner.start(ask).await }).await?
    }

    /// The flow as it stands.
    ///
    /// # Errors
    /// [`ProblemCode::UnknownFlow`] also if the flow belongs to another client.
    pub async fn view(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        let live = self.live(flow).await?;
        let cell = live.cell.lock().await;
        if cell.detail.client != client {
            return Err(unknown_flow());
        }
        Ok(self
            .inner
            .view_of(&cell.row, &cell.detail, live.catalog.as_deref()))
    }

    /// The flow once it has ended, or as it stands when `longest` has passed.
    ///
    /// # Errors
    /// As [`Engine::view`].
    pub async fn wait(&self, client: &str, flow: FlowId, longest: Duration) -> Result<FlowView, Problem> {
        let live = self.live(flow).await?;
        // Whether it is this client's is asked before the wait: another's must not cost a connection.
        if live.cell.lock().await.detail.client != client {
            return Err(unknown_flow());
        }
        let mut stage = live.stage.subscribe();
        tokio::select! {
            _ = stage.wait_for(|stage| *stage == Stage::Ended) => {}
            () = tokio::time::sleep(longest) => {}
            () = self.inner.stop.cancelled() => {}
        }
        self.view(client, flow).await
    }

    /// Begins the same again in the place of a flow whose code runs out; that one ends `other.superseded`.
    ///
    /// # Errors
    /// [`ProblemCode::RenewalNotAllowed`] for any capability but `auth_qr`, [`ProblemCode::FlowEnded`] if somebody has
    /// answered meanwhile, and whatever [`Engine::start_flow`] answers.
    pub async fn renew(
        &self,
        client: &str,
        flow: FlowId,
        idempotency_key: Option<String>,
    ) -> Result<Started, Problem> {
        let (inner, client) = (Arc::clone(&self.inner), client.to_owned());
        self.detached(async move { inner.renew(&client, flow, idempotency_key).await })
            .await?
    }

    /// Keeps a document, so that it can be shown and signed.
    ///
    /// # Errors
    /// When nothing can be recorded; then it was not kept.
    pub async fn keep_document(&self, document: NewDocument) -> Result<KeptDocument, Problem> {
        let inner = Arc::clone(&self.inner);
        self.detached(async move { inner.keep_document(document).await })
            .await?
    }

    /// The document of a flow: exactly the bytes that are signed (law 11).
    ///
    /// # Errors
    /// [`ProblemCode::UnknownFlow`] if there is no such flow of this client, or if it signs nothing.
    pub async fn document(&self, client: &str, flow: FlowId) -> Result<ShownDocument, Problem> {
        self.inner.shown_document(client, flow).await
    }

    /// Takes down what the person has confirmed on the page, and sends the request to sign.
    ///
    /// # Errors
    /// [`ProblemCode::NotConfirmed`] unless both confirmations are there, [`ProblemCode::NothingToConfirm`] if the flow
    /// does not wait for any.
    pub async fn confirm(
        &self,
        client: &str,
        flow: FlowId,
        confirmation: Confirmation,
    ) -> Result<FlowView, Problem> {
        let (inner, owner) = (Arc::clone(&self.inner), client.to_owned());
        self.detached(async move { inner.confirm(&owner, flow, confirmation).await })
            .await??;
        self.view(client, flow).await
    }

    /// Ends a flow because the person, having read the document, does not want to sign it.
    ///
    /// # Errors
    /// [`ProblemCode::NothingToConfirm`] if the flow does not wait for a confirmation.
    pub async fn withdraw(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        let (inner, owner) = (Arc::clone(&self.inner), client.to_owned());
        self.detached(async move { inner.withdraw(&owner, flow).await })
            .await??;
        self.view(client, flow).await
    }

    /// Gives a flow up.
    ///
    /// # Errors
    /// [`ProblemCode::FlowEnded`] if it has ended already.
    pub async fn cancel(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        if self.view(client, flow).await?.ended {
            return Err(problem(
                ProblemCode::FlowEnded,
                "the flow has ended already; its outcome stands",
            ));
        }
        let live = self.live(flow).await?;
        let inner = Arc::clone(&self.inner);
        self.detached(async move { inner.drive_past_others(&live, || Input::Cancel).await })
            .await?
            .map_err(unavailable)?;
        self.view(client, flow).await
    }

    /// Gives the page of a flow to the browser that opens it first, by the digest of the random value in its cookie; the
    /// answer says whose it is.
    ///
    /// # Errors
    /// [`ProblemCode::UnknownFlow`] if there is no such flow of this client, or when nothing can be recorded.
    pub async fn opened(&self, client: &str, flow: FlowId, browser: Digest) -> Result<FlowView, Problem> {
        let (inner, owner) = (Arc::clone(&self.inner), client.to_owned());
        self.detached(async move { inner.opened(&owner, flow, browser).await })
            .await??;
        self.view(client, flow).await
    }

    /// Ends a flow because somebody says on its page that they did not ask for it.
    ///
    /// # Errors
    /// As [`Engine::opened`]. A flow that has ended stays as it is, and that is no error.
    pub async fn disown(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        let (inner, owner) = (Arc::clone(&self.inner), client.to_owned());
        self.detached(async move { inner.disowned(&owner, flow).await })
            .await??;
        self.view(client, flow).await
    }

    /// Takes down that the person did not ask for a flow, as its e-service knows: ends it if it runs, and stops requests to
    /// the person's phone for as long as the organization says.
    ///
    /// # Errors
    /// As [`Engine::opened`], and [`ProblemCode::ReportTooLate`].
    pub async fn report_not_me(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        let (inner, owner) = (Arc::clone(&self.inner), client.to_owned());
        self.detached(async move { inner.reported(&owner, flow).await })
            .await??;
        self.view(client, flow).await
    }

    /// Takes in a callback of the authority: recorded when this returns, examined afterwards.
    pub async fn callback(&self, token: &str, source: String, body: Bytes) -> CallbackReceipt {
        let (inner, token) = (Arc::clone(&self.inner), token.to_owned());
        let receive = async move { inner.receive(&token, source, body).await };
        self.detached(receive)
            .await
            .unwrap_or(CallbackReceipt::StoreUnavailable)
    }

    /// Everything that changes from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<EngineEvent> {
        self.inner.events.subscribe()
    }

    /// The records of a flow, oldest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn timeline(&self, flow: FlowId) -> Result<Vec<TimelineEntry>, Problem> {
        let records = self.inner.store.records(flow).await.map_err(unavailable)?;
        let entries = records.into_iter().map(|record| TimelineEntry {
            seq: record.seq,
            at: record.at,
            kind: record.event.kind().to_owned(),
            event: record.event,
        });
        Ok(entries.collect())
    }

    /// Why a flow ended as it did; `None` for an unknown flow.
    ///
    /// # Errors
    /// When the store can't be read, or what it keeps of the flow is damaged.
    pub async fn why(&self, flow: FlowId) -> Result<Option<Why>, Problem> {
        match why(&*self.inner.store, flow).await {
            Ok(found) => Ok(Some(found)),
            Err(WhyError::UnknownFlow(_)) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// The newest flows, newest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn recent(&self, limit: u32) -> Result<Vec<FlowSummary>, Problem> {
        self.inner.store.recent_flows(limit).await.map_err(unavailable)
    }

    /// The flows that somebody looks for, newest first; that it was looked for is recorded before.
    ///
    /// # Errors
    /// When it is not said who looks and why, or nothing can be recorded or read.
    pub async fn search(&self, ask: SearchAsk) -> Result<Vec<FlowSummary>, Problem> {
        let search = Search::new(ask, &self.inner.secrets)
            .map_err(|error| problem(ProblemCode::InvalidRequest, error.to_string()))?;
        let act = search.act(self.inner.clock.now());
        self.inner.recorder.record(act, ()).await.map_err(unavailable)?;
        search.run(self.inner.store.as_ref()).await.map_err(unavailable)
    }

    /// Records that somebody takes the evidence of a flow out of the store.
    ///
    /// # Errors
    /// When it is not said who takes it and why, or nothing can be recorded.
    pub async fn evidence_taken(&self, act: EvidenceAct) -> Result<(), Problem> {
        let unit = act
            .unit(self.inner.clock.now())
            .map_err(|error| problem(ProblemCode::InvalidRequest, error.to_string()))?;
        self.inner.recorder.record(unit, ()).await.map_err(unavailable)?;
        Ok(())
    }

    /// The active catalog.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.inner.catalogs.active()
    }

    /// Which catalog is active, which was asked for, and why it was refused if it was.
    pub fn catalog_status(&self) -> CatalogStatus {
        self.inner.catalogs.status()
    }

    /// Reads the policy files again and activates them, all or nothing; also those that were set aside by hand.
    pub async fn reload(&self, folder: &Path, actor: &str) -> Reload {
        self.reload_by(folder, Look::Everything, actor, true).await
    }

    /// The same after a hint that files may have changed. What was set aside by hand stays aside.
    pub async fn look_again(&self, folder: &Path, look: Look, actor: &str) -> Reload {
        self.reload_by(folder, look, actor, false).await
    }

    /// Reads the node's own policy folder again, as [`Engine::reload`] does.
    pub async fn reload_own(&self, actor: &str) -> Reload {
        self.reload(&self.inner.folder, actor).await
    }

    /// Activates a catalog that the store keeps. What lies in the policy folder is set aside until it changes.
    pub async fn activate_catalog(&self, digest: Digest, actor: &str) -> Reload {
        let (inner, actor) = (Arc::clone(&self.inner), actor.to_owned());
        self.whole(async move { inner.activate_kept(&inner.folder, digest, &actor).await })
            .await
    }

    /// Activates the catalog that was active before the present one came, as [`Engine::activate_catalog`] does.
    pub async fn roll_back_catalog(&self, actor: &str) -> Reload {
        let (inner, actor) = (Arc::clone(&self.inner), actor.to_owned());
        self.whole(async move { inner.roll_back(&inner.folder, &actor).await })
            .await
    }

    async fn reload_by(&self, folder: &Path, look: Look, actor: &str, on_purpose: bool) -> Reload {
        let (inner, folder, actor) = (Arc::clone(&self.inner), folder.to_path_buf(), actor.to_owned());
        let reload = async move {
            let ask = Ask {
                look,
                actor: &actor,
                on_purpose,
            };
            inner.reload_from(&folder, ask).await
        };
        self.whole(reload).await
    }

    /// Does it whole, even if the caller stops waiting: what is recorded as active is.
    async fn whole(&self, work: impl Future<Output = Reload> + Send + 'static) -> Reload {
        self.detached(work)
            .await
            .unwrap_or_else(|problem| Reload::Refused(problem.to_string()))
    }

    /// The latest activations of catalogs, the latest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn activations(&self, limit: u32) -> Result<Vec<Activation>, Problem> {
        self.inner.store.activations(limit).await.map_err(unavailable)
    }

    /// Whether the engine can serve: the store takes writes, and the engine is not stopping.
    ///
    /// # Errors
    /// Says what is in the way.
    pub async fn ready(&self) -> Result<(), String> {
        if self.inner.stop.is_cancelled() {
            return Err("shutting down".to_owned());
        }
        if let Some(fault) = self.inner.log.contradiction() {
            return Err(fault.to_string());
        }
        self.inner.store.health().await.map_err(|error| error.to_string())
    }

    /// The metrics as Prometheus reads them.
    pub fn metrics_text(&self) -> String {
        if let Some(spool) = &self.inner.spool {
            self.inner
                .metrics
                .spool(spool.len(), spool.bytes(), spool.aside());
        }
        self.inner
            .metrics
            .text(self.inner.flows.len(), &self.recorder_stats())
    }

    /// How many units and commits the recorder has made; units by commits is how well syncs are shared.
    pub fn recorder_stats(&self) -> crate::audit::RecorderStats {
        self.inner.recorder.stats()
    }

    /// The key with which everybody verifies checkpoints of the log and receipts, as C2SP `signed-note` writes it.
    pub fn log_public_key(&self) -> String {
        self.inner.log.key().verifier().to_string()
    }

    /// Signs the head of the log as it is now, and gives the newest checkpoint; none where the store keeps no log.
    ///
    /// # Errors
    /// When the store can't be read or written.
    pub async fn checkpoint(&self) -> Result<Option<KeptCheckpoint>, Problem> {
        self.inner.log.checkpoint().await.map_err(unavailable)
    }

    /// The key with which e-services verify outcome notices, as Standard Webhooks writes it.
    pub fn webhook_public_key(&self) -> String {
        webhook::public_key(&self.inner.secrets)
    }

    /// Stops: begins nothing new, finishes what is being recorded, and leaves the rest for the next start.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        // Whatever still runs is durable up to here, and is picked up at the next start.
        let _ = tokio::time::timeout(SHUTDOWN_GRACE, self.inner.tasks.wait()).await;
        self.inner.recorder.shutdown().await;
        if let Some(spool) = &self.inner.spool {
            spool.close();
        }
        self.inner.finish_log().await;
        self.inner.store.close().await;
    }

    async fn live(&self, flow: FlowId) -> Result<Arc<super::live::Live>, Problem> {
        let live = self
            .inner
            .live_by_id(flow)
            .await
            .map_err(unavailable)?
            .ok_or_else(unknown_flow)?;
        self.inner.freshen(&live).await;
        Ok(live)
    }

    pub(super) const fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Runs to its end even if the caller stops waiting: a step is never half done.
    pub(super) async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Problem> {
        self.inner.tasks.spawn(work).await.map_err(|error| {
            tracing::error!(panicked = error.is_panic(), "a request failed inside");
            problem(
                ProblemCode::Internal,
                "the request failed inside; it may or may not have been carried out",
            )
        })
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Engine")
            .field("catalog", &self.inner.catalogs.active().digest())
            .field("flows", &self.inner.flows.len())
            .finish_non_exhaustive()
    }
}

/// Where callbacks wait while the store is away, if they may.
fn open_spool(options: &EngineOptions, store: &dyn Store) -> Result<Option<Arc<Spool>>, EngineError> {
    let Some(options) = options.spool.clone() else {
        return Ok(None);
    };
    let opened = match store.spool_key() {
        Some(key) => Spool::open(options, key),
        None => Err(SpoolError::Unsealed),
    };
    opened
        .map(|spool| Some(Arc::new(spool)))
        .map_err(|error| EngineError::Spool(error.to_string()))
}

/// R000-024: the callback URL is the one that the subscription form declares for this environment.
fn declared_callback_base(catalog: &Catalog, environment: Environment) -> Result<String, EngineError> {
    let environments = &catalog.organization().environments;
    environments
        .get(&environment)
        .map(|settings| settings.callback_base_url.clone())
        .ok_or(EngineError::Environment(environment))
}

/// Carries out what the schedule says is due.
async fn strike(inner: Arc<Inner>, mut due: DueFlows) {
    let mut sweeping = tokio::time::interval(SWEEP_EVERY);
    loop {
        let next = tokio::select! {
            next = due.recv() => next,
            _ = sweeping.tick() => {
                inner.starts.sweep(inner.clock.now());
                inner.pasts.sweep(inner.clock.now());
                inner.catalogs.sweep();
                continue;
            }
            () = inner.stop.cancelled() => return,
        };
        match next {
            Some((flow, Due::Deadline)) => {
                let inner = Arc::clone(&inner);
                let tasks = inner.tasks.clone();
                tasks.spawn(async move {
                    if let Some(live) = inner.flows.by_id(flow) {
                        inner.drive_to_the_end(&live, || Input::Deadline).await;
                    }
                });
            }
            Some((flow, Due::Leave)) => inner.let_go(flow).await,
            None => return,
        }
    }
}

impl Inner {
    /// Lets an ended flow leave memory, unless something of it is still under way.
    async fn let_go(&self, flow: FlowId) {
        let Some(live) = self.flows.by_id(flow) else {
            return;
        };
        let cell = live.cell.lock().await;
        if cell.row.state.has_ended() && cell.row.state.pending.is_empty() {
            self.flows.remove(flow, &cell.row.token);
        }
    }
}

fn unknown_flow() -> Problem {
    problem(
        ProblemCode::UnknownFlow,
        "there is no such flow, or it belongs to another client",
    )
}

/// The name of a log that has none yet: whose it is, and for which environment. It stays whatever they are called later.
fn log_origin(organization: &Text, environment: Environment) -> String {
    let words = organization.in_locale(Locale::En).to_lowercase();
    let words: Vec<&str> = words
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    format!("{}/midflow/{environment}", words.join("-"))
}

const SWEEP_EVERY: Duration = Duration::from_secs(60);
const EVENT_BUFFER: usize = 4_096;
const CONCURRENT_DELIVERIES: usize = 64;
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
