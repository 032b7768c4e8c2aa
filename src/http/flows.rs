use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use crate::engine::CallbackReceipt;
use crate::engine::EngineEvent;
use crate::engine::FlowView;
use crate::engine::Problem;
use crate::engine::StartFlow;
use crate::engine::Started;
use crate::engine::TimelineEntry;
use crate::policy::Organization;
use crate::policy::Service;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::ServiceName;
use crate::words::Text;
use crate::words::Timestamp;

/// What the HTTP interface needs of the engine, and nothing more; so its tests run against a fake.
#[async_trait]
pub trait Flows: Send + Sync + 'static {
    /// Begins a flow, or finds the one that began under the same idempotency key.
    async fn start(&self, request: StartFlow) -> Result<Started, Problem>;

    /// A flow as it stands; another client's flow is unknown.
    async fn view(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem>;

    /// The same, once the flow has ended or the time is up.
    async fn wait(&self, client: &str, flow: FlowId, time: Duration) -> Result<FlowView, Problem>;

    /// Asks for the flow to end as `other.cancelled`.
    async fn cancel(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem>;

    /// Takes a callback: its exact bytes, and where they came from.
    async fn callback(&self, token: &str, source: SocketAddr, body: Bytes) -> CallbackReceipt;

    /// Everything that changes from now on.
    fn subscribe(&self) -> broadcast::Receiver<EngineEvent>;

    /// The records of one flow, oldest first; empty for an unknown flow.
    async fn timeline(&self, flow: FlowId) -> Vec<TimelineEntry>;

    /// The flows that began last, newest first.
    async fn recent(&self, limit: usize) -> Vec<FlowSummary>;

    /// What is active now.
    fn catalog(&self) -> ActiveCatalog;

    /// Whether flows can begin.
    ///
    /// # Errors
    /// Says what is missing, for the operator.
    async fn ready(&self) -> Result<(), String>;

    /// The metrics, as OpenMetrics text.
    fn metrics_text(&self) -> String;

    /// The key that outcome notices are signed with, as `whpk_…`.
    fn webhook_public_key(&self) -> String;
}

/// The active catalog, as far as pages show it.
#[derive(Clone)]
pub struct ActiveCatalog {
    /// Its digest.
    pub digest: Digest,
    /// The organization.
    pub organization: Arc<Organization>,
    /// The services, in the order of their names.
    pub services: Vec<Arc<Service>>,
}

impl ActiveCatalog {
    /// The service of a name.
    pub fn service(&self, name: &str) -> Option<&Arc<Service>> {
        self.services.iter().find(|service| service.id.as_str() == name)
    }
}

/// One line of the list of flows. Holds no personal data.
#[derive(Clone, Debug)]
pub struct FlowSummary {
    /// The id.
    pub flow: FlowId,
    /// The service.
    pub service: ServiceName,
    /// The name of the service.
    pub service_name: Text,
    /// How far it has come: `created`, `sent`, `waiting`, ….
    pub phase: String,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// When it began.
    pub created_at: Timestamp,
}
