use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::ErasableFlow;
use super::FlowSearch;
use super::FlowsOf;
use super::Hold;
use super::LogStore;
use super::StoreError;
use crate::audit::Commit;
use crate::audit::DeliveryRow;
use crate::audit::Event;
use crate::audit::ExchangeRow;
use crate::audit::FlowRow;
use crate::audit::seal::SpoolKey;
use crate::flow::Phase;
use crate::flow::State;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::ServiceName;
use crate::words::Timestamp;

/// What must survive a restart, and how it is found again.
///
/// Whatever [`Commit::commit`] has answered with `Ok` is seen by every later call. All methods fail with a
/// [`StoreError`] that names the file, the cause and the remedy; a row that can't be read back is
/// [`Corrupt`](super::StoreErrorKind::Corrupt), never a guess.
#[async_trait]
pub trait Store: Commit {
    /// The tamper-evident log over the records; `None` where the store keeps none.
    fn log(&self) -> Option<&dyn LogStore> {
        None
    }

    /// A flow by its id.
    async fn flow(&self, id: FlowId) -> Result<Option<FlowRow>, StoreError>;

    /// A flow by the digest of its callback token.
    async fn flow_by_token(&self, token: &Digest) -> Result<Option<FlowRow>, StoreError>;

    /// A flow by the client's idempotency key, as in [`FlowRow::idempotency`].
    async fn flow_by_idempotency(&self, client_key: &str) -> Result<Option<FlowRow>, StoreError>;

    /// Every flow that still needs work, oldest first: not delivered, or with callbacks to be examined.
    async fn open_flows(&self) -> Result<Vec<FlowRow>, StoreError>;

    /// The newest flows, newest first, without personal data.
    async fn recent_flows(&self, limit: u32) -> Result<Vec<FlowSummary>, StoreError>;

    /// The newest flows that fit, newest first, without personal data; found by an index, however many there are.
    async fn find_flows(&self, search: FlowSearch, limit: u32) -> Result<Vec<FlowSummary>, StoreError>;

    /// Every flow that began at `since` or later, oldest first: what the limits have to remember.
    async fn starts_since(&self, since: Timestamp) -> Result<Vec<FlowStart>, StoreError>;

    /// How people have refused requests to their phones, in flows that began at `since` or later, oldest first: `of` one
    /// person, or of everybody.
    async fn refusals(&self, of: Option<Digest>, since: Timestamp) -> Result<Vec<PersonRefusal>, StoreError>;

    /// Whether a flow that is still kept has authenticated this person, by the keyed hash of the civil number.
    async fn is_known(&self, person: Digest) -> Result<bool, StoreError>;

    /// The records of a flow, in the order of the log.
    async fn records(&self, flow: FlowId) -> Result<Vec<StoredRecord>, StoreError>;

    /// The records after number `seq` of the log, at most `limit`; 0 is before the first.
    async fn records_after(&self, seq: u64, limit: u32) -> Result<Vec<StoredRecord>, StoreError>;

    /// Every record of the register of applications, in the order of the log; found by an index.
    async fn application_records(&self) -> Result<Vec<StoredRecord>, StoreError>;

    /// The exact bytes of one message.
    async fn exchange(&self, id: ExchangeId) -> Result<Option<ExchangeRow>, StoreError>;

    /// The exact bytes of every message of a flow, oldest first.
    async fn exchanges(&self, flow: FlowId) -> Result<Vec<ExchangeRow>, StoreError>;

    /// Outcome notices whose next try is due at `now`, most urgent first.
    async fn due_deliveries(&self, now: Timestamp, limit: u32) -> Result<Vec<DeliveryRow>, StoreError>;

    /// Every outcome notice of a flow.
    async fn deliveries(&self, flow: FlowId) -> Result<Vec<DeliveryRow>, StoreError>;

    /// Keeps a catalog, its files first; what is kept already stays as it is.
    async fn keep_catalog(&self, catalog: KeptCatalog, at: Timestamp) -> Result<(), StoreError>;

    /// The manifest of a kept catalog.
    async fn catalog(&self, digest: &Digest) -> Result<Option<String>, StoreError>;

    /// Which of these files are not kept yet, in any order.
    async fn missing_sources(&self, digests: Vec<Digest>) -> Result<Vec<Digest>, StoreError>;

