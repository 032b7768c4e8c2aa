use super::*;
use crate::policy::read_service;

fn read(text: &str) -> (bool, Diagnostics) {
    let (service, diagnostics) = read_service(SERVICE_FILE, text);
    (service.is_some(), diagnostics)
}

const DECLINED: &str =
    "{ then: stop, say: { ar: رفضت الطلب على هاتفك, en: You declined the request on your phone } }";

#[test]
fn structure() {
    check_all(
        &[
            marked("midflow: 1", "⟦midfow: 1", "E0009"),
            elsewhere("midflow: 1\n", "", "E0010", "service:"),
            marked("midflow: 1", "midflow: ⟦2", "E0012"),
            marked("midflow: 1", "midflow: ⟦one", "E0011"),
            marked("sensitivity: normal", "⟦sensitivty: normal", "E0009"),
            marked("sensitivity: normal", "⟦colour: blue", "E0009"),
            elsewhere(
                "sensitivity: normal",
                "channels: [web]",
                "E0003",
                "channels: [web, ",
            ),
            marked("sensitivity: normal", "sensitivity: ⟦very", "E0021"),
            marked("sensitivity: normal", "sensitivity: ⟦&a normal", "E0004"),
            marked("sensitivity: normal", "sensitivity: ⟦*a", "E0004"),
            marked("sensitivity: normal", "sensitivity: ⟦!x normal", "E0004"),
            marked("sensitivity: normal", "⟦<<: { a: b }", "E0004"),
            marked("sensitivity: normal", "? ⟦[a]\n: b", "E0004"),
            marked("sensitivity: normal", "sensitivity: normal\n⟦---\na: b", "E0006"),
            marked("size: 1200000", "size: ⟦many", "E0011"),
            marked("size: 1200000", "size: ⟦\"1200000\"", "E0011"),
            marked("size: 1200000", "size: ⟦0", "E0022"),
            marked("size: 1200000", "size: ⟦99999999999999999999", "E0022"),
            marked("size: 1200000", "size: ⟦[1]", "E0011"),
            elsewhere(", size: 1200000", "", "E0010", "audience:"),
            marked("channels: [web, mobile_web]", "channels: ⟦web", "E0011"),
            marked("channels: [web, mobile_web]", "channels: ⟦[]", "E0023"),
            marked("[web, mobile_web]", "[web, ⟦mobil_web]", "E2003"),
            marked("[web, mobile_web]", "[web, ⟦web]", "E0020"),
            marked("[web, mobile_web]", "[web, ⟦5]", "E0011"),
            elsewhere(
                "retention: { evidence: 10y, personal_data: 90d }\n",
                "",
                "E0010",
                "midflow",
            ),
            marked("evidence: 10y", "evidence: ⟦forever", "E0018"),
            marked("evidence: 10y", "evidence: ⟦10", "E0018"),
            marked("personal_data: 90d", "personal_data: ⟦0d", "E0018"),
            marked("personal_data: 90d", "personal_data: ⟦11y", "W2004"),
            marked("per_person: 3/10m", "per_person: ⟦often", "E2027"),
            marked("per_person: 3/10m", "per_person: ⟦0/10m", "E2027"),
            marked("per_service: 200/s", "per_service: ⟦200", "E2027"),
            marked("script: licence-renewal.rhai", "script: ⟦../etc/passwd", "E2028"),
            marked("script: licence-renewal.rhai", "script: ⟦lib/x.rhai", "E2028"),
            marked(
                "script: licence-renewal.rhai",
                "script: ⟦licence-renewal",
                "E2028",
            ),
            marked("service: licence-renewal", "service: ⟦licence-renewals", "E2001"),
            marked("service: licence-renewal", "service: ⟦Licence Renewal", "E2002"),
        ],
        SERVICE,
        read,
    );
}

// R000-082: an input that may be missing is told at each place that shows it.
#[test]
fn an_optional_input_is_told_in_both_languages() {
    let optional = SERVICE.replace("max_length: 9 }", "max_length: 9, optional: true }");
    let (loaded, found) = read(&optional);
    let told: Vec<_> = found
        .iter()
        .map(|one| (one.code, one.labels[0].start.line, one.labels[0].start.column))
        .collect();
    assert!(loaded);
    assert_eq!(told, [("W2002", 11, 41), ("W2002", 11, 83)], "{found:#?}");
}

