use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

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
        let environments: Vec<String> = rule.environments.iter().map(ToString::to_string).collect();
        if at > 0 {
            out.push('\n');
        }
        let _ = writeln!(out, "{}  {}\n", rule.ids().join(", "), rule.id);
        let _ = writeln!(out, "broken where: {}", said(&rule.message));
        let _ = writeln!(out, "what to do:   {}", said(&rule.remedy));
        let edition = book.edition.as_deref().unwrap_or_default();
        let _ = writeln!(out, "source:       {} {edition}, {}", book.document, rule.section);
        let _ = writeln!(out, "refuses in:   {}", environments.join(", "));
        let waiver = if rule.waivable {
            "a waiver can set it aside until a day"
        } else {
            "no waiver sets it aside"
        };
        let _ = writeln!(out, "waiver:       {waiver}");
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
            "waivable": rule.waivable,
        })
    };
    rules.iter().map(one).collect()
}

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
        assert!(rules("R000-999").is_empty());
        assert!(!rules("r000-010").is_empty());
    }
}
