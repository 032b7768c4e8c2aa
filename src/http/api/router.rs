use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::get;
use axum::routing::post;

use super::documents;
use super::events;
use super::flows;
use super::journeys;
use super::openapi;
use super::operation;
use crate::http::assets;
use crate::http::citizen;
use crate::http::embed;
use crate::http::flows::Flows;
use crate::http::headers::api_headers;
use crate::http::keys::ApiKeys;
use crate::http::page_handle::PageKey;
use crate::http::problem::ApiProblem;
use crate::http::problem::HttpCode;
use crate::http::request_id::RequestIds;

/// How the API is served.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The keys of the clients.
    pub keys: ApiKeys,
    /// The public base of this listener, such as `https://id.example.test`; no slash at its end.
    pub public_base: String,
    /// Makes the addresses of citizen pages.
    pub page_key: PageKey,
    /// Whether `http` on loopback hosts is good enough for `return_url` and `notify_url`.
    pub development: bool,
}

/// What every handler of the API knows.
#[derive(Clone)]
pub(in crate::http) struct ApiState {
    pub(in crate::http) flows: Arc<dyn Flows>,
    pub(in crate::http) settings: Arc<ApiSettings>,
}

/// The client that sent a request, known by its key.
pub(super) struct Client(pub(super) String);

/// The API with the citizen pages, health and metrics.
pub fn api(flows: Arc<dyn Flows>, settings: ApiSettings) -> Router {
    let state = ApiState {
        flows,
        settings: Arc::new(settings),
    };
    Router::new()
        .route(
            "/v1/flows",
            post(flows::start).fallback(|| async { only("POST") }),
        )
        .route(
            "/v1/flows/{flow}",
            get(flows::read).fallback(|| async { only("GET, HEAD") }),
        )
        .route(
            "/v1/flows/{flow}/events",
            get(events::follow).fallback(|| async { only("GET, HEAD") }),
        )
        .route(
            "/v1/flows/{flow}/cancel",
            post(flows::cancel).fallback(|| async { only("POST") }),
        )
        .route(
            "/v1/flows/{flow}/not-me",
            post(flows::not_me).fallback(|| async { only("POST") }),
        )
        .route(
            "/v1/flows/{flow}/renew",
            post(flows::renew).fallback(|| async { only("POST") }),
        )
        .route(
            "/v1/journeys",
            post(journeys::start).fallback(|| async { only("POST") }),
        )
        .route(
            "/v1/journeys/{journey}",
            get(journeys::read).fallback(|| async { only("GET, HEAD") }),
        )
        .route(
            "/v1/journeys/{journey}/cancel",
            post(journeys::cancel).fallback(|| async { only("POST") }),
        )
        .route(
            "/v1/documents",
            post(documents::keep).fallback(|| async { only("POST") }),
        )
        .route(
            "/v1/webhook-key",
            get(operation::webhook_key).fallback(|| async { only("GET, HEAD") }),
        )
        .route(
            "/v1/openapi.json",
            get(openapi::serve).fallback(|| async { only("GET, HEAD") }),
        )
        .route(
            "/healthz",
            get(operation::healthz).fallback(|| async { only("GET, HEAD") }),
        )
        .route(
            "/readyz",
            get(operation::readyz).fallback(|| async { only("GET, HEAD") }),
        )
        .route(
            "/metrics",
            get(operation::metrics).fallback(|| async { only("GET, HEAD") }),
        )
        .fallback(|| async { ApiProblem::http(HttpCode::NotFound, "see /v1/openapi.json for the paths") })
        // As one layer: axum puts each in a box, and a request copies all boxes on its way.
        .layer((RequestIds, api_headers()))
        .with_state(state.clone())
        .merge(pages(state).layer(RequestIds))
}

fn pages(state: ApiState) -> Router {
    citizen::pages(state.clone())
        .merge(embed::parts(state))
        .merge(assets::router())
}

fn only(allow: &'static str) -> ApiProblem {
    ApiProblem::method_not_allowed(allow)
}

impl FromRequestParts<ApiState> for Client {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiProblem> {
        state.settings.keys.client_of(&parts.headers).map(Self)
    }
}

/// The largest body of a request, in bytes.
pub(super) const MOST_BODY: usize = 64 * 1024;

/// How long a body may take to arrive.
pub(super) const BODY_TIME: Duration = Duration::from_secs(20);
