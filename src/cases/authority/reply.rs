//! The direct replies that a case asks for, where the request is taken.

use serde_json::json;

use super::Asked;
use super::Authority;
use super::callback::STRANGER;
use super::callback::local_time;
use super::callback::number;
use super::callback::personal_data;
use crate::policy::AnswerName;
use crate::words::Capability;
use crate::words::Timestamp;

/// The body of a reply without an error.
pub(super) fn accepted(
    authority: &Authority,
    answer: AnswerName,
    asked: &Asked<'_>,
    at: Timestamp,
) -> String {
    match asked.capability {
        Capability::AuthPush | Capability::Sign => {
            format!(r#"{{"Data":"{}","Error":null}}"#, asked.request_id)
        }
        Capability::AuthQr => {
            r#"{"Data":{"QRCode":"a code of the tests","QRCodeImage":""},"Error":null}"#.to_owned()
        }
        Capability::Notify => r#"{"Data":"taken","Error":null}"#.to_owned(),
        Capability::VerifyQr => identity(authority, answer, asked, at),
    }
}

/// The identity behind a scanned code, stamped, or with what is wrong with it.
fn identity(authority: &Authority, answer: AnswerName, asked: &Asked<'_>, at: Timestamp) -> String {
    let mut data = personal_data(asked.citizen, answer);
    if let Some(members) = data.as_object_mut() {
        let made = match answer {
            // A code of yesterday is what somebody shows who has a picture of one.
            AnswerName::Replay => at.minus(A_DAY),
            _ => at,
        };
        members.insert("TransactionDate".to_owned(), local_time(made).into());
        if answer == AnswerName::WrongPerson {
            members.insert("CivilID".to_owned(), json!(STRANGER));
        }
    }
    let covered = data.to_string();
    let signer = match answer {
        AnswerName::ForgedSigner => &authority.impostor,
        _ => &authority.signer,
    };
    let signature = match answer {
        AnswerName::Unstamped => String::new(),
        _ => signer.signature(covered.as_bytes(), answer == AnswerName::Forged),
    };
    let sent = match answer {
        AnswerName::TamperedPerson => json!({ "CivilID": number(asked.citizen) }).to_string(),
        _ => covered,
    };
    format!(
        r#"{{"Data":{{"PersonIdentityData":{sent},"DataSignature":"{signature}","DataSigningCertificate":"{}"}},"Error":null}}"#,
        signer.written
    )
}

const A_DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
