//! The person's signature over a document: PKCS#1 and PKCS#7, over exactly what was sent (law 11).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use super::cms::detached;
use super::fixture::*;
use crate::connector::Verdict;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::Outcome;

const DOCUMENT: &[u8] = b"%PDF-1.7 a contract of the tests";

/// An answer with this signature by this person.
fn answer(person: &Party, signature: &[u8]) -> Draft {
    Draft::approved()
        .set("request", "RequestType", json!("2"))
        .set("result", "UserCertificate", json!(STANDARD.encode(&person.der)))
        .set("result", "SignatureData", json!(STANDARD.encode(signature)))
}

fn examine(draft: &Draft) -> Verdict {
    let asked = Asked {
        capability: Capability::Sign,
        signing: Some(Digest::of(DOCUMENT)),
        assurance: Assurance::High,
        ..Asked::usual()
    };
    let mut rule = rule();
    rule.assurance = crate::connector::kuwait::settings::AssuranceRule::AsRequested;
    asked.examine(&rule, draft.stamped().as_bytes())
}

fn rsa() -> Party {
    person_party(
        &rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap(),
    )
}

fn p256() -> Party {
    person_party(&ec(&rcgen::PKCS_ECDSA_P256_SHA256))
}

// R000-116, R000-124: the signature verifies over the digest that was sent, however it is written.
#[test]
fn pkcs1_over_the_digest_is_accepted() {
    let (rsa, p256) = (rsa(), p256());
    for (person, how) in [(&rsa, How::Rsa256), (&p256, How::P256Der), (&p256, How::P256Raw)] {
        let verdict = examine(&answer(person, &person.sign(how, DOCUMENT)));
        assert!(is_approved(&verdict), "{how:?}: {:?}", verdict.checks);
        let made = verdict.signature.unwrap();
        assert_eq!(
            (made.format.as_str(), made.digest),
            ("PKCS#1", Digest::of(DOCUMENT))
        );
        assert_eq!(made.certificate, STANDARD.encode(&person.der));
    }
}

#[test]
fn pkcs7_over_the_digest_is_accepted_with_and_without_attributes() {
    for (person, how) in [(rsa(), How::Rsa256), (p256(), How::P256Der)] {
        for attributes in [true, false] {
            let message = detached(&person, how, DOCUMENT, attributes);
            let draft = answer(&person, &message).set("result", "SigningDatatype", json!("1"));
            let verdict = examine(&draft);
            assert!(
                is_approved(&verdict),
                "{how:?} {attributes}: {:?}",
                verdict.checks
            );
            assert_eq!(verdict.signature.unwrap().format, "PKCS#7");
        }
    }
}

// Law 11: a signature over anything else is none.
#[test]
fn a_signature_over_other_bytes_is_refused() {
    let other: &[u8] = b"%PDF-1.7 another contract";
    for (person, how) in [(rsa(), How::Rsa256), (p256(), How::P256Der)] {
        let mut signatures = vec![person.sign(how, other)];
        signatures.extend([true, false].map(|attributes| detached(&person, how, other, attributes)));
        for signature in signatures {
            let draft = answer(&person, &signature).without("result", "SigningDatatype");
            let verdict = examine(&draft);
            assert_eq!(
                ending(&verdict),
                (Some("signature"), Some(Some(Outcome::SignatureInvalid)))
            );
            assert!(verdict.signature.is_none());
        }
    }
}

#[test]
fn a_signature_by_somebody_else_is_refused() {
    let (person, other) = (p256(), p256());
    for signature in [
        other.sign(How::P256Der, DOCUMENT),
        detached(&other, How::P256Der, DOCUMENT, true),
    ] {
        let draft = answer(&person, &signature).without("result", "SigningDatatype");
        assert_eq!(
            ending(&examine(&draft)),
            (Some("signature"), Some(Some(Outcome::SignatureInvalid)))
        );
    }
    // Weaker ways of signing are no way.
    let rsa = rsa();
    let verdict = examine(&answer(&rsa, &rsa.sign(How::RsaPss, DOCUMENT)));
    assert_eq!(
        ending(&verdict),
        (Some("signature"), Some(Some(Outcome::SignatureInvalid)))
    );
}

// R000-120: what the answer says of what was signed is what was sent.
#[test]
fn an_answer_about_another_document_is_refused() {
    let person = p256();
    let signature = person.sign(How::P256Der, DOCUMENT);
    let digest = Digest::of(DOCUMENT);
    for (member, value, good) in [
        ("SigningData", json!(STANDARD.encode(digest.as_bytes())), true),
        ("SigningData", json!(STANDARD.encode(DOCUMENT)), true),
        ("SigningData", json!(hex::encode(digest.as_bytes())), true),
        ("SigningData", Value::Null, true),
        ("SigningData", json!(STANDARD.encode(b"other")), false),
        ("SigningData", json!(["x"]), false),
        ("HashAlgorithm", json!("SHA-256"), true),
        ("HashAlgorithm", json!("SHA1"), false),
        ("HashAlgorithm", json!("SHA512"), false),
    ] {
        let verdict = examine(&answer(&person, &signature).set("result", member, value.clone()));
        assert_eq!(is_approved(&verdict), good, "{member} {value}");
        if !good {
            assert_eq!(
                ending(&verdict),
                (Some("signature"), Some(Some(Outcome::WrongDocument)))
            );
        }
    }
}

#[test]
fn the_form_is_the_one_that_is_named() {
    let person = p256();
    let bare = person.sign(How::P256Der, DOCUMENT);
    let message = detached(&person, How::P256Der, DOCUMENT, true);
    for (signature, datatype, good) in [
        (&bare, json!("2"), true),
        (&bare, json!("PKCS1"), true),
        (&bare, json!(2), true),
        (&bare, json!("1"), false),
        (&message, json!("1"), true),
        (&message, json!("2"), false),
        (&message, json!("9"), false),
    ] {
        let verdict = examine(&answer(&person, signature).set("result", "SigningDatatype", datatype.clone()));
        assert_eq!(is_approved(&verdict), good, "{datatype}");
    }
}

#[test]
fn no_signature_is_no_approval() {
    let person = p256();
    for value in [Value::Null, json!(""), json!("!"), json!({})] {
        let verdict = examine(&answer(&person, b"").set("result", "SignatureData", value));
        assert_eq!(
            ending(&verdict),
            (Some("signature"), Some(Some(Outcome::SignatureInvalid)))
        );
    }
}

// An approval to authenticate is no signature, and a signature is no sign-in.
#[test]
fn what_was_asked_is_what_is_answered() {
    let person = p256();
    let draft =
        answer(&person, &person.sign(How::P256Der, DOCUMENT)).set("request", "RequestType", json!("1"));
    assert_eq!(
        ending(&examine(&draft)),
        (Some("request_type"), Some(Some(Outcome::InconsistentAnswer)))
    );
}

// R000-043: at high assurance only, whoever asked for less.
#[test]
fn a_certificate_of_a_lower_level_signs_nothing() {
    let person = p256();
    let asked = Asked {
        capability: Capability::Sign,
        signing: Some(Digest::of(DOCUMENT)),
        assurance: Assurance::High,
        ..Asked::usual()
    };
    let draft = answer(&person, &person.sign(How::P256Der, DOCUMENT));
    let verdict = asked.examine(&rule(), draft.stamped().as_bytes());
    assert_eq!(
        ending(&verdict),
        (Some("assurance"), Some(Some(Outcome::AssuranceInsufficient)))
    );
}
