//! The drift alarm: what answers of the authority hold that nobody has told midflow of.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::inner::Inner;
use super::input::Input;
use crate::connector::Drift;
use crate::connector::DriftKind;
use crate::connector::ReplyMeaning;
use crate::words::Outcome;
use crate::words::Timestamp;

/// Something strange that answers have held since this node started. Holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenDrift {
    /// What it is, as it was first seen.
    pub drift: Drift,
    /// When it was first seen.
    pub since: Timestamp,
    /// In how many answers.
    pub count: u64,
}

/// What this node has seen; each thing once, and no more than anybody could read.
#[derive(Default)]
pub(crate) struct Drifts(Mutex<BTreeMap<(DriftKind, String), SeenDrift>>);

impl Drifts {
    /// Keeps it; whether it was new.
    fn note(&self, drift: &Drift, at: Timestamp) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (drift.kind, drift.name.clone());
        if let Some(known) = seen.get_mut(&key) {
            known.count += 1;
            return false;
        }
        if seen.len() >= MOST_KEPT {
            return false;
        }
        let first = SeenDrift {
            drift: drift.clone(),
            since: at,
            count: 1,
        };
        seen.insert(key, first);
        true
    }

    /// Everything, oldest first.
    pub(crate) fn list(&self) -> Vec<SeenDrift> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut list: Vec<SeenDrift> = seen.values().cloned().collect();
        list.sort_by_key(|one| one.since);
        list
    }
}

impl Inner {
    /// What is strange in what came in. Only what is believed counts: whoever can reach the callback address must not be
    /// able to raise alarms.
    pub(super) fn drift_in(&self, input: &Input) -> Vec<Drift> {
        match input {
            Input::Examined { verdict, .. } if verdict.is_believed() => verdict.claims.drift.clone(),
            Input::Reply { reply, .. } => match &reply.meaning {
                ReplyMeaning::Refused {
                    outcome: Outcome::ErrorAuthority,
                    code: Some(code),
                    ..
                } if !self.connector.knows_error(*code) => vec![Drift::code("Error.Code", code.to_string())],
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// Counts it, and tells the operator the first time.
    pub(super) fn note_drift(&self, drift: &Drift) {
        self.metrics.drift(drift.kind);
        if self.drifts.note(drift, self.clock.now()) {
            self.metrics.alarm("drift");
            tracing::warn!(
                kind = drift.kind.as_str(),
                name = %drift.name,
                sample = %drift.sample,
                "the authority's answer holds something that is in no list; ask the authority, then add it to the settings"
            );
        }
    }
}

/// How many different things are kept.
const MOST_KEPT: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_told_once_and_counted() {
        let drifts = Drifts::default();
        let at = |micros| Timestamp::from_micros(micros);
        assert!(drifts.note(&Drift::code("ResultCode", "9"), at(5)));
        assert!(!drifts.note(&Drift::code("ResultCode", "77"), at(6)));
        assert!(drifts.note(&Drift::code("UserAction", "3"), at(4)));
        let list = drifts.list();
        let told: Vec<_> = list
            .iter()
            .map(|one| (one.drift.name.as_str(), one.drift.sample.as_str(), one.count))
            .collect();
        assert_eq!(told, [("UserAction", "3", 1), ("ResultCode", "9", 2)]);
    }

    #[test]
    fn nobody_fills_the_list() {
        let drifts = Drifts::default();
        for number in 0..1_000 {
            drifts.note(&Drift::code(format!("M{number}"), ""), Timestamp::EPOCH);
        }
        assert_eq!(drifts.list().len(), MOST_KEPT);
    }
}
