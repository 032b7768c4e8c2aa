//! Every rule of the shipped rulebook has a policy that keeps it and one that it refuses; waivers; own rulebooks.

use std::collections::BTreeSet;

use super::Catalog;
use super::Setting;
use super::Sources;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Severity;
use crate::policy;
use crate::words::Day;
use crate::words::Digest;
use crate::words::Environment;

const SERVICE: &str = include_str!("../policy/read/fixtures/everything.yaml");
const ORGANIZATION: &str = include_str!("../policy/read/fixtures/everything-organization.yaml");
const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><circle r=\"4\"/></svg>";
const SERVICE_FILE: &str = "policies/services/everything.yaml";
const ORGANIZATION_FILE: &str = "policies/organization.yaml";
const SCRIPT: &str = "fn approved(flow) { if flow.person.name_ar == () { return refuse(\"nameless\", #{ ar: \"الاسم ناقص\", en: \"The name is missing\" }); } }";

fn setting(environment: Environment) -> Setting {
    Setting {
        environment: Some(environment),
        today: Day::parse("2026-11-22"),
    }
}

fn organization() -> String {
    let digest = Digest::of(LOGO.as_bytes()).to_string();
    let digest = digest.trim_start_matches("sha256:");
    ORGANIZATION.replace(
        "da40ca65c5e9f3c7c2bc0e3e8a8f7a0f0d66a1ebd5b41ff9e7c2ee0a1f6e5a11",
        digest,
    )
}

fn sources(changes: &[(&str, String)]) -> Sources {
    let mut files = vec![
        (ORGANIZATION_FILE, organization()),
        (SERVICE_FILE, SERVICE.to_owned()),
        ("policies/logo.svg", LOGO.to_owned()),
        ("scripts/everything.rhai", SCRIPT.to_owned()),
    ];
    files.extend(changes.iter().map(|(path, text)| (*path, text.clone())));
    let kept = files.into_iter().filter(|(_, text)| text != GONE);
    let mut last: std::collections::BTreeMap<&str, String> = std::collections::BTreeMap::new();
    last.extend(kept);
    for (path, text) in changes {
        if text == GONE {
            last.remove(path);
        }
    }
    Sources::from_texts(last)
}

fn judged(changes: &[(&str, String)], environment: Environment) -> (Option<Catalog>, Diagnostics) {
    Catalog::load_for(&sources(changes), None, setting(environment))
}

/// One edit that breaks a rule: the file, what is replaced, and by what.
struct Break(&'static str, &'static str, &'static str, &'static str);

const GONE: &str = "(gone)";
const S: &str = SERVICE_FILE;
const O: &str = ORGANIZATION_FILE;
const TEST: &str = "  test: { callback_base_url: https://callback.test.services.example/mid, public_ips: [\"198.51.100.10/32\"], client_certificate: \"2f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\" }\n";
const DUTY: &str = "    - { ar: تأكد من اسم الجهة وشعارها ثم وافق, en: Check the name and logo of the provider and then approve }\n";
const SIGN_DUTY: &str = "    - { ar: تأكد من اسم الجهة وشعارها ثم وقع, en: Check the name and logo of the provider and then sign }\n";

