use serde::Serialize;

use super::Fix;

/// One thing that is wrong, or may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// A stable code, such as `E0301`.
    pub code: &'static str,
    /// Whether it prevents loading.
    pub severity: Severity,
    /// What is wrong, in a sentence fragment that names the thing.
    pub message: String,
    /// Where; the first label is the place itself, the others explain it.
    pub labels: Vec<Label>,
    /// What to do about it, one remedy an entry.
    pub help: Vec<String>,
    /// The requirements and rules that it breaks, such as `R000-015`; none if it breaks the language only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// Changes that would do it, the best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Fix>,
}

/// Whether a diagnostic prevents loading. Ordered: errors first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It does.
    Error,
    /// It does not, and should be looked at.
    Warning,
}

/// A marked place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    /// The file, relative to the folder that holds `policies/` and `scripts/`.
    pub file: String,
    /// The first marked character.
    pub start: Position,
    /// The character after the last marked one.
    pub end: Position,
    /// What is said at the place; may be empty.
    pub text: String,
}

/// A place in a text. Lines and columns count from 1; columns count characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Everything that is wrong, in the order of files and places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: &'static str, message: impl Into<String>, label: Label) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: vec![label],
            help: Vec::new(),
            rules: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, message: impl Into<String>, label: Label) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message, label)
        }
    }

    /// The same with a remedy.
    #[must_use]
    pub fn help(mut self, remedy: impl Into<String>) -> Self {
        self.help.push(remedy.into());
        self
    }

    /// The same with the requirements and rules that it breaks.
    #[must_use]
    pub fn rules(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        self.rules.extend(ids);
        self
    }

    /// The same with a change that removes it, if there is one.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Self {
        self.fixes.extend(fix.into());
        self
    }

    /// The same with another place that explains it.
    #[must_use]
    pub fn also(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }
}

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds several.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(others);
    }

    /// Whether anything prevents loading.
    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many were found.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Says once what was found several times, as a fault in a file that many share. Expects them in order.
    pub fn dedup(&mut self) {
        self.0.dedup();
    }

    /// Keeps those that a question is answered with `true` for.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.0.retain(keep);
    }

    /// Puts them in the order of files and places, so that the same input gives the same text.
    pub fn sort(&mut self) {
        self.0.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        // What is wrong with a library is found with each script that uses it.
        self.0.dedup();
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(found: I) -> Self {
        Self(found.into_iter().collect())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn sort_key(diagnostic: &Diagnostic) -> (&str, Position, &str, &str) {
    let (file, start) = diagnostic
        .labels
        .first()
        .map_or(("", Position::default()), |label| {
            (label.file.as_str(), label.start)
        });
    (file, start, diagnostic.code, &diagnostic.message)
}
