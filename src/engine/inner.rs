use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::EngineEvent;
use super::FlowView;
use super::activate::NodeSettings;
use super::activate::Reloading;
use super::admit::CatalogGate;
use super::catalogs::Catalogs;
use super::clock::Clock;
use super::detail::Detail;
use super::drift::Drifts;
use super::dual_control::DualControl;
use super::journey::consents;
use super::journey::step_place;
use super::limits::Starts;
use super::live::LiveFlows;
use super::log::LogKeeper;
use super::metrics::Metrics;
use super::pasts::Pasts;
use super::receipt::receipt;
use super::records::NodeNames;
use super::schedule::Schedule;
use super::secrets::Secrets;
use super::spool::Spool;
use super::spool::SpoolOptions;
use crate::audit::Administrators;
use crate::audit::FlowRow;
use crate::audit::Recorder;
use crate::catalog::Catalog;
use crate::connector::Connector;
use crate::connector::IDLE_CONNECTION;
use crate::flow::Phase;
use crate::store::Store;
use crate::words::Capability;
use crate::words::Environment;
use crate::words::Text;

/// How an engine runs.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// The environment this node serves.
    pub environment: Environment,
    /// Base of the callback URLs that the authority is told; the flow's token is added to it. Empty for the one that
    /// the organization declares for the environment.
    pub callback_base_url: String,
    /// Hosts that outcome notices may go to, each `host` or `host:port`. Anything else is refused at the start
    /// of a flow: an e-service can't make this node call where it should not.
    pub notify_hosts: Vec<String>,
    /// The most attempts at sending, where no byte of the one before left.
    pub max_attempts: u8,
    /// The most callbacks of one flow whose bytes are kept; of further ones only digest and size.
    pub max_callbacks: usize,
    /// Where callbacks wait while the store can't be written; without it they are refused then, and the authority may not
    /// send them again.
    pub spool: Option<SpoolOptions>,
    /// Who signs what takes two persons. Without them two names are enough, but in production and disaster recovery nothing is.
    pub administrators: Option<Administrators>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            environment: Environment::Development,
            callback_base_url: String::new(),
            notify_hosts: Vec::new(),
            max_attempts: 2,
            max_callbacks: 256,
            spool: None,
            administrators: None,
        }
    }
}

/// What all handles and tasks of one engine share.
pub(crate) struct Inner {
    pub(crate) options: EngineOptions,
    /// The folder that holds `policies/` and `scripts/`.
    pub(crate) folder: PathBuf,
    pub(crate) gates: Vec<Arc<dyn CatalogGate>>,
    pub(crate) settings: Option<Arc<dyn NodeSettings>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) log: LogKeeper,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) recorder: Recorder,
    pub(crate) spool: Option<Arc<Spool>>,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) catalogs: Arc<Catalogs>,
    pub(crate) flows: LiveFlows,
    pub(crate) starts: Starts,
    pub(crate) pasts: Pasts,
    pub(crate) schedule: Schedule,
    pub(crate) events: broadcast::Sender<EngineEvent>,
    pub(crate) metrics: Metrics,
    /// What answers have held that is in no list.
    pub(crate) drifts: Drifts,
    pub(crate) notifier: reqwest::Client,
    pub(crate) deliveries: Semaphore,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    /// Makes loads of kept catalogs follow one another.
    pub(crate) loading_kept: tokio::sync::Mutex<()>,
    /// Makes reloads follow one another.
    pub(crate) reloading: tokio::sync::Mutex<Reloading>,
}

impl Inner {
    /// How it knows that two persons want what takes two.
    pub(crate) fn dual_control(&self) -> DualControl {
        DualControl::of(self.options.administrators.clone(), self.options.environment)
    }

    pub(crate) fn names(&self) -> NodeNames<'_> {
        NodeNames {
            approval: None,
            environment: self.options.environment,
            connector: self.connector.name(),
            callback_base_url: &self.options.callback_base_url,
        }
    }

    /// Runs `work` to its end, which a shutdown waits for.
    ///
    /// Boxed first: a runtime moves what it is given several times, and the work of a flow is some thousand bytes.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks.spawn(Box::pin(work))
    }

    /// Nobody may be listening; then nobody is told.
    pub(crate) fn tell(&self, event: EngineEvent) {
        let _ = self.events.send(event);
    }

    /// The flow as its client may see it. The person's fields are shown only after approval, and only if the
    /// policy lets the e-service go on; `Detail` keeps none otherwise.
    pub(crate) fn view_of(&self, row: &FlowRow, detail: &Detail, catalog: Option<&Catalog>) -> FlowView {
        let service = catalog.and_then(|catalog| catalog.service(row.service.as_str()));
        let ended = row.state.has_ended();
        // R000-141: a code is never shown again once it can't be used.
        let waits = !ended && self.clock.now() < row.expires_at;
        let qr = detail.qr.as_ref().filter(|_| waits);
        let mobile = detail.channel.is_mobile();
        FlowView {
            flow: row.id,
            client: detail.client.clone(),
            service: row.service.clone(),
            service_name: service.map_or_else(
                || Text::new(row.service.as_str(), row.service.as_str()),
                |service| service.service.name.clone(),
            ),
            capability: row.capability,
            locale: detail.locale,
            catalog: row.catalog,
            ended,
            created_at: row.created_at,
            expires_at: row.expires_at,
            challenge: detail.challenge.clone(),
            held: row.state.phase == Phase::Held && row.capability != Capability::Notify,
            sends_at: (row.state.phase == Phase::Held && row.capability == Capability::Notify)
                .then_some(row.expires_at),
            qr: qr.filter(|_| !mobile).cloned(),
            app_link: qr.filter(|_| mobile).and_then(|qr| self.connector.app_link(qr)),
            step: step_place(detail, service),
            consents: consents(detail, service),
            return_url: detail.return_url.clone(),
            browser: detail.browser,
            reported_at: row.state.reported_at,
            superseded_by: detail.superseded_by,
            outcome: row.outcome,
            decision: detail.decision.clone().filter(|_| ended),
            person: detail.person().filter(|_| ended),
            signature: detail.signature.clone().filter(|_| ended),
            receipt: row
                .outcome
                .zip(detail.ended_at)
                .map(|(outcome, at)| receipt(self.log.key(), row, outcome, at)),
        }
    }
}

/// A client for outcome notices: no redirects, no proxy, short time-outs, https or loopback only by the check
/// of [`EngineOptions::notify_hosts`].
pub(crate) fn notifier(root_certificates: &[Vec<u8>]) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_idle_timeout(IDLE_CONNECTION)
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(15));
    for pem in root_certificates {
        for certificate in reqwest::Certificate::from_pem_bundle(pem)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    builder.build()
}