/// In the order of the rulebook: the rule, and what breaks it.
const BREAKS: &[Break] = &[
    Break(
        "request-signed",
        O,
        "  request: { signed_on: 2026-01-05, signed_by: Noura Example }\n",
        "",
    ),
    Break("certificate-of-its-own", O, "\"2f86d081", "\"1f86d081"),
    Break(
        "certified",
        S,
        "certification: { passed_on: 2026-05-01, by: Huda Example, reference: CT-9, pack_sha256: \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\" }\n",
        "",
    ),
    Break(
        "revision-in-force",
        O,
        "paci-onboarding-1.3",
        "paci-onboarding-1.2",
    ),
    Break(
        "organization-described",
        O,
        "  website: https://services.example\n",
        "",
    ),
    Break(
        "primary-contact",
        O,
        "name: Noura Example, title: Director, email: noura@services.example",
        "name: Noura Example, title: Director, email: noura",
    ),
    Break(
        "technical-contact",
        O,
        "name: Fahad Example, title: Engineer, ",
        "title: Engineer, ",
    ),
    Break(
        "third-party-declared",
        O,
        "  third_party: { name: Integrations Example, agreement: { signed_on: 2026-01-15, signed_by: Noura Example, reference: TA-3, sha256: \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\" } }\n",
        "",
    ),
    Break(
        "service-named",
        S,
        "name: { ar: خدمة شاملة, en: A service with everything }\n",
        "",
    ),
    Break("audience-sized", S, ", size: 250000", ""),
    Break(
        "channels-listed",
        S,
        "[web, mobile_web, native_app, kiosk, call_center, counter]",
        "[]",
    ),
    Break("capabilities-ticked", S, "  verify_qr:", "  digital_signature:"),
    Break(
        "purpose-stated",
        S,
        "purpose: { ar: اختبار اللغة كاملة, en: To try the whole language }",
        "purpose: { ar: \"\", en: To try the whole language }",
    ),
    Break(
        "every-service-declared",
        S,
        "service: everything",
        "service: something",
    ),
    Break("production-environment", O, "  production:", "  prod:"),
    Break("test-environment", O, TEST, ""),
    Break(
        "further-environments",
        O,
        "dr: { callback_base_url: https://callback.dr.services.example/mid, ",
        "dr: { ",
    ),
    Break("environments-known", O, "  dr: {", "  staging: {"),
    Break(
        "public-addresses",
        O,
        "[\"198.51.100.20/32\"]",
        "[\"10.0.0.1/32\"]",
    ),
    Break(
        "callback-address",
        O,
        "callback_base_url: https://callback.test.services.example/mid, ",
        "",
    ),
    Break(
        "callback-over-https",
        O,
        "https://callback.test.services.example/mid",
        "http://callback.test.services.example/mid",
    ),
    Break(
        "civil-number",
        S,
        "  civil_no: { reason: { ar: لمطابقة صاحب الطلب, en: To match the person with the request } }\n",
        "",
    ),
    Break(
        "field-card-serial",
        S,
        "card_serial: { reason: { ar: لمطابقة البطاقة المقدمة, en: To match the card that is shown } }",
        "card_serial: {}",
    ),
    Break(
        "field-card-expiry",
        S,
        "card_valid: { from: card_expiry,",
        "card_valid: { from: birth_date,",
    ),
    Break(
        "field-name-arabic",
        S,
        "en: To write the name on the request",
        "en: TODO",
    ),
    Break(
        "field-name-english",
        S,
        "name_en: { reason: { ar: لكتابة الاسم في الجواز, en: To write the name in the passport } }",
        "name_en: { }",
    ),
    Break(
        "field-nationality",
        S,
        "resident: { from: nationality_en, ",
        "resident: { ",
    ),
    Break(
        "field-gender",
        S,
        "gender: { reason: { ar: لتوجيه المراجع إلى القسم, ",
        "gender: { reason: { ",
    ),
    Break(
        "field-birth-date",
        S,
        "  name_en:",
        "  birth_date: {}\n  name_en:",
    ),
    Break(
        "claims-instead-of-values",
        S,
        "  name_en:",
        "  birth_date: { reason: { ar: لكتابة تاريخ الميلاد في الطلب, en: To write the date of birth on the form } }\n  name_en:",
    ),
    Break("other-fields-by-name", S, "  name_en:", "  \"*\":"),
    Break(
        "reason-for-every-field",
        S,
        "{ ar: لكتابة الاسم في الجواز, en: To write the name in the passport }",
        "{ ar: لكتابة الاسم في الجواز }",
    ),
    Break(
        "reasons-differ",
        S,
        "{ ar: لكتابة الاسم في الجواز, en: To write the name in the passport }",
        "{ ar: لكتابة الاسم على الطلب, en: To write the name on the request }",
    ),
    Break(
        "reasons-say-enough",
        S,
        "{ ar: لكتابة الاسم في الجواز, en: To write the name in the passport }",
        "{ ar: لكتابة الاسم في الجواز, en: Needed }",
    ),
    Break(
        "only-declared-fields",
        "scripts/everything.rhai",
        "flow.person.name_ar",
        "flow.person.photo",
    ),
    Break("assurance-chosen", S, "assurance: medium", "assurance: average"),
    Break(
        "critical-asks-high",
        S,
        "sensitivity: sensitive",
        "sensitivity: critical",
    ),
    Break("sign-at-high", S, "assurance: high", "assurance: medium"),
    Break(
        "each-service-certified",
        S,
        "certification: { passed_on: 2026-05-01, by: Huda Example, reference: CT-9, pack_sha256: \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\" }\n",
        "",
    ),
    Break("two-environments", O, TEST, ""),
    Break(
        "environments-apart",
        O,
        "https://callback.test.services.example/mid",
        "https://callback.services.example/mid",
    ),
    Break(
        "how-to-enrol",
        S,
        "https://www.paci.gov.kw/",
        "https://www.paci.example/",
    ),
    Break(
        "what-to-expect",
        S,
        "  steps:\n    - { ar: افتح التطبيق على هاتفك, en: Open the app on your phone }\n    - { ar: تأكد من اسم الجهة وشعارها ثم وافق, en: Check the name and logo of the provider and then approve }\n",
        "",
    ),
    Break(
        "liability-told",
        S,
        "  liability: { ar: أنت مسؤول عن كل طلب توافق عليه, en: You answer for every request that you approve }\n",
        "",
    ),
    Break(
        "data-use-told",
        S,
        "data_use: { ar: تستخدم بياناتك لهذا الطلب فقط, en: Your data is used for this request only }",
        "data_use: { en: Your data is used for this request only }",
    ),
    Break(
        "qr-has-a-screen",
        S,
        "[web, mobile_web, native_app, kiosk, call_center, counter]",
        "[mobile_web, native_app]",
    ),
    Break("compare-the-provider", S, DUTY, ""),
    Break(
        "registered-logo",
        "policies/logo.svg",
        "circle r=\"4\"",
        "circle r=\"5\"",
    ),
    Break(
        "explicit-reason",
        S,
        "Sign in to make request {number}",
        "Sign in to make request {nmber}",
    ),
    Break(
        "approval-answered",
        S,
        "  approved: { then: continue,",
        "  approved: { then: stop,",
    ),
    Break(
        "decline-answered",
        S,
        "  declined: { then: stop, say: { ar: رفضت الطلب على هاتفك, en: You declined the request on your phone } }\n",
        "",
    ),
    Break(
        "timeout-answered",
        S,
        "timeout: { then: retry, attempts: 3,",
        "timeout: { then: retry,",
    ),
    Break(
        "error-answered",
        S,
        "en: A technical fault has happened",
        "en: حدث خطأ",
    ),
    Break(
        "others-answered",
        S,
        "  other: { then: stop, say: { ar: تعذر إكمال الطلب, en: The request could not be completed } }\n",
        "",
    ),
    Break(
        "endings-told-apart",
        S,
        "say: { ar: رفضت الطلب على هاتفك, en: You declined the request on your phone }",
        "say: { ar: رفضت الطلب على هاتفك, en: \"Request {number} is under way\" }",
    ),
    Break(
        "how-to-sign",
        S,
        "  sign_steps:\n    - { ar: اقرأ المستند في هاتفك, en: Read the document on your phone }\n    - { ar: تأكد من اسم الجهة وشعارها ثم وقع, en: Check the name and logo of the provider and then sign }\n",
        "",
    ),
    Break("compare-when-signing", S, SIGN_DUTY, ""),
    Break(
        "explicit-reason-to-sign",
        S,
        "reason: { ar: \"توقيع الطلب {number}\", en: \"Sign request {number}\" }",
        "reason: { ar: \"توقيع الطلب {number}\", en: \"Authentication Reason\" }",
    ),
    Break(
        "document-shown",
        S,
        "  - { of: R000-095, by: Noura Example, on: 2026-05-01, until: 2027-05-01, why: The phone can't show the form yet }\n",
        "  - { of: R000-039, by: Noura Example, on: 2026-05-01, until: 2027-05-01, why: The phone can't show the form yet }\n",
    ),
    Break(
        "signed-text-is-exact",
        S,
        "{ ar: \"الطلب رقم {number} بمبلغ {amount} دينار\", en: \"Request {number} over {amount} dinars\" }",
        "{ ar: طلب خدمة, en: A request }",
    ),
    Break(
        "signed-answered",
        S,
        "  approved: { then: continue,",
        "  approved: { then: stop,",
    ),
    Break(
        "sign-decline-answered",
        S,
        "  declined: { then: stop, say: { ar: رفضت الطلب على هاتفك, en: You declined the request on your phone } }\n",
        "",
    ),
    Break(
        "sign-timeout-answered",
        S,
        "timeout: { then: retry, attempts: 3,",
        "timeout: { then: retry,",
    ),
    Break(
        "sign-error-answered",
        S,
        "en: A technical fault has happened",
        "en: حدث خطأ",
    ),
    Break(
        "sign-others-answered",
        S,
        "  other: { then: stop, say: { ar: تعذر إكمال الطلب, en: The request could not be completed } }\n",
        "",
    ),
    Break(
        "unsigned-is-said",
        S,
        "unsigned: { ar: لم يتم أي توقيع على الطلب., en: The request has not been signed. }",
        "unsigned: { ar: شكرا لك, en: Thank you }",
    ),
    Break(
        "verification-stays-on",
        O,
        "  test: { ",
        "  test: { verify: false, ",
    ),
    Break("form-complete", S, ", size: 250000", ""),
    Break(
        "nothing-refused",
        S,
        "of: sign, state: approved",
        "of: sign, state: refused",
    ),
    Break(
        "capabilities-approved",
        S,
        "of: service, state: approved",
        "of: service, state: pending",
    ),
    Break(
        "form-is-true",
        O,
        "  declaration: { by: Noura Example, on: 2026-01-05 }\n",
        "",
    ),
    Break(
        "third-party-agreed",
        O,
        "third_party: { name: Integrations Example, agreement: { signed_on: 2026-01-15, signed_by: Noura Example, reference: TA-3, sha256: \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\" } }",
        "third_party: Integrations Example",
    ),
    Break(
        "notification-content",
        S,
        "https://services.example/requests",
        "https://elsewhere.example/requests",
    ),
    Break(
        "notification-texts-approved",
        S,
        "by: Fahad Example, for: organization",
        "by: Noura Example, for: organization",
    ),
];

