//! A test file as its writers meet it: what is meant, and every way to get it wrong.

use super::read_tests;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::render_text;
use crate::policy::Answer;
use crate::policy::AnswerName;
use crate::policy::Service;
use crate::policy::TestFile;
use crate::policy::read_service;
use crate::words::Channel;
use crate::words::FieldSource;
use crate::words::Locale;
use crate::words::Purpose;

const FILE: &str = "policies/services/licence-renewal.test.yaml";

fn service() -> Service {
    let text = include_str!("../fixtures/licence-renewal.yaml");
    let (service, found) = read_service("policies/services/licence-renewal.yaml", text);
    service.unwrap_or_else(|| panic!("{found:#?}"))
}

fn read(text: &str) -> (Option<TestFile>, Diagnostics) {
    read_tests(FILE, text, &service())
}

const GOOD: &str = r#"midflow: 1
tests: licence-renewal
given: { now: 2026-11-22 10:00, inputs: { licence: "123456", amount: 10 } }
cases:
  plain:
    answers: [early, approved: { after: 90s }, error.store]
    expect: { outcome: approved }
  many:
    table:
      - { age: 17, answer: declined }
      - { age: 18, answer: [forged, late] }
    given: { channel: all, locale: [ar, en], person: { age: $age, name_en: missing }, inputs: { amount: missing } }
    answers: $answer
    expect: { outcome: other }
"#;

#[test]
fn tables_and_combinations_become_cases() {
    let (file, found) = read(GOOD);
    assert_eq!(found, Diagnostics::default());
    let file = file.unwrap();
    let names: Vec<&str> = file.cases.iter().map(|case| case.name.as_str()).collect();
    let channels = service().channels.len();
    assert_eq!(names.len(), 1 + 2 * channels * 2, "{names:?}");
    assert_eq!(names[0], "plain");
    assert_eq!(names[1], "many (row 1: age 17, answer declined; web, ar)");
    let plain = &file.cases[0];
    assert_eq!(plain.given.now.to_string(), "2026-11-22T07:00:00.000000Z");
    assert_eq!(
        (plain.given.channel, plain.given.locale),
        (Channel::Web, Locale::Ar)
    );
    assert_eq!(plain.answers[0].answer, Answer::Named(AnswerName::Early));
    assert_eq!(plain.answers[1].after.map(|pause| pause.as_secs()), Some(90));
    assert_eq!(plain.answers[2].answer.to_string(), "error.store");
    let row = file.cases.last().unwrap();
    assert!(!row.given.inputs.contains_key("amount"));
    assert!(row.given.inputs.contains_key("licence"));
    assert!(!row.given.citizen.fields.contains_key(&FieldSource::NameEn));
    let born = row.given.citizen.fields[&FieldSource::BirthDate].expose(Purpose::Compare);
    assert_eq!(born, "2008-11-22");
}

/// What is replaced in a good file, and by what.
const BROKEN: [(&str, &str); 30] = [
    ("tests: licence-renewal", "tests: licence-renewl"),
    ("tests: licence-renewal\n", ""),
    ("given: {", "givn: {"),
    ("2026-11-22 10:00", "2026-11-22"),
    ("2026-11-22 10:00", "2026-02-30 10:00"),
    ("amount: 10 }", "amount: [10] }"),
    ("early, approved", "erly, approved"),
    ("early, approved", "approve by magic, approved"),
    ("after: 90s", "after: soon"),
    ("after: 90s", "later: 90s"),
    ("expect: { outcome: approved }", "expect: {}"),
    ("expect: { outcome: approved }", "{}"),
    ("    expect: { outcome: approved }\n", ""),
    ("outcome: approved", "outcome: aproved"),
    ("outcome: approved", "say: { ar: \"…\" }"),
    ("outcome: approved", "plan: { fields: [civil_no, nationality] }"),
    ("outcome: approved", "plan: { assurance: hihg }"),
    ("outcome: approved", "why: outcomes.decline"),
    ("outcome: approved", "why: fn aproved"),
    ("outcome: approved", "then: go_on"),
    ("outcome: approved", "turned_away: limits.per_prson"),
    ("outcome: approved", "check: stmp"),
    ("outcome: approved", "notes: [lat]"),
    ("channel: all", "channel: wep"),
    ("age: $age", "age: $ages"),
    ("{ age: 18, answer", "{ aeg: 18, answer"),
    ("age: $age, name_en", "name_en"),
    ("name_en: missing", "nme_en: missing"),
    ("name_en: missing", "age_over_18: true"),
    ("name_en: missing", "civil_no: \"123\""),
];

#[test]
fn each_mistake_has_its_place_and_its_remedy() {
    let mut told = String::new();
    for (from, to) in BROKEN {
        assert!(GOOD.contains(from), "{from}");
        let text = GOOD.replacen(from, to, 1);
        let (file, found) = read(&text);
        assert!(file.is_none() && found.has_errors(), "{to}");
        assert!(found.iter().all(|one| !one.help.is_empty()), "{to}");
        told.push_str(&format!("== {from} -> {to}\n"));
        told.push_str(&render_text(&found, &|_| Some(&text), false));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn a_mistake_in_a_template_is_told_once() {
    let (_, found) = read(&GOOD.replace("outcome: other", "outcome: othr"));
    assert_eq!(found.len(), 1, "{found:#?}");
}

// A file cut anywhere is an error or another good file, and never a panic.
#[test]
fn a_file_that_is_cut_short_is_read_without_a_panic() {
    for (at, _) in GOOD.char_indices() {
        let (file, found) = read(&GOOD[..at]);
        assert!(file.is_some() || found.has_errors(), "{at}");
    }
}
