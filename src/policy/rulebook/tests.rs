//! The shipped rulebook: every requirement that is checked at load is in it, and each of its rules has a policy that
//! passes and one that it refuses (`catalog::rules_tests` tries them).

use std::collections::BTreeSet;

use super::*;
use crate::diagnostics::Severity;
use crate::words::Environment;

/// Every requirement of the onboarding document that is checked when policies are loaded.
const AT_LOAD: &str = "001 003 006 007 010 011 012 013 014 015 016 017 018 019 020 021 022 023 024 025 027 028 029 \
    030 031 032 033 034 035 036 037 038 039 043 050 051 053 070 071 072 073 075 078 079 081 082 083 084 085 091 093 \
    094 095 096 098 099 100 101 102 106 115 160 161 171 179 195";

#[test]
fn the_shipped_rulebook_is_read_without_a_word() {
    let (rulebook, found) =
        crate::policy::read_rulebook(Rulebook::SHIPPED_FILE, Rulebook::SHIPPED_TEXT, true);
    assert!(found.is_empty(), "{found:#?}");
    assert_eq!(rulebook.unwrap().rules.len(), shipped().rules.len());
}

#[test]
fn it_holds_every_requirement_that_is_checked_at_load() {
    let held: BTreeSet<String> = shipped().rules.iter().flat_map(Rule::ids).collect();
    let wanted: BTreeSet<String> = AT_LOAD
        .split_whitespace()
        .map(|id| format!("R000-{id}"))
        .collect();
    assert_eq!(held, wanted);
}

#[test]
fn a_rule_counts_by_environment() {
    let rule = |id: &str| shipped().rules.iter().find(|rule| rule.id == id).unwrap();
    let described = rule("organization-described");
    assert_eq!(
        described.severity_in(Environment::Production),
        Some(Severity::Error)
    );
    assert_eq!(described.severity_in(Environment::Test), Some(Severity::Error));
    assert_eq!(
        described.severity_in(Environment::Development),
        Some(Severity::Warning)
    );
    let certified = rule("certified");
    assert_eq!(certified.severity_in(Environment::Dr), Some(Severity::Error));
    assert_eq!(certified.severity_in(Environment::Test), None);
    assert_eq!(certified.severity_in(Environment::Development), None);
}

#[test]
fn an_own_rulebook_says_what_it_checks() {
    let read = |check: &str| {
        let text = format!(
            "midflow: 1\nrulebook: own\ntitle: {{ ar: قواعد الجهة, en: Own rules }}\nsource: {{ document: House rules }}\nrules:\n  \
             one:\n    section: first\n    check: {check}\n    message: {{ ar: مخالفة, en: it is broken }}\n    remedy: {{ ar: أصلحها, en: mend it }}\n"
        );
        let (rulebook, found) = crate::policy::read_rulebook("policies/rulebooks/own.yaml", &text, false);
        let codes: Vec<_> = found.iter().map(|one| one.code).collect();
        (rulebook.is_some(), codes)
    };
    assert_eq!(read("{ holds: \"service.audience.size < 10\" }"), (true, vec![]));
    assert_eq!(read("{ present: [legal_basis] }"), (true, vec![]));
    assert_eq!(read("{ built_in: certified }"), (true, vec![]));
    assert_eq!(read("{ built_in: certifed }"), (false, vec!["E4007"]));
    assert_eq!(read("{ at: audience }"), (false, vec!["E4005"]));
    assert_eq!(read("{}"), (false, vec!["E4005"]));
    assert_eq!(read("{ language: { codes: [E0010] } }"), (false, vec!["E4005"]));
    assert_eq!(read("{ holds: \" \" }"), (false, vec!["E4005"]));
    assert_eq!(read("{ hold: \"true\" }"), (false, vec!["E0009"]));
}
