//! The face `gateway`: a token, one call, and a question about its answer (protocol notes, section 6).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::extract::Path;
use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Refusal;
use super::contract;
use super::desk::Call;
use super::desk::Desk;
use super::desk::Served;
use super::operations::PUSH_WITH_LEVEL;
use crate::sandbox::request::Standing;

/// The gateway's three calls.
pub(super) fn router() -> Router<Desk> {
    Router::new()
        .route("/gateway/paci/login", post(login))
        .route("/gateway/mobile-id/call", post(call))
        .route("/gateway/mobile-id/check/{id}", get(check))
}

async fn login(
    Shared(desk): Shared<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    body: Bytes,
) -> Response {
    let members = contract::object(&body).unwrap_or_default();
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let provider = desk.provider(peer);
    let login = provider.and_then(|provider| desk.login(&provider));
    match login.map(|login| login.token(text("username"), text("password"))) {
        Ok(Some(token)) => Json(json!({ "accessToken": token })).into_response(),
        Ok(None) => StatusCode::UNAUTHORIZED.into_response(),
        Err(status) => status.into_response(),
    }
}

/// The provider that calls with one of its own tokens.
fn called_by(desk: &Desk, peer: SocketAddr, headers: &HeaderMap) -> Result<Arc<str>, StatusCode> {
    let provider = desk.provider(peer)?;
    let known = desk.login(&provider)?.has_token(headers);
    known.then_some(provider).ok_or(StatusCode::UNAUTHORIZED)
}

async fn call(
    Shared(desk): Shared<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let provider = match called_by(&desk, peer, &headers) {
        Ok(provider) => provider,
        Err(status) => return status.into_response(),
    };
    let call = Call {
        peer,
        provider: &provider,
        operation: PUSH_WITH_LEVEL,
        body: &body,
        polled: true,
        members: members(&body, &provider),
    };
    match desk.serve(call).await.bare() {
        Ok(response) => response,
        Err(Served::Data(id)) => {
            Json(json!({ "statusCode": TAKEN, "errorCode": null, "requestId": id })).into_response()
        }
        Err(Served::Refused(refusal)) => {
            let answer = json!({ "statusCode": REFUSED, "errorCode": refusal.code(), "requestId": null });
            Json(answer).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What has become of a request. The stamped answer stands in `answer`, a member of the sandbox's own: whether the real
/// gateway hands the stamp on is not known.
async fn check(
    Shared(desk): Shared<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let provider = match called_by(&desk, peer, &headers) {
        Ok(provider) => provider,
        Err(status) => return status.into_response(),
    };
    let Some((answer, used, standing)) = desk.state.polled(&provider, &id) else {
        return (StatusCode::NOT_FOUND, Json(json!({ "statusCode": UNKNOWN }))).into_response();
    };
    let status = match standing {
        Standing::Open | Standing::Ignored => "Waiting",
        // The person has answered; the answer is on its way.
        _ if answer.is_none() && standing != Standing::Expired => "Waiting",
        Standing::Approved => "Approved",
        Standing::Declined => "Declined",
        Standing::Failed => "Failed",
        Standing::Expired => "Expired",
    };
    let answer = answer.map(|body| String::from_utf8_lossy(&body).into_owned());
    Json(json!({ "statusCode": TAKEN, "requestStatus": status, "isUsed": used, "answer": answer }))
        .into_response()
}

/// The call in the names of the contract.
fn members(body: &[u8], service_provider_id: &str) -> Result<Map<String, Value>, Refusal> {
    let call = contract::object(body)?;
    if call.get("requestType") != Some(&1.into()) {
        return Err(Refusal::Invalid("requestType"));
    }
    let mut members = Map::new();
    members.insert("ServiceProviderId".to_owned(), service_provider_id.into());
    for (theirs, ours) in NAMES {
        if let Some(value) = call.get(theirs) {
            members.insert(ours.to_owned(), value.clone());
        }
    }
    Ok(members)
}

const NAMES: [(&str, &str); 7] = [
    ("civilId", "PersonCivilNo"),
    ("assuranceLevel", "AssuranceLevel"),
    ("subjectEn", "ServiceDescriptionEN"),
    ("subjectAr", "ServiceDescriptionAR"),
    ("authenticationReasonEn", "AuthenticationReasonEn"),
    ("authenticationReasonAr", "AuthenticationReasonAr"),
    ("requestUserDetails", "RequestUserDetails"),
];
const TAKEN: u16 = 900;
const REFUSED: u16 = 901;
const UNKNOWN: u16 = 904;
