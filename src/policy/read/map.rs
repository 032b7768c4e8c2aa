use super::reader::Reader;
use super::reader::words;
use crate::diagnostics::Fix;
use crate::diagnostics::codes;
use crate::policy::language;
use crate::policy::language::Key;
use crate::policy::language::LANGUAGES;
use crate::policy::language::Need;
use crate::policy::language::Shape;
use crate::policy::language::meant_word;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Layer;
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

    /// The name as the language has it, if the map knows it.
    fn name(self, key: &str) -> Option<&'static str> {
        self.names().find(|name| *name == key)
    }

    /// The first text that has to be there and is not.
    fn missing_text(self, is_there: impl Fn(&str) -> bool) -> Option<&'static str> {
        let Self::Keys(keys) = self else {
            return None;
        };
        let is_wanted = |key: &&Key| {
            matches!(key.shape, Shape::Text { .. })
                && matches!(key.need, Need::Required)
                && !is_there(key.name)
        };
        keys.iter().find(is_wanted).map(|key| key.name)
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
        let Value::Map(entries) = &node.value else {
            let names: Vec<_> = known.names().collect();
            let help = match names.as_slice() {
                few @ [first, ..] if few.len() <= MOST_NAMED && !path.is_empty() => {
                    format!(
                        "write its keys below it, as `{first}: …`; they are {}",
                        words(few)
                    )
                }
                _ => EACH_BELOW.to_owned(),
            };
            self.no_map(node, path, at, &help);
            return None;
        };
        let mut found: Vec<(&str, &Entry)> = entries
            .iter()
            .filter_map(|entry| known.name(&entry.key).map(|name| (name, entry)))
            .collect();
        let mut above: Option<&Entry> = None;
        for entry in entries {
            if known.name(&entry.key).is_some() {
                above = Some(entry);
            } else if let Some((name, entry)) = self.unknown(entry, above, known, &found, path) {
                found.retain(|(taken, _)| *taken != name);
                found.push((name, entry));
            }
        }
        Some(Map {
            path: path.to_owned(),
            at,
            known,
            entries: found,
        })
    }

    /// Reports an unknown key, unless what was said before explains it. Gives the known key that it stands for, with what is
    /// to be read there.
    fn unknown<'n>(
        &mut self,
        entry: &'n Entry,
        above: Option<&'n Entry>,
        known: Known,
        found: &[(&'n str, &'n Entry)],
        path: &str,
    ) -> Option<(&'n str, &'n Entry)> {
        let of_this_file = |name: &str| {
            let is_it = |(taken, one): &&(&str, &Entry)| *taken == name && one.key_span.layer == Layer::File;
            found.iter().find(is_it).map(|(_, entry)| *entry)
        };
        if let Some(name) = self.glued(entry, known) {
            return Some((name, &BROKEN));
        }
        if let Some(name) = above.and_then(|above| known.name(&above.key))
            && belongs_below(known, name, &entry.key)
        {
            // Each further key of the same text or map has the same reason.
            match of_this_file(name) {
                Some(one) if is_nothing(one) => self.beside(entry, name),
                Some(one) if one.node.value == Value::Broken => {}
                _ => return self.misspelt_key(entry, known, &of_this_file, path),
            }
            return Some((name, &BROKEN));
        }
        if is_language(&entry.key)
            && let Some(name) = known
                .missing_text(|name| of_this_file(name).is_some_and(|one| one.node.value != Value::Broken))
        {
            if of_this_file(name).is_none() {
                self.error(
                    codes::UNKNOWN_KEY,
                    format!("the text stands without its key `{name}`"),
                    entry.key_span,
                    format!("write `{name}: {{ ar: \"…\", en: \"…\" }}`"),
                );
            }
            return Some((name, &BROKEN));
        }
        self.misspelt_key(entry, known, &of_this_file, path)
    }

    /// `evidence:10y`, which YAML reads as a key with nothing behind it.
    fn glued(&mut self, entry: &Entry, known: Known) -> Option<&'static str> {
        let (key, value) = entry.key.split_once(':')?;
        let name = known.name(key.trim())?;
        if value.is_empty() || !is_nothing(entry) {
            return None;
        }
        let fix = self.bytes(entry.key_span).and_then(|bytes| {
            let colon = bytes.start + self.text.get(bytes)?.find(':')? + 1;
            Some(
                Fix::at(
                    self.file,
                    colon..colon,
                    " ",
                    format!("write a space after `{name}:`"),
                )
                .certain_if(true),
            )
        });
        self.error_fixed(
            codes::YAML_SYNTAX,
            format!("a space is missing after `{name}:`"),
            entry.key_span,
            "write `key: value`, with a space after the colon",
            fix,
        );
        Some(name)
    }

    /// A key that was meant to stand below the one before it.
    fn beside(&mut self, entry: &Entry, name: &str) {
        self.error(
            codes::UNKNOWN_KEY,
            format!("`{}` stands beside `{name}` and not below it", shown(&entry.key)),
            entry.key_span,
            format!("indent what belongs to `{name}` two spaces deeper than `{name}`"),
        );
    }

    fn misspelt_key<'n>(
        &mut self,
        entry: &'n Entry,
        known: Known,
        taken: &dyn Fn(&str) -> Option<&'n Entry>,
        path: &str,
    ) -> Option<(&'n str, &'n Entry)> {
        // What a default says is no reason to take a misspelt key for another one.
        let free = known.names().filter(|name| taken(name).is_none());
        let meant = meant_word(&entry.key, free);
        let place = if path.is_empty() {
            "at the top of the file".to_owned()
        } else {
            format!("in `{path}`")
        };
        let help = match meant {
            Some(found) => format!("did you mean `{}`?", found.word),
            None => home(&entry.key, path, known).unwrap_or_else(|| {
                let names: Vec<_> = known.names().collect();
                format!("the keys {place} are {}", words(&names))
            }),
        };
        let fix = meant.and_then(|found| self.instead(entry.key_span, &entry.key, found.word, found.certain));
        self.error_fixed(
            codes::UNKNOWN_KEY,
            format!("unknown key `{}` {place}", shown(&entry.key)),
            entry.key_span,
            help,
            fix,
        );
        meant.map(|meant| (meant.word, entry))
    }

    /// Reads a map with keys of the writer's own choice.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, path: &str, at: Span) -> Option<&'n [Entry]> {
        if let Value::Map(entries) = &node.value {
            return Some(entries);
        }
        self.no_map(node, path, at, EACH_BELOW);
        None
    }

    fn no_map(&mut self, node: &Node, path: &str, at: Span, help: &str) {
        let name = if path.is_empty() { "the file" } else { path };
        let span = if path.is_empty() { at } else { node.span };
        self.wrong_type(node, name, "keys with values", span, help);
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
            other => {
                let dashes = matches!(other, Value::Scalar(one) if !one.quoted && one.text.starts_with(['-', '–', '—', '•']));
                let help = if dashes {
                    format!("begin each entry with a plain hyphen and a space, or write `{example}`")
                } else {
                    format!("write `{example}`")
                };
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

/// Whether nothing is written behind a key.
fn is_nothing(entry: &Entry) -> bool {
    matches!(&entry.node.value, Value::Scalar(scalar) if !scalar.quoted && scalar.text.is_empty())
}

fn is_language(key: &str) -> bool {
    LANGUAGES.iter().any(|language| language.name == key)
}

/// Whether a key of that name can stand below another.
fn belongs_below(known: Known, name: &str, key: &str) -> bool {
    let Known::Keys(keys) = known else {
        return false;
    };
    match keys.iter().find(|key| key.name == name).map(|key| &key.shape) {
        Some(Shape::Text { .. }) => is_language(key),
        Some(Shape::Map(below)) => below.iter().any(|below| below.name == key),
        Some(Shape::Named(..)) => true,
        _ => false,
    }
}

/// Where a key belongs that stands at the wrong level.
fn home(key: &str, path: &str, known: Known) -> Option<String> {
    let word = shown(key);
    if matches!(key, "required" | "mandatory") && known.name("optional").is_some() {
        return Some("everything is required that does not say `optional: true`".to_owned());
    }
    let has = |keys: &[Key]| keys.iter().any(|known| known.name == key);
    if path.is_empty() && known.name("defaults").is_some() {
        return has(language::DEFAULTS)
            .then(|| format!("`{word}` belongs below `defaults`: indent it two spaces deeper"));
    }
    if path == "defaults" {
        return has(language::SERVICE)
            .then(|| format!("services share no `{word}`: write it in each service"));
    }
    let (_, home) = HOMES.iter().find(|(keys, _)| keys.contains(&key))?;
    (path.is_empty() != (*home == TOP))
        .then(|| format!("`{word}` belongs {home}: check how far the line is indented"))
}

const EACH_BELOW: &str = "write each as `key: value`, indented below it";
/// Of more keys than these nobody reads the names.
const MOST_NAMED: usize = 8;

/// What is read where something was reported that must not be reported again.
static BROKEN: Entry = Entry {
    key: String::new(),
    key_span: Span::default_first(),
    node: Node {
        span: Span::default_first(),
        value: Value::Broken,
    },
};

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
