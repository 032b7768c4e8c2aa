use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;
use tokio::sync::oneshot;

use super::Refusal;
use super::Wanted;
use super::contract;
use super::sever::Shears;
use crate::sandbox::conduct::ReplyConduct;
use crate::sandbox::courier;
use crate::sandbox::keys::own_kind;
use crate::sandbox::request::Asked;
use crate::sandbox::request::Standing;
use crate::sandbox::state::Admitted;
use crate::sandbox::state::State;
use crate::words::Purpose;

/// The operations, and the ledger for whoever holds the provider's certificate.
pub(super) fn router(state: Arc<State>, shears: Shears) -> Router {
    Router::new()
        .route("/{operation}", post(operation))
        .route("/ledger", get(ledger))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Desk { state, shears })
}

#[derive(Clone)]
struct Desk {
    state: Arc<State>,
    shears: Shears,
}

async fn ledger(Shared(desk): Shared<Desk>) -> Response {
    axum::Json(desk.state.ledger()).into_response()
}

async fn operation(
    Shared(desk): Shared<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path(operation): Path<String>,
    body: Bytes,
) -> Response {
    if !OPERATIONS.contains(&operation.as_str()) {
        return (StatusCode::NOT_FOUND, "no such operation").into_response();
    }
    let entry = desk.state.arrived(&operation, &body);
    let answered = match operation.as_str() {
        "InitiateAuthRequestPN" => return initiate(&desk, peer, entry, &body, false).await,
        "InitiateAuthRequestPNWithAssuranceLevel" => {
            return initiate(&desk, peer, entry, &body, true).await;
        }
        "HasMobileIdentity" => has_mobile_identity(&desk.state, &body),
        "GetRequestStatus" => request_status(&desk.state, &body),
        "GetUserCertificate" => user_certificate(&desk.state, &body),
        _ => Err(Refusal::NotHere),
    };
    answer(&desk.state, entry, "answered", answered)
}

async fn initiate(desk: &Desk, peer: SocketAddr, entry: u64, body: &[u8], with_level: bool) -> Response {
    let state = &desk.state;
    let admitted = contract::object(body)
        .and_then(|members| Wanted::read(&members, with_level))
        .and_then(|wanted| state.admit(entry, wanted));
    let Admitted { request_id, conduct } = match admitted {
        Ok(admitted) => admitted,
        Err(refusal) => return answer(state, entry, "", Err(refusal)),
    };
    let (first_sent, first) = oneshot::channel();
    courier::send(state, request_id.clone(), conduct.answers, Some(first_sent));
    match conduct.reply {
        ReplyConduct::Accept => {}
        ReplyConduct::AcceptAfterAnswer => {
            // Ends in any case: the courier drops its side when it gives up.
            let _ = first.await;
        }
        ReplyConduct::Refuse(refusal) => return answer(state, entry, "", Err(refusal)),
        ReplyConduct::Drop => {
            state.replied(entry, "dropped");
            desk.shears.cut(peer);
            return StatusCode::OK.into_response();
        }
        ReplyConduct::ServerError => {
            state.replied(entry, "http 500");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    }
    answer(state, entry, "accepted", Ok(Value::String(request_id)))
}

fn has_mobile_identity(state: &State, body: &[u8]) -> Result<Value, Refusal> {
    let civil_no = contract::civil_no(&contract::object(body)?, "CivilNo")?;
    let digits = civil_no.expose(Purpose::Wire);
    let citizen = state
        .citizen(digits)
        .filter(|citizen| citizen.ending.is_enrolled());
    Ok(json!({
        "CivilNo": digits,
        "HasMobileId": citizen.is_some(),
        "Status": citizen.map_or("None", |_| "Active"),
        "VerificationLevel": citizen.map(|citizen| citizen.assurance.wire_level().to_string()),
    }))
}

fn request_status(state: &State, body: &[u8]) -> Result<Value, Refusal> {
    let members = contract::object(body)?;
    let id = contract::text(&members, "RequestId", 64)?;
    let (asked, standing) = state.request(&id).ok_or(Refusal::UnknownRequest)?;
    let Asked {
        ref_id,
        civil_no,
        status,
        fault,
        ..
    } = asked;
    let (number, name) = match standing {
        Standing::Open | Standing::Ignored => (1, "Delivered"),
        Standing::Approved => (2, "Approved"),
        Standing::Declined => (3, "Declined"),
        Standing::Failed => (4, "Failed"),
        Standing::Expired => (5, "Expired"),
    };
    let (code, action) = match standing {
        Standing::Approved => (Some(1), Some(1)),
        Standing::Declined => (Some(4), Some(2)),
        _ => (None, None),
    };
    Ok(json!({
        "RequestId": id,
        "RefId": ref_id,
        "CivilNo": civil_no,
        "RequestStatusId": number,
        "RequestStatus": name,
        "ResultCodeId": code,
        "ResultCode": code.map(|_| name),
        "UserActionId": action,
        "UserAction": action.map(|_| name),
        "HTTPStatus": status,
        "CallBackEx": fault,
    }))
}

fn user_certificate(state: &State, body: &[u8]) -> Result<Value, Refusal> {
    let civil_no = contract::civil_no(&contract::object(body)?, "CivilNo")?;
    let citizen = state
        .citizen(civil_no.expose(Purpose::Wire))
        .filter(|citizen| citizen.ending.is_enrolled());
    let Some(citizen) = citizen else {
        return Ok(Value::Null);
    };
    let identity = state.keys.citizen(citizen, own_kind(citizen));
    let identity = identity.map_err(|_| Refusal::Synthetic)?;
    Ok(Value::String(STANDARD.encode(identity.certificate())))
}

/// `{ Data, Error }`, and the ledger's entry for it.
fn answer(state: &State, entry: u64, note: &str, answered: Result<Value, Refusal>) -> Response {
    let body = match answered {
        Ok(data) => {
            state.replied(entry, note);
            json!({ "Data": data, "Error": null })
        }
        Err(refusal) => {
            state.replied(entry, &format!("error {}", refusal.code()));
            json!({ "Data": null, "Error": { "Code": refusal.code(), "Message": refusal.message() } })
        }
    };
    ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

const LARGEST_BODY: usize = 256 * 1024;
/// Everything the contract names; what has no branch above answers `not in this sandbox yet`.
const OPERATIONS: [&str; 10] = [
    "InitiateAuthRequestPN",
    "InitiateAuthRequestPNWithAssuranceLevel",
    "InitiateAuthRequestQR",
    "InitiateAuthRequestQRWithAssuranceLevel",
    "InitiateSignRequest",
    "VerifyMobileIdQRData",
    "NotifyPerson",
    "HasMobileIdentity",
    "GetRequestStatus",
    "GetUserCertificate",
];
