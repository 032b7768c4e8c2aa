use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;

use bytes::Bytes;

use super::armed::Armed;
use crate::sandbox::card::ShownCards;
use crate::sandbox::citizen::Ending;
use crate::sandbox::conduct::Conduct;
use crate::sandbox::conduct::Pace;
use crate::sandbox::conduct::is_about_reply;
use crate::sandbox::ledger::Ledger;
use crate::sandbox::request::Asked;
use crate::sandbox::request::Notified;
use crate::sandbox::request::Standing;
use crate::words::Text;
use crate::words::Timestamp;

/// A service provider, as it is registered.
pub(super) struct Provider {
    pub(super) name: Text,
    pub(super) callback_base: Option<reqwest::Url>,
}

/// What changes, under the one lock.
pub(super) struct Inner {
    /// Who is registered, by id.
    pub(super) providers: BTreeMap<String, Provider>,
    pub(super) armed: HashMap<String, VecDeque<Armed>>,
    pub(super) armed_for_anyone: VecDeque<Armed>,
    pub(super) requests: HashMap<String, Asked>,
    pub(super) order: VecDeque<String>,
    pub(super) of_citizen: HashMap<String, VecDeque<String>>,
    pub(super) arrivals: HashMap<String, VecDeque<Timestamp>>,
    pub(super) cards: ShownCards,
    pub(super) notifications: HashMap<String, VecDeque<Notified>>,
    /// The last honest approval of each named citizen, for replay.
    pub(super) approvals: HashMap<String, Bytes>,
    pub(super) ledger: Ledger,
}

impl Inner {
    pub(super) fn take_armed(&mut self, civil_no: &str) -> Option<Armed> {
        let own = self.armed.get_mut(civil_no).and_then(VecDeque::pop_front);
        own.or_else(|| self.armed_for_anyone.pop_front())
    }

    /// How a request for a code is replied to: nobody answers before somebody scans it, but what is armed for whoever is
    /// asked next may be about the reply.
    pub(super) fn conduct_of_code(&mut self, pace: &Pace) -> (Option<Armed>, Conduct) {
        let about_reply = self
            .armed_for_anyone
            .front()
            .is_some_and(|armed| is_about_reply(armed.scenario));
        let armed = about_reply.then(|| self.armed_for_anyone.pop_front()).flatten();
        let conduct = match armed {
            Some(Armed { scenario, delay }) => {
                Conduct::of_scenario(scenario, Ending::NeverAnswers, delay, pace)
            }
            None => Conduct::of_ending(Ending::NeverAnswers, pace),
        };
        (armed, conduct)
    }

    /// Newest first.
    pub(super) fn open_requests(&self, civil_no: &str, now: Timestamp) -> impl Iterator<Item = &Asked> {
        let ids = self.of_citizen.get(civil_no).into_iter().flatten().rev();
        ids.filter_map(|id| self.requests.get(id))
            .filter(move |asked| asked.standing(now) == Standing::Open)
    }

    pub(super) fn keep(&mut self, asked: Asked, capacity: usize) {
        if !asked.civil_no.is_empty() {
            let ids = self.of_citizen.entry(asked.civil_no.clone()).or_default();
            ids.push_back(asked.id.clone());
            if ids.len() > KEPT_OF_ONE {
                ids.pop_front();
            }
        }
        self.order.push_back(asked.id.clone());
        self.requests.insert(asked.id.clone(), asked);
        while self.order.len() > capacity.max(1) {
            if let Some(oldest) = self.order.pop_front() {
                self.requests.remove(&oldest);
            }
        }
    }
}

/// How many requests of one citizen are remembered; limits above it mean no limit.
pub(super) const KEPT_OF_ONE: usize = 64;