fn text_of(file: &str) -> String {
    match file {
        SERVICE_FILE => SERVICE.to_owned(),
        ORGANIZATION_FILE => organization(),
        "policies/logo.svg" => LOGO.to_owned(),
        _ => SCRIPT.to_owned(),
    }
}

#[test]
fn a_policy_that_keeps_every_rule_serves_in_production() {
    for environment in Environment::ALL {
        let (catalog, found) = judged(&[], environment);
        assert!(found.is_empty(), "{environment}: {found:#?}");
        let catalog = catalog.unwrap();
        assert_eq!(catalog.rulebooks().count(), 1);
        // R000-095 is waived, and that is told.
        let waived: Vec<_> = catalog
            .waived()
            .iter()
            .map(|waived| waived.rule.as_str())
            .collect();
        assert_eq!(waived, ["document-shown"], "{environment}");
    }
}

// R000-001 to R000-195, every row that is checked at load: the requirement is named, at a place in the right file,
// and a breach of a rule that must be kept refuses the catalog.
#[test]
fn every_rule_refuses_what_breaks_it() {
    let rules: Vec<&str> = policy::shipped()
        .rules
        .iter()
        .map(|rule| rule.id.as_str())
        .collect();
    let tried: Vec<&str> = BREAKS.iter().map(|one| one.0).collect();
    assert_eq!(tried, rules, "each rule is tried, in the order of the rulebook");
    let mut faults = Vec::new();
    for Break(id, file, from, to) in BREAKS {
        let rule = policy::shipped()
            .rules
            .iter()
            .find(|rule| rule.id == *id)
            .unwrap();
        let good = text_of(file);
        assert_eq!(good.matches(from).count(), 1, "{id}: `{from}` is not there once");
        let (catalog, found) = judged(&[(file, good.replacen(from, to, 1))], Environment::Production);
        let wanted = &rule.ids()[0];
        let said = found.iter().find(|one| {
            let named = one.rules.contains(wanted);
            let own =
                rule.is_held_by_language() || one.rules.iter().any(|name| name.ends_with(&format!("/{id}")));
            named && own
        });
        let Some(said) = said else {
            faults.push(format!("{id}: {wanted} is not named: {found:#?}"));
            continue;
        };
        if rule.severity == Severity::Error && catalog.is_some() {
            faults.push(format!("{id}: the catalog loads"));
        }
        let place = &said.labels[0];
        let right = place.file == *file || (*file == "policies/logo.svg" && place.file == ORGANIZATION_FILE);
        if !right || (place.start.line == 1 && !rule.check.present.is_empty()) {
            faults.push(format!("{id}: told at {}:{}", place.file, place.start.line));
        }
        if said.help.is_empty() {
            faults.push(format!("{id}: no remedy"));
        }
    }
    assert!(faults.is_empty(), "{}\n{}", faults.len(), faults.join("\n"));
}

