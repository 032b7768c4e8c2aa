//! The callbacks that a case asks for, as the authority or an attacker would write them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use serde_json::json;

use super::Asked;
use super::Authority;
use super::DOCUMENT;
use super::SERVICE_PROVIDER;
use super::certificate::Contents;
use super::certificate::certificate;
use crate::policy::AnswerName;
use crate::policy::Citizen;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::FieldSource;
use crate::words::Purpose;
use crate::words::Timestamp;

/// The callbacks that an answer consists of, in order, as they would arrive at this moment.
pub(super) fn callbacks(
    authority: &Authority,
    answer: AnswerName,
    asked: &Asked<'_>,
    at: Timestamp,
) -> Vec<Vec<u8>> {
    let one = |answer| compose(authority, answer, asked, at);
    match answer {
        AnswerName::Timeout
        | AnswerName::Cancelled
        | AnswerName::NotEnrolled
        | AnswerName::TooManyRequests
        | AnswerName::ErrorReply
        | AnswerName::ServerError
        | AnswerName::Unreachable => Vec::new(),
        AnswerName::Duplicate => vec![one(AnswerName::Approved); 2],
        AnswerName::Conflicting => vec![one(AnswerName::Approved), one(AnswerName::Declined)],
        other => vec![one(other)],
    }
}

fn compose(authority: &Authority, answer: AnswerName, asked: &Asked<'_>, at: Timestamp) -> Vec<u8> {
    let request = request_details(answer, asked, at).to_string();
    let result = result_details(authority, answer, asked, at).to_string();
    let wants_person = asked.wants_person && answer != AnswerName::Declined;
    let person = if wants_person {
        personal_data(asked.citizen, answer)
    } else {
        Json::Null
    };
    let covered = format!("{request}\n{result}\n{person}");
    let signature = match answer {
        AnswerName::Unstamped => String::new(),
        AnswerName::ForgedSigner => authority.impostor.member(covered.as_bytes(), false),
        AnswerName::Forged => authority.signer.member(covered.as_bytes(), true),
        _ => authority.signer.member(covered.as_bytes(), false),
    };
    let sent = if answer == AnswerName::TamperedPerson {
        json!({ "CivilID": number(asked.citizen), "FullNameEn": "Somebody Else" })
    } else {
        person
    };
    format!(
        r#"{{"MIDAuthSignResponse":{{"RequestDetails":{request},"ResultDetails":{result},"PersonalData":{sent}{signature}}}}}"#
    )
    .into_bytes()
}

fn request_details(answer: AnswerName, asked: &Asked<'_>, at: Timestamp) -> Json {
    let replayed = answer == AnswerName::Replay;
    let challenge = if replayed {
        "0000"
    } else {
        asked.challenge.as_str()
    };
    json!({
        "RequestID": match answer {
            AnswerName::WrongRequestId | AnswerName::Replay => OTHER_REQUEST,
            _ => asked.request_id,
        },
        "RequestType": if asked.capability == Capability::Sign { "2" } else { "1" },
        "ServiceProviderId": SERVICE_PROVIDER,
        "AdditionalData": if replayed { "another flow" } else { asked.additional_data },
        "Challenge": match answer {
            AnswerName::ChallengeAsObject => json!({
                "ServiceProviderID": SERVICE_PROVIDER,
                "Datetime": local_time(at),
                "Prompt": challenge,
            }),
            _ => json!(challenge),
        },
        "CivilNo": number(asked.citizen),
    })
}

