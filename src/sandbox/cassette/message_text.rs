//! The values of a message, whatever form it has.

use super::json_text::JsonText;
use super::leaf::Leaf;
use super::leaf::LeafKind;
use super::xml_text;

/// The message with other values where `change` gives some; every byte between them stays.
///
/// A text that is itself a JSON object is rewritten within. `finish` gets each object once its values are there, the ones within
/// texts first.
pub(in crate::sandbox) fn rewrite(
    body: &[u8],
    change: &mut dyn FnMut(&Leaf<'_>) -> Option<String>,
    finish: &dyn Fn(String) -> String,
) -> String {
    match xml_text::rewrite(body, change) {
        Some(done) => done,
        None => json(&String::from_utf8_lossy(body), change, finish, 0),
    }
}

/// Each value of a message with its path and its name.
pub(in crate::sandbox) fn leaves(body: &[u8]) -> Vec<Value> {
    let mut found = Vec::new();
    let mut tell = |path, leaf: &Leaf<'_>| {
        found.push(Value {
            path,
            name: leaf.name.to_owned(),
            text: leaf.text.to_owned(),
        });
    };
    if xml_text::read(body, &mut tell).is_none() {
        JsonText::read(&String::from_utf8_lossy(body)).leaves(&mut tell);
    }
    found
}

/// A value with where it stands.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Value {
    pub(in crate::sandbox) path: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) text: String,
}

fn json(
    text: &str,
    change: &mut dyn FnMut(&Leaf<'_>) -> Option<String>,
    finish: &dyn Fn(String) -> String,
    depth: usize,
) -> String {
    let rewritten = JsonText::read(text).rewrite(&mut |leaf| {
        if leaf.kind == LeafKind::Text && depth < DEEPEST && is_object(leaf.text) {
            return Some(json(leaf.text, change, finish, depth + 1));
        }
        change(leaf)
    });
    finish(rewritten)
}

fn is_object(text: &str) -> bool {
    let inner = text
        .trim()
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| inner.trim_start().starts_with('"'))
}

const DEEPEST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_within_a_text_is_rewritten_within() {
        let body = r#"{"answer":"{\"CivilNo\": \"1\"}","n":2}"#;
        let done = rewrite(
            body.as_bytes(),
            &mut |leaf| (leaf.name == "CivilNo" && leaf.kind == LeafKind::Text).then(|| "9".to_owned()),
            &|text| text.replace(": ", ":"),
        );
        assert_eq!(done, r#"{"answer":"{\"CivilNo\":\"9\"}","n":2}"#);
    }

    // One with spaces before its first key was taken for a text, and lost its form.
    #[test]
    fn an_object_is_one_whatever_its_spaces() {
        for object in ["{\"a\":1}", " {\n \"a\" : 1 }\n"] {
            assert!(is_object(object), "{object}");
        }
        for other in ["{}", "{a}", "\"a\"", "", "{", "[{\"a\":1}]"] {
            assert!(!is_object(other), "{other}");
        }
    }

    #[test]
    fn values_are_read_from_both_forms() {
        let told = |body: &str| {
            let values = leaves(body.as_bytes()).into_iter();
            values
                .map(|value| format!("{}={}", value.path, value.text))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(r#"{"a":{"b":"x"}}"#), ["*/a/b=x"]);
        assert_eq!(told("<a><b>x</b></a>"), ["a/b=x"]);
    }
}
