use serde::Deserialize;
use serde::Serialize;

use crate::audit::Unit;
use crate::audit::recordable;
use crate::engine::RightsError;
use crate::engine::activate::admin;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Timestamp;

/// That somebody takes the evidence of a flow out of the store: an administrative act, recorded before they have it
/// (R000-151).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceAct {
    /// The flow.
    pub flow: FlowId,
    /// Who takes it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// SHA-256 of the file.
    pub digest: Digest,
}

impl EvidenceAct {
    /// The act, to be recorded. It belongs to no flow: the evidence of a flow stays the same, however often it is taken.
    ///
    /// # Errors
    /// When the name or the reason is missing, too long, or could hold a civil number.
    pub fn unit(&self, now: Timestamp) -> Result<Unit, RightsError> {
        let by = recordable("the name of whoever takes it", &self.by)?;
        let reason = recordable("the reason", &self.reason)?;
        let detail = format!("flow {}; {}; reason {reason}", self.flow, self.digest);
        Ok(admin("evidence_exported", &by, None, detail, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Event;

    fn act(by: &str, reason: &str) -> EvidenceAct {
        EvidenceAct {
            flow: FlowId::from_parts(Timestamp::EPOCH, [1; 10]),
            by: by.to_owned(),
            reason: reason.to_owned(),
            digest: Digest::of(b"archive"),
        }
    }

    #[test]
    fn the_act_says_who_took_what_and_why() {
        let unit = act("Aisha", "case 2026/4711").unit(Timestamp::EPOCH).unwrap();
        let Event::Admin(admin) = &unit.records[0].event else {
            panic!("no administrative act");
        };
        assert_eq!(
            (admin.act.as_str(), admin.actor.as_str()),
            ("evidence_exported", "Aisha")
        );
        assert!(admin.detail.contains("case 2026/4711") && admin.detail.contains("sha256:"));
        assert_eq!(unit.records[0].flow, None);
    }

    // Law 13: a record is never erased, so no civil number gets into one.
    #[test]
    fn nothing_of_a_person_gets_into_it() {
        for (by, reason) in [("", "x"), ("x", " "), ("x", "of 399123100017"), ("x\ny", "z")] {
            assert!(act(by, reason).unit(Timestamp::EPOCH).is_err(), "{by} {reason}");
        }
    }
}
