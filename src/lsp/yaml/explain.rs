use std::ops::Range;

use super::declared::Declared;
use super::shape::document_of;
use super::sketch::Node;
use super::sketch::Sketch;
use crate::catalog::Sources;
use crate::policy::Document;
use crate::policy::describe;
use crate::policy::rules_about;
use crate::words::Field;
use crate::words::Outcome;
use crate::words::OutcomeClass;

/// What a byte of a policy file means, in Markdown, with the bytes that it is about.
pub(in crate::lsp) fn explain(sources: &Sources, file: &str, byte: usize) -> Option<(Range<usize>, String)> {
    let document = document_of(file)?;
    let text = sources.text(file)?;
    let sketch = Sketch::of(text);
    let index = sketch.at(byte)?;
    let node = sketch.node(index)?;
    if let Some(found) = placeholder(sources, file, text, node, byte) {
        return Some(found);
    }
    let path = sketch.path(index);
    // What stands in a list or below a language is explained by the key above.
    let mut known = path.as_str();
    let described = loop {
        match describe(document, known) {
            Some(described) => break described,
            None => known = known.rsplit_once(['.', '['])?.0,
        }
    };
    let mut parts = vec![format!("**`{known}`**"), described];
    parts.extend(of_name(document, &path, node));
    for rule in rules_about(document, known) {
        let ids = rule.ids().join("`, `");
        parts.push(format!(
            "`{ids}` {}\n{}\n\n{}\n{}",
            rule.message.en, rule.remedy.en, rule.message.ar, rule.remedy.ar
        ));
    }
    let at = match &node.value {
        Some(value) if value.start <= byte && byte <= value.end => value.clone(),
        _ => node.at.clone(),
    };
    Some((at, parts.join("\n\n")))
}

/// What is known of a name that the language has itself: a field, a claim, an outcome.
fn of_name(document: Document, path: &str, node: &Node) -> Option<String> {
    let name = node.key()?;
    let is_below = |part: &str| {
        path.strip_prefix(part)
            .is_some_and(|rest| rest == format!(".{name}"))
    };
    if is_below("fields") {
        let field = Field::parse(name).ok()?;
        let label = field.label();
        return Some(format!("{} · {}", label.en, label.ar));
    }
    if is_below("outcomes") && document != Document::Test {
        if let Some(leaf) = Outcome::from_code(name) {
            let text = leaf.text();
            return Some(format!(
                "{}\n\n{}\n\nFor who runs it: {}",
                text.ar,
                text.en,
                leaf.operator_hint()
            ));
        }
        let class = OutcomeClass::from_name(name)?;
        let leaves: Vec<String> = Outcome::ALL
            .iter()
            .filter(|leaf| leaf.class() == class)
            .map(|leaf| format!("`{}`", leaf.code()))
            .collect();
        return Some(format!("Stands for {}.", leaves.join(", ")));
    }
    None
}

/// The declared input that a `{…}` in a text stands for.
fn placeholder(
    sources: &Sources,
    file: &str,
    text: &str,
    node: &Node,
    byte: usize,
) -> Option<(Range<usize>, String)> {
    let at = placeholder_at(text, node.value.clone()?, byte)?;
    let name = text.get(at.clone())?;
    let service = Declared::beside(sources, file)?;
    let written = service.written(&["inputs", name])?;
    Some((
        at,
        format!("**`{{{name}}}`** is what the e-service passes.\n\n```yaml\n{written}\n```"),
    ))
}

/// The name in the `{…}` of a text around a byte.
pub(super) fn placeholder_at(text: &str, value: Range<usize>, byte: usize) -> Option<Range<usize>> {
    let before = text.get(value.start..byte.max(value.start))?;
    let start = value.start + before.rfind('{')? + 1;
    let after = text.get(start..value.end)?;
    let length = after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')?;
    let is_closed = after.get(length..)?.starts_with('}');
    (is_closed && length > 0 && byte <= start + length).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hover(text: &str) -> Option<(String, String)> {
        let byte = text.find('¦').unwrap();
        let text = text.replace('¦', "");
        let sources = Sources::from_texts([("policies/services/a.yaml", text.clone())]);
        let (at, about) = explain(&sources, "policies/services/a.yaml", byte)?;
        Some((text[at].to_owned(), about))
    }

    #[test]
    fn a_key_tells_its_meaning_and_the_requirement() {
        let (at, about) = hover("capabilities:\n  auth_push:\n    expires¦_in: 5m\n").unwrap();
        assert_eq!(at, "expires_in");
        assert!(about.contains("How long the person has to answer"), "{about}");
        let (_, about) = hover("aud¦ience:\n  size: 1\n").unwrap();
        let rule = rules_about(Document::Service, "audience");
        assert!(!rule.is_empty());
        assert!(about.contains(&rule[0].ids()[0]), "{about}");
        assert!(
            about.contains(&rule[0].remedy.en) && about.contains(&rule[0].remedy.ar),
            "{about}"
        );
    }

    #[test]
    fn names_of_the_language_are_told() {
        let (_, about) = hover("fields:\n  birth¦_date:\n    reason: {}\n").unwrap();
        assert!(about.contains("Date of birth · تاريخ الميلاد"), "{about}");
        let (_, about) = hover("outcomes:\n  oth¦er: {}\n").unwrap();
        assert!(about.contains("`other.not_enrolled`"), "{about}");
        let (_, about) = hover("outcomes:\n  other.not_en¦rolled: {}\n").unwrap();
        assert!(
            about.contains(&Outcome::from_code("other.not_enrolled").unwrap().text().ar),
            "{about}"
        );
    }

    #[test]
    fn a_placeholder_tells_its_input() {
        let text = "inputs:\n  licence: { type: string }\ncapabilities:\n  auth_push:\n    reason:\n      ar: \"رخصة رقم {lic¦ence}\"\n";
        let (at, about) = hover(text).unwrap();
        assert_eq!(at, "licence");
        assert!(about.contains("licence: { type: string }"), "{about}");
    }

    #[test]
    fn values_and_entries_are_told_by_their_key() {
        let (at, about) = hover("sensitivity: norm¦al\n").unwrap();
        assert_eq!(at, "normal");
        assert!(about.contains("critical"), "{about}");
        assert!(
            hover("channels: [web, ki¦osk]\n")
                .unwrap()
                .1
                .contains("**`channels")
        );
        assert!(hover("nonsense: ¦x\n").is_none());
        assert!(hover("¦").is_none());
    }
}
