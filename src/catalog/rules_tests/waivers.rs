//! Waivers: which rules they silence, and until when.

use std::collections::BTreeSet;

use super::policies::O;
use super::policies::S;
use super::policies::SERVICE;
use super::policies::judged;
use super::policies::sources;
use super::policies::text_of;
use crate::catalog::Catalog;
use crate::catalog::Setting;
use crate::words::Day;
use crate::words::Environment;

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

// R000-161: what is dated after today has not happened, and counts for nothing.
#[test]
fn nothing_was_signed_or_approved_on_a_day_to_come() {
    let long_ago = Setting {
        environment: Some(Environment::Test),
        today: Day::parse("2020-01-01"),
    };
    let (catalog, found) = Catalog::load_for(&sources(&[]), None, long_ago);
    assert!(catalog.is_none());
    let told: Vec<_> = found.iter().filter(|one| one.code == "E4008").collect();
    let files: BTreeSet<&str> = told
        .iter()
        .flat_map(|one| &one.labels)
        .map(|label| label.file.as_str())
        .collect();
    assert_eq!(files, [O, S].into(), "{found:#?}");
    for one in told {
        let (_, day) = one.message.split_once("is ").unwrap();
        let day = day.get(.."2026-01-01".len()).unwrap();
        let [label] = one.labels.as_slice() else {
            panic!("{one:#?}");
        };
        let text = text_of(&label.file);
        let line = text.lines().nth(usize::try_from(label.start.line).unwrap() - 1);
        assert!(line.unwrap().contains(day), "{one:#?}");
    }
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
