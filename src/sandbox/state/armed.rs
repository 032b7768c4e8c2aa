use std::time::Duration;

use super::mind::State;
use crate::sandbox::scenario::Scenario;

/// A scenario that waits for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct Armed {
    pub(in crate::sandbox) scenario: Scenario,
    pub(in crate::sandbox) delay: Option<Duration>,
}

impl State {
    /// Makes a scenario wait for the next request of a citizen, or of anybody. Several wait in line.
    pub(in crate::sandbox) fn arm(&self, civil_no: Option<&str>, armed: Armed) {
        let mut inner = self.lock();
        let line = match civil_no {
            Some(civil_no) => inner.armed.entry(civil_no.to_owned()).or_default(),
            None => &mut inner.armed_for_anyone,
        };
        line.push_back(armed);
        if line.len() > LONGEST_LINE {
            line.pop_front();
        }
        drop(inner);
        self.changed(civil_no.unwrap_or_default());
    }

    pub(in crate::sandbox) fn disarm(&self, civil_no: &str) {
        let mut inner = self.lock();
        inner.armed.remove(civil_no);
        inner.armed_for_anyone.clear();
        drop(inner);
        self.changed(civil_no);
    }

    /// What waits for a citizen's next requests, in order.
    pub(in crate::sandbox) fn armed(&self, civil_no: &str) -> Vec<Armed> {
        let inner = self.lock();
        let own = inner.armed.get(civil_no).into_iter().flatten();
        own.chain(&inner.armed_for_anyone).copied().collect()
    }
}

/// How many scenarios wait in one line.
const LONGEST_LINE: usize = 1000;
