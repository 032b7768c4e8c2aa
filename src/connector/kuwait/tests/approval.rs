//! What is approved, honest quirks included, and what of it may be recorded in clear.

use serde_json::Value;
use serde_json::json;

use super::fixture::*;
use crate::connector::Conclusion;
use crate::words::Outcome;
use crate::words::Timestamp;

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
