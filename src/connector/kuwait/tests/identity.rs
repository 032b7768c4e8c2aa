//! The identity behind a scanned code: believed only with a valid stamp, fresh, and of the person expected.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use super::fixture::*;
use crate::connector::Conclusion;
use crate::connector::Verdict;
use crate::connector::kuwait::settings::Presence;
use crate::connector::kuwait::stamp::Stamp;
use crate::connector::kuwait::stamp::StampFormat;
use crate::connector::kuwait::stamp::StampRule;
use crate::words::Capability;
use crate::words::CivilNo;
use crate::words::Outcome;
use crate::words::Purpose;

fn identity() -> Value {
    json!({
        "CivilID": CIVIL_NO, "FullNameAr": "شخص اصطناعي للاختبار", "FullNameEn": "SYNTHETIC TEST PERSON",
        "BirthDate": "1990-05-17T00:00:00", "BloodGroup": "O+",
        "TransactionDate": "2026-02-03T10:14:50",
    })
}

fn reply(data: &str, signature: &[u8], certificate: &[u8]) -> String {
    format!(
        r#"{{"Data":{{"PersonIdentityData":{data},"DataSignature":"{}","DataSigningCertificate":"{}"}},"Error":null}}"#,
        STANDARD.encode(signature),
        STANDARD.encode(certificate)
    )
}

fn stamped(identity: &Value) -> String {
    let data = identity.to_string();
    let signature = P256.sign(How::P256Der, data.as_bytes());
    reply(&data, &signature, &P256.der)
}

fn asked(expected: Option<&str>) -> Asked {
    Asked {
        capability: Capability::VerifyQr,
        request_id: None,
        civil_no: expected.and_then(|number| CivilNo::parse(number).ok()),
        ..Asked::usual()
    }
}

fn examine(expected: Option<&str>, body: &str) -> Verdict {
    asked(expected).examine_reply(&rule(), body.as_bytes())
}

// R000-114, R000-115: a synchronous answer is verified like a callback. Law 7: declared fields only.
#[test]
fn a_stamped_and_fresh_identity_is_approved() {
    let verdict = examine(None, &stamped(&identity()));
    let Conclusion::Approved(person) = &verdict.conclusion else {
        panic!("{:?}", verdict.checks)
    };
    let names: Vec<_> = person.fields().map(|(name, _)| name.to_string()).collect();
    assert_eq!(names, ["age_over_18", "civil_no", "name_ar"]);
    assert_eq!(verdict.approver.unwrap().expose(Purpose::Compare), CIVIL_NO);
    assert_eq!(
        verdict.claims.dropped_fields,
        ["BloodGroup", "FullNameEn", "TransactionDate"]
    );
    assert_eq!(
        verdict.claims.stamp_signer,
        Some(crate::words::Digest::of(&P256.der))
    );
}

#[test]
fn the_data_may_come_as_a_text_that_is_stamped_as_it_is() {
    let text = identity().to_string();
    let signature = P256.sign(How::P256Der, text.as_bytes());
    let quoted = Value::String(text).to_string();
    assert!(is_approved(&examine(
        None,
        &reply(&quoted, &signature, &P256.der)
    )));
}

#[test]
fn each_byte_counts() {
    let good = stamped(&identity());
    let at = good.find("\"CivilID\"").unwrap();
    let end = good.find(",\"DataSignature\"").unwrap();
    for place in at..end {
        let mut bytes = good.clone().into_bytes();
        bytes[place] ^= 1;
        let verdict = asked(None).examine_reply(&rule(), &bytes);
        assert!(!is_approved(&verdict), "{place}");
    }
}

