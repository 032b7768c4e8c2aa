//! The bounds of the approval rule: deadlines, what may be absent, levels.

use serde_json::Value;
use serde_json::json;

use super::fixture::*;
use crate::connector::kuwait::json::KeyMatching;
use crate::connector::kuwait::settings::AssuranceRule;
use crate::connector::kuwait::settings::Presence;
use crate::words::Assurance;
use crate::words::Outcome;
use crate::words::Timestamp;

#[test]
fn an_early_callback_is_bound_by_our_own_data() {
    let asked = Asked {
        request_id: None,
        ..Asked::usual()
    };
    let rule = rule();
    let verdict = asked.examine(&rule, Draft::approved().stamped().as_bytes());
    assert!(is_approved(&verdict), "{:?}", verdict.checks);
    let unbound = Draft::approved().without("request", "AdditionalData");
    let verdict = asked.examine(&rule, unbound.stamped().as_bytes());
    assert_eq!(ending(&verdict), (Some("request"), Some(None)));
    let unbound = Draft::approved().without("request", "RequestID");
    let verdict = asked.examine(&rule, unbound.stamped().as_bytes());
    assert_eq!(ending(&verdict), (Some("request"), Some(None)));
}

// R000-113: one microsecond decides.
#[test]
fn the_deadline_is_exact() {
    let expires = Timestamp::parse(EXPIRES).unwrap();
    let body = Draft::approved()
        .set("result", "TransactionDate", json!("2026-02-03T10:19:59"))
        .stamped();
    for (before, passed) in [(1, true), (0, false), (-1, false)] {
        let asked = Asked {
            received_at: Timestamp::from_micros(expires.as_micros() - before),
            ..Asked::usual()
        };
        let verdict = asked.examine(&rule(), body.as_bytes());
        assert_eq!(is_approved(&verdict), passed, "{before}");
        if !passed {
            assert_eq!(ending(&verdict), (Some("unexpired"), Some(None)));
        }
    }
}

#[test]
fn presence_settings_loosen_only_what_is_absent() {
    let mut loose = rule();
    loose.challenge = Presence::WhenPresent;
    loose.transaction_date = Presence::WhenPresent;
    loose.user_certificate = Presence::WhenPresent;
    loose.assurance = AssuranceRule::AsRequested;
    let bare = Draft::approved()
        .without("request", "Challenge")
        .without("result", "TransactionDate")
        .without("result", "UserCertificate");
    let asked = Asked::usual();
    assert!(is_approved(&asked.examine(&loose, bare.stamped().as_bytes())));
    for none in ["0001-01-01T00:00:00", "/Date(-62135596800000)/", ""] {
        let none = bare.clone().set("result", "TransactionDate", json!(none));
        assert!(is_approved(&asked.examine(&loose, none.stamped().as_bytes())));
    }
    for (part, member, value) in [
        ("request", "Challenge", json!("0000")),
        ("result", "TransactionDate", json!("today")),
        ("result", "TransactionDate", json!("2020-01-01T00:00:00")),
        ("result", "UserCertificate", json!("MIIC")),
    ] {
        let wrong = bare.clone().set(part, member, value);
        assert!(
            !is_approved(&asked.examine(&loose, wrong.stamped().as_bytes())),
            "{member}"
        );
    }
    let mut strict = rule();
    strict.additional_data = Presence::Required;
    let verdict = asked.examine(
        &strict,
        Draft::approved()
            .without("request", "AdditionalData")
            .stamped()
            .as_bytes(),
    );
    assert_eq!(ending(&verdict), (Some("request"), Some(None)));
}

#[test]
fn the_assurance_asked_for_must_be_proven() {
    let asked = |assurance| Asked {
        assurance,
        ..Asked::usual()
    };
    let body = Draft::approved().stamped();
    assert!(is_approved(
        &asked(Assurance::Low).examine(&rule(), body.as_bytes())
    ));
    let verdict = asked(Assurance::High).examine(&rule(), body.as_bytes());
    assert_eq!(
        ending(&verdict),
        (Some("assurance"), Some(Some(Outcome::AssuranceInsufficient)))
    );
    // Without a certificate there is nothing to prove it.
    let mut loose = rule();
    loose.user_certificate = Presence::WhenPresent;
    let bare = Draft::approved().without("result", "UserCertificate").stamped();
    let verdict = Asked::usual().examine(&loose, bare.as_bytes());
    assert_eq!(
        ending(&verdict),
        (Some("assurance"), Some(Some(Outcome::AssuranceInsufficient)))
    );
}

#[test]
fn camel_case_bodies_are_approved_only_by_opt_in() {
    fn camel(value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| (key[..1].to_lowercase() + &key[1..], camel(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }
    let draft = Draft::approved();
    let draft = Draft {
        request: camel(&draft.request),
        result: camel(&draft.result),
        personal: camel(&draft.personal),
    };
    let body = draft.stamped();
    assert!(!is_approved(&Asked::usual().examine(&rule(), body.as_bytes())));
    let mut loose = rule();
    loose.keys = KeyMatching::IgnoreCase;
    let verdict = Asked::usual().examine(&loose, body.as_bytes());
    assert!(is_approved(&verdict), "{:?}", verdict.checks);
}