// A newcomer's first service need not be complete: in development rules are told and refuse nothing.
#[test]
fn development_is_told_and_not_refused() {
    let changes = [(
        O,
        organization().replace("  website: https://services.example\n", ""),
    )];
    let (catalog, found) = judged(&changes, Environment::Development);
    assert!(catalog.is_some());
    let said: Vec<_> = found.iter().map(|one| (one.code, one.severity)).collect();
    assert_eq!(said, [("W4001", Severity::Warning)]);
    let (catalog, found) = judged(&changes, Environment::Test);
    assert!(catalog.is_none());
    assert_eq!(found.iter().next().unwrap().code, "E4001");
}

#[test]
fn a_waiver_silences_until_its_day_and_is_told() {
    let critical = SERVICE.replace("sensitivity: sensitive", "sensitivity: critical");
    let waiver = "  - { of: critical-asks-high, by: Huda Example, on: 2026-11-01, until: 2026-11-22, why: The offices open again in spring }\n";
    let text = format!("{critical}{waiver}");
    let (catalog, found) = judged(&[(S, text.clone())], Environment::Test);
    assert!(found.is_empty(), "{found:#?}");
    let catalog = catalog.unwrap();
    let told: BTreeSet<_> = catalog
        .waived()
        .iter()
        .map(|one| (one.rule.as_str(), one.waiver.by.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("critical-asks-high", "Huda Example"),
            ("document-shown", "Noura Example")
        ]
        .into()
    );
    let tomorrow = Setting {
        environment: Some(Environment::Test),
        today: Day::parse("2026-11-23"),
    };
    let (catalog, found) = Catalog::load_for(&sources(&[(S, text)]), None, tomorrow);
    assert!(catalog.is_some());
    let codes: BTreeSet<_> = found.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["W2001", "W4002"].into());
}

