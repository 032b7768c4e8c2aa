use serde_json::Value;
use serde_json::json;

use super::fixture::*;
use crate::connector::Conclusion;
use crate::connector::FailedCheck;
use crate::connector::failed_check;
use crate::connector::kuwait::json::KeyMatching;
use crate::connector::kuwait::settings::AssuranceRule;
use crate::connector::kuwait::settings::Presence;
use crate::words::Assurance;
use crate::words::Outcome;
use crate::words::Timestamp;

type Row = (&'static str, Draft, &'static str, Option<Outcome>);

fn row(
    name: &'static str,
    part: &str,
    member: &str,
    value: Value,
    check: &'static str,
    ended: Option<Outcome>,
) -> Row {
    (name, Draft::approved().set(part, member, value), check, ended)
}

// Law 4: the whole chain of checks, in order.
#[test]
fn an_honest_answer_is_approved() {
    let verdict = examine(&Draft::approved());
    let names: Vec<_> = verdict.checks.iter().map(|check| check.name).collect();
    assert_eq!(
        names,
        [
            "readable",
            "stamp",
            "request",
            "challenge",
            "unexpired",
            "fresh",
            "request_type",
            "code",
            "action",
            "person",
            "certificate",
            "assurance"
        ]
    );
    assert!(
        verdict.checks.iter().all(|check| check.passed),
        "{:?}",
        verdict.checks
    );
    let Conclusion::Approved(person) = &verdict.conclusion else {
        panic!("{:?}", verdict.checks)
    };
    assert_eq!(person.fields().count(), 3);
    let claims = &verdict.claims;
    assert_eq!(claims.kept_fields.len(), 3);
    assert_eq!(
        claims.dropped_fields,
        ["CardExpiryDate", "FullNameEn", "MobileNumber", "NationalityEn"]
    );
    assert_eq!(claims.request_id.as_ref().unwrap().as_str(), REQUEST_ID);
    assert_eq!(
        (claims.result_code.as_deref(), claims.user_action.as_deref()),
        (Some("1"), Some("1"))
    );
    assert_eq!(claims.stamp_signer, Some(crate::words::Digest::of(&P256.der)));
    assert_eq!(
        claims.user_signature,
        Some(crate::words::Digest::of(b"synthetic"))
    );
    assert_eq!(claims.claimed_at, Timestamp::parse("2026-02-03T07:15:42.117Z"));
}

