use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::inner::Inner;
use super::inner::Provider;
use crate::sandbox::callback::Signers;
use crate::sandbox::card::ShownCards;
use crate::sandbox::citizen::Citizen;
use crate::sandbox::draws::Draws;
use crate::sandbox::faces::Logins;
use crate::sandbox::keys::Keys;
use crate::sandbox::ledger::Ledger;
use crate::sandbox::options::SandboxOptions;
use crate::sandbox::replay::Deck;
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
    /// Of the provider that the sandbox is for.
    pub(in crate::sandbox) login: Arc<Logins>,
    /// By the id of the provider, the first one too.
    pub(in crate::sandbox) logins: BTreeMap<String, Arc<Logins>>,
    pub(in crate::sandbox) draws: Arc<Draws>,
    /// The cassette that answers in the sandbox's place.
    pub(in crate::sandbox) deck: Option<Deck>,
    /// Whether the responder answers nothing for now.
    pub(in crate::sandbox) responder_stopped: AtomicBool,
    /// Whether the time-stamper answers nothing for now.
    pub(in crate::sandbox) time_stamper_stopped: AtomicBool,
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
        (citizens, draws): (Vec<Citizen>, Arc<Draws>),
        deck: Option<Deck>,
    ) -> Self {
        let index = citizens
            .iter()
            .enumerate()
            .map(|(at, citizen)| (citizen.civil_no.expose(Purpose::Compare).to_owned(), at))
            .collect();
        let inner = Inner {
            providers: options
                .providers()
                .map(|(id, name)| {
                    let provider = Provider {
                        name: name.clone(),
                        callback_base: None,
                    };
                    (id.to_owned(), provider)
                })
                .collect(),
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
        let login = Arc::new(Logins::new(draws.clone()));
        let further = options.further_providers.iter();
        let mut logins: BTreeMap<_, _> = further
            .map(|provider| (provider.id.clone(), Arc::new(Logins::new(draws.clone()))))
            .collect();
        logins.insert(options.service_provider_id.clone(), Arc::clone(&login));
        Self {
            options,
            keys,
            signers,
            client,
            citizens,
            login,
            logins,
            draws,
            deck,
            responder_stopped: AtomicBool::new(false),
            time_stamper_stopped: AtomicBool::new(false),
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

    /// `false` if nobody is registered under this id.
    pub(in crate::sandbox) fn register_callback_base(&self, provider: &str, base: reqwest::Url) -> bool {
        let mut inner = self.lock();
        let found = inner.providers.get_mut(provider);
        found.map(|found| found.callback_base = Some(base)).is_some()
    }

    pub(in crate::sandbox) fn rename_service_provider(&self, provider: &str, name: Text) {
        if let Some(found) = self.lock().providers.get_mut(provider) {
            found.name = name;
        }
    }

    /// The name of a provider; empty for one that is not registered.
    pub(in crate::sandbox) fn name_of(&self, provider: &str) -> Text {
        let inner = self.lock();
        let found = inner.providers.get(provider);
        found.map_or_else(|| Text::new("", ""), |found| found.name.clone())
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
