use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use super::Place;
use crate::words::Assurance;
use crate::words::Field;
use crate::words::Text;

/// What a flow is going to send, after YAML and script have been applied: data, no effects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The assurance to ask for.
    pub assurance: Assurance,
    /// The reason as rendered, without the challenge.
    pub reason: Text,
    /// The declared fields that are still wanted.
    pub fields: Vec<Field>,
    /// How long the person has to answer.
    pub expires_in: Duration,
}

/// What a script may change of a plan: only towards less (law 6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tightening {
    /// A higher assurance; a lower one than planned changes nothing.
    pub assurance: Option<Assurance>,
    /// Fields to drop; one that is not declared changes nothing.
    pub drop_fields: Vec<Field>,
    /// A shorter deadline; a longer one than planned changes nothing.
    pub expires_in: Option<Duration>,
}

/// A refusal by policy, with what the citizen is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// A short stable code of the service's own, such as `minor`.
    pub code: String,
    /// What the citizen is told.
    pub say: Text,
}

/// What happens after an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The e-service goes on.
    Continue,
    /// The person may try again, so many times in all.
    Retry {
        /// The most attempts, the first included.
        attempts: u8,
    },
    /// The e-service stops here.
    Stop,
}

/// What the policy does with an outcome: data that the runtime carries out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What happens next.
    pub then: Then,
    /// What the citizen is told.
    pub say: Text,
    /// The refusal's code, where the policy refused.
    pub refusal: Option<String>,
    /// The file, line and column that decided.
    pub rule: Place,
}

impl Plan {
    /// The meet of this plan and a tightening: never more than either (law 6).
    #[must_use]
    pub fn tighten(&self, tightening: &Tightening) -> Self {
        let kept = |field: &&Field| !tightening.drop_fields.contains(field) || **field == CIVIL_NO;
        Self {
            assurance: tightening
                .assurance
                .map_or(self.assurance, |level| level.max(self.assurance)),
            reason: self.reason.clone(),
            fields: self.fields.iter().filter(kept).cloned().collect(),
            expires_in: tightening
                .expires_in
                .map_or(self.expires_in, |time| time.min(self.expires_in)),
        }
    }
}

/// The civil number can't be dropped: it is how the approver is compared with the person asked (R000-027).
const CIVIL_NO: Field = Field::Plain(crate::words::FieldSource::CivilNo);
