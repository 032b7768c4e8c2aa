use super::*;
use crate::diagnostics::render_text;
use crate::policy::read_organization;
use crate::policy::read_service;

fn service(text: &str) -> String {
    let diagnostics = read_service(SERVICE_FILE, text).1;
    render_text(&diagnostics, &|_| Some(text), false)
}

#[test]
fn several_mistakes_as_a_terminal_shows_them() {
    let text = SERVICE
        .replace("  auth_push:", "  auth_pusj:")
        .replace("sensitivity: normal", "channels: [web]")
        .replace("en: No answer has come from you", "en: TODO")
        .replace("  other: {", "  others: {")
        .replace("ar: تجديد رخصة القيادة, ", "");
    insta::assert_snapshot!(service(&text));
}

#[test]
fn places_inside_arabic_lines() {
    let text = SERVICE
        .replace(
            "Sign in to renew licence {licence}",
            "Sign in to renew licence {license}",
        )
        .replace("أنت مسؤول عن كل طلب", "أنت\u{202E} مسؤول")
        .replace("from: birth_date", "from: card_expiry");
    insta::assert_snapshot!(service(&text));
}

#[test]
fn yaml_mistakes_in_words_of_writers() {
    let mut all = String::new();
    for text in [
        "midflow: 1\n\tservice: x\n",
        "midflow: 1\nname: { ar: x\n",
        "midflow: 1\nname: a: b\n",
        "midflow: 1\nname: \"x\n",
        "",
        "midflow: 1\nname: *x\n",
    ] {
        all.push_str(&service(text));
        all.push('\n');
    }
    insta::assert_snapshot!(all);
}

#[test]
fn the_organization_as_a_terminal_shows_it() {
    let text = ORGANIZATION
        .replace("\"+96512345678\"", "+96512345678")
        .replace("https://mid-test.traffic", "https://mid.traffic")
        .replace("  third_party: none\n", "");
    let diagnostics = read_organization(ORGANIZATION_FILE, &text).1;
    insta::assert_snapshot!(render_text(&diagnostics, &|_| Some(&text), false));
}

// R3 of the notes: no message speaks of the machinery below.
#[test]
fn messages_have_no_jargon() {
    let broken = [
        "",
        "a",
        "- a",
        "midflow: 1\n\tx: y",
        "a: [",
        "a: {",
        "a: b: c",
        "a: *b",
        "a: &b c",
        "a: !!str b",
        "a: \"\\q\"",
        "? [a]\n: b",
        "{a, b}",
        "midflow: {}\nservice: []\nname: 5\npurpose: [a]\naudience: true\nchannels: {}\n\
        capabilities: []\ninputs: []\nfields: x\noutcomes: 1\nnotices: ~\nretention: x\nlimits: x\nscript: {}\n",
    ];
    for text in broken {
        for diagnostic in read_service(SERVICE_FILE, text).1.iter() {
            assert!(!diagnostic.help.is_empty(), "{diagnostic:?}");
            let said = format!("{} {}", diagnostic.message, diagnostic.help.join(" "));
            for word in [
                "anyOf",
                "struct",
                "serde",
                "invalid type",
                "enum",
                "scalar",
                "token",
                "deserial",
                "Option",
                "i64",
            ] {
                assert!(!said.contains(word), "{said}");
            }
        }
    }
}
