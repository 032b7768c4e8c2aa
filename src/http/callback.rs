use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::post;

use super::body;
use super::body::BodyError;
use super::flows::Flows;
use super::headers::api_headers;
use crate::engine::CallbackReceipt;

/// Where the authority sends its answers: `POST /cb/v1/{token}`, and nothing else (R000-026).
///
/// The answers are empty: whoever asks learns nothing but whether to send it again.
pub fn callback(flows: Arc<dyn Flows>) -> Router {
    Router::new()
        .route("/cb/v1/{token}", post(receive))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(api_headers))
        .with_state(flows)
}

async fn receive(
    State(flows): State<Arc<dyn Flows>>,
    Path(token): Path<String>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
) -> StatusCode {
    let body = match body::read(request.into_body(), MOST_BODY, BODY_TIME).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => return StatusCode::PAYLOAD_TOO_LARGE,
        Err(BodyError::TooSlow) => return StatusCode::REQUEST_TIMEOUT,
        Err(BodyError::Broken) => return StatusCode::BAD_REQUEST,
    };
    match flows.callback(&token, source, body).await {
        CallbackReceipt::Recorded => StatusCode::OK,
        CallbackReceipt::UnknownToken => StatusCode::NOT_FOUND,
        CallbackReceipt::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

const MOST_BODY: usize = 2 * 1024 * 1024;
const BODY_TIME: Duration = Duration::from_secs(20);
