//! The face `template`: one JSON wrapper as others have been seen, with small letters first, an envelope and names of its
//! own. The answers come by callback, in the authority's own form.

use std::net::SocketAddr;

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::extract::Path;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::post;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Refusal;
use super::contract;
use super::desk::Call;
use super::desk::Desk;
use super::desk::Served;

/// One address an operation.
pub(super) fn router() -> Router<Desk> {
    Router::new().route("/template/mobile-id/{asked}", post(serve))
}

async fn serve(
    Shared(desk): Shared<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(asked): Path<String>,
    body: Bytes,
) -> Response {
    let operation = match asked.as_str() {
        "push" => "InitiateAuthRequestPNWithAssuranceLevel",
        "qr" => "InitiateAuthRequestQRWithAssuranceLevel",
        "notify" => "NotifyPerson",
        _ => return StatusCode::NOT_FOUND.into_response(),
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
        members: members(&body, &provider),
    };
    match desk.serve(call).await.bare() {
        Ok(response) => response,
        Err(Served::Data(data)) => {
            let (id, code) = match &data {
                Value::Object(code) => (None, code.get("QRCode")),
                id => (Some(id), None),
            };
            let result = json!({ "operationId": id, "qrCode": code });
            Json(json!({ "status": "accepted", "result": result, "errorCode": null })).into_response()
        }
        Err(Served::Refused(refusal)) => {
            Json(json!({ "status": "refused", "result": null, "errorCode": refusal.code() })).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The members below `request` in the names of the contract.
fn members(body: &[u8], service_provider_id: &str) -> Result<Map<String, Value>, Refusal> {
    let mut whole = contract::object(body)?;
    let Some(Value::Object(request)) = whole.remove("request") else {
        return Err(Refusal::Invalid("request"));
    };
    if request.get("application") != Some(&"midflow".into()) {
        return Err(Refusal::Invalid("application"));
    }
    let mut members = Map::new();
    members.insert("ServiceProviderId".to_owned(), service_provider_id.into());
    let named = |path: &str| {
        path.split('/')
            .try_fold(None, |found: Option<&Value>, step| match found {
                None => request.get(step).map(Some),
                Some(value) => value.get(step).map(Some),
            })
            .flatten()
            .cloned()
    };
    for (theirs, ours) in NAMES {
        if let Some(value) = named(theirs) {
            members.insert(ours.to_owned(), value);
        }
    }
    Ok(members)
}

/// The wrapper's names, and the contract's.
const NAMES: [(&str, &str); 14] = [
    ("civilId", "PersonCivilNo"),
    ("assuranceLevel", "AssuranceLevel"),
    ("serviceName/en", "ServiceDescriptionEN"),
    ("serviceName/ar", "ServiceDescriptionAR"),
    ("authenticationReasonEn", "AuthenticationReasonEn"),
    ("authenticationReasonAr", "AuthenticationReasonAr"),
    ("requestUserDetails", "RequestUserDetails"),
    ("spCallbackURL", "SPCallbackURL"),
    ("additionalData", "AdditionalData"),
    ("challenge", "Challenge"),
    ("notificationSubjectEn", "NotificationSubjectEn"),
    ("notificationSubjectAr", "NotificationSubjectAr"),
    ("notificationMessageEn", "NotificationMessageEn"),
    ("notificationMessageAr", "NotificationMessageAr"),
];
