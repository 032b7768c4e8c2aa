//! Approvals of a code that was shown: nobody in particular was asked, so all places have to name one person (law 4).

use serde_json::Value;
use serde_json::json;

use super::fixture::*;
use crate::connector::Conclusion;
use crate::connector::Verdict;
use crate::words::Capability;
use crate::words::CivilNo;
use crate::words::Outcome;
use crate::words::Purpose;

fn examine(expected: Option<&str>, draft: &Draft) -> Verdict {
    let asked = Asked {
        capability: Capability::AuthQr,
        // The reply to a request for a code has no request id.
        request_id: None,
        civil_no: expected.and_then(|number| CivilNo::parse(number).ok()),
        ..Asked::usual()
    };
    asked.examine(&rule(), draft.stamped().as_bytes())
}

#[test]
fn whoever_scans_the_code_is_learnt_from_the_answer() {
    let verdict = examine(None, &Draft::approved());
    assert!(is_approved(&verdict), "{:?}", verdict.checks);
    let approver = verdict.approver.unwrap();
    assert_eq!(approver.expose(Purpose::Compare), CIVIL_NO);
    let Conclusion::Approved(person) = verdict.conclusion else {
        panic!("no approval")
    };
    assert_eq!(person.fields().count(), 3);
}

#[test]
fn a_request_that_named_nobody_may_be_repeated_without_a_number() {
    let verdict = examine(None, &Draft::approved().set("request", "CivilNo", Value::Null));
    assert!(is_approved(&verdict), "{:?}", verdict.checks);
    // A push always named somebody.
    let push = Asked::usual().examine(
        &rule(),
        Draft::approved()
            .set("request", "CivilNo", Value::Null)
            .stamped()
            .as_bytes(),
    );
    assert_eq!(ending(&push), (Some("person"), Some(Some(Outcome::WrongPerson))));
}

// Law 4, R000-145: `UserCivilNo`, `CivilNo`, `CivilID` and the certificate name one person, or nobody is approved.
#[test]
fn all_places_name_one_person() {
    let other = json!(OTHER_CIVIL_NO);
    for (part, member, check) in [
        ("request", "CivilNo", "person"),
        ("personal", "CivilID", "person"),
        ("result", "UserCivilNo", "person"),
    ] {
        let verdict = examine(None, &Draft::approved().set(part, member, other.clone()));
        assert_eq!(
            ending(&verdict),
            (Some(check), Some(Some(Outcome::WrongPerson))),
            "{member}"
        );
        assert!(verdict.approver.is_none());
    }
    let strangers = json!(person_certificate(OTHER_CIVIL_NO, (2026, 2027), &[1, 2, 3, 20]));
    let verdict = examine(
        None,
        &Draft::approved().set("result", "UserCertificate", strangers),
    );
    assert_eq!(
        ending(&verdict),
        (Some("certificate"), Some(Some(Outcome::WrongPerson)))
    );
}

#[test]
fn an_answer_that_names_nobody_approves_nobody() {
    for value in [Value::Null, json!(""), json!("1234"), json!(["399123100017"])] {
        let verdict = examine(None, &Draft::approved().set("result", "UserCivilNo", value));
        assert_eq!(
            ending(&verdict),
            (Some("person"), Some(Some(Outcome::VerificationFailed)))
        );
    }
}

// The e-service may expect somebody: then it has to be them.
#[test]
fn the_person_expected_is_the_only_one_approved() {
    assert!(is_approved(&examine(Some(CIVIL_NO), &Draft::approved())));
    let verdict = examine(Some(OTHER_CIVIL_NO), &Draft::approved());
    assert_eq!(
        ending(&verdict),
        (Some("person"), Some(Some(Outcome::WrongPerson)))
    );
}

// Without a request id, our additional data is what binds an answer to its flow: it must come, and be ours.
#[test]
fn an_answer_is_bound_by_our_additional_data() {
    for draft in [
        Draft::approved().without("request", "AdditionalData"),
        Draft::approved().set("request", "AdditionalData", json!("another flow's")),
    ] {
        assert_eq!(ending(&examine(None, &draft)), (Some("request"), Some(None)));
    }
}

#[test]
fn a_signing_answer_is_none_to_a_code() {
    let verdict = examine(None, &Draft::approved().set("request", "RequestType", json!("2")));
    assert_eq!(
        ending(&verdict),
        (Some("request_type"), Some(Some(Outcome::InconsistentAnswer)))
    );
}