    /// The content of kept files, in any order; those that are not kept are left out.
    async fn sources(&self, digests: Vec<Digest>) -> Result<Vec<(Digest, Vec<u8>)>, StoreError>;

    /// The catalog that is active, and since when.
    async fn active_catalog(&self) -> Result<Option<Activation>, StoreError> {
        Ok(self.activations(1).await?.pop())
    }

    /// The latest activations, the latest first.
    async fn activations(&self, limit: u32) -> Result<Vec<Activation>, StoreError>;

    /// Makes a kept catalog the active one; earlier activations stay on record. Fails with
    /// [`Rule`](super::StoreErrorKind::Rule) if the catalog is not kept.
    async fn set_active_catalog(&self, activation: Activation) -> Result<(), StoreError>;

    /// Flows in the order of their ids, after one of them or from the first: to look at all of them, page by page.
    async fn flows_after(&self, after: Option<FlowId>, limit: u32) -> Result<Vec<FlowRow>, StoreError>;

    /// How much there is, for metrics. Cheap, however much there is.
    async fn counts(&self) -> Result<Counts, StoreError>;

    /// Writes a little and syncs it, to learn whether new flows could be recorded (R000-139).
    async fn health(&self) -> Result<(), StoreError>;

    /// What the other processes do that write into the same store; `None` where this process owns it.
    fn shared(&self) -> Option<&dyn Shared> {
        None
    }

    /// Whether what is personal is sealed before it reaches the disk.
    fn is_sealed(&self) -> bool;

    /// The key of callbacks that wait on this machine while the store can't be written; `None` where nothing is sealed,
    /// and then none may wait.
    fn spool_key(&self) -> Option<SpoolKey> {
        None
    }

    /// Exchanges the key that wraps the data keys, and returns how many of them were wrapped again. Fails with
    /// [`Rule`](super::StoreErrorKind::Rule) where nothing is sealed.
    async fn rotate_keys(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Makes sure that no copy of what was destroyed or replaced is left in the write-ahead log or in free pages, as far
    /// as the store has a say in it.
    async fn scrub(&self) -> Result<(), StoreError>;

    /// Flows that are not erased, in the order of their ids, to be looked at before they are.
    async fn erasable_flows(&self, of: FlowsOf, limit: u32) -> Result<Vec<ErasableFlow>, StoreError>;

    /// Documents that were handed in before this moment and that no flow has referred to yet, oldest first.
    async fn waiting_documents(&self, before: Timestamp, limit: u32) -> Result<Vec<ExchangeId>, StoreError>;

    /// Every legal hold, those that were released too, oldest first.
    async fn holds(&self) -> Result<Vec<Hold>, StoreError>;

    /// Places a hold; its number is given by the store.
    async fn place_hold(&self, hold: Hold) -> Result<(), StoreError>;

    /// Releases a hold; one that was released before stays as it is.
    async fn release_hold(&self, id: u64, by: String, at: Timestamp) -> Result<(), StoreError>;

    /// Finishes what was handed in, and gives the file free. Every later call fails.
    async fn close(&self);
}

/// What a replica needs to know of the others that write into the same store.
///
/// Each replica writes under a lease. One that has lost it is taken for dead: what it had in hand is refused with
/// [`Fenced`](super::StoreErrorKind::Fenced), and others go on with its flows.
#[async_trait]
pub trait Shared: Send + Sync {
    /// The present moment by the store's clock, which is the same for all replicas.
    fn now(&self) -> Timestamp;

    /// Takes over open flows that nobody works on: those whose replica is dead, and those that should have ended before
    /// `overdue` and have not. Their versions grow by one, so that whoever had them in hand finds out.
    async fn take_over(&self, overdue: Timestamp, limit: u32) -> Result<Vec<FlowRow>, StoreError>;

    /// What other replicas have recorded after number `seq` of the log, looking at no more than `limit` records.
    async fn news(&self, seq: u64, limit: u32) -> Result<News, StoreError>;

    /// Returns when another replica hints that there is news. A hint may be lost: looking again is what counts.
    async fn hint(&self);

    /// Whether this replica is the one that does what one does for all: of those that live, the one that has lived longest.
    async fn leads(&self) -> Result<bool, StoreError>;

