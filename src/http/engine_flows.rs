use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use super::flows::ActiveCatalog;
use super::flows::FlowSummary;
use super::flows::Flows;
use crate::engine::CallbackReceipt;
use crate::engine::Engine;
use crate::engine::EngineEvent;
use crate::engine::FlowView;
use crate::engine::Problem;
use crate::engine::StartFlow;
use crate::engine::Started;
use crate::engine::TimelineEntry;
use crate::words::FlowId;
use crate::words::Text;

#[async_trait]
impl Flows for Engine {
    async fn start(&self, request: StartFlow) -> Result<Started, Problem> {
        self.start_flow(request).await
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

    async fn callback(&self, token: &str, source: SocketAddr, body: Bytes) -> CallbackReceipt {
        Self::callback(self, token, source.ip().to_string(), body).await
    }

    fn subscribe(&self) -> broadcast::Receiver<EngineEvent> {
        Self::subscribe(self)
    }

    async fn timeline(&self, flow: FlowId) -> Vec<TimelineEntry> {
        Self::timeline(self, flow).await.unwrap_or_default()
    }

    async fn recent(&self, limit: usize) -> Vec<FlowSummary> {
        let catalog = Self::catalog(self);
        let rows = Self::recent(self, u32::try_from(limit).unwrap_or(u32::MAX)).await;
        let rows = rows.unwrap_or_default().into_iter().map(|row| FlowSummary {
            flow: row.id,
            service_name: catalog.service(row.service.as_str()).map_or_else(
                || Text::new(row.service.as_str(), row.service.as_str()),
                |loaded| loaded.service.name.clone(),
            ),
            service: row.service,
            phase: row.phase.as_str().to_owned(),
            outcome: row.outcome,
            created_at: row.created_at,
        });
        rows.collect()
    }

    fn catalog(&self) -> ActiveCatalog {
        let catalog = Self::catalog(self);
        ActiveCatalog {
            digest: catalog.digest(),
            organization: Arc::clone(catalog.organization()),
            services: catalog.services().map(|loaded| Arc::clone(&loaded.service)).collect(),
        }
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
