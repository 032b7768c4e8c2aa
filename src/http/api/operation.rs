use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;

use super::answer::WebhookKeyAnswer;
use super::router::ApiState;
use super::router::Client;
use crate::http::problem::Details;

/// The key of outcome notices
///
/// Outcome notices follow Standard Webhooks and are signed `v1a` with the private half of this key.
#[utoipa::path(
    get, path = "/v1/webhook-key", tag = "notices", operation_id = "webhook_key",
    responses(
        (status = 200, description = "The public key", body = WebhookKeyAnswer),
        (status = 401, description = "`unauthorized`", body = Details, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
pub(super) async fn webhook_key(State(state): State<ApiState>, Client(_): Client) -> Json<WebhookKeyAnswer> {
    Json(WebhookKeyAnswer {
        public_key: state.flows.webhook_public_key(),
    })
}

/// Whether the process lives
#[utoipa::path(
    get, path = "/healthz", tag = "operation", operation_id = "healthz",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain")),
)]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether flows can begin
///
/// The answer names no reason; the log does.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", operation_id = "readyz",
    responses(
        (status = 200, description = "They can", body = String, content_type = "text/plain"),
        (status = 503, description = "They can't", body = String, content_type = "text/plain"),
    ),
)]
pub(super) async fn readyz(State(state): State<ApiState>) -> Response {
    match state.flows.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => {
            tracing::warn!(reason, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
        }
    }
}

/// The metrics
#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "metrics",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text")),
)]
pub(super) async fn metrics(State(state): State<ApiState>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], state.flows.metrics_text()).into_response()
}
