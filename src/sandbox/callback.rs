use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rcgen::KeyPair;
use rcgen::SigningKey;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::card::ShownCard;
use super::citizen::Citizen;
use super::conduct::Choice;
use super::conduct::Flaw;
use super::draws::id_of;
use super::flaw::escaped;
use super::keys::CertificateKind;
use super::keys::Identity;
use super::keys::Keys;
use super::keys::KeysError;
use super::keys::own_kind;
use super::personal::Oddities;
use super::personal::PersonalData;
use super::request::Asked;
use super::scenario::Scenario;
use super::stamp::Members;
use super::stamp::Stamper;
use super::state::State;
use crate::words::Digest;
use crate::words::Purpose;
use crate::words::Timestamp;

/// All that goes into one callback.
pub(super) struct Order<'a> {
    pub(super) asked: &'a Asked,
    pub(super) citizen: &'a Citizen,
    /// Who approves instead, where that is the fault.
    pub(super) stranger: &'a Citizen,
    pub(super) choice: Choice,
    pub(super) flaw: Flaw,
    /// An earlier callback, for replay.
    pub(super) earlier: Option<Bytes>,
    pub(super) now: Timestamp,
}

/// The signers of callbacks.
pub(super) struct Signers {
    pub(super) first: Stamper,
    /// The key after a change.
    pub(super) next: Stamper,
    /// Whether the keys were changed.
    pub(super) changed: AtomicBool,
    pub(super) impostor: Stamper,
    /// Certified, for a time that is over.
    pub(super) ended: Stamper,
}

impl Signers {
    /// Who stamps now.
    pub(super) fn stamp(&self) -> &Stamper {
        if self.changed.load(Ordering::Relaxed) {
            &self.next
        } else {
            &self.first
        }
    }
}

