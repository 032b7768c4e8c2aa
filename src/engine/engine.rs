use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::EngineEvent;
use super::EngineOptions;
use super::EvidenceAct;
use super::Problem;
use super::ProblemCode;
use super::TimelineEntry;
use super::activate::admin;
use super::catalogs::Catalogs;
use super::drift::Drifts;
use super::first::first_catalog;
use super::inner::Inner;
use super::inner::notifier;
use super::limits::Starts;
use super::live::LiveFlows;
use super::log::Found;
use super::log::LogFault;
use super::log::LogKeeper;
use super::log::Search;
use super::log::SearchAsk;
use super::metrics::Metrics;
use super::parts::EngineError;
use super::parts::EngineParts;
use super::pasts::Pasts;
use super::replicas::look_after;
use super::schedule::Due;
use super::schedule::DueFlows;
use super::schedule::Schedule;
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
use crate::catalog::Setting;
use crate::store::FlowSummary;
use crate::store::KeptCheckpoint;
use crate::store::Store;
use crate::words::Day;
use crate::words::Environment;
use crate::words::FlowId;
use crate::words::Locale;
use crate::words::Text;

/// A running engine. Clones are handles to the same one.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
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
            drifts: Drifts::default(),
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
        let who_signs = inner.dual_control().record(now);
        let units = [started].into_iter().chain(who_signs).collect();
        inner.recorder.record_all(units).await.map_err(unrecorded)?;
        if let Some(activation) = activation {
            let kept = inner.store.set_active_catalog(activation).await;
            kept.map_err(|error| EngineError::Store(error.to_string()))?;
        }
        let recovered = inner.recover().await.map_err(unrecorded)?;
        tracing::info!(recovered, "the engine serves");
        inner.spawn(strike(Arc::clone(&inner), due));
        inner.spawn(Arc::clone(&inner).keep_log());
        inner.spawn(Arc::clone(&inner).look_after_spool());
        inner.spawn(look_after(Arc::clone(&inner), upto));
        Ok(Self { inner })
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
    pub async fn search(&self, ask: SearchAsk) -> Result<Vec<Found>, Problem> {
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

    pub(super) const fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Runs to its end even if the caller stops waiting: a step is never half done.
    ///
    /// It has begun when this returns; no `async fn`, which would carry the work in it until then.
    pub(super) fn detached<T, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, Problem>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: Future<Output = T> + Send + 'static,
    {
        let running = self.inner.spawn(work);
        async {
            running.await.map_err(|error| {
                tracing::error!(panicked = error.is_panic(), "a request failed inside");
                problem(
                    ProblemCode::Internal,
                    "the request failed inside; it may or may not have been carried out",
                )
            })
        }
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
                        inner.strike(&live).await;
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
