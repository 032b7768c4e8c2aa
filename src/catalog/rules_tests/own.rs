//! Rulebooks of a provider's own.

use std::collections::BTreeSet;

use super::policies::S;
use super::policies::SERVICE;
use super::policies::judged;
use super::policies::setting;
use super::policies::sources;
use crate::catalog::Catalog;
use crate::policy;
use crate::words::Environment;

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
    assert_eq!((one.code, one.labels[0].start.line), ("W4001", 55));
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
