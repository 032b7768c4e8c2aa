//! What is sent, for each capability: the operation of the contract and its exact bytes.

use std::borrow::Cow;

use serde::Serialize;

use super::model::AuthenticateRequest;
use super::sign_request::SignRequest;
use super::wording::with_challenge;
use crate::connector::Matter;
use crate::connector::Outbound;
use crate::connector::PrepareError;
use crate::connector::Request;
use crate::words::Capability;
use crate::words::CivilNo;
use crate::words::Purpose;
use crate::words::Text;

/// What a direct reply of an operation carries, if it is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The id of the request.
    RequestId,
    /// The code that the person scans.
    Qr,
    /// The answer itself.
    Answer,
}

impl Shape {
    /// The shape of the replies of an operation.
    pub(super) fn of(operation: &str) -> Self {
        match operation {
            QR_WITH_LEVEL => Self::Qr,
            VERIFY_QR | NOTIFY => Self::Answer,
            _ => Self::RequestId,
        }
    }

    /// The shape of the replies to a capability.
    pub(super) const fn of_capability(capability: Capability) -> Self {
        match capability {
            Capability::AuthQr => Self::Qr,
            Capability::VerifyQr | Capability::Notify => Self::Answer,
            Capability::AuthPush | Capability::Sign => Self::RequestId,
        }
    }
}

/// Turns a request into the exact bytes to be sent.
pub(super) fn prepare(request: &Request, service_provider_id: &str) -> Result<Outbound, PrepareError> {
    let (operation, body) = match (request.capability, &request.matter) {
        (Capability::AuthPush, _) => {
            let wire = authenticate(request, service_provider_id, Some(asked(request)?));
            (PUSH_WITH_LEVEL, json(&wire)?)
        }
        (Capability::AuthQr, _) => {
            // The request names nobody, even where the e-service expects somebody: that is compared afterwards.
            let wire = authenticate(request, service_provider_id, None);
            (QR_WITH_LEVEL, json(&wire)?)
        }
        (Capability::Sign, Matter::Signing(signing)) => {
            let wire = authenticate(request, service_provider_id, Some(asked(request)?));
            (SIGN, json(&SignRequest::new(wire, signing))?)
        }
        (Capability::VerifyQr, Matter::IdentityQr(text)) => {
            let wire = VerifyQrRequest {
                service_provider_id,
                qr_data: text,
            };
            (VERIFY_QR, json(&wire)?)
        }
        (Capability::Notify, Matter::Notification(notification)) => {
            let wire = NotificationRequest {
                service_provider_id,
                person_civil_no: asked(request)?.expose(Purpose::Wire),
                notification_subject_en: &notification.title.en,
                notification_subject_ar: &notification.title.ar,
                notification_message_en: &notification.text.en,
                notification_message_ar: &notification.text.ar,
            };
            (NOTIFY, json(&wire)?)
        }
        (Capability::Sign, _) => return Err(PrepareError::Missing("document")),
        (Capability::VerifyQr, _) => return Err(PrepareError::Missing("text of a QR code")),
        (Capability::Notify, _) => return Err(PrepareError::Missing("notification")),
    };
    Ok(Outbound {
        flow: request.flow,
        attempt: request.attempt,
        operation,
        body: body.into(),
    })
}

fn authenticate<'r>(
    request: &'r Request,
    service_provider_id: &'r str,
    person: Option<&'r CivilNo>,
) -> AuthenticateRequest<'r> {
    let Text { ar, en } = with_challenge(&request.reason, &request.challenge);
    AuthenticateRequest {
        service_provider_id: Cow::Borrowed(service_provider_id),
        service_description_en: Cow::Borrowed(&request.description.en),
        service_description_ar: Cow::Borrowed(&request.description.ar),
        authentication_reason_en: Cow::Owned(en),
        authentication_reason_ar: Cow::Owned(ar),
        request_user_details: request.wants_person,
        sp_callback_url: Cow::Borrowed(&request.callback_url),
        person_civil_no: person.map(|number| Cow::Borrowed(number.expose(Purpose::Wire))),
        additional_data: Cow::Borrowed(&request.additional_data),
        challenge: Cow::Borrowed(request.challenge.as_str()),
        assurance_level: request.assurance.wire_level(),
    }
}

fn asked(request: &Request) -> Result<&CivilNo, PrepareError> {
    request
        .civil_no
        .as_ref()
        .ok_or(PrepareError::Missing("civil number"))
}

fn json(wire: &impl Serialize) -> Result<Vec<u8>, PrepareError> {
    serde_json::to_vec(wire).map_err(|_| PrepareError::Missing("form that JSON can write"))
}

/// The text of the code that the person's card shows.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct VerifyQrRequest<'r> {
    service_provider_id: &'r str,
    #[serde(rename = "QRData")]
    qr_data: &'r str,
}

/// A notification (protocol notes, section 5: the SDK's own form).
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NotificationRequest<'r> {
    service_provider_id: &'r str,
    person_civil_no: &'r str,
    notification_subject_en: &'r str,
    notification_subject_ar: &'r str,
    notification_message_en: &'r str,
    notification_message_ar: &'r str,
}

const PUSH_WITH_LEVEL: &str = "InitiateAuthRequestPNWithAssuranceLevel";
const QR_WITH_LEVEL: &str = "InitiateAuthRequestQRWithAssuranceLevel";
const SIGN: &str = "InitiateSignRequest";
const VERIFY_QR: &str = "VerifyMobileIdQRData";
const NOTIFY: &str = "NotifyPerson";
