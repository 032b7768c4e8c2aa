use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use crate::catalog::Catalog;
use crate::engine::CallbackReceipt;
use crate::engine::CatalogStatus;
use crate::engine::Confirmation;
use crate::engine::Engine;
use crate::engine::EngineEvent;
use crate::engine::EvidenceAct;
use crate::engine::FlowView;
use crate::engine::JourneyView;
use crate::engine::KeptDocument;
use crate::engine::NewDocument;
use crate::engine::Problem;
use crate::engine::Reload;
use crate::engine::RightsAsk;
use crate::engine::RightsError;
use crate::engine::SeenDrift;
use crate::engine::ShownDocument;
use crate::engine::StartFlow;
use crate::engine::StartJourney;
use crate::engine::Started;
use crate::engine::TimelineEntry;
use crate::engine::Why;
use crate::engine::log::Found;
use crate::engine::log::SearchAsk;
use crate::store::Activation;
use crate::store::FlowSummary;
use crate::words::Digest;
use crate::words::FlowId;

/// What the HTTP interface needs of the engine, and nothing more; so its tests run against a fake.
///
/// What changes a flow goes on to its end even if the caller stops waiting: a client that hangs up undoes nothing.
#[async_trait]
pub trait Flows: Send + Sync + 'static {
    /// Begins a flow, or finds the one that began under the same idempotency key.
    async fn start(&self, request: StartFlow) -> Result<Started, Problem>;

    /// Begins a journey, or finds the one that began under the same idempotency key.
    async fn start_journey(&self, request: StartJourney) -> Result<Started, Problem>;

    /// A journey, once it has ended or the time is up.
    async fn journey(&self, client: &str, journey: FlowId, time: Duration) -> Result<JourneyView, Problem>;

    /// Asks for a journey to end as `other.cancelled`.
    async fn cancel_journey(&self, client: &str, journey: FlowId) -> Result<JourneyView, Problem>;

    /// The flow that a page shows: of a journey the step at which it is, of any other flow itself.
    async fn view_on_page(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem>;

    /// A flow as it stands; another client's flow is unknown.
    async fn view(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem>;

    /// The same, once the flow has ended or the time is up.
    async fn wait(&self, client: &str, flow: FlowId, time: Duration) -> Result<FlowView, Problem>;

    /// Asks for the flow to end as `other.cancelled`.
    async fn cancel(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem>;

    /// Begins the same again in the place of a flow whose code runs out.
    async fn renew(
        &self,
        client: &str,
        flow: FlowId,
        idempotency_key: Option<String>,
    ) -> Result<Started, Problem>;

    /// Keeps a document to be shown and signed.
    async fn keep_document(&self, document: NewDocument) -> Result<KeptDocument, Problem>;

    /// The document of a flow, byte for byte.
    async fn document(&self, client: &str, flow: FlowId) -> Result<ShownDocument, Problem>;

    /// Takes what the person has confirmed, and sends the request to sign.
    async fn confirm(
        &self,
        client: &str,
        flow: FlowId,
        confirmation: Confirmation,
    ) -> Result<FlowView, Problem>;

    /// Ends a flow because the person does not want to sign what they have read.
    async fn withdraw(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem>;

    /// Gives the page of a flow to the browser that opens it first, by the digest of its cookie's value.
    async fn opened(&self, client: &str, flow: FlowId, browser: Digest) -> Result<FlowView, Problem>;

    /// Ends a flow because somebody says on its page that they did not ask for it.
    async fn disown(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem>;

    /// Takes down that the person did not ask for a flow, as its e-service knows.
    async fn report_not_me(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem>;

    /// Takes a callback: its exact bytes, and where they came from.
    async fn callback(&self, token: &str, source: SocketAddr, body: Bytes) -> CallbackReceipt;

    /// Keeps that somebody called who may not (R000-065).
    async fn callback_refused(&self, source: IpAddr) -> CallbackReceipt;

    /// Everything that changes from now on.
    fn subscribe(&self) -> broadcast::Receiver<EngineEvent>;

    /// The records of one flow, oldest first; empty for an unknown flow.
    async fn timeline(&self, flow: FlowId) -> Result<Vec<TimelineEntry>, Problem>;

    /// Why a flow ended as it did; `None` for an unknown flow.
    async fn why(&self, flow: FlowId) -> Result<Option<Why>, Problem>;

    /// The flows that began last, newest first.
    async fn recent(&self, limit: u32) -> Result<Vec<FlowSummary>, Problem>;

    /// What is active now.
    fn catalog(&self) -> Arc<Catalog>;

    /// Which catalog is active, and why a newer one is not.
    fn catalog_status(&self) -> CatalogStatus;

    /// What answers of the authority have held that is in no list.
    fn drift(&self) -> Vec<SeenDrift>;

    /// Reads the node's policy folder again and activates it, all or nothing.
    async fn reload(&self, actor: &str) -> Reload;

    /// Activates a catalog that the store keeps.
    async fn activate_catalog(&self, catalog: Digest, actor: &str) -> Reload;

    /// Activates the catalog that was active before the present one.
    async fn roll_back_catalog(&self, actor: &str) -> Reload;

    /// The latest activations of catalogs, the latest first.
    async fn activations(&self, limit: u32) -> Result<Vec<Activation>, Problem>;

    /// The flows that somebody looks for; that it was looked for is recorded before.
    async fn search(&self, ask: SearchAsk) -> Result<Vec<Found>, Problem>;

    /// Records that somebody takes the evidence of a flow out of the store.
    async fn evidence_taken(&self, act: EvidenceAct) -> Result<(), Problem>;

    /// Exchanges the key that wraps the keys of all flows; returns how many were wrapped again.
    async fn rotate_keys(&self, by: &str) -> Result<u64, Problem>;

    /// Does what a person, a court or the clock may ask of somebody's data.
    async fn rights(&self, ask: RightsAsk) -> Result<serde_json::Value, RightsError>;

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

#[async_trait]
impl Flows for Engine {
    async fn start(&self, request: StartFlow) -> Result<Started, Problem> {
        self.start_flow(request).await
    }

    async fn start_journey(&self, request: StartJourney) -> Result<Started, Problem> {
        Self::start_journey(self, request).await
    }

    async fn journey(&self, client: &str, journey: FlowId, time: Duration) -> Result<JourneyView, Problem> {
        Self::wait_for_journey(self, client, journey, time).await
    }

    async fn cancel_journey(&self, client: &str, journey: FlowId) -> Result<JourneyView, Problem> {
        Self::cancel_journey(self, client, journey).await
    }

    async fn view_on_page(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        Self::view_on_page(self, client, flow).await
    }

    async fn view(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        Self::view(self, client, flow).await
    }

    async fn wait(&self, client: &str, flow: FlowId, time: Duration) -> Result<FlowView, Problem> {
        Self::wait(self, client, flow, time).await
    }

    async fn cancel(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        Self::cancel(self, client, flow).await
    }

    async fn renew(
        &self,
        client: &str,
        flow: FlowId,
        idempotency_key: Option<String>,
    ) -> Result<Started, Problem> {
        Self::renew(self, client, flow, idempotency_key).await
    }

    async fn keep_document(&self, document: NewDocument) -> Result<KeptDocument, Problem> {
        Self::keep_document(self, document).await
    }

    async fn document(&self, client: &str, flow: FlowId) -> Result<ShownDocument, Problem> {
        Self::document(self, client, flow).await
    }

    async fn confirm(
        &self,
        client: &str,
        flow: FlowId,
        confirmation: Confirmation,
    ) -> Result<FlowView, Problem> {
        Self::confirm(self, client, flow, confirmation).await
    }

    async fn withdraw(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        Self::withdraw(self, client, flow).await
    }

    async fn opened(&self, client: &str, flow: FlowId, browser: Digest) -> Result<FlowView, Problem> {
        Self::opened(self, client, flow, browser).await
    }

    async fn disown(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        Self::disown(self, client, flow).await
    }

    async fn report_not_me(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        Self::report_not_me(self, client, flow).await
    }

    async fn callback(&self, token: &str, source: SocketAddr, body: Bytes) -> CallbackReceipt {
        Self::callback(self, token, source.ip().to_string(), body).await
    }

    async fn callback_refused(&self, source: IpAddr) -> CallbackReceipt {
        Self::callback_refused(self, source.to_string()).await
    }

    fn subscribe(&self) -> broadcast::Receiver<EngineEvent> {
        Self::subscribe(self)
    }

    async fn timeline(&self, flow: FlowId) -> Result<Vec<TimelineEntry>, Problem> {
        Self::timeline(self, flow).await
    }

    async fn why(&self, flow: FlowId) -> Result<Option<Why>, Problem> {
        Self::why(self, flow).await
    }

    async fn recent(&self, limit: u32) -> Result<Vec<FlowSummary>, Problem> {
        Self::recent(self, limit).await
    }

    fn catalog(&self) -> Arc<Catalog> {
        Self::catalog(self)
    }

    fn catalog_status(&self) -> CatalogStatus {
        Self::catalog_status(self)
    }

    fn drift(&self) -> Vec<SeenDrift> {
        Self::drift(self)
    }

    async fn reload(&self, actor: &str) -> Reload {
        self.reload_own(actor).await
    }

    async fn activate_catalog(&self, catalog: Digest, actor: &str) -> Reload {
        Self::activate_catalog(self, catalog, actor).await
    }

    async fn roll_back_catalog(&self, actor: &str) -> Reload {
        Self::roll_back_catalog(self, actor).await
    }

    async fn activations(&self, limit: u32) -> Result<Vec<Activation>, Problem> {
        Self::activations(self, limit).await
    }

    async fn search(&self, ask: SearchAsk) -> Result<Vec<Found>, Problem> {
        Self::search(self, ask).await
    }

    async fn evidence_taken(&self, act: EvidenceAct) -> Result<(), Problem> {
        Self::evidence_taken(self, act).await
    }

    async fn rotate_keys(&self, by: &str) -> Result<u64, Problem> {
        Self::rotate_keys(self, by).await
    }

    async fn rights(&self, ask: RightsAsk) -> Result<serde_json::Value, RightsError> {
        Self::rights(self).carry_out(ask).await
    }

    async fn ready(&self) -> Result<(), String> {
        Self::ready(self).await
    }

    fn metrics_text(&self) -> String {
        Self::metrics_text(self)
    }

    fn webhook_public_key(&self) -> String {
        Self::webhook_public_key(self)
    }
}
