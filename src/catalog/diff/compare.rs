use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;

use super::Change;
use super::words;

/// What differs between two trees with the keys of a file, in the order of the first.
pub(super) fn compare(before: &Value, after: &Value) -> Vec<Change> {
    let one_capability = capabilities(before)
        .chain(capabilities(after))
        .collect::<BTreeSet<_>>()
        .len()
        < 2;
    let mut compared = Compared {
        one_capability,
        changes: Vec::new(),
    };
    compared.values(&mut Vec::new(), Some(before), Some(after));
    compared.changes
}

fn capabilities(tree: &Value) -> impl Iterator<Item = &str> {
    let map = tree.get("capabilities").and_then(Value::as_object);
    map.into_iter().flat_map(Map::keys).map(String::as_str)
}

struct Compared {
    one_capability: bool,
    changes: Vec<Change>,
}

impl Compared {
    fn values(&mut self, path: &mut Vec<String>, before: Option<&Value>, after: Option<&Value>) {
        let (before, after) = (before.unwrap_or(&Value::Null), after.unwrap_or(&Value::Null));
        if before == after {
            return;
        }
        match (before, after) {
            (Value::Object(old), Value::Object(new)) if is_hidden(old) && is_hidden(new) => {
                let said = format!("{} changed", self.label(path));
                self.push(path, said, None, None);
            }
            (Value::Object(old), Value::Object(new)) if is_text(old) && is_text(new) => {
                let languages: Vec<&str> = ["ar", "en"]
                    .into_iter()
                    .filter(|language| old.get(*language) != new.get(*language))
                    .collect();
                let said = format!("{} changed ({})", self.label(path), languages.join(", "));
                self.push(path, said, Some(before), Some(after));
            }
            (Value::Object(old), Value::Object(new)) => self.maps(path, old, new),
            (Value::Array(old), Value::Array(new)) if words::is_set(path) => self.sets(path, old, new),
            (Value::Array(old), Value::Null) if words::is_set(path) => self.sets(path, old, &[]),
            (Value::Null, Value::Array(new)) if words::is_set(path) => self.sets(path, &[], new),
            (Value::Object(old), Value::Null) if words::is_set(path) => self.maps(path, old, &Map::new()),
            (Value::Null, Value::Object(new)) if words::is_set(path) => self.maps(path, &Map::new(), new),
            (Value::Array(old), Value::Array(new)) => {
                let said = match (old.len(), new.len()) {
                    (old, new) if old == new => format!("{} changed", self.label(path)),
                    (old, new) => format!("{} changed ({old} before, {new} now)", self.label(path)),
                };
                self.push(path, said, Some(before), Some(after));
            }
            _ => {
                let said = match (is_nothing(before), is_nothing(after)) {
                    (true, _) if is_person(after) => format!("{} added", self.label(path)),
                    (true, _) => format!("{} added: {}", self.label(path), shown(after)),
                    (_, true) => format!("{} removed", self.label(path)),
                    _ => format!("{} {} to {}", self.label(path), shown(before), shown(after)),
                };
                self.push(path, said, Some(before), Some(after));
            }
        }
    }

    fn maps(&mut self, path: &mut Vec<String>, old: &Map<String, Value>, new: &Map<String, Value>) {
        if let Some(thing) = words::thing_in(path) {
            let only = |a: &Map<String, Value>, b: &Map<String, Value>| -> Vec<String> {
                a.keys().filter(|key| !b.contains_key(*key)).cloned().collect()
            };
            self.counted(path, thing, &only(new, old), "added");
            self.counted(path, thing, &only(old, new), "removed");
            for (key, before) in old {
                if let Some(after) = new.get(key) {
                    path.push(key.clone());
                    self.values(path, Some(before), Some(after));
                    path.pop();
                }
            }
            return;
        }
        let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
        for key in keys {
            path.push(key.clone());
            self.values(path, old.get(key), new.get(key));
            path.pop();
        }
    }

    fn sets(&mut self, path: &[String], old: &[Value], new: &[Value]) {
        let thing = words::thing_in(path).unwrap_or("entry");
        let only = |a: &[Value], b: &[Value]| -> Vec<String> {
            a.iter().filter(|value| !b.contains(value)).map(shown).collect()
        };
        let (added, removed) = (only(new, old), only(old, new));
        self.counted(path, thing, &added, "added");
        self.counted(path, thing, &removed, "removed");
    }

    fn counted(&mut self, path: &[String], thing: &str, names: &[String], what: &str) {
        if names.is_empty() {
            return;
        }
        let said = format!(
            "{} {what}: {}",
            words::count(names.len(), thing),
            names.join(", ")
        );
        self.push(path, said, None, Some(&Value::from(names)));
    }

    fn label(&self, path: &[String]) -> String {
        words::label(path, self.one_capability)
    }

    fn push(&mut self, path: &[String], words: String, before: Option<&Value>, after: Option<&Value>) {
        self.changes.push(Change {
            path: path.join("."),
            words,
            before: before.map(told),
            after: after.map(told),
        });
    }
}

fn is_text(map: &Map<String, Value>) -> bool {
    map.len() == 2 && map.contains_key("ar") && map.contains_key("en")
}

/// What differs is told of, and what it is is not.
fn is_hidden(map: &Map<String, Value>) -> bool {
    map.len() == 1 && map.contains_key("hidden")
}

fn is_person(value: &Value) -> bool {
    value.as_object().is_some_and(is_hidden)
}

/// A value without what is hidden in it.
fn told(value: &Value) -> Value {
    match value {
        Value::Object(map) if is_hidden(map) => Value::from("…"),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| (key.clone(), told(value)))
                .collect(),
        ),
        Value::Array(items) => items.iter().map(told).collect(),
        value => value.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            let word = |key: &str| map.get(key).and_then(Value::as_str);
            match (word("en"), word("of"), word("until").or_else(|| word("on"))) {
                (Some(english), ..) => english.to_owned(),
                // An approval or a waiver.
                (_, Some(of), Some(day)) => match (word("state"), word("until")) {
                    (Some(state), _) => format!("{of} {state} on {day}"),
                    (_, Some(until)) => format!("{of} until {until}"),
                    _ => of.to_owned(),
                },
                _ => told(value).to_string(),
            }
        }
        other => told(other).to_string(),
    }
}