/// Why a callback could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum ComposeError {
    #[error("a certificate is missing: {0}")]
    Keys(#[from] KeysError),
    #[error("a member can't be written: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a signature can't be made: {0}")]
    Sign(#[from] rcgen::Error),
    #[error("a citizen's key can't be used")]
    Key,
    #[error("there is no such citizen")]
    Nobody,
}

/// Makes the exact bytes of a callback.
pub(super) fn compose(order: &Order<'_>, keys: &Keys, signers: &Signers) -> Result<Bytes, ComposeError> {
    if order.flaw == Flaw::Replay {
        return match &order.earlier {
            Some(earlier) => Ok(earlier.clone()),
            None => compose(
                &of_an_earlier_request(order, &earlier_request(order)),
                keys,
                signers,
            ),
        };
    }
    let mut members = members(order, keys)?;
    if let Flaw::Edited(edit) = order.flaw {
        members = edit.apply(order, members)?;
    }
    if order.flaw == Flaw::Escaped {
        members.person = escaped(&members.person);
    }
    let signature = signature(order.flaw, &members, signers)?;
    if order.flaw == Flaw::TamperedPerson {
        members.person = tampered(order)?;
    }
    let body = body(&members, signature.as_deref());
    Ok(Bytes::from(match order.flaw {
        Flaw::Shaped(shape) => shape.apply(&body, &members),
        _ => body,
    }))
}

/// The value of the member `Signature`; `None` to leave it out.
fn signature(flaw: Flaw, members: &Members, signers: &Signers) -> Result<Option<String>, ComposeError> {
    let signer = match flaw {
        Flaw::StampMissing => return Ok(None),
        Flaw::StampByImpostor => &signers.impostor,
        Flaw::StampByEnded => &signers.ended,
        Flaw::StampByFormer => &signers.first,
        _ => signers.stamp(),
    };
    let mut signature = match flaw {
        // As if the rule were another one: the same members, without what keeps them apart.
        Flaw::StampElsewhere => {
            let Members {
                request,
                result,
                person,
            } = members;
            signer.sign_bytes(format!("{request}{result}{person}").as_bytes())?
        }
        _ => signer.sign(members)?,
    };
    match flaw {
        Flaw::StampSpoiled => {
            if let Some(last) = signature.last_mut() {
                *last ^= 1;
            }
        }
        Flaw::StampCut => signature.truncate(signature.len() / 2),
        Flaw::StampNoBase64 => return Ok(Some(signer.member("%%%", true))),
        _ => {}
    }
    let text = STANDARD.encode(&signature);
    Ok(Some(signer.member(&text, flaw != Flaw::SignerUnnamed)))
}

fn body(members: &Members, signature: Option<&str>) -> String {
    let Members {
        request,
        result,
        person,
    } = members;
    let signature = signature.map_or_else(String::new, |value| format!(r#","Signature":{value}"#));
    format!(
        r#"{{"MIDAuthSignResponse":{{"RequestDetails":{request},"ResultDetails":{result},"PersonalData":{person}{signature}}}}}"#
    )
}

fn members(order: &Order<'_>, keys: &Keys) -> Result<Members, ComposeError> {
    let request = serde_json::to_string(&request_details(order))?;
    let approver = if order.flaw == Flaw::WrongPerson {
        order.stranger
    } else {
        order.citizen
    };
    let answered = order.choice != Choice::Decline;
    let (user_certificate, signature) = if answered {
        let kind = match order.flaw {
            Flaw::Certificate(kind) => kind,
            _ => presented_kind(approver, order.choice),
        };
        let holder = match order.flaw {
            Flaw::CertificateOfAnother => order.stranger,
            _ => approver,
        };
        let identity = keys.citizen(holder, kind)?;
        let signature = match &order.asked.signing {
            Some(signing) => signed(&identity, signing.digest, order.flaw)?,
            None => KeyPair::from_pem(identity.key_pem())?.sign(request.as_bytes())?,
        };
        (
            Some(STANDARD.encode(identity.certificate())),
            Some(STANDARD.encode(signature)),
        )
    } else {
        (None, None)
    };
    let (code, action) = codes(order);
    let result = ResultDetails {
        result_code: code,
        user_action: action,
        user_civil_no: approver.civil_no.expose(Purpose::Wire),
        user_certificate,
        signing_data: match order.flaw {
            Flaw::OtherDocument => Some(STANDARD.encode(OTHER_DOCUMENT)),
            _ => None,
        },
        hash_algorithm: signature.is_some().then_some("SHA256"),
        signing_datatype: signature.is_some().then_some("2"),
        signature_data: signature,
        transaction_date: local_time(order.now),
    };
    let person = if order.choice == Choice::Approve && order.asked.wants_person {
        let odd = Oddities {
            spaced_key: order.flaw == Flaw::SpacedKey,
            null_dates: order.flaw == Flaw::NullDates,
            huge_photo: order.flaw == Flaw::HugePhoto,
        };
        serde_json::to_string(&PersonalData::of(approver, odd))?
    } else {
        "null".to_owned()
    };
    Ok(Members {
        request,
        result: serde_json::to_string(&result)?,
        person,
    })
}

/// A citizen's signature over a digest, as PKCS#1 writes it.
pub(super) fn signed(identity: &Identity, digest: Digest, flaw: Flaw) -> Result<Vec<u8>, ComposeError> {
    let digest = match flaw {
        Flaw::OtherDocument => Digest::of(OTHER_DOCUMENT),
        _ => digest,
    };
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem().as_bytes()).map_err(|_| ComposeError::Key)?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.secret_der())
        .map_err(|_| ComposeError::Key)?;
    let digest = aws_lc_rs::digest::Digest::import_less_safe(digest.as_bytes(), &aws_lc_rs::digest::SHA256)
        .map_err(|_| ComposeError::Key)?;
    let signature = key.sign_digest(&digest).map_err(|_| ComposeError::Key)?;
    let mut signature = signature.as_ref().to_vec();
    if flaw == Flaw::SignatureSpoiled
        && let Some(last) = signature.last_mut()
    {
        *last ^= 1;
    }
    Ok(signature)
}

/// The identity behind the code of a card, stamped; or with what is wrong with it.
pub(super) fn identity(
    state: &State,
    shown: &ShownCard,
    scenario: Option<Scenario>,
) -> Result<Value, ComposeError> {
    let citizen = state.citizen(&shown.civil_no).ok_or(ComposeError::Nobody)?;
    let holder = match scenario {
        Some(Scenario::WrongPerson) => state.stranger_to(&shown.civil_no).ok_or(ComposeError::Nobody)?,
        _ => citizen,
    };
    let odd = Oddities {
        spaced_key: scenario == Some(Scenario::SpacedKey),
        null_dates: scenario == Some(Scenario::NullDates),
        huge_photo: scenario == Some(Scenario::HugePhoto),
    };
    let mut data = serde_json::to_value(PersonalData::of(holder, odd))?;
    let moment = match scenario {
        Some(Scenario::Replay | Scenario::Late) => shown.at.minus(std::time::Duration::from_secs(3_600)),
        _ => shown.at,
    };
    if let Some(members) = data.as_object_mut() {
        members.insert("TransactionDate".to_owned(), local_time(moment).into());
    }
    // As it is going to stand in the reply: its exact bytes are what is stamped.
    let covered = data.to_string();
    let signer = match scenario {
        Some(Scenario::ForgedSigner) => &state.signers.impostor,
        Some(Scenario::FormerSigner) => &state.signers.first,
        _ => state.signers.stamp(),
    };
    let mut signature = signer.sign_bytes(covered.as_bytes())?;
    match scenario {
        Some(Scenario::Unstamped) => signature.clear(),
        Some(Scenario::Forged) => {
            if let Some(last) = signature.last_mut() {
                *last ^= 1;
            }
        }
        Some(Scenario::TamperedPerson) => {
            if let Some(members) = data.as_object_mut() {
                members.insert("FullNameEn".to_owned(), "Tampered".into());
            }
        }
        _ => {}
    }
    Ok(json!({
        "PersonIdentityData": data,
        "DataSignature": STANDARD.encode(&signature),
        "DataSigningCertificate": signer.certificate(),
    }))
}

/// A citizen whose own certificate has ended still answers a scenario's approval with one that serves.
fn presented_kind(approver: &Citizen, choice: Choice) -> CertificateKind {
    match choice {
        Choice::Approve => CertificateKind::Valid(approver.assurance),
        _ => own_kind(approver),
    }
}

fn request_details<'a>(order: &Order<'a>) -> RequestDetails<'a> {
    let challenge = order.asked.challenge.as_deref();
    RequestDetails {
        request_id: match order.flaw {
            Flaw::WrongRequestId => id_of(&format!("not {}", order.asked.id)).to_string(),
            _ => order.asked.id.clone(),
        },
        request_type: if order.asked.signing.is_some() { "2" } else { "1" },
        service_provider_id: &order.asked.service_provider_id,
        additional_data: order.asked.additional_data.as_deref(),
        challenge: match order.flaw {
            Flaw::ChallengeAsObject => Challenge::Object {
                service_provider_id: &order.asked.service_provider_id,
                datetime: local_time(order.now),
                prompt: challenge,
            },
            _ => Challenge::Text(challenge),
        },
        civil_no: order.citizen.civil_no.expose(Purpose::Wire),
    }
}

