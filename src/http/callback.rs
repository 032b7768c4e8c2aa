use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::routing::post;

use super::body;
use super::body::BodyError;
use super::flows::Flows;
use super::headers::api_headers;
use super::sources::CallbackSources;
use crate::engine::CallbackReceipt;

/// Where the authority sends its answers: `POST /cb/v1/{token}`, and nothing else (R000-026).
///
/// The answers are empty: whoever asks learns nothing but whether to send it again.
///
/// Anybody may call it: for development, and for examples. A node takes [`callback_from`].
pub fn callback(flows: Arc<dyn Flows>) -> Router {
    callback_from(flows, CallbackSources::any())
}

/// The same for these callers only (R000-065). Nothing of what others send is read; that they called is recorded.
pub fn callback_from(flows: Arc<dyn Flows>, sources: CallbackSources) -> Router {
    Router::new()
        .route("/cb/v1/{token}", post(receive))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(api_headers())
        .with_state(Listener {
            flows,
            sources: Arc::new(sources),
        })
}

#[derive(Clone)]
struct Listener {
    flows: Arc<dyn Flows>,
    sources: Arc<CallbackSources>,
}

async fn receive(
    State(Listener { flows, sources }): State<Listener>,
    Path(token): Path<String>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    request: Request,
) -> StatusCode {
    let (caller, may) = sources.judge(peer.ip(), &headers);
    if !may {
        return match flows.callback_refused(caller).await {
            CallbackReceipt::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        };
    }
    let body = match body::read(request.into_body(), MOST_BODY, BODY_TIME).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => return StatusCode::PAYLOAD_TOO_LARGE,
        Err(BodyError::TooSlow) => return StatusCode::REQUEST_TIMEOUT,
        Err(BodyError::Broken) => return StatusCode::BAD_REQUEST,
    };
    match flows
        .callback(&token, SocketAddr::new(caller, peer.port()), body)
        .await
    {
        CallbackReceipt::Recorded => StatusCode::OK,
        CallbackReceipt::UnknownToken => StatusCode::NOT_FOUND,
        CallbackReceipt::StoreUnavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

const MOST_BODY: usize = 2 * 1024 * 1024;
const BODY_TIME: Duration = Duration::from_secs(20);
