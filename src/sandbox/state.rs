use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::callback::Signers;
use super::citizen::Citizen;
use super::conduct::Answer;
use super::conduct::Choice;
use super::conduct::Conduct;
use super::conduct::Flaw;
use super::conduct::ReplyConduct;
use super::faces::Refusal;
use super::faces::Wanted;
use super::keys::Keys;
use super::ledger::Ledger;
use super::ledger::LedgerSnapshot;
use super::ledger::Sent;
use super::options::SandboxOptions;
use super::request::Asked;
use super::request::Standing;
use super::scenario::Scenario;
use crate::words::Digest;
use crate::words::Purpose;
use crate::words::Text;
use crate::words::Timestamp;

/// The authority's mind: who there is, what was asked, what is armed. Each method is one step under one lock.
pub(super) struct State {
    pub(super) options: SandboxOptions,
    pub(super) keys: Keys,
    pub(super) signers: Signers,
    pub(super) client: reqwest::Client,
    pub(super) citizens: Vec<Citizen>,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    index: HashMap<String, usize>,
    inner: Mutex<Inner>,
    changes: broadcast::Sender<String>,
}

struct Inner {
    callback_base: Option<reqwest::Url>,
    service_provider_name: Text,
    armed: HashMap<String, VecDeque<Armed>>,
    armed_for_anyone: VecDeque<Armed>,
    requests: HashMap<String, Asked>,
    order: VecDeque<String>,
    of_citizen: HashMap<String, VecDeque<String>>,
    arrivals: HashMap<String, VecDeque<Timestamp>>,
    /// The last honest approval of each named citizen, for replay.
    approvals: HashMap<String, Bytes>,
    ledger: Ledger,
}

/// A scenario that waits for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Armed {
    pub(super) scenario: Scenario,
    pub(super) delay: Option<Duration>,
}

/// A request that was taken.
pub(super) struct Admitted {
    pub(super) request_id: String,
    pub(super) conduct: Conduct,
}

