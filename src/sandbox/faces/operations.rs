//! The operations of the contract, whichever face they came through.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::NotificationWanted;
use super::Refusal;
use super::contract;
use super::contract::Asks;
use crate::sandbox::callback::identity;
use crate::sandbox::keys::own_kind;
use crate::sandbox::qr_image;
use crate::sandbox::request::Asked;
use crate::sandbox::request::Standing;
use crate::sandbox::state::State;
use crate::words::Purpose;

/// The name of an operation of the contract; `None` for anything else.
pub(super) fn operation(name: &str) -> Option<&'static str> {
    OPERATIONS.into_iter().find(|known| *known == name)
}

/// What an operation asks of a person; `None` for one that is answered at once.
pub(super) fn asks(operation: &str, polled: bool) -> Option<Asks> {
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

/// The member `Data` of an operation that is answered at once.
///
/// # Errors
/// As the member `Error` says it.
pub(super) fn answer(
    state: &State,
    provider: &str,
    operation: &str,
    members: &Map<String, Value>,
) -> Result<Value, Refusal> {
    match operation {
        "NotifyPerson" => notify(state, provider, members),
        "VerifyMobileIdQRData" => verify_qr(state, provider, members),
        "HasMobileIdentity" => has_mobile_identity(state, members),
        "GetRequestStatus" => request_status(state, provider, members),
        "GetUserCertificate" => user_certificate(state, members),
        // The names of the operations are all in the list below.
        _ => Err(Refusal::Synthetic),
    }
}

/// The member `Data` of a request that was taken: its id, or the code that somebody is to scan, as text and as picture.
pub(super) fn taken(request_id: String, code: Option<String>) -> Value {
    match code {
        Some(code) => json!({
            "QRCodeImage": qr_image::jpeg(&code).map(|picture| STANDARD.encode(picture)),
            "QRCode": code,
        }),
        None => Value::String(request_id),
    }
}

/// Shows a notification on a person's phone.
fn notify(state: &State, provider: &str, members: &Map<String, Value>) -> Result<Value, Refusal> {
    state.notify(provider, NotificationWanted::read(members)?)?;
    Ok(Value::String(state.draws.id().to_string()))
}

/// The identity behind the code that a card shows, stamped.
fn verify_qr(state: &State, provider: &str, members: &Map<String, Value>) -> Result<Value, Refusal> {
    let id = contract::text(members, "ServiceProviderId", 64)?;
    let text = contract::text(members, "QRData", 4_096)?;
    let (shown, scenario) = state.scanned_card(provider, &id, &text)?;
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

fn request_status(state: &State, provider: &str, members: &Map<String, Value>) -> Result<Value, Refusal> {
    let id = contract::text(members, "RequestId", 64)?;
    let (asked, standing) = state
        .request(&id)
        .filter(|(asked, _)| asked.service_provider_id == provider)
        .ok_or(Refusal::UnknownRequest)?;
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
