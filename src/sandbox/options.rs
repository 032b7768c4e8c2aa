use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::clock::SandboxClock;
use super::clock::SystemClock;
use super::conduct::Pace;
use super::keys::StampAlgorithm;
use super::replay::ReplayOptions;
use crate::words::Environment;
use crate::words::Text;

/// How a sandbox is set up.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Which environment this node serves; anything but `development` and `test` is refused (threat B-20).
    pub environment: Environment,
    /// The folder of the keys.
    pub keys: PathBuf,
    /// Where the bridge listens; port 0 takes a free one.
    pub bridge: SocketAddr,
    /// Where the phone listens; port 0 takes a free one.
    pub phone: SocketAddr,
    /// The id under which the service provider is registered that this sandbox is for.
    pub service_provider_id: String,
    /// Its name, as the phone shows it.
    pub service_provider_name: Text,
    /// Other service providers beside it, each with a certificate, a login and a callback base of its own.
    pub further_providers: Vec<ProviderOptions>,
    /// What chance is drawn from. With a seed, the same requests at the same times get the same answers, byte for byte, but for
    /// signatures by ECDSA, each of which takes chance of its own; without it, the system's chance.
    pub seed: Option<u64>,
    /// The key that stamps. No RSA key comes from a seed, so with one it is [`StampAlgorithm::EcdsaP256`].
    pub stamp: StampAlgorithm,
    /// How long things take.
    pub pace: Pace,
    /// How long the authority keeps a request open.
    pub request_lifetime: Duration,
    /// How many open requests a person may have; `None`: any number.
    pub open_per_person: Option<usize>,
    /// How many requests a person may get within a time; `None`: any number.
    pub rate_per_person: Option<(usize, Duration)>,
    /// The pauses before the repetitions of a callback that was not taken.
    pub retries: Vec<Duration>,
    /// How long the provider may take to answer a callback.
    pub delivery_timeout: Duration,
    /// How many entries of each kind the ledger keeps, and how many requests.
    pub ledger_capacity: usize,
    /// How many further citizens there are, for load.
    pub crowd: usize,
    /// The recording that answers in the sandbox's place; the phone then has nothing to answer.
    pub replay: Option<ReplayOptions>,
    /// The time.
    pub clock: Arc<dyn SandboxClock>,
}

/// A further service provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderOptions {
    /// The id that it is registered under.
    pub id: String,
    /// Its name, as the phone shows it.
    pub name: Text,
}

impl SandboxOptions {
    /// The usual sandbox, with its keys in this folder.
    pub fn new(keys: impl Into<PathBuf>) -> Self {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            environment: Environment::Development,
            keys: keys.into(),
            bridge: anywhere,
            phone: anywhere,
            service_provider_id: SERVICE_PROVIDER_ID.to_owned(),
            service_provider_name: Text::new("جهة تجريبية", "Sandbox organization"),
            further_providers: Vec::new(),
            seed: None,
            stamp: StampAlgorithm::default(),
            pace: Pace::default(),
            request_lifetime: Duration::from_secs(300),
            open_per_person: Some(5),
            rate_per_person: None,
            retries: vec![
                Duration::from_secs(1),
                Duration::from_secs(5),
                Duration::from_secs(25),
            ],
            delivery_timeout: Duration::from_secs(15),
            ledger_capacity: 10_000,
            crowd: 0,
            replay: None,
            clock: Arc::new(SystemClock),
        }
    }

    /// Everybody who is registered, the one that this sandbox is for first.
    pub(super) fn providers(&self) -> impl Iterator<Item = (&str, &Text)> {
        let first = (self.service_provider_id.as_str(), &self.service_provider_name);
        let further = self.further_providers.iter();
        std::iter::once(first).chain(further.map(|one| (one.id.as_str(), &one.name)))
    }
}

/// Shows everything but the clock.
impl std::fmt::Debug for SandboxOptions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SandboxOptions")
            .field("environment", &self.environment)
            .field("keys", &self.keys)
            .field("bridge", &self.bridge)
            .field("phone", &self.phone)
            .field("stamp", &self.stamp)
            .field("pace", &self.pace)
            .field("crowd", &self.crowd)
            .finish_non_exhaustive()
    }
}

const SERVICE_PROVIDER_ID: &str = "00000000-0000-4000-8000-00000000a001";