fn result_details(authority: &Authority, answer: AnswerName, asked: &Asked<'_>, at: Timestamp) -> Json {
    let approver = match answer {
        AnswerName::WrongPerson => STRANGER,
        _ => number(asked.citizen),
    };
    let level = match answer {
        AnswerName::LowAssurance => Assurance::Low,
        _ => asked.citizen.assurance,
    };
    let certificate = (answer != AnswerName::Declined).then(|| {
        STANDARD.encode(certificate(&Contents {
            subject: approver,
            point: &authority.signer.point,
            from: at.minus(A_YEAR),
            until: at.plus(A_YEAR),
            assurance: Some(level),
        }))
    });
    let (code, action) = match answer {
        AnswerName::Declined => (json!("4"), json!("2")),
        AnswerName::Revoked => (json!("2"), json!("1")),
        AnswerName::VerificationFailed => (json!("3"), json!("1")),
        AnswerName::Expired => (json!("5"), json!("1")),
        AnswerName::UnknownCode => (json!("99"), json!("1")),
        AnswerName::CodeTen => (json!("10"), json!("1")),
        AnswerName::ActionContradiction => (json!("1"), json!("2")),
        AnswerName::CodeAsInteger => (json!(1), json!(1)),
        _ => (json!("1"), json!("1")),
    };
    // What the person signs, and nothing where they were only asked who they are.
    let signs = asked.capability == Capability::Sign && certificate.is_some();
    let signature = signs.then(|| authority.signer.signature(DOCUMENT, false));
    json!({
        "ResultCode": code,
        "UserAction": action,
        "UserCivilNo": approver,
        "UserCertificate": certificate,
        "SignatureData": signature,
        "HashAlgorithm": signs.then_some("SHA256"),
        "SigningDatatype": signs.then_some("2"),
        "TransactionDate": local_time(at),
    })
}

/// What the authority sends of a person: everything it knows, declared or not.
pub(super) fn personal_data(citizen: &Citizen, answer: AnswerName) -> Json {
    let mut data = serde_json::Map::new();
    data.insert("CivilID".to_owned(), number(citizen).into());
    for (source, value) in &citizen.fields {
        let text = value.expose(Purpose::Wire);
        let (name, value) = match source {
            FieldSource::CivilNo => continue,
            FieldSource::Address => ("Address", json!({ "Area": text })),
            FieldSource::BirthDate | FieldSource::CardExpiry if answer == AnswerName::NullDates => {
                (member(*source), Json::Null)
            }
            FieldSource::BirthDate | FieldSource::CardExpiry => {
                (member(*source), json!(format!("{text}T00:00:00")))
            }
            FieldSource::Photo if answer == AnswerName::HugePhoto => ("Photo", json!("A".repeat(MEGABYTE))),
            other => (member(*other), json!(text)),
        };
        data.insert(name.to_owned(), value);
    }
    if answer == AnswerName::SpacedKey {
        data.insert("GovData".to_owned(), json!({ "MOIReference ": null }));
    }
    Json::Object(data)
}

const fn member(source: FieldSource) -> &'static str {
    match source {
        FieldSource::CivilNo => "CivilID",
        FieldSource::NameAr => "FullNameAr",
        FieldSource::NameEn => "FullNameEn",
        FieldSource::NationalityAr => "NationalityAr",
        FieldSource::NationalityEn => "NationalityEn",
        FieldSource::BirthDate => "BirthDate",
        FieldSource::Gender => "Gender",
        FieldSource::MobileNumber => "MobileNumber",
        FieldSource::EmailAddress => "EmailAddress",
        FieldSource::BloodGroup => "BloodGroup",
        FieldSource::Photo => "Photo",
        FieldSource::CardSerial => "CardSerial",
        FieldSource::CardExpiry => "CardExpiryDate",
        FieldSource::DocumentNumber => "DocumentNumber",
        FieldSource::PassportNumber => "PassportNumber",
        FieldSource::Address => "Address",
    }
}

pub(super) fn number(citizen: &Citizen) -> &str {
    citizen.civil_no.expose(Purpose::Wire)
}

/// A moment as the authority writes it: Kuwait's clock, milliseconds, no zone.
pub(super) fn local_time(at: Timestamp) -> String {
    let mut text = at.plus(KUWAIT).to_string();
    text.truncate("2026-02-03T10:15:42.117".len());
    text
}

const KUWAIT: std::time::Duration = std::time::Duration::from_secs(3 * 3_600);
const A_YEAR: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 3_600);
const MEGABYTE: usize = 1024 * 1024;
const OTHER_REQUEST: &str = "0b7f4f5e-5d0c-4a0b-8f43-1f0d5f6c9a02";
/// Another synthetic number.
pub(super) const STRANGER: &str = "399123100033";