// Whatever is wrong ends the flow: nothing else comes after a reply.
#[test]
fn what_is_not_stamped_by_the_authority_is_not_believed() {
    let data = identity().to_string();
    let forged = P384.sign(How::P384Der, data.as_bytes());
    let mut spoiled = P256.sign(How::P256Der, data.as_bytes());
    *spoiled.last_mut().unwrap() ^= 1;
    for body in [
        reply(&data, &forged, &P384.der),
        reply(&data, &forged, &P256.der),
        reply(&data, &spoiled, &P256.der),
        reply(&data, b"", &P256.der),
        format!(r#"{{"Data":{{"PersonIdentityData":{data}}}}}"#),
    ] {
        let verdict = examine(None, &body);
        assert_eq!(
            ending(&verdict),
            (Some("stamp"), Some(Some(Outcome::StampInvalid)))
        );
        assert!(verdict.approver.is_none());
    }
}

// Threat B-12: a picture of a code is worth nothing after a while.
#[test]
fn a_code_of_earlier_is_stale() {
    for (moment, fresh) in [
        ("2026-02-03T10:14:50", true),
        // Two minutes and the skew of a minute before the request.
        ("2026-02-03T10:12:00", true),
        ("2026-02-03T10:11:59", false),
        ("2026-02-02T10:14:50", false),
        // A minute after the arrival, and no more.
        ("2026-02-03T10:16:45", true),
        ("2026-02-03T10:16:46", false),
        ("yesterday", false),
    ] {
        let mut data = identity();
        data["TransactionDate"] = json!(moment);
        let verdict = examine(None, &stamped(&data));
        assert_eq!(is_approved(&verdict), fresh, "{moment}");
        if !fresh {
            assert_eq!(
                ending(&verdict),
                (Some("fresh"), Some(Some(Outcome::StaleQr))),
                "{moment}"
            );
        }
    }
}

#[test]
fn a_moment_that_is_not_told_counts_only_where_the_settings_let_it() {
    let mut data = identity();
    data.as_object_mut().unwrap().remove("TransactionDate");
    let body = stamped(&data);
    assert_eq!(
        ending(&examine(None, &body)),
        (Some("fresh"), Some(Some(Outcome::StaleQr)))
    );
    let mut lenient = rule();
    lenient.transaction_date = Presence::WhenPresent;
    assert!(is_approved(&asked(None).examine_reply(&lenient, body.as_bytes())));
}

#[test]
fn the_holder_is_the_person_expected() {
    assert!(is_approved(&examine(Some(CIVIL_NO), &stamped(&identity()))));
    assert_eq!(
        ending(&examine(Some(OTHER_CIVIL_NO), &stamped(&identity()))),
        (Some("person"), Some(Some(Outcome::WrongPerson)))
    );
    let mut nobody = identity();
    nobody["CivilID"] = json!("12");
    assert_eq!(
        ending(&examine(None, &stamped(&nobody))),
        (Some("person"), Some(Some(Outcome::VerificationFailed)))
    );
}

#[test]
fn the_canonical_form_is_stamped_where_the_rule_says_so() {
    let canonical = identity().to_string();
    let spaced = serde_json::to_string_pretty(&identity()).unwrap();
    let signature = P256.sign(How::P256Der, canonical.as_bytes());
    let body = reply(&spaced, &signature, &P256.der);
    assert!(!is_approved(&examine(None, &body)));
    let jcs = rule_with(Stamp::new(
        StampRule::Jcs,
        StampFormat::ALL.to_vec(),
        vec![pin(&P256)],
    ));
    assert!(is_approved(&asked(None).examine_reply(&jcs, body.as_bytes())));
}

#[test]
fn what_has_another_form_ends_the_flow() {
    for body in [
        "",
        "{}",
        r#"{"Data":null}"#,
        r#"{"Data":"x"}"#,
        r#"{"Data":{}}"#,
        r#"{"Data":{"PersonIdentityData":null}}"#,
    ] {
        let verdict = examine(None, body);
        assert_eq!(
            ending(&verdict),
            (Some("readable"), Some(Some(Outcome::UnknownCode))),
            "{body}"
        );
    }
    let list = "[1]";
    let signature = P256.sign(How::P256Der, list.as_bytes());
    assert_eq!(
        ending(&examine(None, &reply(list, &signature, &P256.der))),
        (Some("identity"), Some(Some(Outcome::UnknownCode)))
    );
}

// A reply can't answer what is answered by callbacks, however it looks.
#[test]
fn no_reply_approves_a_push() {
    for capability in [Capability::AuthPush, Capability::AuthQr, Capability::Sign] {
        let asked = Asked {
            capability,
            ..asked(Some(CIVIL_NO))
        };
        let verdict = asked.examine_reply(&rule(), stamped(&identity()).as_bytes());
        assert!(!is_approved(&verdict), "{capability}");
    }
}

#[test]
fn a_notification_that_was_taken_shows_nobody() {
    let asked = Asked {
        capability: Capability::Notify,
        ..asked(Some(CIVIL_NO))
    };
    let verdict = asked.examine_reply(&rule(), br#"{"Data":"taken","Error":null}"#);
    let Conclusion::Approved(person) = &verdict.conclusion else {
        panic!("{:?}", verdict.checks)
    };
    assert!(person.is_empty() && verdict.approver.is_none());
    let nothing = asked.examine_reply(&rule(), br#"{"Data":null}"#);
    assert!(!is_approved(&nothing));
}
