use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::policy::InputValue;
use crate::policy::OrganizationKind;
use crate::policy::Then;
use crate::policy::read_organization;
use crate::policy::read_service;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Environment;
use crate::words::Field;
use crate::words::FieldSource;
use crate::words::InputName;
use crate::words::Outcome;
use crate::words::Text;

#[test]
fn a_good_service_is_read_whole() {
    let (service, diagnostics) = read_service(SERVICE_FILE, SERVICE);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let service = service.unwrap();
    assert_eq!(service.id.as_str(), "licence-renewal");
    assert_eq!(service.audience.size, 1_200_000);
    assert_eq!(
        service.channels.iter().copied().collect::<Vec<_>>(),
        [Channel::Web, Channel::MobileWeb]
    );
    assert_eq!(service.fields.len(), 3);
    assert!(service.declares(&Field::AgeOver(18)));
    assert!(!service.declares(&Field::Plain(FieldSource::BirthDate)));
    assert_eq!(service.script.as_deref(), Some("licence-renewal.rhai"));
    assert_eq!(service.script_place.as_ref().unwrap().line, 36);
    assert_eq!(service.notices.steps.len(), 2);
    assert_eq!(service.limits.per_person.count.get(), 3);
    assert_eq!(service.retention.personal_data, Duration::from_secs(90 * 86_400));
    assert_eq!(service.inputs.len(), 3);
    assert_eq!(
        service.inputs["licence"].kind.declared_pattern(),
        Some("[0-9]{6,9}")
    );
}

// Law 8: every outcome has an answer; a leaf code's own comes before its class's.
#[test]
fn every_outcome_is_answered() {
    let service = read_service(SERVICE_FILE, SERVICE).0.unwrap();
    for outcome in Outcome::ALL {
        let response = service.response(outcome);
        let line = if outcome == Outcome::NotEnrolled {
            27
        } else {
            22 + outcome.class() as u32
        };
        assert_eq!(
            (response.place.line, response.place.column),
            (line, 3),
            "{outcome}"
        );
    }
    assert_eq!(
        service.response(Outcome::TimeoutNoAnswer).then,
        Then::Retry { attempts: 2 }
    );
}

#[test]
fn a_plan_is_the_ceiling_of_the_file() {
    let service = read_service(SERVICE_FILE, SERVICE).0.unwrap();
    let inputs = service
        .check_inputs(
            json!({ "licence": "123456", "branch": "north" })
                .as_object()
                .unwrap(),
        )
        .unwrap();
    let plan = service.plan(Capability::AuthPush, &inputs).unwrap();
    assert_eq!(plan.assurance, Assurance::Medium);
    assert_eq!(plan.reason.en, "Sign in to renew licence 123456");
    assert_eq!(plan.reason.ar, "الدخول لتجديد الرخصة 123456");
    assert_eq!(plan.expires_in, Duration::from_secs(300));
    assert_eq!(plan.fields.len(), 3);
    assert_eq!(service.plan(Capability::Sign, &inputs), None);
}

#[test]
fn a_decision_is_rendered_and_names_its_line() {
    let text = SERVICE.replace("No answer has come from you", "\"No answer for {licence}\"");
    let service = read_service(SERVICE_FILE, &text).0.unwrap();
    let inputs: BTreeMap<_, _> = [(
        InputName::parse("licence").unwrap(),
        InputValue::String("123456".into()),
    )]
    .into();
    let decision = service.decide(Outcome::TimeoutNoAnswer, &inputs);
    assert_eq!(decision.say, Text::new("لم يصل رد منك", "No answer for 123456"));
    assert_eq!(decision.rule.to_string(), format!("{SERVICE_FILE}:24:3"));
}

#[test]
fn what_may_be_left_out_has_a_default() {
    let text: String = SERVICE
        .lines()
        .filter(|line| {
            !["sensitivity:", "script:", "    expires_in:"]
                .iter()
                .any(|key| line.starts_with(key))
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let service = read_service(SERVICE_FILE, &text).0.unwrap();
    assert_eq!(service.script, None);
    let settings = service.capability(Capability::AuthPush).unwrap();
    assert_eq!(settings.expires_in, Duration::from_secs(300));
    assert_eq!((settings.place.line, settings.place.column), (8, 3));
}

#[test]
fn line_ends_of_windows_and_a_byte_order_mark_are_taken() {
    let text = format!("\u{FEFF}{}", SERVICE.replace('\n', "\r\n"));
    let (service, diagnostics) = read_service(SERVICE_FILE, &text);
    assert!(service.is_some(), "{diagnostics:?}");
}

#[test]
fn texts_may_stand_in_blocks() {
    let text = SERVICE.replace(
        "liability: { ar: أنت مسؤول عن كل طلب توافق عليه, en: You answer for every request that you approve }",
        "liability:\n    ar: >-\n      أنت مسؤول\n      عن كل طلب\n    en: |-\n      You answer for it",
    );
    let service = read_service(SERVICE_FILE, &text).0.unwrap();
    assert_eq!(
        service.notices.liability,
        Text::new("أنت مسؤول عن كل طلب", "You answer for it")
    );
}

// R000-010 to R000-013, R000-020 to R000-025.
#[test]
fn a_good_organization_is_read_whole() {
    let (organization, diagnostics) = read_organization(ORGANIZATION_FILE, ORGANIZATION);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let organization = organization.unwrap();
    assert_eq!(organization.kind, OrganizationKind::Government);
    assert_eq!(organization.third_party, None);
    assert_eq!(organization.primary_contact.mobile, "+96512345678");
    let test = &organization.environments[&Environment::Test];
    assert_eq!(
        test.callback_base_url,
        "https://mid-test.traffic.example.gov.kw/callback"
    );
    assert_eq!(organization.environments.len(), 2);
}
