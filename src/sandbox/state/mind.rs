use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::inner::Inner;
use crate::sandbox::callback::Signers;
use crate::sandbox::card::ShownCards;
use crate::sandbox::citizen::Citizen;
use crate::sandbox::faces::Logins;
use crate::sandbox::keys::Keys;
use crate::sandbox::ledger::Ledger;
use crate::sandbox::options::SandboxOptions;
use crate::words::Purpose;
use crate::words::Text;
use crate::words::Timestamp;

/// The authority's mind: who there is, what was asked, what is armed. Each method is one step under one lock.
pub(in crate::sandbox) struct State {
    pub(in crate::sandbox) options: SandboxOptions,
    pub(in crate::sandbox) keys: Keys,
    pub(in crate::sandbox) signers: Signers,
    pub(in crate::sandbox) client: reqwest::Client,
    pub(in crate::sandbox) citizens: Vec<Citizen>,
    pub(in crate::sandbox) logins: Logins,
    /// Whether the responder answers nothing for now.
    pub(in crate::sandbox) responder_stopped: AtomicBool,
    pub(in crate::sandbox) tasks: TaskTracker,
    pub(in crate::sandbox) stop: CancellationToken,
    pub(super) index: HashMap<String, usize>,
    pub(super) inner: Mutex<Inner>,
    pub(super) changes: broadcast::Sender<String>,
}

impl State {
    pub(in crate::sandbox) fn new(
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
            responder_stopped: AtomicBool::new(false),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            index,
            inner: Mutex::new(inner),
            changes: broadcast::Sender::new(1024),
        }
    }

    pub(in crate::sandbox) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    pub(in crate::sandbox) fn citizen(&self, civil_no: &str) -> Option<&Citizen> {
        self.index.get(civil_no).and_then(|at| self.citizens.get(*at))
    }

    /// Somebody else, for the fault of the wrong person.
    pub(in crate::sandbox) fn stranger_to(&self, civil_no: &str) -> Option<&Citizen> {
        self.citizens.iter().find(|citizen| {
            citizen.ending.is_enrolled() && citizen.civil_no.expose(Purpose::Compare) != civil_no
        })
    }

    pub(in crate::sandbox) fn register_callback_base(&self, base: reqwest::Url) {
        self.lock().callback_base = Some(base);
    }

    pub(in crate::sandbox) fn rename_service_provider(&self, name: Text) {
        self.lock().service_provider_name = name;
    }

    pub(in crate::sandbox) fn service_provider_name(&self) -> Text {
        self.lock().service_provider_name.clone()
    }

    /// Civil numbers whose pages have changed.
    pub(in crate::sandbox) fn changes(&self) -> broadcast::Receiver<String> {
        self.changes.subscribe()
    }

    pub(super) fn changed(&self, civil_no: &str) {
        // Nobody may be listening.
        let _ = self.changes.send(civil_no.to_owned());
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