#[test]
fn waivers_are_of_rules_that_can_be_waived() {
    for (of, code) in [
        ("R000-999", "E4003"),
        ("document-shwon", "E4003"),
        ("R000-027", "E4004"),
        ("nothing-refused", "E4004"),
        ("R000-006", "E4004"),
        ("R000-075", "W4003"),
    ] {
        let text = SERVICE
            .replace("of: R000-095", &format!("of: {of}"))
            .replace("preview: text", "preview: rendering");
        let (_, found) = judged(&[(S, text)], Environment::Production);
        let codes: Vec<_> = found.iter().map(|one| one.code).collect();
        assert_eq!(codes, [code], "{of}: {found:#?}");
        assert_eq!(found.iter().next().unwrap().labels[0].file, S);
    }
}

fn own(rule: &str) -> (&'static str, String) {
    let text = format!(
        "midflow: 1\nrulebook: ministry\ntitle: {{ ar: قواعد الوزارة, en: Rules of the ministry }}\nsource: {{ document: Circular 7, edition: \"2026\" }}\nrules:\n{rule}"
    );
    ("policies/rulebooks/ministry.yaml", text)
}

const MESSAGES: &str = "    message: { ar: مخالفة للتعميم, en: against the circular }\n    remedy: { ar: صحح القيمة, en: correct the value }\n";

// An own rulebook adds refusals, with its own ids, at the place in the service.
#[test]
fn an_own_rulebook_refuses() {
    let rule = format!(
        "  small-audiences:\n    requirements: [CIRC-7-3]\n    section: third\n    check: {{ holds: \"service.audience.size <= 1000\", at: audience.size }}\n{MESSAGES}"
    );
    let (catalog, found) = judged(&[own(&rule)], Environment::Test);
    assert!(catalog.is_none());
    let one = found.iter().next().unwrap();
    assert_eq!(
        (one.code, one.message.as_str()),
        ("E4001", "against the circular")
    );
    assert_eq!(one.rules, ["CIRC-7-3", "ministry/small-audiences"]);
    assert_eq!((one.labels[0].file.as_str(), one.labels[0].start.line), (S, 7));
    assert_eq!(one.help, ["correct the value"]);
}

