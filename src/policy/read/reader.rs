use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Fix;
use crate::diagnostics::Label;
use crate::diagnostics::Position;
use crate::diagnostics::Severity;
use crate::policy::Defaults;
use crate::policy::Place;
use crate::policy::language::meant_word;
use crate::policy::rulebook;
use crate::policy::yaml;
use crate::policy::yaml::Layer;
use crate::policy::yaml::Node;
use crate::policy::yaml::Scalar;
use crate::policy::yaml::Span;

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
            if let Some((bytes, right)) = fault.slip {
                let title = match right.trim() {
                    "" => "write plain spaces".to_owned(),
                    shown => format!("write `{shown}`"),
                };
                diagnostic = diagnostic.fix(Fix::at(file, bytes, right, title).certain_if(true));
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

/// The help for a word that is none of the known ones.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    let all = format!("write one of {}", words(known));
    match meant_word(word, known.iter().copied()) {
        Some(meant) => format!("did you mean `{}`? ({all})", meant.word),
        None => all,
    }
}

/// Words for a message.
pub(super) fn words(known: &[&str]) -> String {
    let quoted: Vec<_> = known.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
