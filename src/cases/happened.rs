use std::time::Duration;

use crate::connector::Check;
use crate::flow::Note;
use crate::policy::Decision;
use crate::policy::Place;
use crate::policy::Plan;
use crate::script::Hook;
use crate::script::ScriptFault;
use crate::words::Capability;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Timestamp;

/// What became of a case.
#[derive(Default)]
pub(super) struct Happened {
    /// Which rule turned the e-service away before a flow began, and what it was told.
    pub(super) turned_away: Option<TurnedAway>,
    /// What was sent, and the rule that made it what it is.
    pub(super) plan: Option<(Plan, Rule)>,
    /// When the request was handed over for the first time.
    pub(super) sent_at: Option<Timestamp>,
    /// The outcome, after the policy.
    pub(super) outcome: Option<Outcome>,
    /// What was decided.
    pub(super) decision: Option<Decision>,
    /// The hook that decided; `None` for the YAML.
    pub(super) hook: Option<Hook>,
    /// Why a script failed.
    pub(super) fault: Option<ScriptFault>,
    /// What the e-service gets.
    pub(super) person: Option<Person>,
    /// The first check of the connector that failed.
    pub(super) check: Option<Check>,
    /// What the machine noted.
    pub(super) notes: Vec<Note>,
    /// The steps of a journey that began.
    pub(super) steps: Vec<StepTaken>,
    /// The same with the consents before each.
    pub(super) way: Vec<String>,
    /// When the flow ended.
    pub(super) ended_at: Option<Timestamp>,
    /// What happened when, in words; only where somebody wants to read it.
    pub(super) trail: Vec<(Duration, String)>,
}

/// A step of a journey that began.
pub(super) struct StepTaken {
    /// Its capability.
    pub(super) capability: Capability,
    /// How it ended.
    pub(super) outcome: Option<Outcome>,
}

/// Why no flow began.
pub(super) struct TurnedAway {
    /// The rule, such as `limits.per_person`.
    pub(super) rule: String,
    /// What the e-service is told.
    pub(super) detail: String,
    /// Where the rule stands, if it has a place.
    pub(super) place: Option<Place>,
}

/// A rule: where it stands, and the hook if a script made it.
#[derive(Clone)]
pub(super) struct Rule {
    pub(super) place: Place,
    pub(super) hook: Option<Hook>,
}

impl Rule {
    /// A place in a script belongs to the hook that was asked.
    pub(super) fn of(place: &Place, asked: Hook) -> Self {
        Self {
            hook: place.file.ends_with(".rhai").then_some(asked),
            place: place.clone(),
        }
    }
}

/// The word for a note in test files.
pub(super) const fn word(note: Note) -> &'static str {
    match note {
        Note::Duplicate => "duplicate",
        Note::Late => "late",
        Note::Conflicting => "conflicting",
        Note::Rejected => "rejected",
        Note::StrayReply => "stray_reply",
        Note::Ignored => "ignored",
    }
}
