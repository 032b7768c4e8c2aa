use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;

use super::admin;
use super::flow_page;
use super::flows_page;
use super::live;
use super::services_page;
use super::why_page;
use crate::engine::Problem;
use crate::http::assets;
use crate::http::flows::Flows;
use crate::http::headers::Site;
use crate::http::headers::page_headers;
use crate::http::keys::ApiKeys;
use crate::http::message::Message;
use crate::http::page::SiteName;
use crate::http::page::Visitor;

/// How the console is served.
#[derive(Clone, Debug, Default)]
pub struct ConsoleSettings {
    /// The public base of this listener, no slash at its end; without one, loopback names only are served.
    pub public_base: Option<String>,
    /// Who may change something through this listener; nobody without keys.
    pub admins: ApiKeys,
}

/// What every handler of the console knows.
#[derive(Clone)]
pub(super) struct ConsoleState {
    pub(super) flows: Arc<dyn Flows>,
    pub(super) admins: Arc<ApiKeys>,
}

/// The console. It knows no users yet: keep its listener on loopback or behind something that does.
pub fn console(flows: Arc<dyn Flows>, settings: ConsoleSettings) -> Router {
    let site = settings
        .public_base
        .map_or_else(Site::loopback, |base| Site::of_base(&base));
    let state = ConsoleState {
        flows,
        admins: Arc::new(settings.admins),
    };
    Router::new()
        .route("/", get(flows_page::show))
        .route("/events", get(live::all))
        .route("/flows/{flow}", get(flow_page::show))
        .route("/flows/{flow}/events", get(live::one))
        .route("/flows/{flow}/why", get(why_page::show))
        .route("/services", get(services_page::show))
        .route("/admin/catalog", get(admin::status))
        .route("/admin/catalog/activations", get(admin::activations))
        .route("/admin/flows/{flow}/why", get(admin::why))
        .route("/admin/catalog/reload", post(admin::reload))
        .route("/admin/catalog/activate", post(admin::activate))
        .route("/admin/catalog/rollback", post(admin::roll_back))
        .route("/admin/audit/search", post(admin::search))
        .route("/admin/evidence", post(admin::evidence))
        .route("/admin/keys/rotate", post(admin::rotate_keys))
        .route("/admin/rights", post(admin::rights))
        .fallback(not_found)
        .layer(middleware::from_fn_with_state(site, page_headers))
        .with_state(state)
        .merge(assets::router())
}

/// The page for a store that can't be read.
pub(super) fn store_fault(visitor: &Visitor, problem: &Problem) -> Response {
    tracing::warn!(code = problem.code.as_str(), "a console page could not be made");
    let ui = visitor.ui();
    let message = Message::new(
        visitor,
        SiteName::Console,
        ui.something_wrong,
        ui.error_unavailable,
    );
    visitor.show(StatusCode::SERVICE_UNAVAILABLE, &message)
}

async fn not_found(visitor: Visitor) -> Response {
    visitor.show(
        StatusCode::NOT_FOUND,
        &Message::not_found(&visitor, SiteName::Console),
    )
}
