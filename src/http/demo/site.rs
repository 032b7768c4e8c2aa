use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use secrecy::SecretString;

use super::client::ApiClient;
use super::embedded;
use super::result_page;
use super::service_page;
use super::session::Sessions;
use super::start;
use crate::catalog::Catalog;
use crate::http::assets;
use crate::http::brand;
use crate::http::clock::PageClock;
use crate::http::flows::Flows;
use crate::http::headers::Site;
use crate::http::headers::page_headers;
use crate::http::message::Message;
use crate::http::page::Page;
use crate::http::page::SiteName;
use crate::http::page::Visitor;

/// How the demo e-service is served, and where it finds the API.
#[derive(Clone, Debug)]
pub struct DemoSettings {
    /// The base of the API, such as `http://127.0.0.1:8080`; no slash at its end.
    pub api_base: String,
    /// The demo's API key.
    pub key: SecretString,
    /// The public base of this listener; no slash at its end.
    pub public_base: String,
    /// Where the sandbox phone is, to lead the newcomer there.
    pub phone_url: Option<String>,
    /// Where the console is.
    pub console_url: Option<String>,
    /// A civil number of the sandbox, to begin with.
    pub example_civil_no: Option<String>,
    /// Where pages read the time from.
    pub clock: PageClock,
}

/// What every handler of the demo knows.
#[derive(Clone)]
pub(super) struct DemoState {
    pub(super) settings: Arc<DemoSettings>,
    /// Which services there are: the e-service's own knowledge of its own policies.
    flows: Arc<dyn Flows>,
    pub(super) api: ApiClient,
    pub(super) sessions: Arc<Sessions>,
    pub(super) site: Site,
}

/// The demo e-service.
///
/// # Errors
/// When no HTTP client can be made.
pub fn demo(flows: Arc<dyn Flows>, settings: DemoSettings) -> Result<Router, reqwest::Error> {
    let site = Site::of_base(&settings.public_base);
    let state = DemoState {
        api: ApiClient::new(&settings.api_base, settings.key.clone())?,
        settings: Arc::new(settings),
        flows,
        sessions: Arc::new(Sessions::default()),
        site: site.clone(),
    };
    Ok(Router::new()
        .route("/", get(home))
        .route("/services/{service}", get(service_page::show).post(start::start))
        .route("/brand/{name}", get(logo))
        .route("/flows/latest", get(result_page::latest))
        .route("/flows/{flow}", get(result_page::show))
        .route("/flows/{flow}/embedded", get(embedded::show))
        .route("/flows/{flow}/renew", post(start::renew))
        .route("/flows/{flow}/events", get(result_page::follow))
        .route("/flows/{flow}/cancel", post(result_page::cancel))
        .route("/flows/{flow}/retry", post(start::retry))
        .fallback(not_found)
        .layer(DefaultBodyLimit::max(MOST_FORM))
        .layer(middleware::from_fn_with_state(site, page_headers))
        .with_state(state)
        .merge(assets::router()))
}

impl DemoState {
    pub(super) fn catalog(&self) -> Arc<Catalog> {
        self.flows.catalog()
    }
}

#[derive(Template)]
#[template(path = "http/demo_home.html")]
struct Home {
    page: Page,
    catalog: Arc<Catalog>,
    phone_url: Option<String>,
    console_url: Option<String>,
}

async fn home(State(state): State<DemoState>, visitor: Visitor) -> Response {
    let page = Home {
        page: Page::new(&visitor, SiteName::Demo, visitor.ui().services),
        catalog: state.catalog(),
        phone_url: state.settings.phone_url.clone(),
        console_url: state.settings.console_url.clone(),
    };
    visitor.show(StatusCode::OK, &page)
}

async fn logo(State(state): State<DemoState>, Path(name): Path<String>) -> Response {
    brand::serve(&state.catalog(), &name)
}

async fn not_found(visitor: Visitor) -> Response {
    visitor.show(
        StatusCode::NOT_FOUND,
        &Message::not_found(&visitor, SiteName::Demo),
    )
}

const MOST_FORM: usize = 16 * 1024;
