use super::*;
use crate::policy::read_defaults;
use crate::policy::read_service_with;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Outcome;

const DEFAULTS: &str = include_str!("../fixtures/everything-defaults.yaml");
const DEFAULTS_FILE: &str = "policies/defaults.yaml";

fn with(service: &str, defaults: &str) -> (Option<crate::policy::Service>, Diagnostics) {
    let (defaults, found) = read_defaults(DEFAULTS_FILE, defaults);
    assert!(found.is_empty(), "{found:?}");
    read_service_with(SERVICE_FILE, service, defaults.as_ref())
}

fn without(keys: &[&str]) -> String {
    let kept = SERVICE.lines().filter(|line| {
        !keys
            .iter()
            .any(|key| line.trim_start().starts_with(&format!("{key}:")))
    });
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_a_service_does_not_say_comes_from_the_defaults() {
    let text = without(&[
        "sensitivity",
        "retention",
        "limits",
        "enrol",
        "enrol_url",
        "timeout",
        "expires_in",
    ]);
    let (service, found) = with(&text, DEFAULTS);
    assert!(found.is_empty(), "{found:?}");
    let service = service.unwrap();
    assert_eq!(service.sensitivity.as_str(), "sensitive");
    assert_eq!(service.retention.personal_data.as_secs(), 30 * 86_400);
    assert_eq!(service.notices.enrol_url, "https://www.paci.gov.kw/");
    let settings = service.capability(Capability::AuthPush).unwrap();
    assert_eq!(
        (settings.assurance, settings.expires_in.as_secs()),
        (Assurance::Medium, 180)
    );
    let timeout = service.response(Outcome::TimeoutNoAnswer);
    assert_eq!(timeout.say.en, "No answer has come yet");
    assert_eq!(
        (timeout.place.file.as_str(), timeout.place.line),
        (DEFAULTS_FILE, 11)
    );
    assert_eq!(
        service.response(Outcome::Cancelled).say.en,
        "The request was cancelled"
    );
}

#[test]
fn what_a_service_says_stands() {
    let (service, _) = with(SERVICE, DEFAULTS);
    let service = service.unwrap();
    assert_eq!(service.sensitivity.as_str(), "normal");
    assert_eq!(
        service.retention.evidence,
        crate::policy::parse_duration("10y").unwrap()
    );
    assert_eq!(
        service.capability(Capability::AuthPush).unwrap().assurance,
        Assurance::Medium
    );
}

// R000-017: a default gives no service a capability that it did not declare.
#[test]
fn defaults_declare_nothing() {
    let (service, _) = with(SERVICE, DEFAULTS);
    let declared: Vec<_> = service.unwrap().capabilities.into_keys().collect();
    assert_eq!(declared, [Capability::AuthPush]);
    let text = SERVICE.replace(
        "capabilities:\n  auth_push:\n    assurance: medium\n    reason: { ar: \"الدخول لتجديد الرخصة {licence}\", en: \"Sign in to renew licence {licence}\" }\n    expires_in: 5m\n",
        "",
    );
    let (service, found) = with(&text, DEFAULTS);
    assert!(service.is_none());
    assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), ["E0010"]);
}

#[test]
fn a_problem_between_the_two_is_shown_where_it_stands() {
    let text = without(&["retention"]).replace("script:", "retention: { evidence: 10d }\nscript:");
    let (service, found) = with(&text, DEFAULTS);
    assert!(service.is_some());
    let one = found.iter().next().unwrap();
    assert_eq!((one.code, one.labels[0].file.as_str()), ("W2004", DEFAULTS_FILE));
    assert_eq!(one.labels[0].start.line, 17);
}

#[test]
fn defaults_are_checked_by_themselves() {
    let read = |text: &str| {
        let (_, diagnostics) = read_defaults(DEFAULTS_FILE, text);
        (!diagnostics.has_errors(), diagnostics)
    };
    check_all(
        &[
            marked("sensitivity: sensitive", "⟦purpose: x", "E0009"),
            marked("  retention:", "  ⟦fields: {}\n  retention:", "E0009"),
            marked(
                "auth_push: { assurance: high,",
                "auth_push: { assurance: ⟦hihg,",
                "E2006",
            ),
            marked(
                "auth_push: { assurance: high,",
                "auth_push: { ⟦reason: x,",
                "E0009",
            ),
            marked("expires_in: 3m", "expires_in: ⟦3h", "E2008"),
            marked(
                "en: No answer has come yet",
                "en: \"No answer for ⟦{licence}\"",
                "E2009",
            ),
            marked("ar: لم يصل رد منك بعد, ", "⟦arr: لم يصل رد منك بعد, ", "E0009"),
            marked("    other.cancelled:", "    ⟦other.canceled:", "E2023"),
            marked("evidence: 5y", "evidence: ⟦long", "E0018"),
            marked(
                "enrol_url: https://www.paci.gov.kw/",
                "enrol_url: ⟦https://paci.example/",
                "E2026",
            ),
        ],
        DEFAULTS,
        read,
    );
}
