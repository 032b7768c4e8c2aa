use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Fix;
use crate::diagnostics::Label;
use crate::diagnostics::Position;
use crate::diagnostics::Severity;
use crate::diagnostics::codes;
use crate::diagnostics::meant;
use crate::diagnostics::suggest;
use crate::policy::Defaults;
use crate::policy::Place;
use crate::policy::language::Key;
use crate::policy::repair::repaired_boolean;
use crate::policy::repair::repaired_integer;
use crate::policy::rulebook;
use crate::policy::yaml;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Layer;
use crate::policy::yaml::Node;
use crate::policy::yaml::Scalar;
use crate::policy::yaml::Span;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;

/// One file being read: where problems are found, and where they are kept.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) lines: Vec<&'a str>,
    /// The byte at which each line begins.
    pub(super) starts: Vec<usize>,
    defaults: Option<&'a Defaults>,
    partial: bool,
    found: Vec<Found>,
}

/// A problem, with the key it is about where that key is not there to point at.
struct Found {
    diagnostic: Diagnostic,
    about: Option<String>,
}

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

impl<'a> Reader<'a> {
    /// Begins with a file, takes it apart, and keeps what is wrong with the YAML itself.
    pub(super) fn open(file: &'a str, text: &'a str) -> (Self, Option<Node>) {
        let mut reader = Self {
            file,
            text,
            lines: text.lines().collect(),
            starts: text
                .split_inclusive('\n')
                .scan(0, |next, line| {
                    let start = *next;
                    *next += line.len();
                    Some(start)
                })
                .collect(),
            defaults: None,
            partial: false,
            found: Vec::new(),
        };
        let (root, faults) = yaml::parse(text);
        for fault in faults {
            let mut diagnostic =
                Diagnostic::error(fault.code, fault.message, reader.label(fault.span, "")).help(fault.help);
            if let Some((span, text)) = fault.also {
                diagnostic = diagnostic.also(reader.label(span, text));
            }
            if let Some(bytes) = fault.superfluous {
                let title = "remove the second one, which says the same";
                diagnostic = diagnostic.fix(Fix::at(file, bytes, "", title).certain_if(true));
            }
            reader.push(diagnostic);
        }
        (reader, root)
    }

    /// Takes what the file does not say from the defaults.
    pub(super) fn inherit(&mut self, root: &mut Node, defaults: &'a Defaults) {
        defaults.fill(root);
        self.defaults = Some(defaults);
    }

    /// What is required elsewhere may be missing in this file.
    pub(super) fn allow_missing(&mut self) {
        self.partial = true;
    }

    /// Whether what is required elsewhere may be missing in this file.
    pub(super) const fn is_partial(&self) -> bool {
        self.partial
    }

    /// Everything that was found, in the order of the file, each with the rules of the authority that it breaks.
    pub(super) fn finish(self, root: Option<&Node>) -> Diagnostics {
        let mut found = Diagnostics::default();
        for Found { diagnostic, about } in self.found {
            let path = about.unwrap_or_else(|| {
                let at = diagnostic.labels.first().map(|label| Span {
                    start: label.start,
                    end: label.end,
                    layer: if label.file == self.file {
                        Layer::File
                    } else {
                        Layer::Defaults
                    },
                });
                root.zip(at)
                    .map(|(root, at)| root.path_at(at))
                    .unwrap_or_default()
            });
            let declares = |capability: &str| {
                root.and_then(|root| root.entry("capabilities"))
                    .is_some_and(|entry| entry.node.entry(capability).is_some())
            };
            let rules = rulebook::of_language(diagnostic.code, &path, declares);
            found.push(diagnostic.rules(rules));
        }
        found.sort();
        found
    }

    /// The same for a file that no rule speaks of.
    pub(super) fn finish_plain(self) -> Diagnostics {
        let mut found = Diagnostics::default();
        found.extend(self.found.into_iter().map(|found| found.diagnostic));
        found.sort();
        found
    }

    /// Whether an error was found so far.
    pub(super) fn has_errors(&self) -> bool {
        self.found
            .iter()
            .any(|found| found.diagnostic.severity == Severity::Error)
    }

    /// Whether something was found that begins at a place.
    pub(super) fn has_error_at(&self, span: Span) -> bool {
        self.found
            .iter()
            .filter_map(|found| found.diagnostic.labels.first())
            .any(|label| label.start == span.start)
    }

