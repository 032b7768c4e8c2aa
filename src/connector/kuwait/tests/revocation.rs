use std::sync::Arc;
use std::time::Duration;

use rcgen::CertificateParams;
use rcgen::CertificateRevocationListParams;
use rcgen::DnType;
use rcgen::Issuer;
use rcgen::KeyIdMethod;
use rcgen::KeyPair;
use rcgen::RevokedCertParams;
use rcgen::SerialNumber;
use serde_json::json;

use super::fixture::*;
use crate::connector::kuwait::ListSource;
use crate::connector::kuwait::Presence;
use crate::connector::kuwait::RevocationSettings;
use crate::connector::kuwait::WhenUnknown;
use crate::connector::kuwait::approval::ApprovalRule;
use crate::connector::kuwait::base64::decode;
use crate::connector::kuwait::revocation::Revocation;
use crate::connector::kuwait::settings::AssuranceRule;
use crate::connector::kuwait::stamp::Signer;
use crate::connector::kuwait::stamp::Stamp;
use crate::connector::kuwait::stamp::StampFormat;
use crate::connector::kuwait::stamp::StampRule;
use crate::words::Digest;
use crate::words::Outcome;
use crate::words::Timestamp;

/// A list by a self-signed party of this name: which serial numbers, from day to day of February 2026.
fn list(name: &[(DnType, &str)], key_pem: &str, serials: &[&[u8]], days: (u8, u8)) -> Vec<u8> {
    let mut params = CertificateParams::new([]).unwrap();
    for (kind, value) in name {
        params.distinguished_name.push(kind.clone(), *value);
    }
    let issuer = Issuer::new(params, KeyPair::from_pem(key_pem).unwrap());
    let this_update = rcgen::date_time_ymd(2026, 2, days.0);
    let list = CertificateRevocationListParams {
        this_update,
        next_update: rcgen::date_time_ymd(2026, 2, days.1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: serials
            .iter()
            .map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from_slice(serial),
                revocation_time: this_update,
                reason_code: None,
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(&issuer).unwrap().der().to_vec()
}

fn stamp_name() -> Vec<(DnType, &'static str)> {
    vec![(DnType::CommonName, "Synthetic stamp P-256")]
}

fn person_name() -> Vec<(DnType, &'static str)> {
    let serial_number = DnType::CustomDnType(vec![2, 5, 4, 5]);
    vec![
        (DnType::CommonName, "SYNTHETIC TEST PERSON"),
        (serial_number, CIVIL_NO),
    ]
}

fn serial(der: &[u8]) -> Vec<u8> {
    Signer::from_der(der).ok().unwrap().serial
}

fn known(when_unknown: WhenUnknown, issuers: &[&Party]) -> Revocation {
    let settings = RevocationSettings {
        lists: vec![ListSource::Url("http://127.0.0.1:9/a.crl".to_owned()); 2],
        responder: None,
        nonce: Presence::Required,
        issuers: Vec::new(),
        when_unknown,
        refresh_seconds: 300,
    };
    let issuers: Vec<Vec<u8>> = issuers.iter().map(|party| party.der.clone()).collect();
    Revocation::new(&settings, &issuers).unwrap()
}

fn rule_that_asks(known: Revocation) -> ApprovalRule {
    let known = Arc::new(known);
    let stamp = Stamp::new(StampRule::RawMembers, StampFormat::ALL.to_vec(), vec![pin(&P256)]);
    let mut rule = rule_with(stamp.limited([].into(), Some(known.clone())));
    rule.assurance = AssuranceRule::AsRequested;
    rule.revocation = Some(known);
    rule
}

fn now() -> Timestamp {
    Timestamp::parse(RECEIVED).unwrap()
}

fn answer(person: &Party) -> String {
    use base64::Engine as _;
    let certificate = base64::engine::general_purpose::STANDARD.encode(&person.der);
    assert!(decode(&certificate, usize::MAX / 2).is_some());
    Draft::approved()
        .set("result", "UserCertificate", json!(certificate))
        .stamped()
}

// R000-169: a person whose certificate is on the list is refused with its leaf code, however good the answer is.
#[test]
fn a_revoked_person_is_refused() {
    let person = person_party(&ec(&rcgen::PKCS_ECDSA_P256_SHA256));
    let body = answer(&person);
    let good = list(&person_name(), &person.key_pem, &[], (1, 20));
    let listed = list(&person_name(), &person.key_pem, &[&serial(&person.der)], (2, 20));
    let stamp = list(&stamp_name(), &P256.key_pem, &[], (1, 20));
    let known = known(WhenUnknown::Refuse, &[&person, &P256]);
    known.take(0, &good, now()).unwrap();
    known.take(1, &stamp, now()).unwrap();
    let rule = rule_that_asks(known);
    let verdict = Asked::usual().examine(&rule, body.as_bytes());
    assert!(is_approved(&verdict), "{:?}", verdict.checks);
    assert!(verdict.checks.iter().any(|check| check.name == "revocation"
        && check.detail.starts_with("not on the list of 2026-02-01T00:00:00")));
    rule.revocation.as_ref().unwrap().take(0, &listed, now()).unwrap();
    let verdict = Asked::usual().examine(&rule, body.as_bytes());
    let revoked = Some(Some(Outcome::CertificateRevoked));
    assert_eq!(ending(&verdict), (Some("revocation"), revoked));
}

// R000-114: a revoked signer stamps nothing any more; its answers are not believed, and the flow waits.
#[test]
fn a_revoked_signer_is_not_believed() {
    let listed = list(&stamp_name(), &P256.key_pem, &[&serial(&P256.der)], (1, 20));
    let known = known(WhenUnknown::Allow, &[&P256]);
    known.take(0, &listed, now()).unwrap();
    let verdict = Asked::usual().examine(&rule_that_asks(known), Draft::approved().stamped().as_bytes());
    assert_eq!(ending(&verdict), (Some("stamp"), Some(None)));
    let told = &verdict.checks.last().unwrap().detail;
    assert!(told.contains("was revoked on 2026-02-01"), "{told}");
}

// Where nothing is known, the settings decide, and they refuse unless told otherwise.
#[test]
fn what_is_not_known_is_refused_unless_allowed() {
    let body = Draft::approved().stamped();
    let refused = Asked::usual().examine(
        &rule_that_asks(known(WhenUnknown::Refuse, &[&P256])),
        body.as_bytes(),
    );
    assert_eq!(ending(&refused), (Some("stamp"), Some(None)));
    let allowed = Asked::usual().examine(
        &rule_that_asks(known(WhenUnknown::Allow, &[&P256])),
        body.as_bytes(),
    );
    assert!(is_approved(&allowed), "{:?}", allowed.checks);
    assert_eq!(WhenUnknown::default(), WhenUnknown::Refuse);
    // A list that has run out says nothing, but for what it names.
    let person = person_party(&ec(&rcgen::PKCS_ECDSA_P256_SHA256));
    let known = known(WhenUnknown::Refuse, &[&person, &P256]);
    let early = Timestamp::parse("2026-02-02T00:00:00Z").unwrap();
    let short = list(&person_name(), &person.key_pem, &[], (1, 3));
    let stamp = list(&stamp_name(), &P256.key_pem, &[], (1, 20));
    known.take(0, &short, early).unwrap();
    known.take(1, &stamp, early).unwrap();
    let verdict = Asked::usual().examine(&rule_that_asks(known), answer(&person).as_bytes());
    let failed = Some(Some(Outcome::VerificationFailed));
    assert_eq!(ending(&verdict), (Some("revocation"), failed));
}

#[test]
fn a_list_that_proves_nothing_is_not_taken() {
    let known = known(WhenUnknown::Refuse, &[&P256]);
    let good = list(&stamp_name(), &P256.key_pem, &[], (2, 20));
    let mut broken = good.clone();
    *broken.last_mut().unwrap() ^= 1;
    let stranger = list(&stamp_name(), &P384.key_pem, &[], (2, 20));
    let other_name = list(&person_name(), &P256.key_pem, &[], (2, 20));
    let ended = list(&stamp_name(), &P256.key_pem, &[], (1, 2));
    let mut longer = good.clone();
    longer.push(0);
    for (bytes, why) in [
        (broken, "signature"),
        (stranger, "signature"),
        (other_name, "issuer"),
        (ended, "it counted until"),
        (longer, "follows"),
        (b"<html>".to_vec(), "no list"),
        (Vec::new(), "no list"),
    ] {
        let told = known.take(0, &bytes, now()).unwrap_err();
        assert!(told.contains(why), "{told}");
    }
    known.take(0, &good, now()).unwrap();
    // Nobody takes a revocation back by handing out an old list.
    let older = list(&stamp_name(), &P256.key_pem, &[], (1, 20));
    assert!(known.take(0, &older, now()).unwrap_err().contains("older"));
    // PEM is read as well.
    let pem = format!(
        "-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &good)
    );
    known.take(0, pem.as_bytes(), now()).unwrap();
}

#[test]
fn lists_are_looked_at_again_before_they_run_out() {
    let known = known(WhenUnknown::Refuse, &[&P256]);
    assert_eq!(known.next_look(&[], now()), Duration::from_secs(10));
    let good = list(&stamp_name(), &P256.key_pem, &[], (1, 20));
    known.take(0, &good, now()).unwrap();
    assert_eq!(
        known.next_look(&[], now()),
        Duration::from_secs(10),
        "the other is missing"
    );
    known.take(1, &good, now()).unwrap();
    assert_eq!(known.next_look(&[], now()), Duration::from_secs(300));
    let nearly = Timestamp::parse("2026-02-19T23:58:20Z").unwrap();
    assert_eq!(known.next_look(&[], nearly), Duration::from_secs(50));
}

// R000-147, F49: while the authority changes its key both are pinned; the old one counts up to a moment and no longer.
#[test]
fn the_former_signer_counts_up_to_a_moment() {
    let body = Draft::approved().stamped();
    let with = |until: &str| {
        let until = Timestamp::parse(until).unwrap();
        let stamp = Stamp::new(
            StampRule::RawMembers,
            StampFormat::ALL.to_vec(),
            vec![pin(&P256), pin(&P384)],
        );
        let rule = rule_with(stamp.limited([(Digest::of(&P256.der), until)].into(), None));
        Asked::usual().examine(&rule, body.as_bytes())
    };
    assert!(is_approved(&with("2026-02-03T07:15:46Z")));
    for over in [RECEIVED, "2026-02-03T07:15:44Z"] {
        let verdict = with(over);
        assert_eq!(ending(&verdict), (Some("stamp"), Some(None)));
        let told = &verdict.checks.last().unwrap().detail;
        assert!(told.contains("counts until"), "{told}");
    }
}