// Law 4, R000-112, R000-113: each check broken in turn. What is not bound to the flow is rejected and the flow
// keeps waiting; a stamped and bound answer that is no success ends it.
#[test]
fn each_check_broken_in_turn() {
    use Outcome::*;
    let person = |number: &str, years, policy: &[u64]| json!(person_certificate(number, years, policy));
    let rows: Vec<Row> = vec![
        row(
            "another request",
            "request",
            "RequestID",
            json!("6b0e7c1a-2f64-4f0e-9a55-3d2b8c6f1e90"),
            "request",
            None,
        ),
        row(
            "no request id",
            "request",
            "RequestID",
            json!(null),
            "request",
            None,
        ),
        row(
            "odd request id",
            "request",
            "RequestID",
            json!([REQUEST_ID]),
            "request",
            None,
        ),
        row(
            "another SP",
            "request",
            "ServiceProviderId",
            json!("00000000-0000-4000-8000-00000000a002"),
            "request",
            None,
        ),
        row(
            "no SP",
            "request",
            "ServiceProviderId",
            json!(""),
            "request",
            None,
        ),
        row(
            "odd SP",
            "request",
            "ServiceProviderId",
            json!({}),
            "request",
            None,
        ),
        row(
            "other data",
            "request",
            "AdditionalData",
            json!("01J9ZT3M5Q8R7C4N2B6V0XKEYT"),
            "request",
            None,
        ),
        row(
            "odd data",
            "request",
            "AdditionalData",
            json!({"a": DATA}),
            "request",
            None,
        ),
        row(
            "another challenge",
            "request",
            "Challenge",
            json!("8353"),
            "challenge",
            None,
        ),
        row(
            "no challenge",
            "request",
            "Challenge",
            json!(null),
            "challenge",
            None,
        ),
        row(
            "odd challenge",
            "request",
            "Challenge",
            json!(["8352"]),
            "challenge",
            None,
        ),
        row(
            "empty challenge",
            "request",
            "Challenge",
            json!({}),
            "challenge",
            None,
        ),
        row(
            "another prompt",
            "request",
            "Challenge",
            json!({"Prompt": "8353"}),
            "challenge",
            None,
        ),
        row(
            "a prompt for another SP",
            "request",
            "Challenge",
            json!({"Prompt": "8352", "ServiceProviderID": "x"}),
            "challenge",
            None,
        ),
        row(
            "too old",
            "result",
            "TransactionDate",
            json!("2026-02-03T10:13:59"),
            "fresh",
            None,
        ),
        row(
            "from the future",
            "result",
            "TransactionDate",
            json!("2026-02-03T10:16:46"),
            "fresh",
            None,
        ),
        row(
            "UTC without saying so",
            "result",
            "TransactionDate",
            json!("2026-02-03T07:15:42"),
            "fresh",
            None,
        ),
        row(
            "no moment",
            "result",
            "TransactionDate",
            json!("0001-01-01T00:00:00"),
            "fresh",
            None,
        ),
        row(
            "odd moment",
            "result",
            "TransactionDate",
            json!({"at": 1}),
            "fresh",
            None,
        ),
        row(
            "unreadable moment",
            "result",
            "TransactionDate",
            json!("today"),
            "fresh",
            None,
        ),
        row(
            "a signing answer",
            "request",
            "RequestType",
            json!(2),
            "request_type",
            Some(InconsistentAnswer),
        ),
        row(
            "unknown type",
            "request",
            "RequestType",
            json!("3"),
            "request_type",
            Some(UnknownCode),
        ),
        row(
            "no type",
            "request",
            "RequestType",
            json!(null),
            "request_type",
            Some(UnknownCode),
        ),
        row(
            "code 10",
            "result",
            "ResultCode",
            json!("10"),
            "code",
            Some(UnknownCode),
        ),
        row(
            "code 99",
            "result",
            "ResultCode",
            json!(99),
            "code",
            Some(UnknownCode),
        ),
        row(
            "code 1.0",
            "result",
            "ResultCode",
            json!(1.0),
            "code",
            Some(UnknownCode),
        ),
        row(
            "no code",
            "result",
            "ResultCode",
            json!(null),
            "code",
            Some(UnknownCode),
        ),
        row(
            "odd code",
            "result",
            "ResultCode",
            json!([1]),
            "code",
            Some(UnknownCode),
        ),
        row(
            "true is no code",
            "result",
            "ResultCode",
            json!(true),
            "code",
            Some(UnknownCode),
        ),
        row(
            "revoked",
            "result",
            "ResultCode",
            json!(2),
            "code",
            Some(CertificateRevoked),
        ),
        row(
            "failed to verify",
            "result",
            "ResultCode",
            json!("3"),
            "code",
            Some(VerificationFailed),
        ),
        row(
            "expired",
            "result",
            "ResultCode",
            json!("5"),
            "code",
            Some(CertificateExpired),
        ),
        row(
            "declined and accepted",
            "result",
            "ResultCode",
            json!("4"),
            "action",
            Some(InconsistentAnswer),
        ),
        row(
            "success and declined",
            "result",
            "UserAction",
            json!("2"),
            "action",
            Some(InconsistentAnswer),
        ),
        row(
            "unknown action",
            "result",
            "UserAction",
            json!("3"),
            "action",
            Some(UnknownCode),
        ),
        row(
            "no action",
            "result",
            "UserAction",
            json!(null),
            "action",
            Some(UnknownCode),
        ),
        row(
            "odd action",
            "result",
            "UserAction",
            json!({}),
            "action",
            Some(UnknownCode),
        ),
        row(
            "asked for another",
            "request",
            "CivilNo",
            json!(OTHER_CIVIL_NO),
            "person",
            Some(WrongPerson),
        ),
        row(
            "asked for nobody",
            "request",
            "CivilNo",
            json!(null),
            "person",
            Some(WrongPerson),
        ),
        row(
            "another approved",
            "result",
            "UserCivilNo",
            json!(OTHER_CIVIL_NO),
            "person",
            Some(WrongPerson),
        ),
        row(
            "nobody approved",
            "result",
            "UserCivilNo",
            json!(""),
            "person",
            Some(WrongPerson),
        ),
        row(
            "odd approver",
            "result",
            "UserCivilNo",
            json!([CIVIL_NO]),
            "person",
            Some(WrongPerson),
        ),
        row(
            "another's data",
            "personal",
            "CivilID",
            json!(OTHER_CIVIL_NO),
            "person",
            Some(WrongPerson),
        ),
        row(
            "odd data owner",
            "personal",
            "CivilID",
            json!({"a": CIVIL_NO}),
            "person",
            Some(WrongPerson),
        ),
        row(
            "no certificate",
            "result",
            "UserCertificate",
            json!(null),
            "certificate",
            Some(VerificationFailed),
        ),
        row(
            "broken certificate",
            "result",
            "UserCertificate",
            json!("MIIC"),
            "certificate",
            Some(VerificationFailed),
        ),
        row(
            "odd certificate",
            "result",
            "UserCertificate",
            json!({}),
            "certificate",
            Some(VerificationFailed),
        ),
        row(
            "another's certificate",
            "result",
            "UserCertificate",
            person(OTHER_CIVIL_NO, (2026, 2027), &[1, 2, 3, 20]),
            "certificate",
            Some(WrongPerson),
        ),
        row(
            "nobody's certificate",
            "result",
            "UserCertificate",
            person("", (2026, 2027), &[1, 2, 3, 20]),
            "certificate",
            Some(WrongPerson),
        ),
        row(
            "more digits before",
            "result",
            "UserCertificate",
            person(&format!("9{CIVIL_NO}"), (2026, 2027), &[1, 2, 3, 20]),
            "certificate",
            Some(WrongPerson),
        ),
        row(
            "expired certificate",
            "result",
            "UserCertificate",
            person(CIVIL_NO, (2024, 2026), &[1, 2, 3, 20]),
            "certificate",
            Some(CertificateExpired),
        ),
        row(
            "future certificate",
            "result",
            "UserCertificate",
            person(CIVIL_NO, (2027, 2028), &[1, 2, 3, 20]),
            "certificate",
            Some(VerificationFailed),
        ),
        row(
            "unknown policy",
            "result",
            "UserCertificate",
            person(CIVIL_NO, (2026, 2027), &[1, 2, 3, 30]),
            "assurance",
            Some(AssuranceInsufficient),
        ),
        row(
            "no policy",
            "result",
            "UserCertificate",
            person(CIVIL_NO, (2026, 2027), &[]),
            "assurance",
            Some(AssuranceInsufficient),
        ),
    ];
    for (name, draft, check, ended) in rows {
        let verdict = examine(&draft);
        assert_eq!(
            ending(&verdict),
            (Some(check), Some(ended)),
            "{name}: {:?}",
            verdict.checks
        );
        assert!(
            !verdict.checks.last().unwrap().passed,
            "{name}: a check after the failed one"
        );
        assert!(verdict.claims.kept_fields.is_empty(), "{name}");
        // What explanations say of a failed check is what the rule does.
        let told = failed_check(check).map(|failed| failed == FailedCheck::NotBelieved);
        assert_eq!(told, Some(ended.is_none()), "{name}");
    }
}

