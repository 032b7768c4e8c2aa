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
use super::card::ShownCard;
use super::card::ShownCards;
use super::citizen::Citizen;
use super::citizen::Ending;
use super::conduct::Answer;
use super::conduct::Choice;
use super::conduct::Conduct;
use super::conduct::Flaw;
use super::conduct::Pace;
use super::conduct::is_about_reply;
use super::faces::Logins;
use super::faces::NotificationWanted;
use super::faces::Refusal;
use super::faces::Wanted;
use super::keys::Keys;
use super::ledger::Ledger;
use super::ledger::LedgerSnapshot;
use super::ledger::Sent;
use super::options::SandboxOptions;
use super::request::Asked;
use super::request::Notified;
use super::request::Polled;
use super::request::Standing;
use super::scenario::Scenario;
use crate::words::Assurance;
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
    pub(super) logins: Logins,
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
    cards: ShownCards,
    notifications: HashMap<String, VecDeque<Notified>>,
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
    /// The code that somebody is to scan.
    pub(super) code: Option<String>,
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
            cards: ShownCards::default(),
            notifications: HashMap::new(),
            approvals: HashMap::new(),
            ledger: Ledger::new(options.ledger_capacity),
        };
        Self {
            options,
            keys,
            signers,
            client,
            citizens,
            logins: Logins::new(),
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

    /// Checks a request and takes it, or says why not. A code waits for somebody to scan it.
    pub(super) fn admit(&self, entry: u64, wanted: Wanted) -> Result<Admitted, Refusal> {
        let now = self.now();
        let mut inner = self.lock();
        inner.ledger.complete(entry, |received| {
            received.ref_id.clone_from(&wanted.ref_id);
            received.additional_data.clone_from(&wanted.additional_data);
        });
        if wanted.service_provider_id != self.options.service_provider_id {
            return Err(Refusal::UnknownServiceProvider);
        }
        let registered = |url| {
            inner
                .callback_base
                .as_ref()
                .is_some_and(|base| is_below(base, url))
        };
        if !wanted.callback_url.as_ref().is_none_or(registered) {
            return Err(Refusal::CallbackUrl);
        }
        let civil_no = wanted
            .civil_no
            .as_ref()
            .map(|number| number.expose(Purpose::Wire).to_owned());
        let (armed, conduct) = match &civil_no {
            Some(civil_no) => {
                let citizen = self.asked_citizen(civil_no, wanted.assurance)?;
                self.check_limits(&mut inner, civil_no, now)?;
                self.conduct(&mut inner, citizen, civil_no)
            }
            None => inner.conduct_of_code(&self.options.pace),
        };
        let code = civil_no
            .is_none()
            .then(|| format!("midflow-sandbox-request:{}", uuid::Uuid::new_v4().simple()));
        let civil_no = civil_no.unwrap_or_default();
        let request_id = uuid::Uuid::new_v4().to_string();
        if conduct.reply.asks_somebody() {
            inner
                .ledger
                .complete(entry, |received| received.request_id = Some(request_id.clone()));
            let asked = Asked {
                id: request_id.clone(),
                civil_no: civil_no.clone(),
                code: code.clone(),
                signing: wanted.signing,
                service: wanted.service,
                reason: wanted.reason,
                challenge: wanted.challenge,
                additional_data: wanted.additional_data,
                ref_id: wanted.ref_id,
                callback_url: wanted.callback_url.map(Into::into),
                wants_person: wanted.wants_person,
                assurance: wanted.assurance,
                received_at: now,
                expires_at: now.plus(self.options.request_lifetime),
                answer: None,
                scenario: armed.map(|armed| armed.scenario),
                status: None,
                fault: None,
                polled: Polled::default(),
            };
            inner.keep(asked, self.options.ledger_capacity);
        }
        drop(inner);
        self.changed(&civil_no);
        Ok(Admitted {
            request_id,
            conduct,
            code,
        })
    }

    /// Somebody scans a code: from now on the request is theirs, and they answer it as they are.
    pub(super) fn scan(&self, text: &str, civil_no: &str) -> Result<(String, Vec<Answer>), ScanError> {
        let now = self.now();
        let mut inner = self.lock();
        let id = inner
            .requests
            .values()
            .find(|asked| {
                asked.code.as_deref() == Some(text)
                    && asked.waits_for_scan()
                    && asked.standing(now) == Standing::Open
            })
            .map(|asked| asked.id.clone())
            .ok_or(ScanError::NoSuchCode)?;
        let level = inner.requests.get(&id).and_then(|asked| asked.assurance);
        let citizen = match self.asked_citizen(civil_no, level) {
            Ok(citizen) => citizen,
            Err(Refusal::LevelTooLow) => return Err(ScanError::LevelTooLow),
            Err(_) => return Err(ScanError::NoSuchCitizen),
        };
        let (armed, conduct) = self.conduct(&mut inner, citizen, civil_no);
        if let Some(asked) = inner.requests.get_mut(&id) {
            civil_no.clone_into(&mut asked.civil_no);
            if let Some(armed) = armed {
                asked.scenario = Some(armed.scenario);
            }
        }
        let ids = inner.of_citizen.entry(civil_no.to_owned()).or_default();
        ids.push_back(id.clone());
        if ids.len() > KEPT_OF_ONE {
            ids.pop_front();
        }
        drop(inner);
        self.changed("");
        Ok((id, conduct.answers))
    }

    /// The codes that wait for somebody, newest first.
    pub(super) fn open_codes(&self) -> Vec<Asked> {
        let now = self.now();
        let inner = self.lock();
        let ids = inner.order.iter().rev();
        ids.filter_map(|id| inner.requests.get(id))
            .filter(|asked| asked.waits_for_scan() && asked.standing(now) == Standing::Open)
            .take(SHOWN_CODES)
            .cloned()
            .collect()
    }

    /// The code that a citizen's card shows now.
    pub(super) fn show_card(&self, civil_no: &str) -> Option<ShownCard> {
        let now = self.now();
        let enrolled = self.citizen(civil_no)?.ending.is_enrolled();
        enrolled.then(|| self.lock().cards.show(civil_no, now)).flatten()
    }

    /// The card behind a scanned text, and what is armed for its holder.
    pub(super) fn scanned_card(
        &self,
        service_provider_id: &str,
        text: &str,
    ) -> Result<(ShownCard, Option<Scenario>), Refusal> {
        if service_provider_id != self.options.service_provider_id {
            return Err(Refusal::UnknownServiceProvider);
        }
        let mut inner = self.lock();
        let shown = inner.cards.find(text).cloned().ok_or(Refusal::UnreadableQr)?;
        let scenario = inner.take_armed(&shown.civil_no).map(|armed| armed.scenario);
        match scenario {
            Some(Scenario::ErrorReply) => Err(Refusal::Synthetic),
            scenario => Ok((shown, scenario)),
        }
    }

    /// Shows a notification on a phone.
    pub(super) fn notify(&self, wanted: NotificationWanted) -> Result<(), Refusal> {
        if wanted.service_provider_id != self.options.service_provider_id {
            return Err(Refusal::UnknownServiceProvider);
        }
        let civil_no = wanted.civil_no.expose(Purpose::Wire).to_owned();
        self.asked_citizen(&civil_no, None)?;
        let now = self.now();
        let mut inner = self.lock();
        if let Some(Scenario::ErrorReply) = inner.take_armed(&civil_no).map(|armed| armed.scenario) {
            return Err(Refusal::Synthetic);
        }
        let notified = inner.notifications.entry(civil_no.clone()).or_default();
        notified.push_front(Notified {
            subject: wanted.subject,
            message: wanted.message,
            at: now,
        });
        notified.truncate(KEPT_OF_ONE);
        drop(inner);
        self.changed(&civil_no);
        Ok(())
    }

    /// What a citizen was told, newest first.
    pub(super) fn notifications(&self, civil_no: &str) -> Vec<Notified> {
        let inner = self.lock();
        inner
            .notifications
            .get(civil_no)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// A citizen who can be asked at this level.
    fn asked_citizen(&self, civil_no: &str, level: Option<Assurance>) -> Result<&Citizen, Refusal> {
        let citizen = self
            .citizen(civil_no)
            .filter(|citizen| citizen.ending.is_enrolled())
            .ok_or(Refusal::NoMobileId)?;
        if level.is_some_and(|level| level > citizen.assurance) {
            return Err(Refusal::LevelTooLow);
        }
        Ok(citizen)
    }

    /// How a citizen is going to answer: as the armed scenario says, or as they are.
    fn conduct(&self, inner: &mut Inner, citizen: &Citizen, civil_no: &str) -> (Option<Armed>, Conduct) {
        let armed = inner.take_armed(civil_no);
        let pace = &self.options.pace;
        let conduct = match armed {
            Some(Armed { scenario, delay }) => Conduct::of_scenario(scenario, citizen.ending, delay, pace),
            None => Conduct::of_ending(citizen.ending, pace),
        };
        (armed, conduct)
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

    /// Keeps an answer for the provider to ask for; a later one takes its place.
    pub(super) fn keep_for_poll(&self, id: &str, body: &Bytes) {
        if let Some(asked) = self.lock().requests.get_mut(id) {
            asked.polled.answer = Some(body.clone());
        }
    }

    /// The answer that the provider asks for, whether it was handed out before, and what has become of the request;
    /// `None` if the request is not known, or is answered by callback.
    pub(super) fn polled(&self, id: &str) -> Option<(Option<Bytes>, bool, Standing)> {
        let now = self.now();
        let mut inner = self.lock();
        let asked = inner.requests.get_mut(id)?;
        if asked.callback_url.is_some() {
            return None;
        }
        let answer = asked.polled.answer.clone();
        let used = std::mem::replace(&mut asked.polled.used, answer.is_some());
        Some((answer, used, asked.standing(now)))
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

    /// How a request for a code is replied to: nobody answers before somebody scans it, but what is armed for whoever is
    /// asked next may be about the reply.
    fn conduct_of_code(&mut self, pace: &Pace) -> (Option<Armed>, Conduct) {
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
    fn open_requests(&self, civil_no: &str, now: Timestamp) -> impl Iterator<Item = &Asked> {
        let ids = self.of_citizen.get(civil_no).into_iter().flatten().rev();
        ids.filter_map(|id| self.requests.get(id))
            .filter(move |asked| asked.standing(now) == Standing::Open)
    }

    fn keep(&mut self, asked: Asked, capacity: usize) {
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

/// Whether a URL is the base or lies below it. Both are normalised, so `..` has no power.
fn is_below(base: &reqwest::Url, url: &reqwest::Url) -> bool {
    let folder = base.path().trim_end_matches('/');
    let inside = url
        .path()
        .strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    base.origin() == url.origin() && inside
}

/// Why a code can't be scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScanError {
    NoSuchCode,
    NoSuchCitizen,
    LevelTooLow,
}

/// How many open codes the phone lists.
const SHOWN_CODES: usize = 20;
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
