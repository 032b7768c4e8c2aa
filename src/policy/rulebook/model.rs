use std::collections::BTreeSet;

use super::BuiltIn;
use super::Language;
use crate::diagnostics::Severity;
use crate::policy::Place;
use crate::words::Environment;
use crate::words::Text;

/// A set of rules with their source.
#[derive(Clone, Debug)]
pub struct Rulebook {
    /// The id, which is the name of its file.
    pub id: String,
    /// What it is called.
    pub title: Text,
    /// The document that its rules come from.
    pub document: String,
    /// The edition of the document.
    pub edition: Option<String>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The id, unique in the rulebook.
    pub id: String,
    /// The requirements that it holds.
    pub requirements: Vec<String>,
    /// The section of the source.
    pub section: String,
    /// Whether a breach prevents loading.
    pub severity: Severity,
    /// Where it applies.
    pub environments: BTreeSet<Environment>,
    /// Whether a service may break it with a waiver.
    pub waivable: bool,
    /// How a breach is found.
    pub check: Check,
    /// What is wrong when it is broken.
    pub message: Text,
    /// What to do about it.
    pub remedy: Text,
    /// Where it stands.
    pub place: Place,
}

/// How a breach is found; each way that is there is tried.
#[derive(Clone, Debug, Default)]
pub struct Check {
    /// An expression that is true where the rule is kept.
    pub holds: Option<Holds>,
    /// Keys that must be there.
    pub present: Vec<String>,
    /// A check that midflow brings.
    pub built_in: Option<BuiltIn>,
    /// Faults that the language finds.
    pub(in crate::policy) language: Option<Language>,
}

/// An expression that is true where the rule is kept.
#[derive(Clone, Debug)]
pub struct Holds {
    /// The expression, in Rhai.
    pub expression: String,
    /// The part of the service for each entry of which it is asked.
    pub each: Option<&'static str>,
    /// The key that a breach points at.
    pub at: Option<String>,
    /// Where the expression stands.
    pub place: Place,
}

impl Rule {
    /// The ids that a breach carries: the requirements, or else the rule's own.
    pub fn ids(&self) -> Vec<String> {
        if self.requirements.is_empty() {
            vec![self.id.clone()]
        } else {
            self.requirements.clone()
        }
    }

    /// Whether a waiver that names this id is about the rule.
    pub fn is_called(&self, id: &str) -> bool {
        self.id == id || self.requirements.iter().any(|requirement| requirement == id)
    }

    /// How a breach counts in an environment; `None` where the rule does not apply. In development a rule that
    /// applies in test is told and refuses nothing, so that a first service need not be complete.
    pub fn severity_in(&self, environment: Environment) -> Option<Severity> {
        if self.environments.contains(&environment) {
            return Some(self.severity);
        }
        let told = environment == Environment::Development && self.environments.contains(&Environment::Test);
        told.then_some(Severity::Warning)
    }

    /// Whether a waiver can set the rule aside. A file that the language refuses does not load, whatever is waived.
    pub fn can_be_waived(&self) -> bool {
        self.waivable && !self.prevents_reading()
    }

    /// Whether a file that breaks the rule does not load, wherever that is.
    pub fn prevents_reading(&self) -> bool {
        self.is_held_by_language() && self.severity == Severity::Error
    }

    /// Whether the language itself holds the rule, and nothing else does.
    pub fn is_held_by_language(&self) -> bool {
        self.check.language.is_some()
            && self.check.holds.is_none()
            && self.check.present.is_empty()
            && self.check.built_in.is_none()
    }
}