#[test]
fn a_declined_answer_needs_neither_person_nor_data() {
    let declined = |action: Value| Draft {
        request: json!({
            "RequestID": REQUEST_ID, "RequestType": "1", "ServiceProviderId": SP, "Challenge": "8352", "CivilNo": CIVIL_NO,
        }),
        result: json!({
            "ResultCode": "4", "UserAction": action, "UserCivilNo": CIVIL_NO, "UserCertificate": null,
            "TransactionDate": "2026-02-03T10:15:42",
        }),
        personal: Value::Null,
    };
    let by_user = (Some("action"), Some(Some(Outcome::DeclinedByUser)));
    assert_eq!(ending(&examine(&declined(json!("2")))), by_user);
    assert_eq!(ending(&examine(&declined(json!(2)))), by_user);
    assert_eq!(ending(&examine(&declined(json!("Declined")))), by_user);
    assert_eq!(ending(&examine(&declined(Value::Null))), by_user);
    assert_eq!(
        ending(&examine(&declined(json!("7")))),
        (Some("action"), Some(Some(Outcome::UnknownCode)))
    );
}

#[test]
fn honest_quirks_are_approved() {
    let prefixed = json!(person_certificate(
        &format!("PNOKW-{CIVIL_NO}"),
        (2026, 2027),
        &[1, 2, 3, 20]
    ));
    for (name, draft) in [
        (
            "code as integer",
            Draft::approved().set("result", "ResultCode", json!(1)),
        ),
        (
            "codes as names",
            Draft::approved()
                .set("result", "ResultCode", json!("Authenticated"))
                .set("result", "UserAction", json!("Accepted")),
        ),
        (
            "type as name",
            Draft::approved().set("request", "RequestType", json!("Authentication")),
        ),
        (
            "number as number",
            Draft::approved().set("result", "UserCivilNo", json!(399_123_100_017_u64)),
        ),
        (
            "challenge as number",
            Draft::approved().set("request", "Challenge", json!(8352)),
        ),
        (
            "challenge grouped",
            Draft::approved().set("request", "Challenge", json!("83 52")),
        ),
        (
            "challenge as object",
            Draft::approved().set(
                "request",
                "Challenge",
                json!({"ServiceProviderID": SP, "Datetime": "x", "Prompt": "8352"}),
            ),
        ),
        (
            "large letters",
            Draft::approved()
                .set("request", "RequestID", json!(REQUEST_ID.to_uppercase()))
                .set("request", "ServiceProviderId", json!(SP.to_uppercase())),
        ),
        (
            "no additional data",
            Draft::approved().without("request", "AdditionalData"),
        ),
        (
            "spaced keys",
            Draft::approved()
                .without("request", "CivilNo")
                .set("request", "CivilNo ", json!(CIVIL_NO)),
        ),
        (
            "unknown members",
            Draft::approved()
                .set("request", "New", json!({"a": [1]}))
                .set("personal", "More", json!(1)),
        ),
        (
            "no data owner",
            Draft::approved().set("personal", "CivilID", Value::Null),
        ),
        (
            "null dates",
            Draft::approved().set("personal", "BirthDate", Value::Null),
        ),
        (
            "zoned moment",
            Draft::approved().set("result", "TransactionDate", json!("2026-02-03T07:15:42Z")),
        ),
        (
            "old moment form",
            Draft::approved().set("result", "TransactionDate", json!("/Date(1770102942117)/")),
        ),
        (
            "first allowed moment",
            Draft::approved().set("result", "TransactionDate", json!("2026-02-03T10:14:00")),
        ),
        (
            "last allowed moment",
            Draft::approved().set("result", "TransactionDate", json!("2026-02-03T10:16:45")),
        ),
        (
            "prefixed certificate",
            Draft::approved().set("result", "UserCertificate", prefixed),
        ),
        (
            "a large photo",
            Draft::approved().set("personal", "Photo", json!("A".repeat(1_000_000))),
        ),
    ] {
        let verdict = examine(&draft);
        assert!(is_approved(&verdict), "{name}: {:?}", verdict.checks);
    }
    let null = Draft {
        personal: Value::Null,
        ..Draft::approved()
    };
    let verdict = examine(&null);
    assert!(is_approved(&verdict), "{:?}", verdict.checks);
    assert_eq!(
        verdict.claims.kept_fields.len(),
        1,
        "the verified civil number alone"
    );
}

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

