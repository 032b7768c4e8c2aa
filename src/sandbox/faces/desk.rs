use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use tokio::sync::oneshot;

use super::NotificationWanted;
use super::Refusal;
use super::Wanted;
use super::contract;
use super::contract::Asks;
use super::sever::Shears;
use crate::sandbox::callback::identity;
use crate::sandbox::conduct::ReplyConduct;
use crate::sandbox::courier;
use crate::sandbox::keys::own_kind;
use crate::sandbox::raw_reply::RawReply;
use crate::sandbox::request::Asked;
use crate::sandbox::request::Standing;
use crate::sandbox::state::Admitted;
use crate::sandbox::state::State;
use crate::words::Purpose;

/// Serves the authority's operations, whichever face they came through.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) state: Arc<State>,
    pub(super) shears: Shears,
}

/// An operation as a face has read it.
pub(super) struct Call<'c> {
    /// Who called.
    pub(super) peer: SocketAddr,
    /// The operation, by its name of the contract.
    pub(super) operation: &'static str,
    /// The exact bytes that came, for the ledger.
    pub(super) body: &'c [u8],
    /// Whether the provider asks for the answer, instead of being called.
    pub(super) polled: bool,
    /// The members of the request, by their names of the contract.
    pub(super) members: Result<Map<String, Value>, Refusal>,
}

/// How an operation was served; each face writes it in its own form.
pub(super) enum Served {
    /// The member `Data` of the answer.
    Data(Value),
    /// The member `Error` of the answer.
    Refused(Refusal),
    /// Nothing is answered: the connection is cut.
    Severed,
    /// HTTP 500, without a body.
    Broken,
    /// Something that is no reply of the contract, whatever the face.
    Raw(RawReply),
}

impl Served {
    /// What every face does alike; `Err` gives the rest back.
    pub(super) fn bare(self) -> Result<Response, Self> {
        match self {
            // Nothing of this leaves: the connection is cut already.
            Self::Severed => Ok(StatusCode::OK.into_response()),
            Self::Broken => Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
            Self::Raw(raw) => {
                let status = StatusCode::from_u16(raw.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = (status, raw.body().into_owned()).into_response();
                if let Some(location) = raw.location() {
                    let location = HeaderValue::from_static(location);
                    response.headers_mut().insert(LOCATION, location);
                }
                Ok(response)
            }
            other => Err(other),
        }
    }
}

impl Desk {
    /// Serves one operation, and enters it in the ledger.
    pub(super) async fn serve(&self, call: Call<'_>) -> Served {
        let state = &self.state;
        let entry = state.arrived(call.operation, call.body);
        let operation = call.operation;
        let (served, note) = match call.members {
            Err(refusal) => (Served::Refused(refusal), ""),
            Ok(members) if let Some(asks) = asks(operation, call.polled) => {
                (self.initiate(call.peer, entry, &members, asks).await, "accepted")
            }
            Ok(members) => {
                let answered = match operation {
                    "NotifyPerson" => notify(state, &members),
                    "VerifyMobileIdQRData" => verify_qr(state, &members),
                    "HasMobileIdentity" => has_mobile_identity(state, &members),
                    "GetRequestStatus" => request_status(state, &members),
                    "GetUserCertificate" => user_certificate(state, &members),
                    // The names of the operations are all above.
                    _ => Err(Refusal::Synthetic),
                };
                (answered.map_or_else(Served::Refused, Served::Data), "answered")
            }
        };
        match &served {
            Served::Data(_) => state.replied(entry, note),
            Served::Refused(refusal) => state.replied(entry, &format!("error {}", refusal.code())),
            Served::Severed => state.replied(entry, "dropped"),
            Served::Broken => state.replied(entry, "http 500"),
            Served::Raw(raw) => state.replied(entry, &format!("http {}", raw.status())),
        }
        served
    }

    async fn initiate(
        &self,
        peer: SocketAddr,
        entry: u64,
        members: &Map<String, Value>,
        asks: Asks,
    ) -> Served {
        let state = &self.state;
        let admitted = Wanted::read(members, asks).and_then(|wanted| state.admit(entry, wanted));
        let Admitted {
            request_id,
            conduct,
            code,
        } = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return Served::Refused(refusal),
        };
        let (first_sent, first) = oneshot::channel();
        courier::send(state, request_id.clone(), conduct.answers, Some(first_sent));
        match conduct.reply {
            ReplyConduct::Accept => {}
            ReplyConduct::AcceptAfterAnswer => {
                // Ends in any case: the courier drops its side when it gives up.
                let _ = first.await;
            }
            ReplyConduct::Refuse(refusal) => return Served::Refused(refusal),
            ReplyConduct::Drop => {
                self.shears.cut(peer);
                return Served::Severed;
            }
            ReplyConduct::ServerError => return Served::Broken,
            ReplyConduct::Raw(raw) => return Served::Raw(raw),
        }
        Served::Data(match code {
            // The picture is left out: whoever shows a code draws it from its text.
            Some(code) => json!({ "QRCode": code, "QRCodeImage": null }),
            None => Value::String(request_id),
        })
    }
}

/// The name of an operation of the contract; `None` for anything else.
pub(super) fn operation(name: &str) -> Option<&'static str> {
    OPERATIONS.into_iter().find(|known| *known == name)
}

fn asks(operation: &str, polled: bool) -> Option<Asks> {
    match operation {
        PUSH_WITH_LEVEL if polled => Some(Asks::Polled),
        "InitiateAuthRequestPN" => Some(Asks::Push { with_level: false }),
        "InitiateAuthRequestPNWithAssuranceLevel" => Some(Asks::Push { with_level: true }),
        "InitiateAuthRequestQR" => Some(Asks::Code { with_level: false }),
        "InitiateAuthRequestQRWithAssuranceLevel" => Some(Asks::Code { with_level: true }),
        "InitiateSignRequest" => Some(Asks::Signature),
        _ => None,
    }
}

/// Shows a notification on a person's phone.
fn notify(state: &State, members: &Map<String, Value>) -> Result<Value, Refusal> {
    state.notify(NotificationWanted::read(members)?)?;
    Ok(Value::String(uuid::Uuid::new_v4().to_string()))
}

/// The identity behind the code that a card shows, stamped.
fn verify_qr(state: &State, members: &Map<String, Value>) -> Result<Value, Refusal> {
    let id = contract::text(members, "ServiceProviderId", 64)?;
    let text = contract::text(members, "QRData", 4_096)?;
    let (shown, scenario) = state.scanned_card(&id, &text)?;
    identity(state, &shown, scenario).map_err(|_| Refusal::Synthetic)
}

fn has_mobile_identity(state: &State, members: &Map<String, Value>) -> Result<Value, Refusal> {
    let civil_no = contract::civil_no(members, "CivilNo")?;
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

fn request_status(state: &State, members: &Map<String, Value>) -> Result<Value, Refusal> {
    let id = contract::text(members, "RequestId", 64)?;
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

fn user_certificate(state: &State, members: &Map<String, Value>) -> Result<Value, Refusal> {
    let civil_no = contract::civil_no(members, "CivilNo")?;
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

/// A push that names its level.
pub(super) const PUSH_WITH_LEVEL: &str = "InitiateAuthRequestPNWithAssuranceLevel";
/// Everything the contract names.
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