    /// Adds what was found.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(Found {
            diagnostic,
            about: None,
        });
    }

    /// Adds an error about a key that is not there to point at.
    pub(super) fn error_about(
        &mut self,
        path: String,
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::error(code, message, self.label(span, "")).help(help);
        self.found.push(Found {
            diagnostic,
            about: Some(path),
        });
    }

    /// Whether something was found between a key and the end of its value.
    pub(super) fn has_error_within(&self, key: Span, node: &Node) -> bool {
        let end = node.span.end.max(key.end);
        self.found
            .iter()
            .filter_map(|found| found.diagnostic.labels.first())
            .any(|label| key.start <= label.start && label.start <= end)
    }

    /// The place of a value, for what is compared with it later.
    pub(super) fn label_of(&self, span: Span) -> Label {
        self.label(span, "")
    }

    /// Adds an error with its remedy.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::error(code, message, self.label(span, "")).help(help);
        self.push(diagnostic);
    }

    /// Adds a warning with its remedy.
    pub(super) fn warning(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::warning(code, message, self.label(span, "")).help(help);
        self.push(diagnostic);
    }

    /// Adds an error that another place explains.
    pub(super) fn error_with(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        also: (Span, &str),
        help: impl Into<String>,
    ) {
        let other = self.label(also.0, also.1);
        let diagnostic = Diagnostic::error(code, message, self.label(span, ""))
            .also(other)
            .help(help);
        self.push(diagnostic);
    }

    /// A place for what is read.
    pub(super) fn place(&self, span: Span) -> Place {
        Place {
            file: self.written_in(span).0.to_owned(),
            line: span.start.line,
            column: span.start.column,
        }
    }

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
        if entry.is_none() && !self.partial {
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

    /// Reads a value that must be a text; a plain number, `true` or nothing is none.
    pub(super) fn string<'n>(&mut self, node: &'n Node, path: &str, example: &str) -> Option<&'n str> {
        let (help, fix) = match &node.value {
            Value::Scalar(scalar) if scalar.quoted || plain_kind(&scalar.text) == Plain::Text => {
                return Some(&scalar.text);
            }
            Value::Scalar(scalar) if !scalar.text.is_empty() => (
                format!("put it into quotes: \"{}\"", shown(&scalar.text)),
                (plain_kind(&scalar.text) != Plain::Nothing)
                    .then(|| self.quoted(node.span, &scalar.text))
                    .flatten(),
            ),
            _ => (
                format!("write `{example}`; a text with brackets, braces or a colon goes into quotes"),
                None,
            ),
        };
        self.wrong_type_fixed(node, path, "a text", node.span, &help, fix);
        None
    }

    /// Reads a whole number within bounds.
    pub(super) fn integer(&mut self, node: &Node, path: &str, min: i64, max: i64) -> Option<i64> {
        let number = match &node.value {
            Value::Scalar(scalar) if !scalar.quoted && plain_kind(&scalar.text) == Plain::Integer => {
                scalar.text.parse::<i64>().ok()
            }
            _ => {
                let help = "write digits only, without quotes, points or commas";
                let fix = scalar_text(node)
                    .and_then(repaired_integer)
                    .and_then(|number| self.rewritten(node.span, &number.to_string()));
                self.wrong_type_fixed(node, path, "a whole number", node.span, help, fix);
                return None;
            }
        };
        let within = number.filter(|number| (min..=max).contains(number));
        if within.is_none() {
            self.error(
                codes::OUT_OF_RANGE,
                format!("`{path}` is out of range"),
                node.span,
                format!("write a number from {min} to {max}"),
            );
        }
        within
    }

    /// Reads `true` or `false`.
    pub(super) fn boolean(&mut self, node: &Node, path: &str) -> Option<bool> {
        if let Value::Scalar(scalar) = &node.value
            && !scalar.quoted
        {
            match scalar.text.as_str() {
                "true" => return Some(true),
                "false" => return Some(false),
                _ => {}
            }
        }
        let fix = scalar_text(node)
            .and_then(repaired_boolean)
            .and_then(|truth| self.rewritten(node.span, if truth { "true" } else { "false" }));
        let help = "write `true` or `false`";
        self.wrong_type_fixed(node, path, "`true` or `false`", node.span, help, fix);
        None
    }

    /// Reads one of a few words.
    pub(super) fn word<T>(
        &mut self,
        node: &Node,
        path: &str,
        code: &'static str,
        known: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let first = known.first().copied().unwrap_or_default();
        let text = self.string(node, path, first)?;
        let value = read(text);
        if value.is_none() {
            let message = format!("`{}` is no value of `{path}`", shown(text));
            self.misspelt(code, message, node.span, text, known);
        }
        value
    }

    /// Reports a value of another kind than expected, once.
    pub(super) fn wrong_type(&mut self, node: &Node, path: &str, expected: &str, span: Span, help: &str) {
        self.wrong_type_fixed(node, path, expected, span, help, None);
    }

    /// The same with the change that makes it the kind that is expected.
    fn wrong_type_fixed(
        &mut self,
        node: &Node,
        path: &str,
        expected: &str,
        span: Span,
        help: &str,
        fix: Option<Fix>,
    ) {
        let Some(actual) = kind(&node.value) else {
            return;
        };
        let name = if path == "the file" {
            path.to_owned()
        } else {
            format!("`{path}`")
        };
        let message = format!("{name} needs {expected}, but {actual} is written");
        self.error_fixed(codes::WRONG_TYPE, message, span, help, fix);
    }

    /// The place of some characters inside a value: exact where the value stands on one line as it is, and
    /// else the whole value.
    pub(super) fn inside(&self, node: &Node, scalar: &Scalar, at: usize, length: usize) -> Span {
        let start = node.span.start;
        let number = |value: u32| usize::try_from(value).unwrap_or(usize::MAX).saturating_sub(1);
        let offset = usize::from(scalar.quoted);
        let written = self.line_of(node.span, number(start.line)).map(|line| {
            line.chars()
                .skip(number(start.column).saturating_add(offset))
                .take(at.saturating_add(length))
        });
        let same =
            written.is_some_and(|written| written.eq(scalar.text.chars().take(at.saturating_add(length))));
        if !same || start.line != node.span.end.line {
            return node.span;
        }
        let column = |chars: usize| {
            let chars = u32::try_from(chars.saturating_add(offset)).unwrap_or(u32::MAX);
            Position {
                line: start.line,
                column: start.column.saturating_add(chars),
            }
        };
        Span {
            start: column(at),
            end: column(at.saturating_add(length)),
            layer: node.span.layer,
        }
    }

    /// A label; what goes on over several lines is marked on its first.
    pub(super) fn label(&self, span: Span, text: &str) -> Label {
        let line = usize::try_from(span.start.line)
            .ok()
            .and_then(|line| self.line_of(span, line.saturating_sub(1)));
        let width = line.map_or(0, |line| line.chars().count());
        let after_line = u32::try_from(width).unwrap_or(u32::MAX).saturating_add(1);
        let mut end = span.end;
        if end.line > span.start.line {
            end = Position {
                line: span.start.line,
                column: after_line,
            };
        }
        let least = span.start.column.saturating_add(1);
        Label {
            file: self.written_in(span).0.to_owned(),
            start: span.start,
            end: Position {
                line: end.line,
                column: end.column.max(least),
            },
            text: text.to_owned(),
        }
    }
}

