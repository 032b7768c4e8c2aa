use super::reader::Reader;
use super::reader::words;
use crate::diagnostics::codes;
use crate::diagnostics::meant;
use crate::policy::language::Key;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Span;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;

/// A map whose keys have been checked.
pub(super) struct Map<'a> {
    /// How messages call it; empty for the whole file.
    pub(super) path: String,
    /// Where the map is named: its key, or the beginning of the file.
    pub(super) at: Span,
    known: Known,
    entries: Vec<(&'a str, &'a Entry)>,
}

/// The keys that a map knows.
#[derive(Clone, Copy)]
pub(super) enum Known {
    /// Those of the description of the language.
    Keys(&'static [Key]),
    /// Those that are named where they are read.
    Words(&'static [&'static str]),
}

impl Known {
    fn names(self) -> impl Iterator<Item = &'static str> {
        let (keys, words) = match self {
            Self::Keys(keys) => (keys, &[][..]),
            Self::Words(words) => (&[][..], words),
        };
        keys.iter().map(|key| key.name).chain(words.iter().copied())
    }
}

impl From<&'static [Key]> for Known {
    fn from(keys: &'static [Key]) -> Self {
        Self::Keys(keys)
    }
}

impl From<&'static [&'static str]> for Known {
    fn from(words: &'static [&'static str]) -> Self {
        Self::Words(words)
    }
}

impl<const N: usize> From<&'static [&'static str; N]> for Known {
    fn from(words: &'static [&'static str; N]) -> Self {
        Self::Words(words)
    }
}

impl<'a> Map<'a> {
    /// The entry of a key, also if the key is slightly misspelt (which has been reported).
    pub(super) fn get(&self, key: &str) -> Option<&'a Entry> {
        debug_assert!(
            self.known.names().any(|known| known == key),
            "`{key}` is not in the description of the language"
        );
        self.entries
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, entry)| *entry)
    }

    /// How messages call a key of the map.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

impl Reader<'_> {
    /// Reads a map and reports every unknown key. A key that is nearly a known one is reported and then read
    /// as the known one, so that one mistake gives one message.
    pub(super) fn map<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        at: Span,
        known: impl Into<Known>,
    ) -> Option<Map<'n>> {
        let known = known.into();
        let entries = self.entries(node, path, at)?;
        let name_of = |entry: &Entry| known.names().find(|name| *name == entry.key);
        let mut found: Vec<(&str, &Entry)> = entries
            .iter()
            .filter_map(|entry| name_of(entry).map(|name| (name, entry)))
            .collect();
        for entry in entries.iter().filter(|entry| name_of(entry).is_none()) {
            let free = known
                .names()
                .filter(|name| !found.iter().any(|(taken, _)| taken == name));
            let meant = meant(&entry.key, free);
            let place = if path.is_empty() {
                "at the top of the file".to_owned()
            } else {
                format!("in `{path}`")
            };
            let help = match meant {
                Some(found) => format!("did you mean `{}`?", found.word),
                None => match home(&entry.key, path) {
                    Some(home) => format!(
                        "`{}` belongs {home}: check how far the line is indented",
                        shown(&entry.key)
                    ),
                    None => {
                        let names: Vec<_> = known.names().collect();
                        format!("the keys {place} are {}", words(&names))
                    }
                },
            };
            let fix =
                meant.and_then(|found| self.instead(entry.key_span, &entry.key, found.word, found.certain));
            self.error_fixed(
                codes::UNKNOWN_KEY,
                format!("unknown key `{}` {place}", shown(&entry.key)),
                entry.key_span,
                help,
                fix,
            );
            if let Some(meant) = meant {
                found.push((meant.word, entry));
            }
        }
        Some(Map {
            path: path.to_owned(),
            at,
            known,
            entries: found,
        })
    }

    /// Reads a map with keys of the writer's own choice.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, path: &str, at: Span) -> Option<&'n [Entry]> {
        if let Value::Map(entries) = &node.value {
            return Some(entries);
        }
        let name = if path.is_empty() { "the file" } else { path };
        let span = if path.is_empty() { at } else { node.span };
        let help = "write each as `key: value`, indented below it";
        self.wrong_type(node, name, "keys with values", span, help);
        None
    }

    /// Reads a list.
    pub(super) fn list<'n>(&mut self, node: &'n Node, path: &str, example: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) if items.is_empty() => {
                self.error(
                    codes::EMPTY_LIST,
                    format!("`{path}` is an empty list"),
                    node.span,
                    format!("write at least one entry, such as `{example}`"),
                );
                None
            }
            Value::List(items) => Some(items),
            _ => {
                let help = format!("write `{example}`");
                self.wrong_type(node, path, "a list", node.span, &help);
                None
            }
        }
    }

    /// The entry of a key that must be there.
    pub(super) fn required<'n>(&mut self, map: &Map<'n>, key: &str, example: &str) -> Option<&'n Entry> {
        let entry = map.get(key);
        if entry.is_none() && !self.is_partial() {
            let whose = if map.path.is_empty() {
                "the file".to_owned()
            } else {
                format!("`{}`", map.path)
            };
            self.error_about(
                map.path_of(key),
                codes::MISSING_KEY,
                format!("{whose} has no `{key}`"),
                map.at,
                format!("add `{key}: {example}`"),
            );
        }
        entry
    }
}

/// Where a key belongs that stands at the wrong level.
fn home(key: &str, path: &str) -> Option<&'static str> {
    let (_, home) = HOMES.iter().find(|(keys, _)| keys.contains(&key))?;
    (path.is_empty() != (*home == TOP)).then_some(*home)
}

const TOP: &str = "at the top of the file";
const HOMES: [(&[&str], &str); 5] = [
    (
        &[
            "sensitivity",
            "channels",
            "capabilities",
            "inputs",
            "fields",
            "outcomes",
            "notices",
        ],
        TOP,
    ),
    (
        &[
            "script",
            "retention",
            "limits",
            "audience",
            "purpose",
            "environments",
        ],
        TOP,
    ),
    (&["assurance", "expires_in"], "below a capability"),
    (&["then", "say", "attempts"], "below an outcome"),
    (&["contacts", "third_party"], "below `organization`"),
];