#[test]
fn a_rule_can_be_asked_of_each_entry() {
    let rule = format!(
        "  no-serials:\n    section: first\n    severity: warning\n    check: {{ holds: \"name != \\\"card_serial\\\" || value.reason.en.len() > 100\", each: fields }}\n{MESSAGES}"
    );
    let (catalog, found) = judged(&[own(&rule)], Environment::Test);
    assert!(catalog.is_some());
    assert_eq!(found.len(), 1, "{found:#?}");
    let one = found.iter().next().unwrap();
    assert_eq!((one.code, one.labels[0].start.line), ("W4001", 54));
}

// Law 5: a rule that can't be asked is broken.
#[test]
fn a_rule_that_fails_refuses() {
    for expression in [
        "service.audience.sice > 5",
        "service.audience.size",
        "service.audience.size / 0 > 1",
    ] {
        let rule =
            format!("  odd:\n    section: first\n    check: {{ holds: \"{expression}\" }}\n{MESSAGES}");
        let (catalog, found) = judged(&[own(&rule)], Environment::Test);
        assert!(catalog.is_none(), "{expression}");
        assert!(
            found.iter().next().unwrap().message.contains("can't be asked"),
            "{found:#?}"
        );
    }
    let rule =
        format!("  odd:\n    section: first\n    check: {{ holds: \"serivce.audience\" }}\n{MESSAGES}");
    let (catalog, found) = judged(&[own(&rule)], Environment::Development);
    assert!(catalog.is_none());
    let one = found.iter().next().unwrap();
    assert_eq!((one.code, one.labels[0].start.line), ("E4002", 8));
}

// A rulebook can only add refusals: it can't take the place of a rule of midflow, nor of its rulebook.
#[test]
fn no_rulebook_takes_a_rule_away() {
    let rule =
        format!("  nothing-refused:\n    section: first\n    check: {{ holds: \"true\" }}\n{MESSAGES}");
    let (catalog, found) = judged(&[own(&rule)], Environment::Test);
    assert!(catalog.is_none());
    assert_eq!(found.iter().next().unwrap().code, "E4006");

    let shadow = policy::Rulebook::SHIPPED_TEXT.replace("built_in: nothing-refused", "present: [service]");
    let refused = SERVICE.replace("of: sign, state: approved", "of: sign, state: refused");
    let changes = [(policy::Rulebook::SHIPPED_FILE, shadow), (S, refused)];
    let (catalog, found) = judged(&changes, Environment::Test);
    assert!(catalog.is_none());
    let codes: BTreeSet<_> = found.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["E4001", "W4004"].into());
}

// The rulebooks are part of what a catalog is named by.
#[test]
fn rulebooks_are_part_of_the_digest() {
    let plain = sources(&[]);
    assert!(plain.text(policy::Rulebook::SHIPPED_FILE).is_some());
    let rule = format!("  fine:\n    section: first\n    check: {{ holds: \"true\" }}\n{MESSAGES}");
    assert_ne!(plain.digest(), sources(&[own(&rule)]).digest());
    let (catalog, found) = judged(&[own(&rule)], Environment::Production);
    assert!(found.is_empty(), "{found:#?}");
    let ids: Vec<String> = catalog.unwrap().rulebooks().map(|book| book.id.clone()).collect();
    assert_eq!(ids, ["paci-onboarding-1.3", "ministry"]);
}

// A load with a previous catalog says the same as one without, also when a rulebook comes or goes.
#[test]
fn an_incremental_judgement_is_the_same() {
    let rule = format!(
        "  few:\n    section: first\n    severity: warning\n    check: {{ holds: \"service.audience.size <= 1000\" }}\n{MESSAGES}"
    );
    let steps = [
        sources(&[]),
        sources(&[own(&rule)]),
        sources(&[own(&rule)]),
        sources(&[]),
    ];
    let mut previous: Option<Catalog> = None;
    for now in steps {
        let (_, cold) = Catalog::load_for(&now, None, setting(Environment::Test));
        let (warm, found) = Catalog::load_for(&now, previous.as_ref(), setting(Environment::Test));
        assert_eq!(cold, found);
        previous = warm;
    }
}
