//! The face `bridge`: the operations as JSON, each at the address of its name.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::extract::Path;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use serde_json::json;

use super::contract;
use super::desk::Call;
use super::desk::Desk;
use super::desk::Served;
use super::operations::operation;

/// The operations, and of the ledger what is about the provider that asks.
pub(super) fn router() -> Router<Desk> {
    Router::new()
        .route("/{operation}", post(serve))
        .route("/ledger", get(ledger))
}

async fn ledger(Shared(desk): Shared<Desk>, ConnectInfo(peer): ConnectInfo<SocketAddr>) -> Response {
    match desk.provider(peer) {
        Ok(provider) => axum::Json(desk.state.ledger().of(&provider)).into_response(),
        Err(status) => status.into_response(),
    }
}

async fn serve(
    Shared(desk): Shared<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    let Some(operation) = operation(&name) else {
        return (StatusCode::NOT_FOUND, "no such operation").into_response();
    };
    let provider = match desk.provider(peer) {
        Ok(provider) => provider,
        Err(status) => return status.into_response(),
    };
    let call = Call {
        peer,
        provider: &provider,
        operation,
        body: &body,
        polled: false,
        members: contract::object(&body),
    };
    let answer = match desk.serve(call).await.bare() {
        Ok(response) => return response,
        Err(Served::Data(data)) => json!({ "Data": data, "Error": null }),
        Err(Served::Refused(refusal)) => {
            json!({ "Data": null, "Error": { "Code": refusal.code(), "Message": refusal.message() } })
        }
        Err(_) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    ([(CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}