fn codes(order: &Order<'_>) -> (Code, Code) {
    let (code, action) = match order.choice {
        Choice::Approve => ("1", "1"),
        Choice::Revoked => ("2", "1"),
        Choice::VerificationFailed => ("3", "1"),
        Choice::Decline => ("4", "2"),
        Choice::Expired => ("5", "1"),
    };
    match order.flaw {
        Flaw::ResultCode(other) => (Code::Text(other), Code::Text(action)),
        Flaw::ActionContradiction => (Code::Text(code), Code::Text("2")),
        Flaw::CodeAsInteger => (Code::Number(1), Code::Number(1)),
        _ => (Code::Text(code), Code::Text(action)),
    }
}

/// Another name in the data, put there after the stamp was made.
fn tampered(order: &Order<'_>) -> Result<String, serde_json::Error> {
    let mut person = PersonalData::of(order.citizen, Oddities::default());
    person.full_name_en.push_str(" Tampered");
    serde_json::to_string(&person)
}

/// A request of an hour ago that this sandbox never got: for a replay when there is nothing to replay.
fn earlier_request(order: &Order<'_>) -> Asked {
    Asked {
        id: id_of(&format!("before {}", order.asked.id)).to_string(),
        additional_data: Some(id_of(&format!("data before {}", order.asked.id)).to_string()),
        challenge: order.asked.challenge.as_ref().map(|_| "0000".to_owned()),
        ..order.asked.clone()
    }
}

fn of_an_earlier_request<'a>(order: &Order<'a>, asked: &'a Asked) -> Order<'a> {
    Order {
        asked,
        flaw: Flaw::None,
        earlier: None,
        now: order.now.minus(std::time::Duration::from_secs(3600)),
        ..*order
    }
}

/// A moment as the authority writes it: Kuwait's clock, milliseconds, no zone.
pub(super) fn local_time(moment: Timestamp) -> String {
    let mut text = moment.plus(KUWAIT).to_string();
    text.truncate("2026-02-03T10:15:42.117".len());
    text
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RequestDetails<'a> {
    #[serde(rename = "RequestID")]
    request_id: String,
    request_type: &'static str,
    service_provider_id: &'a str,
    additional_data: Option<&'a str>,
    challenge: Challenge<'a>,
    civil_no: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Challenge<'a> {
    Text(Option<&'a str>),
    #[serde(rename_all = "PascalCase")]
    Object {
        #[serde(rename = "ServiceProviderID")]
        service_provider_id: &'a str,
        datetime: String,
        prompt: Option<&'a str>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResultDetails<'a> {
    result_code: Code,
    user_action: Code,
    user_civil_no: &'a str,
    user_certificate: Option<String>,
    signing_data: Option<String>,
    signature_data: Option<String>,
    hash_algorithm: Option<&'static str>,
    signing_datatype: Option<&'static str>,
    transaction_date: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Code {
    Text(&'static str),
    Number(u8),
}

/// What somebody signs who signs something else.
const OTHER_DOCUMENT: &[u8] = b"another document";
const KUWAIT: std::time::Duration = std::time::Duration::from_secs(3 * 60 * 60);

#[cfg(test)]
#[path = "callback_tests.rs"]
mod tests;
