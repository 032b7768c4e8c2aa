use super::*;
use crate::policy::read_service;

const FILE: &str = "policies/services/everything.yaml";

fn read(text: &str) -> (bool, Diagnostics) {
    let (service, diagnostics) = read_service(FILE, text);
    (service.is_some(), diagnostics)
}

// R000-017: all five capabilities are declared and checked, whether this version serves them or not.
#[test]
fn the_whole_language_is_read_without_a_word() {
    let (service, diagnostics) = read_service(FILE, EVERYTHING);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let service = service.unwrap();
    assert_eq!(service.capabilities.len(), 5);
    assert_eq!(service.approvals.len(), 4);
    assert_eq!(service.waivers[0].of, "R000-095");
    assert!(service.certification.is_some() && service.legal_basis.is_some());
    let (organization, diagnostics) = crate::policy::read_organization(ORGANIZATION_FILE, EVERY_ORGANIZATION);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let organization = organization.unwrap();
    assert!(organization.third_party.unwrap().agreement.is_some());
    assert_eq!(
        organization.environments[&crate::words::Environment::Production]
            .nodes
            .len(),
        2
    );
}

// R000-043, R000-091 to R000-106.
#[test]
fn signing() {
    check_all(
        &[
            marked("assurance: high", "assurance: ⟦medium", "E2007"),
            marked("document: application", "document: ⟦title_deed", "E2031"),
            marked("document: application", "document: ⟦waqf_or_will", "E2031"),
            marked("document: application", "document: ⟦contrakt", "E0021"),
            elsewhere("    document: application\n", "", "E0010", "sign:"),
            marked("preview: text", "preview: ⟦nothing", "E0021"),
            elsewhere(
                "    text: { ar: \"الطلب رقم {number} بمبلغ {amount} دينار\", en: \"Request {number} over {amount} dinars\" }\n",
                "",
                "E0010",
                "sign:",
            ),
            elsewhere(
                "{ ar: \"الطلب رقم {number} بمبلغ {amount} دينار\", en: \"Request {number} over {amount} dinars\" }",
                "{ ar: طلب, en: A request }",
                "E2032",
                "text: { ar: طلب",
            ),
            marked("[pades, xades, cades]", "[pades, ⟦pades]", "E0020"),
            marked("[pades, xades, cades]", "[pades, ⟦zip]", "E0021"),
            elsewhere(
                "  sign_steps:\n    - { ar: اقرأ المستند في هاتفك, en: Read the document on your phone }\n    - { ar: تأكد من اسم الجهة وشعارها ثم وقع, en: Check the name and logo of the provider and then sign }\n",
                "",
                "E0010",
                "notices:",
            ),
            marked(
                "unsigned: { ar: لم يتم أي توقيع على الطلب., en: The request has not been signed. }",
                "unsigned: ⟦no",
                "E0013",
            ),
        ],
        EVERYTHING,
        read,
    );
}

// R000-195: templates only, links to listed hosts, and nothing that an e-service could smuggle in.
#[test]
fn notifications() {
    check_all(
        &[
            marked(
                "link: https://services.example/requests",
                "link: ⟦https://evil.example/x",
                "E2033",
            ),
            marked(
                "link: https://services.example/requests",
                "link: ⟦http://services.example",
                "E0024",
            ),
            marked(
                "links: [services.example]",
                "links: [services.example, ⟦https://x.example]",
                "E2035",
            ),
            marked("      delayed:", "      ⟦Delayed_Now:", "E2034"),
            marked(
                "        text: { ar: \"سيتأخر الطلب {number}\", en: \"Request {number} is delayed\" }",
                "        ⟦text: { ar: سيتأخر الطلب, en: \"See www.services.example\" }",
                "E2034",
            ),
            marked(
                "        title: { ar: تأخر طلبك, en: Your request is delayed }",
                "        title: { ar: تأخر طلبك, en: \"Your ⟦{number} is delayed\" }",
                "E2011",
            ),
            marked(
                "reason: { ar: إبلاغك بحالة طلبك, en: To tell you how your request goes }",
                "reason: { ar: إبلاغك بحالة طلبك, en: To tell you how your request goes }\n    ⟦assurance: high",
                "E0009",
            ),
        ],
        EVERYTHING,
        read,
    );
    let free = EVERYTHING.replace("pattern: \"[0-9]{6,9}\", ", "");
    let codes: Vec<_> = read(&free).1.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["E2034", "E2034"]);
}

#[test]
fn outcomes_can_ask_for_a_step_up() {
    check_all(
        &[
            marked("then: step_up", "then: ⟦step-up", "E0021"),
            marked(
                "declined: { then: stop",
                "declined: { then: ⟦step_up, attempts: 2",
                "E2024",
            ),
            marked(
                "other: { then: stop",
                "other: { then: ⟦step_up, attempts: 2",
                "E2024",
            ),
            marked("then: step_up, attempts: 2", "then: ⟦step_up", "E2025"),
        ],
        EVERYTHING,
        read,
    );
}

// R000-161, and waivers with a name and an end.
#[test]
fn approvals_and_waivers() {
    check_all(
        &[
            marked(
                "of: sign, state: approved",
                "of: ⟦signing, state: approved",
                "E0021",
            ),
            marked("of: sign, state: approved", "of: sign, state: ⟦maybe", "E0021"),
            marked("on: 2026-04-01", "on: ⟦2026-02-30", "E0026"),
            marked("on: 2026-04-01", "on: ⟦2026", "E0011"),
            marked("passed_on: 2026-05-01", "passed_on: ⟦01.05.2026", "E0026"),
            marked("pack_sha256: \"9f86", "pack_sha256: ⟦\"xf86", "E0025"),
            marked("until: 2027-05-01", "until: ⟦2026-04-30", "E2036"),
            marked("until: 2027-05-01", "until: ⟦2028-05-02", "E2036"),
            elsewhere(", until: 2027-05-01", "", "E0010", "{ of: R000-095"),
            elsewhere(
                ", why: The phone can't show the form yet",
                "",
                "E0010",
                "{ of: R000-095",
            ),
            marked("basis: public_task", "basis: ⟦because", "E0021"),
            elsewhere("domain: administrative, ", "", "E0010", "legal_basis:"),
        ],
        EVERYTHING,
        read,
    );
}

#[test]
fn the_organization_in_full() {
    let read = |text: &str| {
        let (organization, diagnostics) = crate::policy::read_organization(ORGANIZATION_FILE, text);
        (organization.is_some(), diagnostics)
    };
    check_all(
        &[
            marked("file: logo.svg", "file: ⟦../logo.svg", "E1012"),
            marked("file: logo.svg", "file: ⟦logo.gif", "E1012"),
            marked(
                "client_certificate: \"2f86",
                "client_certificate: ⟦\"1f86",
                "E1011",
            ),
            marked("nodes: [node-1, node-2]", "nodes: [node-1, ⟦Node2]", "E1013"),
            marked("nodes: [node-1, node-2]", "nodes: [node-1, ⟦node-1]", "E0020"),
            marked(
                "requirements: paci-onboarding-1.3",
                "requirements: ⟦paci-onboarding-1.2",
                "E0021",
            ),
            elsewhere(
                "signed_on: 2026-02-05, ",
                "",
                "E0010",
                "agreement: { signed_by: Noura Example, reference: SA-1",
            ),
            marked(
                "{ name: Integrations Example, ",
                "{ ⟦nam: Integrations Example, ",
                "E0009",
            ),
        ],
        EVERY_ORGANIZATION,
        read,
    );
}
