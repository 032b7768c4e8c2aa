use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use crate::diagnostics::Severity;
use crate::policy::Rule;
use crate::policy::Rulebook;
use crate::policy::shipped;

/// The rules that hold a requirement, or the one of that name; none if nothing here is called so.
pub(super) fn rules(id: &str) -> Vec<(&'static Rulebook, &'static Rule)> {
    let book = shipped();
    let called = book
        .rules
        .iter()
        .filter(|rule| rule.is_called(id) || rule.is_called(&id.to_ascii_uppercase()));
    called.map(|rule| (book, rule)).collect()
}

/// What the rules ask, where they come from and where they hold.
pub(super) fn page(rules: &[(&Rulebook, &Rule)], arabic: bool) -> String {
    let mut out = String::new();
    for (at, (book, rule)) in rules.iter().enumerate() {
        let said = |text: &crate::words::Text| if arabic { text.ar.clone() } else { text.en.clone() };
        let labels = if arabic { &ARABIC } else { &ENGLISH };
        if at > 0 {
            out.push('\n');
        }
        let _ = writeln!(out, "{}  {}\n", rule.ids().join(", "), rule.id);
        let edition = book.edition.as_deref().unwrap_or_default();
        let source = format!("{} {edition}, {}", book.document, rule.section);
        // What the language holds does not load anywhere, and no waiver makes it load.
        let environments: Vec<String> = rule.environments.iter().map(ToString::to_string).collect();
        let (counts, environments) = match rule.severity {
            Severity::Error if rule.prevents_reading() => (labels.refuses, labels.everywhere.to_owned()),
            Severity::Error => (labels.refuses, environments.join(", ")),
            Severity::Warning => (labels.warns, environments.join(", ")),
        };
        let waiver = if rule.can_be_waived() {
            labels.a_waiver
        } else {
            labels.no_waiver
        };
        let _ = writeln!(out, "{} {}", labels.broken, said(&rule.message));
        let _ = writeln!(out, "{} {}", labels.remedy, said(&rule.remedy));
        let _ = writeln!(out, "{} {source}", labels.source);
        let _ = writeln!(out, "{counts} {environments}");
        let _ = writeln!(out, "{} {waiver}", labels.waiver);
    }
    out
}

/// The same as data, in both languages.
pub(super) fn json(rules: &[(&Rulebook, &Rule)]) -> Value {
    let one = |(book, rule): &(&Rulebook, &Rule)| {
        json!({
            "rulebook": book.id, "rule": rule.id, "requirements": rule.requirements,
            "message": rule.message, "remedy": rule.remedy,
            "source": { "document": book.document, "edition": book.edition, "section": rule.section },
            "environments": rule.environments.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "severity": rule.severity,
            "waivable": rule.can_be_waived(),
        })
    };
    rules.iter().map(one).collect()
}

struct Labels {
    broken: &'static str,
    remedy: &'static str,
    source: &'static str,
    refuses: &'static str,
    warns: &'static str,
    everywhere: &'static str,
    waiver: &'static str,
    a_waiver: &'static str,
    no_waiver: &'static str,
}

const ENGLISH: Labels = Labels {
    broken: "broken where:",
    remedy: "what to do:  ",
    source: "source:      ",
    refuses: "refuses in:  ",
    warns: "warns in:    ",
    everywhere: "every environment: such a file does not load",
    waiver: "waiver:      ",
    a_waiver: "one can set it aside until a day",
    no_waiver: "none sets it aside",
};

const ARABIC: Labels = Labels {
    broken: "المخالفة:",
    remedy: "المعالجة:",
    source: "المصدر:",
    refuses: "يُرفض في:",
    warns: "يُنبَّه إليه في:",
    everywhere: "كل البيئات، فالملف لا يُحمَّل",
    waiver: "الاستثناء:",
    a_waiver: "يجوز تعليق القاعدة باستثناء محدد المدة",
    no_waiver: "لا يجوز",
};

#[cfg(test)]
mod tests {
    use super::*;

    // What the page of E4001 promises.
    #[test]
    fn every_requirement_of_the_rulebook_has_its_page_in_both_languages() {
        for rule in &shipped().rules {
            for id in rule.ids() {
                let found = rules(&id);
                assert!(found.iter().any(|(_, known)| known.id == rule.id), "{id}");
                assert!(page(&found, false).contains(&rule.remedy.en), "{id}");
                assert!(page(&found, true).contains(&rule.remedy.ar), "{id}");
            }
        }
        let sign = page(&rules("R000-043"), false);
        assert!(
            sign.contains("does not load") && sign.contains("none sets it aside"),
            "{sign}"
        );
        assert!(rules("R000-999").is_empty());
        assert!(!rules("r000-010").is_empty());
    }
}