// R000-018, R000-036, R000-079: texts are there, in both languages, and say something.
#[test]
fn texts() {
    check_all(
        &[
            elsewhere(
                "name: { ar: تجديد رخصة القيادة, en: Driving licence renewal }",
                "name: { en: Driving licence renewal }",
                "E0013",
                "name: { en",
            ),
            elsewhere(", en: Driving licence renewal", "", "E0013", "name: { ar: تجديد"),
            marked(
                "name: { ar: تجديد رخصة القيادة, en: Driving licence renewal }",
                "name: ⟦Driving licence renewal",
                "E0013",
            ),
            marked("Driving licence renewal", "⟦TODO", "E0014"),
            marked("Driving licence renewal", "⟦\"\"", "E0014"),
            marked("en: Driving licence renewal", "⟦en:", "E0014"),
            marked(
                "\"Sign in to renew licence {licence}\"",
                "⟦Authentication Reason",
                "E0014",
            ),
            marked("Driving licence renewal", "⟦12345", "E0011"),
            marked("Driving licence renewal", "⟦true", "E0011"),
            marked("Driving licence renewal", "⟦\"12345\"", "E0015"),
            marked("Driving licence renewal", "⟦تجديد", "E0015"),
            marked("ar: تجديد رخصة القيادة", "ar: ⟦Renewal", "E0015"),
            marked("\"الدخول لتجديد الرخصة {licence}\"", "⟦\"{licence}\"", "E0015"),
            marked("Driving licence renewal", "Driving ⟦\u{202E}licence", "E0016"),
            marked("\"Sign in to renew", "\"Sign ⟦\u{200B}in to renew", "E0016"),
            marked("ar: تجديد رخصة القيادة", "ar: تجديد⟦\u{200F} رخصة", "E0016"),
            marked("Driving licence renewal", "⟦\"Driving \\u202Elicence\"", "E0016"),
            marked("Driving licence renewal", "⟦\"Driving\\nlicence\"", "E0016"),
            marked("Driving licence renewal", "Driving lic⟦\u{0435}nce", "E0016"),
            marked(
                "Driving licence renewal",
                "⟦Driving licence renewal and very many other words that no phone in the world can show on its small screen at once",
                "E0017",
            ),
            marked("max_length: 9 }", "⟦max_lenght: 9 }", "E0009"),
            marked("Driving licence renewal", "\"Driving ⟦{licence}\"", "E2011"),
            marked(
                "Sign in to renew licence {licence}",
                "Sign in to renew licence ⟦{licenc}",
                "E2009",
            ),
            marked(
                "Sign in to renew licence {licence}",
                "Sign in to renew licence ⟦{licence",
                "E2010",
            ),
            marked(
                "\"الدخول لتجديد الرخصة {licence}\", en: \"Sign in to renew licence {licence}\"",
                "⟦\"الدخول لتجديد الرخصة {licence}\", en: \"Sign in to renew a licence\"",
                "W2009",
            ),
            marked("en: Open the app on your phone", "en: \"Open ⟦{app}\"", "E2011"),
        ],
        SERVICE,
        read,
    );
}

#[test]
fn capabilities() {
    check_all(
        &[
            marked("  auth_push:", "  ⟦auth_pusj:", "E2004"),
            marked("assurance: medium", "assurance: ⟦middle", "E2006"),
            marked("assurance: medium", "assurance: ⟦20", "E2006"),
            elsewhere("    assurance: medium\n", "", "E0010", "auth_push:"),
            marked("expires_in: 5m", "expires_in: ⟦11m", "E2008"),
            marked("expires_in: 5m", "expires_in: ⟦29s", "E2008"),
            marked("expires_in: 5m", "expires_in: ⟦soon", "E0018"),
            marked("expires_in: 5m", "expires_in: ⟦300", "E0018"),
            // R000-039
            elsewhere("sensitivity: normal", "sensitivity: critical", "W2001", "medium"),
            elsewhere(
                "auth_push:\n    assurance: medium\n    reason: { ar: \"الدخول لتجديد الرخصة {licence}\", en: \"Sign in to renew licence {licence}\" }\n    expires_in: 5m\n",
                "auth_push:\n",
                "E0011",
                "auth_push:",
            ),
            elsewhere(
                "  auth_push:\n    assurance: medium\n    reason: { ar: \"الدخول لتجديد الرخصة {licence}\", en: \"Sign in to renew licence {licence}\" }\n    expires_in: 5m\n",
                "  {}\n",
                "E2005",
                "capabilities:",
            ),
        ],
        SERVICE,
        read,
    );
}

