//! The phone: pages on a listener of their own, and the same as JSON for tests and the command line.
//!
//! It has its own name and look and says SANDBOX in both languages on every page (threat B-20).

mod acts;
mod assets;
mod guard;
mod json;
mod live;
mod pages;
mod texts;
mod views;

use std::net::SocketAddr;
use std::net::TcpListener;

use axum::Router;
use axum::middleware;
use axum::routing::get;
use axum::routing::post;
use axum_server::Handle;

use super::handle::SandboxHandle;

/// Serves the phone until the handle says stop.
pub(super) async fn serve(
    listener: TcpListener,
    sandbox: SandboxHandle,
    handle: Handle<SocketAddr>,
) -> std::io::Result<()> {
    axum_server::from_tcp(listener)?
        .handle(handle)
        .serve(router(sandbox).into_make_service())
        .await
}

fn router(sandbox: SandboxHandle) -> Router {
    Router::new()
        .route("/", get(pages::home))
        .route("/events", get(live::everybody))
        .route("/as/{civil_no}", get(pages::phone))
        .route("/as/{civil_no}/events", get(live::one))
        .route("/citizens", get(json::citizens))
        .route("/citizens/{civil_no}/{act}", post(acts::act))
        .route("/codes", get(json::codes))
        .route("/citizens/{civil_no}/card", get(json::card))
        .route("/scan", post(acts::scan))
        .route("/app", get(pages::app))
        .route("/scenarios", get(json::scenarios))
        .route("/trigger/{scenario}", post(acts::trigger))
        .route("/authority.crl", get(json::revocation_list))
        .route("/ocsp", post(json::responder))
        .route("/time-stamp", post(json::time_stamper))
        .route("/authority/{act}", post(acts::of_authority))
        .route("/ledger", get(json::ledger))
        .route("/assets/{name}", get(assets::asset))
        .route("/favicon.ico", get(assets::favicon))
        .fallback(pages::lost)
        .layer(middleware::from_fn(guard::guard))
        .with_state(sandbox)
}
