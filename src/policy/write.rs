use std::fmt::Write as _;

use serde_json::Value;

use super::language::Key;
use super::origin::in_order;
use super::origin::keys_below;

/// Writes a value as YAML, keys in the order of the language. Ends with a line break.
pub(super) fn yaml(value: &Value, keys: Option<&'static [Key]>) -> String {
    let mut out = String::new();
    below(value, keys, 0, &mut out);
    out
}

/// Writes one value for a place on a line: a text, a number, or a short list or map.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(key), inline(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// Writes a text as it can stand anywhere: plain where that is safe, in double quotes elsewhere.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            other if other.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(other));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn below(value: &Value, keys: Option<&'static [Key]>, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in in_order(map, keys) {
                let below_keys = keys_below(keys, key);
                let _ = write!(out, "{indent}{}:", scalar(key));
                member(value, below_keys, depth, out);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                let mut text = String::new();
                below(item, keys, depth + 1, &mut text);
                // The first key stands beside the dash.
                let _ = write!(out, "{indent}- {}", text.trim_start());
            }
        }
        other => {
            let _ = writeln!(out, "{indent}{}", inline(other));
        }
    }
}

fn member(value: &Value, keys: Option<&'static [Key]>, depth: usize, out: &mut String) {
    let is_block = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => items.iter().any(Value::is_object),
        _ => false,
    };
    if is_block {
        out.push('\n');
        below(value, keys, depth + 1, out);
    } else {
        let _ = writeln!(out, " {}", inline(value));
    }
}

/// Whether a text means itself without quotes, in a block and between brackets.
fn is_plain(text: &str) -> bool {
    let first = text.chars().next();
    let begins = first.is_some_and(char::is_alphabetic);
    let inside =
        |letter: char| letter.is_alphanumeric() || " -_./()'،؟«»".contains(letter) || is_mark(letter);
    begins
        && text.chars().all(inside)
        && !text.ends_with(' ')
        && !text.contains(" - ")
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
        && !text.contains("://")
}

/// Arabic vowel signs.
const fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{064B}'..='\u{0652}')
}

/// Words that YAML, in one version or another, takes for something else.
const RESERVED: [&str; 11] = [
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::policy::yaml;

    fn read(node: &yaml::Node) -> Value {
        match &node.value {
            yaml::Value::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), read(&entry.node)))
                    .collect(),
            ),
            yaml::Value::List(items) => items.iter().map(read).collect(),
            yaml::Value::Scalar(scalar) if !scalar.quoted => {
                serde_json::from_str(&scalar.text).unwrap_or_else(|_| Value::from(scalar.text.as_str()))
            }
            yaml::Value::Scalar(scalar) => Value::from(scalar.text.as_str()),
            yaml::Value::Broken => Value::Null,
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            "[a-zA-Zء-ي0-9 ,:#'\"\\[\\]{}&*!|>%@`~?./\\\\-]{0,12}",
            Just("no".to_owned()),
            Just("12".to_owned()),
            Just("a: b".to_owned()),
            Just("a\nb".to_owned()),
        ];
        let leaf = prop_oneof![
            text.prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z_.*]{1,6}", inner, 1..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        // Whatever is written is read back as it was.
        #[test]
        fn what_is_written_is_read_back(map in prop::collection::btree_map("[a-z]{1,6}", value(), 1..5)) {
            let value = Value::Object(map.into_iter().collect());
            let text = super::yaml(&value, None);
            let (node, faults) = yaml::parse(&text);
            prop_assert!(faults.is_empty(), "{text}\n{faults:?}");
            prop_assert_eq!(read(&node.unwrap()), value, "{}", text);
        }
    }

    #[test]
    fn it_reads_as_people_write() {
        let value = json!({
            "name": { "ar": "رخصة", "en": "Licence" },
            "channels": ["web", "kiosk"],
            "steps": [{ "ar": "أ", "en": "One" }, { "ar": "ب", "en": "Two: go" }],
            "limits": "3/10m",
        });
        assert_eq!(
            super::yaml(&value, None),
            "channels: [web, kiosk]\nlimits: \"3/10m\"\nname:\n  ar: رخصة\n  en: Licence\nsteps:\n  - ar: أ\n    en: One\n  - ar: ب\n    en: \"Two: go\"\n"
        );
    }
}