#[test]
fn inputs() {
    check_all(
        &[
            marked("  licence: { type: string", "  licence: { type: ⟦text", "E2013"),
            elsewhere(
                "licence: { type: string, ",
                "licence: { ",
                "E0010",
                "licence: { pattern",
            ),
            marked("\"[0-9]{6,9}\"", "⟦\"[0-9\"", "E2015"),
            marked("\"[0-9]{6,9}\"", "⟦\"a)|(b\"", "E2015"),
            marked("\"[0-9]{6,9}\"", "⟦\"(?=x)\"", "E2015"),
            marked("\"[0-9]{6,9}\"", "⟦\"\\\\pL{1000}{1000}\"", "E2015"),
            marked("\"[0-9]{6,9}\"", "⟦[0-9]", "E0011"),
            marked("max_length: 9", "max_length: ⟦0", "E0022"),
            marked(
                "min: 0, max: 10000, optional: true",
                "min: ⟦20000, max: 10000",
                "E2016",
            ),
            marked("min: 0,", "min: ⟦0.0001,", "E2016"),
            marked("min: 0,", "min: ⟦\"0\",", "E2016"),
            marked("optional: true", "optional: ⟦yes", "E0011"),
            marked("optional: true", "optional: ⟦\"true\"", "E0011"),
            marked("of: [north, south]", "of: [north, ⟦north]", "E0020"),
            marked("of: [north, south]", "of: [north, ⟦\" south\"]", "E2017"),
            marked("of: [north, south]", "of: ⟦north", "E0011"),
            marked("of: [north, south]", "of: [north], ⟦min: 1", "E2014"),
            marked("  amount:", "  ⟦Amount-1:", "E2012"),
        ],
        SERVICE,
        read,
    );
}

// R000-027 to R000-036.
#[test]
fn fields() {
    check_all(
        &[
            elsewhere(
                "  civil_no: { reason: { ar: لمطابقة صاحب الرخصة, en: To match the holder of the licence } }\n",
                "",
                "E2020",
                "fields:",
            ),
            elsewhere(
                "civil_no: { reason: { ar: لمطابقة صاحب الرخصة, en: To match the holder of the licence } }",
                "civil_no: {}",
                "E0010",
                "civil_no:",
            ),
            marked("  name_ar:", "  ⟦name_arabic:", "E2018"),
            marked("  name_ar:", "  ⟦\"*\":", "E2018"),
            marked("  age_over_18:", "  ⟦age_over_121:", "E2018"),
            marked("from: birth_date", "from: ⟦card_expiry", "E2019"),
            elsewhere("from: birth_date, ", "", "E2019", "age_over_18:"),
            marked("name_ar: { reason", "name_ar: { ⟦from: name_ar, reason", "E2019"),
            elsewhere(
                "To print the name on the licence",
                "To match the holder of the licence!",
                "E2021",
                "name_ar:",
            ),
            elsewhere(
                "لطباعة الاسم على الرخصة",
                "لمطابقة صاحب الرخصة",
                "E2021",
                "name_ar:",
            ),
            elsewhere(
                "name_ar: { reason: { ar: لطباعة الاسم على الرخصة, en: To print the name on the licence } }",
                "name_ar:",
                "E0011",
                "name_ar:",
            ),
        ],
        SERVICE,
        read,
    );
}

// Law 8, R000-081 to R000-085.
#[test]
fn outcomes() {
    check_all(
        &[
            elsewhere(
                "  timeout: { then: retry, attempts: 2, say: { ar: لم يصل رد منك, en: No answer has come from you } }\n",
                "",
                "E2022",
                "outcomes:",
            ),
            marked("  timeout:", "  ⟦time_out:", "E2023"),
            marked("  other.not_enrolled:", "  ⟦other.not_enroled:", "E2023"),
            marked(
                "  other.not_enrolled: { then: stop",
                "  other.not_enrolled: { attempts: 2, then: ⟦retry",
                "W2003",
            ),
            marked(
                "  declined: { then: stop",
                "  declined: { then: ⟦continue",
                "E2024",
            ),
            marked(
                "  approved: { then: continue",
                "  approved: { then: ⟦stop",
                "E2024",
            ),
            marked("  declined: { then: stop", "  declined: { then: ⟦halt", "E0021"),
            marked(
                "  timeout: { then: retry, attempts: 2",
                "  timeout: { then: ⟦retry",
                "E2025",
            ),
            marked(
                "  timeout: { then: retry, attempts: 2",
                "  timeout: { then: retry, attempts: ⟦1",
                "E2025",
            ),
            marked(
                "  timeout: { then: retry, attempts: 2",
                "  timeout: { then: retry, attempts: ⟦11",
                "E2025",
            ),
            marked(
                "  timeout: { then: retry, attempts: 2",
                "  timeout: { then: stop, ⟦attempts: 2",
                "E2025",
            ),
            elsewhere(DECLINED, "{ then: stop }", "E0010", "declined:"),
            elsewhere(
                DECLINED,
                "{ then: stop, say: { en: You declined } }",
                "E0013",
                "say: { en: You",
            ),
            elsewhere(DECLINED, "stop", "E0011", "stop\n"),
        ],
        SERVICE,
        read,
    );
}