impl State {
    pub(super) fn new(
        options: SandboxOptions,
        keys: Keys,
        signers: Signers,
        client: reqwest::Client,
        citizens: Vec<Citizen>,
    ) -> Self {
        let index = citizens
            .iter()
            .enumerate()
            .map(|(at, citizen)| (citizen.civil_no.expose(Purpose::Compare).to_owned(), at))
            .collect();
        let inner = Inner {
            callback_base: None,
            service_provider_name: options.service_provider_name.clone(),
            armed: HashMap::new(),
            armed_for_anyone: VecDeque::new(),
            requests: HashMap::new(),
            order: VecDeque::new(),
            of_citizen: HashMap::new(),
            arrivals: HashMap::new(),
            approvals: HashMap::new(),
            ledger: Ledger::new(options.ledger_capacity),
        };
        Self {
            options,
            keys,
            signers,
            client,
            citizens,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            index,
            inner: Mutex::new(inner),
            changes: broadcast::Sender::new(1024),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    pub(super) fn citizen(&self, civil_no: &str) -> Option<&Citizen> {
        self.index.get(civil_no).and_then(|at| self.citizens.get(*at))
    }

    /// Somebody else, for the fault of the wrong person.
    pub(super) fn stranger_to(&self, civil_no: &str) -> Option<&Citizen> {
        self.citizens.iter().find(|citizen| {
            citizen.ending.is_enrolled() && citizen.civil_no.expose(Purpose::Compare) != civil_no
        })
    }

    pub(super) fn register_callback_base(&self, base: reqwest::Url) {
        self.lock().callback_base = Some(base);
    }

    pub(super) fn rename_service_provider(&self, name: Text) {
        self.lock().service_provider_name = name;
    }

    pub(super) fn service_provider_name(&self) -> Text {
        self.lock().service_provider_name.clone()
    }

    /// Civil numbers whose pages have changed.
    pub(super) fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }

    /// Makes a scenario wait for the next request of a citizen, or of anybody. Several wait in line.
    pub(super) fn arm(&self, civil_no: Option<&str>, armed: Armed) {
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

    pub(super) fn disarm(&self, civil_no: &str) {
        let mut inner = self.lock();
        inner.armed.remove(civil_no);
        inner.armed_for_anyone.clear();
        drop(inner);
        self.changed(civil_no);
    }

    /// What waits for a citizen's next requests, in order.
    pub(super) fn armed(&self, civil_no: &str) -> Vec<Armed> {
        let inner = self.lock();
        let own = inner.armed.get(civil_no).into_iter().flatten();
        own.chain(&inner.armed_for_anyone).copied().collect()
    }

    /// Checks a request for a push and takes it, or says why not.
    pub(super) fn admit(&self, entry: u64, wanted: Wanted) -> Result<Admitted, Refusal> {
        let now = self.now();
        let civil_no = wanted.civil_no.expose(Purpose::Wire).to_owned();
        let mut inner = self.lock();
        inner.ledger.complete(entry, |received| {
            received.ref_id.clone_from(&wanted.ref_id);
            received.additional_data.clone_from(&wanted.additional_data);
        });
        if wanted.service_provider_id != self.options.service_provider_id {
            return Err(Refusal::UnknownServiceProvider);
        }
        if !inner
            .callback_base
            .as_ref()
            .is_some_and(|base| is_below(base, &wanted.callback_url))
        {
            return Err(Refusal::CallbackUrl);
        }
        let citizen = self
            .citizen(&civil_no)
            .filter(|citizen| citizen.ending.is_enrolled())
            .ok_or(Refusal::NoMobileId)?;
        if wanted.assurance.is_some_and(|level| level > citizen.assurance) {
            return Err(Refusal::LevelTooLow);
        }
        self.check_limits(&mut inner, &civil_no, now)?;
        let armed = inner.take_armed(&civil_no);
        let pace = &self.options.pace;
        let conduct = match armed {
            Some(Armed { scenario, delay }) => Conduct::of_scenario(scenario, citizen.ending, delay, pace),
            None => Conduct::of_ending(citizen.ending, pace),
        };
        let request_id = uuid::Uuid::new_v4().to_string();
        if !matches!(conduct.reply, ReplyConduct::Refuse(_) | ReplyConduct::ServerError) {
            inner
                .ledger
                .complete(entry, |received| received.request_id = Some(request_id.clone()));
            let asked = Asked {
                id: request_id.clone(),
                civil_no: civil_no.clone(),
                service: wanted.service,
                reason: wanted.reason,
                challenge: wanted.challenge,
                additional_data: wanted.additional_data,
                ref_id: wanted.ref_id,
                callback_url: wanted.callback_url.into(),
                wants_person: wanted.wants_person,
                assurance: wanted.assurance,
                received_at: now,
                expires_at: now.plus(self.options.request_lifetime),
                answer: None,
                scenario: armed.map(|armed| armed.scenario),
                status: None,
                fault: None,
            };
            inner.keep(asked, self.options.ledger_capacity);
        }
        drop(inner);
        self.changed(&civil_no);
        Ok(Admitted { request_id, conduct })
    }

    fn check_limits(&self, inner: &mut Inner, civil_no: &str, now: Timestamp) -> Result<(), Refusal> {
        if let Some(limit) = self.options.open_per_person
            && inner.open_requests(civil_no, now).take(limit).count() >= limit
        {
            return Err(Refusal::TooManyRequests);
        }
        if let Some((limit, within)) = self.options.rate_per_person {
            let arrivals = inner.arrivals.entry(civil_no.to_owned()).or_default();
            while arrivals.front().is_some_and(|first| now.since(*first) >= within) {
                arrivals.pop_front();
            }
            if arrivals.len() >= limit {
                return Err(Refusal::TooManyRequests);
            }
            arrivals.push_back(now);
        }
        Ok(())
    }

    /// A request and what has become of it.
    pub(super) fn request(&self, id: &str) -> Option<(Asked, Standing)> {
        let now = self.now();
        let inner = self.lock();
        let asked = inner.requests.get(id)?.clone();
        let standing = asked.standing(now);
        Some((asked, standing))
    }

    /// A citizen's requests, newest first.
    pub(super) fn requests_of(&self, civil_no: &str) -> Vec<(Asked, Standing)> {
        let now = self.now();
        let inner = self.lock();
        let ids = inner.of_citizen.get(civil_no).into_iter().flatten().rev();
        ids.filter_map(|id| inner.requests.get(id))
            .map(|asked| (asked.clone(), asked.standing(now)))
            .collect()
    }

    /// Notes an answer on the request; `None` if the request is gone, or if the answer is a person's and
    /// somebody has answered.
    pub(super) fn claim(&self, id: &str, answer: &Answer) -> Option<Asked> {
        let now = self.now();
        let mut inner = self.lock();
        let asked = inner.requests.get_mut(id)?;
        if answer.only_if_open && asked.standing(now) != Standing::Open {
            return None;
        }
        asked.answer = Some(match answer.choice {
            Choice::Approve => Standing::Approved,
            Choice::Decline => Standing::Declined,
            Choice::Revoked | Choice::VerificationFailed | Choice::Expired => Standing::Failed,
        });
        let asked = asked.clone();
        drop(inner);
        self.changed(&asked.civil_no);
        Some(asked)
    }

    /// The person looks away; `false` if the request was not open.
    pub(super) fn ignore(&self, id: &str) -> bool {
        let now = self.now();
        let mut inner = self.lock();
        let Some(asked) = inner.requests.get_mut(id) else {
            return false;
        };
        if asked.standing(now) != Standing::Open {
            return false;
        }
        asked.answer = Some(Standing::Ignored);
        let civil_no = asked.civil_no.clone();
        drop(inner);
        self.changed(&civil_no);
        true
    }

    /// The newest open request of a citizen.
    pub(super) fn open_request(&self, civil_no: &str) -> Option<String> {
        let now = self.now();
        let inner = self.lock();
        inner
            .open_requests(civil_no, now)
            .next()
            .map(|asked| asked.id.clone())
    }

    pub(super) fn earlier_approval(&self, civil_no: &str) -> Option<Bytes> {
        self.lock().approvals.get(civil_no).cloned()
    }

    pub(super) fn arrived(&self, operation: &str, body: &[u8]) -> u64 {
        let now = self.now();
        self.lock().ledger.arrived(now, operation, body)
    }

    pub(super) fn replied(&self, entry: u64, reply: &str) {
        self.lock()
            .ledger
            .complete(entry, |received| received.reply = Some(reply.to_owned()));
    }

    /// Enters an attempt to deliver.
    pub(super) fn delivered(
        &self,
        asked: &Asked,
        answer: &Answer,
        body: &Bytes,
        attempt: u32,
        outcome: &Result<u16, String>,
    ) {
        let now = self.now();
        let mut inner = self.lock();
        if let Some(kept) = inner.requests.get_mut(&asked.id) {
            kept.status = outcome.as_ref().ok().copied();
            kept.fault = outcome.as_ref().err().cloned();
        }
        let honest = answer.choice == Choice::Approve && answer.flaw == Flaw::None;
        let named = self
            .citizen(&asked.civil_no)
            .is_some_and(|citizen| !citizen.of_the_crowd);
        if honest && named {
            inner.approvals.insert(asked.civil_no.clone(), body.clone());
        }
        let entry = Sent {
            sequence: 0,
            at: now,
            request_id: asked.id.clone(),
            additional_data: asked.additional_data.clone(),
            scenario: asked.scenario.map(Scenario::as_str),
            digest: Digest::of(body),
            attempt,
            status: outcome.as_ref().ok().copied(),
            fault: outcome.as_ref().err().cloned(),
        };
        inner.ledger.delivered(entry, body);
        drop(inner);
        self.changed(&asked.civil_no);
    }

    pub(super) fn ledger(&self) -> LedgerSnapshot {
        self.lock().ledger.snapshot()
    }

    pub(super) fn body(&self, digest: &Digest) -> Option<Bytes> {
        self.lock().ledger.body(digest)
    }

    fn changed(&self, civil_no: &str) {
        // Nobody may be listening.
        let _ = self.changes.send(civil_no.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn take_armed(&mut self, civil_no: &str) -> Option<Armed> {
        let own = self.armed.get_mut(civil_no).and_then(VecDeque::pop_front);
        own.or_else(|| self.armed_for_anyone.pop_front())
    }

    /// Newest first.
    fn open_requests(&self, civil_no: &str, now: Timestamp) -> impl Iterator<Item = &Asked> {
        let ids = self.of_citizen.get(civil_no).into_iter().flatten().rev();
        ids.filter_map(|id| self.requests.get(id))
            .filter(move |asked| asked.standing(now) == Standing::Open)
    }

    fn keep(&mut self, asked: Asked, capacity: usize) {
        let ids = self.of_citizen.entry(asked.civil_no.clone()).or_default();
        ids.push_back(asked.id.clone());
        if ids.len() > KEPT_OF_ONE {
            ids.pop_front();
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

/// Whether a URL is the base or lies below it. Both are normalised, so `..` has no power.
fn is_below(base: &reqwest::Url, url: &reqwest::Url) -> bool {
    let folder = base.path().trim_end_matches('/');
    let inside = url
        .path()
        .strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    base.origin() == url.origin() && inside
}

/// How many scenarios wait in one line.
const LONGEST_LINE: usize = 1000;
/// How many requests of one citizen are remembered; limits above it mean no limit.
const KEPT_OF_ONE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> reqwest::Url {
        reqwest::Url::parse(text).unwrap()
    }

    #[test]
    fn a_callback_url_stays_below_the_registered_base() {
        let base = url("https://127.0.0.1:8443/cb/");
        for good in [
            "https://127.0.0.1:8443/cb",
            "https://127.0.0.1:8443/cb/x",
            "https://127.0.0.1:8443/cb/x/y?z=1",
        ] {
            assert!(is_below(&base, &url(good)), "{good}");
        }
        for bad in [
            "https://127.0.0.1:8444/cb/x",
            "http://127.0.0.1:8443/cb/x",
            "https://localhost:8443/cb/x",
            "https://127.0.0.1:8443/cbx",
            "https://127.0.0.1:8443/cb/../x",
            "https://127.0.0.1:8443/",
        ] {
            assert!(!is_below(&base, &url(bad)), "{bad}");
        }
        assert!(is_below(
            &url("https://127.0.0.1:1/"),
            &url("https://127.0.0.1:1/any")
        ));
    }
}
