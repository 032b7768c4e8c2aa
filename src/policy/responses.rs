use std::collections::BTreeMap;

use super::Place;
use super::Then;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::Text;

/// What a service does with every outcome: one answer a class, so that none can be missing (law 8), and
/// answers for single leaf codes where they differ from their class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Responses {
    /// The person approved.
    pub approved: Response,
    /// The person declined.
    pub declined: Response,
    /// Nobody answered in time.
    pub timeout: Response,
    /// Something failed on the way.
    pub error: Response,
    /// Everything else.
    pub other: Response,
    /// Leaf codes that are answered differently from their class.
    pub codes: BTreeMap<Outcome, Response>,
}

impl Responses {
    /// The answer to an outcome: the leaf code's own, or else its class's.
    pub fn response(&self, outcome: Outcome) -> &Response {
        self.codes
            .get(&outcome)
            .unwrap_or_else(|| self.of_class(outcome.class()))
    }

    /// The answer to a class.
    pub const fn of_class(&self, class: OutcomeClass) -> &Response {
        match class {
            OutcomeClass::Approved => &self.approved,
            OutcomeClass::Declined => &self.declined,
            OutcomeClass::Timeout => &self.timeout,
            OutcomeClass::Error => &self.error,
            OutcomeClass::Other => &self.other,
        }
    }
}

/// What to do with an outcome (R000-081 to R000-085).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What happens next.
    pub then: Then,
    /// What the citizen is told.
    pub say: Text,
    /// Where it is declared.
    pub place: Place,
}