// Law 13: nothing personal in what is recorded in clear, whatever stands in the callback.
#[test]
fn checks_and_claims_hold_nothing_personal() {
    let drafts = [
        Draft::approved(),
        Draft::approved().set("result", "UserCivilNo", json!(OTHER_CIVIL_NO)),
        Draft::approved().set("result", "ResultCode", json!(CIVIL_NO)),
        Draft::approved().set("result", "UserAction", json!(CIVIL_NO)),
        Draft::approved().set("request", "RequestID", json!(CIVIL_NO)),
        Draft::approved().set("request", "Challenge", json!(CIVIL_NO)),
        Draft::approved().set("request", CIVIL_NO, json!(1)),
        Draft::approved().set("personal", CIVIL_NO, json!(1)),
        Draft::approved().set("result", "TransactionDate", json!(CIVIL_NO)),
    ];
    // Digests differ from run to run. Fault: now and then one held `1990` by chance, and the test failed.
    let digests = regex::Regex::new("sha256:[0-9a-f]{64}|by [0-9a-f]{12}").unwrap();
    for draft in drafts {
        for body in [
            draft.stamped(),
            draft.stamped().replace("\"SignatureData\"", "\"Nothing\""),
        ] {
            let shown = format!("{:?}", Asked::usual().examine(&rule(), body.as_bytes()));
            let shown = digests.replace_all(&shown, "");
            for secret in [CIVIL_NO, OTHER_CIVIL_NO, "SYNTHETIC", "شخص", "00000000", "1990"] {
                assert!(!shown.contains(secret), "{secret} in {shown}");
            }
        }
    }
}