    /// Counts a start at `now` for each of the subjects unless one has reached its limit; then nothing is counted, and
    /// the answer is how long to wait.
    async fn count_start(&self, subjects: &[Counted], now: Timestamp)
    -> Result<Option<Duration>, StoreError>;
}

/// What other replicas have recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The number of the last record that was looked at; where to go on.
    pub upto: u64,
    /// The flows that others have written of.
    pub flows: Vec<FlowId>,
}

/// Something whose starts are limited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// What is counted: a service, or a service and the keyed hash of a person.
    pub subject: String,
    /// How many starts are allowed within the window.
    pub count: NonZeroU32,
    /// How long a start counts.
    pub window: Duration,
}

/// A line of the audit log as it is stored. The civil number it is about is left out.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRecord {
    /// Its number in the log, from 1, without gaps.
    pub seq: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The flow it belongs to.
    pub flow: Option<FlowId>,
    /// What happened.
    pub event: Event,
}

/// A flow in one line; holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowSummary {
    /// The id.
    pub id: FlowId,
    /// The service.
    pub service: ServiceName,
    /// The capability.
    pub capability: Capability,
    /// How far it has come.
    pub phase: Phase,
    /// The outcome, once ended.
    pub outcome: Option<Outcome>,
    /// When it began.
    pub created_at: Timestamp,
}

/// That a flow began: for which service, for whom, when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowStart {
    /// The service.
    pub service: ServiceName,
    /// What was asked for.
    pub capability: Capability,
    /// Keyed hash of the civil number, if a person was named.
    pub person_key: Option<Digest>,
    /// When it began.
    pub at: Timestamp,
}

/// That a person did not want a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersonRefusal {
    /// Keyed hash of the civil number.
    pub person_key: Digest,
    /// When they declined on the phone, if they did.
    pub declined_at: Option<Timestamp>,
    /// When it was reported that they had not asked for it, if it was.
    pub reported_at: Option<Timestamp>,
}

impl PersonRefusal {
    /// What a flow says of it; `None` if its person did not refuse anything, or if it has none.
    pub fn of(person_key: Option<Digest>, capability: Capability, state: &State) -> Option<Self> {
        let ending = state.ending.as_ref().filter(|_| state.has_ended());
        let declined = ending
            .filter(|ending| capability.prompts() && ending.answered == Outcome::DeclinedByUser)
            .and_then(|ending| ending.exchange)
            // An answer is known by the id of its bytes, and that is made from the moment at which they arrived.
            .map(|exchange| exchange.moment());
        let refused = declined.is_some() || state.reported_at.is_some();
        Some(Self {
            person_key: person_key.filter(|_| refused)?,
            declined_at: declined,
            reported_at: state.reported_at,
        })
    }
}

/// A catalog to be kept: the list of its files, and of those the ones that may not be kept yet.
#[derive(Clone, Debug)]
pub struct KeptCatalog {
    /// The name of the catalog.
    pub digest: Digest,
    /// The path and digest of every file.
    pub manifest: String,
    /// Files by their digest.
    pub sources: Vec<(Digest, Arc<str>)>,
}

impl KeptCatalog {
    /// Its files in portions that one statement takes.
    pub(super) fn portions(&self) -> impl Iterator<Item = &[(Digest, Arc<str>)]> {
        let mut sources = self.sources.as_slice();
        std::iter::from_fn(move || {
            let mut bytes = 0;
            let count = sources
                .iter()
                .take_while(|(_, text)| {
                    bytes += text.len();
                    bytes <= PORTION
                })
                .count()
                .max(1);
            let (part, rest) = sources.split_at_checked(count)?;
            sources = rest;
            Some(part)
        })
    }
}

/// Bytes.
const PORTION: usize = 4 * 1024 * 1024;

/// Which catalog became active, when, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// The catalog.
    pub catalog: Digest,
    /// Since when.
    pub at: Timestamp,
    /// A person, `file_watch`, `start`, `signal`, ….
    pub by: String,
    /// The name of the files that lay in the folder when another catalog was activated by hand. They are not taken up
    /// again by themselves; any change of them is.
    pub set_aside: Option<Digest>,
}

/// How much the store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Flows, ended or not.
    pub flows: u64,
    /// Flows that still need work.
    pub open_flows: u64,
    /// Records in the log.
    pub records: u64,
    /// Messages kept.
    pub exchanges: u64,
    /// Outcome notices that wait for their next try.
    pub waiting_deliveries: u64,
    /// Bytes of the database, without its write-ahead log.
    pub bytes: u64,
}