impl<'a> Reader<'a> {
    /// The file that something is written in, with its text if that is another file than this one.
    fn written_in(&self, span: Span) -> (&'a str, Option<&'a str>) {
        match (span.layer, self.defaults) {
            (Layer::Defaults, Some(defaults)) => (&defaults.file, Some(&defaults.text)),
            _ => (self.file, None),
        }
    }

    fn line_of(&self, span: Span, number: usize) -> Option<&'a str> {
        match self.written_in(span).1 {
            Some(text) => text.lines().nth(number),
            None => self.lines.get(number).copied(),
        }
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

/// The text of a single value.
fn scalar_text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

/// The help for a word that is none of the known ones.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    let all = format!("write one of {}", words(known));
    match suggest(word, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? ({all})"),
        None => all,
    }
}

/// Words for a message.
pub(super) fn words(known: &[&str]) -> String {
    let quoted: Vec<_> = known.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// What a plain value is by the core rules of YAML 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plain {
    Nothing,
    Boolean,
    Integer,
    Number,
    Text,
}

fn plain_kind(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Nothing,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return Plain::Boolean,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "-.inf" | ".nan" | ".NaN" | ".NAN" => return Plain::Number,
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits(digits) {
        return Plain::Integer;
    }
    let based = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0o"));
    if based.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Plain::Number;
    }
    let numeric = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
        && digits.parse::<f64>().is_ok();
    if numeric { Plain::Number } else { Plain::Text }
}

/// What is written, in words; `None` if it has been reported before.
fn kind(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Broken => return None,
        Value::List(_) => "a list",
        Value::Map(_) => "a map with keys",
        Value::Scalar(scalar) if scalar.quoted => "a text",
        Value::Scalar(scalar) => match plain_kind(&scalar.text) {
            Plain::Nothing => "nothing",
            Plain::Boolean => "a truth value",
            Plain::Integer | Plain::Number => "a number",
            Plain::Text => "a text",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_are_read_by_yaml_1_2() {
        for (text, expected) in [
            ("", Plain::Nothing),
            ("~", Plain::Nothing),
            ("null", Plain::Nothing),
            ("true", Plain::Boolean),
            ("no", Plain::Text),
            ("on", Plain::Text),
            ("12", Plain::Integer),
            ("+96512345678", Plain::Integer),
            ("-5", Plain::Integer),
            ("1.5", Plain::Number),
            ("1e9", Plain::Number),
            (".5", Plain::Number),
            ("0x1f", Plain::Number),
            (".inf", Plain::Number),
            ("1.2.3", Plain::Text),
            ("5m", Plain::Text),
            ("-", Plain::Text),
            ("e", Plain::Text),
            ("inf", Plain::Text),
            ("2026-01-01", Plain::Text),
        ] {
            assert_eq!(plain_kind(text), expected, "{text}");
        }
    }
}