// R000-070 to R000-077.
#[test]
fn notices() {
    check_all(
        &[
            elsewhere(
                "  liability: { ar: أنت مسؤول عن كل طلب توافق عليه, en: You answer for every request that you approve }\n",
                "",
                "E0010",
                "notices:",
            ),
            marked(
                "https://www.paci.gov.kw/",
                "⟦https://www.paci.gov.kw.example.com/",
                "E2026",
            ),
            marked("https://www.paci.gov.kw/", "⟦http://www.paci.gov.kw/", "E0024"),
            marked(
                "https://www.paci.gov.kw/",
                "⟦https://paci.gov.kw@evil.example/",
                "E0024",
            ),
            marked(
                "    - { ar: افتح التطبيق على هاتفك, en: Open the app on your phone }",
                "    - ⟦{ ar: افتح التطبيق على هاتفك }",
                "E0013",
            ),
        ],
        SERVICE,
        read,
    );
}

#[test]
fn yaml() {
    let mut faults = Vec::new();
    for (text, code, line, column) in [
        ("", "E0007", 1, 1),
        ("# only a comment\n", "E0007", 1, 1),
        ("---\n", "E0007", 1, 1),
        ("just a text", "E0011", 1, 1),
        ("- a\n- b\n", "E0011", 1, 1),
        ("midflow: 1\n\tservice: x\n", "E0002", 2, 1),
        ("midflow: 1\nname: { ar: x\n", "E0001", 2, 7),
        ("midflow: 1\nname: \"x\n", "E0001", 2, 7),
        ("midflow: 1\nname: [a, b}\n", "E0001", 2, 7),
        ("midflow: 1\nname: a: b\n", "E0001", 2, 8),
        ("midflow: 1\n  name: x\n", "E0001", 2, 3),
        ("midflow: 1\nname: \"\\q\"\n", "E0001", 2, 7),
        ("midflow: 1\nname: @x\n", "E0001", 2, 7),
        ("%YAML 1.1\n---\nmidflow: 1\n", "E0004", 1, 1),
    ] {
        let (loaded, diagnostics) = read(text);
        let first = diagnostics.iter().next().unwrap();
        let start = first.labels[0].start;
        let found = (first.code, start.line, start.column);
        if found != (code, line, column) {
            faults.push(format!("{text:?} {found:?} {}", first.message));
        }
        assert!(!loaded && !first.help.is_empty(), "{text:?}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn bombs_cost_nothing() {
    let deep = "[".repeat(200_000);
    let wide = format!("a: [{}]", "x,".repeat(100_000));
    let laughs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b]\n";
    let steps = format!(
        "a:\n{}",
        (0..40)
            .map(|depth| format!("{}- \n", " ".repeat(depth)))
            .collect::<String>()
    );
    let large = format!("a: \"{}\"", "x".repeat(2_000_000));
    for (text, code) in [
        (deep.as_str(), "E0005"),
        (&wide, "E0005"),
        (laughs, "E0004"),
        (&steps, "E0005"),
        (&large, "E0005"),
        (&"{".repeat(200_000), "E0005"),
        (&"? ".repeat(100_000), "E0005"),
    ] {
        let begun = std::time::Instant::now();
        let (loaded, diagnostics) = read(text);
        let codes: Vec<_> = diagnostics.iter().map(|one| one.code).collect();
        assert!(!loaded && codes.contains(&code), "{code} {codes:?}");
        assert!(begun.elapsed().as_secs() < 2, "{code} took {:?}", begun.elapsed());
    }
}

#[test]
fn all_problems_are_told_in_one_run() {
    let text = SERVICE
        .replace("assurance: medium", "assurance: middle")
        .replace("sensitivity: normal", "colour: blue")
        .replace("  name_ar:", "  nickname:")
        .replace("limits: {", "limit: {")
        .replace("mobile_web]", "mobil_web]")
        .replace("Driving licence renewal", "TODO");
    let codes: Vec<_> = read(&text).1.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["E0014", "E0009", "E2003", "E2006", "E2018", "E0009"]);
}
