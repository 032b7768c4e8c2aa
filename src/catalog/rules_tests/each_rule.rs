//! Each rule of the shipped rulebook refuses what breaks it.

use super::policies::O;
use super::policies::ORGANIZATION_FILE;
use super::policies::S;
use super::policies::judged;
use super::policies::organization;
use super::policies::text_of;
use crate::diagnostics::Severity;
use crate::policy;
use crate::words::Environment;

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

/// One edit that breaks a rule: the file, what is replaced, and by what.
struct Break(&'static str, &'static str, &'static str, &'static str);

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
    Break("production-environment", O, "  production:", "  first:"),
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
