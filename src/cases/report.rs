use super::compare::Mismatch;
use super::happened::Happened;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Label;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::policy::Case;
use crate::policy::Place;

/// What a run of tests found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many cases passed.
    pub passed: usize,
    /// How many failed.
    pub failed: usize,
    /// Each expectation that was not met, in the order of services and cases.
    pub failures: Vec<Failure>,
}

/// One expectation that was not met.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The name of the case.
    pub case: String,
    /// What the expectation is about, such as `plan.assurance`.
    pub about: &'static str,
    /// What was expected, in words.
    pub expected: String,
    /// What came out, in words.
    pub got: String,
    /// Where the expectation is written.
    pub at: Label,
    /// The rule that made it so; `None` if no rule did, such as where nothing came at all.
    pub rule: Option<Place>,
    /// What happened, step by step, with the time since the beginning.
    pub trail: Vec<String>,
}

impl Report {
    /// Whether no case failed.
    pub const fn is_good(&self) -> bool {
        self.failed == 0
    }

    /// The failures as diagnostics, each at its expectation; those that differ in nothing but the name are one.
    pub fn diagnostics(&self) -> Diagnostics {
        let mut all = Diagnostics::default();
        let mut told: Vec<&Failure> = Vec::new();
        for failure in &self.failures {
            // The same mistake seen from other channels or in the other language is told once.
            if told.iter().any(|known| known.is_like(failure)) {
                continue;
            }
            let like = self
                .failures
                .iter()
                .filter(|other| other.is_like(failure))
                .count();
            told.push(failure);
            let mut diagnostic = failure.diagnostic();
            if like > 1 {
                diagnostic = diagnostic.help(format!("{} more cases fail here in the same way", like - 1));
            }
            all.push(diagnostic);
        }
        all
    }
}

impl Failure {
    pub(super) fn new(case: &Case, mismatch: Mismatch, told: &Happened) -> Self {
        let mut trail: Vec<String> = told
            .trail
            .iter()
            .map(|(at, what)| format!("{}.{:03} s {what}", at.as_secs(), at.subsec_millis()))
            .collect();
        if let Some(away) = &told.turned_away {
            trail.push(format!("turned away by `{}`: {}", away.rule, away.detail));
        }
        if let Some(fault) = &told.fault {
            trail.push(format!("the script failed: {fault}"));
        }
        Self {
            case: case.name.clone(),
            about: mismatch.about,
            expected: mismatch.expected,
            got: mismatch.got,
            at: mismatch.at,
            rule: mismatch.rule,
            trail,
        }
    }

    /// A case that could not be run to its end.
    pub(super) fn broken_off(case: &Case) -> Self {
        Self {
            case: case.name.clone(),
            about: "case",
            expected: "run to its end".to_owned(),
            got: "broken off by a fault of midflow itself; please report it".to_owned(),
            at: case.at.clone(),
            rule: None,
            trail: Vec::new(),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.at == other.at
            && self.about == other.about
            && self.expected == other.expected
            && self.got == other.got
    }

    /// The failure as a diagnostic: the expectation, the rule that made it otherwise, and the way there.
    pub fn diagnostic(&self) -> Diagnostic {
        let message = format!(
            "{}: `{}` is {}, not {}",
            self.case, self.about, self.got, self.expected
        );
        let expected = Label {
            text: "expected".to_owned(),
            ..self.at.clone()
        };
        let mut diagnostic = Diagnostic::error(codes::CASE_FAILED, message, expected);
        if let Some(place) = &self.rule {
            diagnostic = diagnostic.also(label_of(place, "this rule made it so"));
        }
        if !self.trail.is_empty() {
            diagnostic = diagnostic.help(format!("so it went: {}", self.trail.join("; ")));
        }
        diagnostic
    }
}

/// A place as a label.
pub(super) fn label_of(place: &Place, text: &str) -> Label {
    let start = Position {
        line: place.line,
        column: place.column,
    };
    Label {
        file: place.file.clone(),
        start,
        end: Position {
            line: start.line,
            column: start.column.saturating_add(1),
        },
        text: text.to_owned(),
    }
}
