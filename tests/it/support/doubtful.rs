use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use midflow::audit::Commit;
use midflow::audit::CommitError;
use midflow::audit::DeliveryRow;
use midflow::audit::ExchangeRow;
use midflow::audit::FlowRow;
use midflow::audit::Unit;
use midflow::audit::seal::SpoolKey;
use midflow::store::Activation;
use midflow::store::Counts;
use midflow::store::ErasableFlow;
use midflow::store::FlowSearch;
use midflow::store::FlowStart;
use midflow::store::FlowSummary;
use midflow::store::FlowsOf;
use midflow::store::Hold;
use midflow::store::KeptCatalog;
use midflow::store::LogStore;
use midflow::store::PersonRefusal;
use midflow::store::Sealed;
use midflow::store::Sqlite;
use midflow::store::Store;
use midflow::store::StoreError;
use midflow::store::StoredRecord;
use midflow::words::Digest;
use midflow::words::ExchangeId;
use midflow::words::FlowId;
use midflow::words::Timestamp;

use super::store::sealed_store;

/// A store that reports a failure for units that it has made durable, or for some that it has not.
pub struct Doubtful {
    inner: Sealed<Sqlite>,
    closed: Sqlite,
    rule: Mutex<Option<Rule>>,
    blind: AtomicBool,
    forgetful: AtomicBool,
    doubted: AtomicUsize,
}

/// What becomes of a unit: `None` for the truth.
type Rule = Box<dyn FnMut(&Unit) -> Option<Lie> + Send>;

/// How a commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The unit is durable.
    Durable,
    /// It is not.
    Absent,
}

impl Doubtful {
    pub async fn open(state: &Path) -> Self {
        // What a store answers that can't be read.
        let closed = Sqlite::open(state.join("closed.db")).await.unwrap();
        closed.close().await;
        Self {
            inner: sealed_store(state).await,
            closed,
            rule: Mutex::default(),
            blind: AtomicBool::new(false),
            forgetful: AtomicBool::new(false),
            doubted: AtomicUsize::new(0),
        }
    }

    /// From here on units fail as the rule says.
    pub fn fails(&self, rule: impl FnMut(&Unit) -> Option<Lie> + Send + 'static) {
        *self.rule.lock().unwrap() = Some(Box::new(rule));
    }

    /// The next unit that fits fails, and no other.
    pub fn fails_once(&self, lie: Lie, fits: impl Fn(&Unit) -> bool + Send + 'static) {
        let mut done = false;
        self.fails(move |unit| {
            let now = !done && fits(unit);
            done |= now;
            now.then_some(lie)
        });
    }

    /// Whether flows can't be read.
    pub fn is_blind(&self, blind: bool) {
        self.blind.store(blind, Ordering::SeqCst);
    }

    /// From here on no catalog is found that was kept.
    pub fn forgets_catalogs(&self) {
        self.forgetful.store(true, Ordering::SeqCst);
    }

    fn fail(&self) -> Result<(), CommitError> {
        self.doubted.fetch_add(1, Ordering::SeqCst);
        Err(CommitError::Store("the connection broke".to_owned()))
    }

    /// How many commits have failed.
    pub fn failures(&self) -> usize {
        self.doubted.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Commit for Doubtful {
    async fn commit(&self, batch: Vec<Unit>) -> Vec<Result<(), CommitError>> {
        let lies: Vec<Option<Lie>> = {
            let mut rule = self.rule.lock().unwrap();
            let lie = |unit| rule.as_mut().and_then(|rule| rule(unit));
            batch.iter().map(lie).collect()
        };
        let (mut answers, mut kept) = (Vec::new(), Vec::new());
        for (unit, lie) in batch.into_iter().zip(&lies) {
            if *lie != Some(Lie::Absent) {
                kept.push(unit);
            }
        }
        let mut truths = self.inner.commit(kept).await.into_iter();
        for lie in lies {
            answers.push(match lie {
                None => truths.next().unwrap(),
                Some(Lie::Durable) => match truths.next().unwrap() {
                    Ok(()) => self.fail(),
                    refused => refused,
                },
                Some(Lie::Absent) => self.fail(),
            });
        }
        answers
    }
}

#[async_trait]
impl Store for Doubtful {
    fn log(&self) -> Option<&dyn LogStore> {
        self.inner.log()
    }

    async fn flow(&self, id: FlowId) -> Result<Option<FlowRow>, StoreError> {
        if self.blind.load(Ordering::SeqCst) {
            return self.closed.flow(id).await;
        }
        self.inner.flow(id).await
    }

    async fn flow_by_token(&self, token: &Digest) -> Result<Option<FlowRow>, StoreError> {
        self.inner.flow_by_token(token).await
    }

    async fn flow_by_idempotency(&self, client_key: &str) -> Result<Option<FlowRow>, StoreError> {
        self.inner.flow_by_idempotency(client_key).await
    }

    async fn open_flows(&self) -> Result<Vec<FlowRow>, StoreError> {
        self.inner.open_flows().await
    }

    async fn recent_flows(&self, limit: u32) -> Result<Vec<FlowSummary>, StoreError> {
        self.inner.recent_flows(limit).await
    }

    async fn find_flows(&self, search: FlowSearch, limit: u32) -> Result<Vec<FlowSummary>, StoreError> {
        self.inner.find_flows(search, limit).await
    }

    async fn starts_since(&self, since: Timestamp) -> Result<Vec<FlowStart>, StoreError> {
        self.inner.starts_since(since).await
    }

    async fn refusals(&self, of: Option<Digest>, since: Timestamp) -> Result<Vec<PersonRefusal>, StoreError> {
        self.inner.refusals(of, since).await
    }

    async fn is_known(&self, person: Digest) -> Result<bool, StoreError> {
        self.inner.is_known(person).await
    }

    async fn records(&self, flow: FlowId) -> Result<Vec<StoredRecord>, StoreError> {
        self.inner.records(flow).await
    }

    async fn records_after(&self, seq: u64, limit: u32) -> Result<Vec<StoredRecord>, StoreError> {
        self.inner.records_after(seq, limit).await
    }

    async fn application_records(&self) -> Result<Vec<StoredRecord>, StoreError> {
        self.inner.application_records().await
    }

    async fn exchange(&self, id: ExchangeId) -> Result<Option<ExchangeRow>, StoreError> {
        self.inner.exchange(id).await
    }

    async fn exchanges(&self, flow: FlowId) -> Result<Vec<ExchangeRow>, StoreError> {
        self.inner.exchanges(flow).await
    }

    async fn due_deliveries(&self, now: Timestamp, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        self.inner.due_deliveries(now, limit).await
    }

    async fn deliveries(&self, flow: FlowId) -> Result<Vec<DeliveryRow>, StoreError> {
        self.inner.deliveries(flow).await
    }

    async fn keep_catalog(&self, catalog: KeptCatalog, at: Timestamp) -> Result<(), StoreError> {
        self.inner.keep_catalog(catalog, at).await
    }

    async fn catalog(&self, digest: &Digest) -> Result<Option<String>, StoreError> {
        if self.forgetful.load(Ordering::SeqCst) {
            return Ok(None);
        }
        self.inner.catalog(digest).await
    }

    async fn missing_sources(&self, digests: Vec<Digest>) -> Result<Vec<Digest>, StoreError> {
        self.inner.missing_sources(digests).await
    }

    async fn sources(&self, digests: Vec<Digest>) -> Result<Vec<(Digest, Vec<u8>)>, StoreError> {
        self.inner.sources(digests).await
    }

    async fn activations(&self, limit: u32) -> Result<Vec<Activation>, StoreError> {
        self.inner.activations(limit).await
    }

    async fn set_active_catalog(&self, activation: Activation) -> Result<(), StoreError> {
        self.inner.set_active_catalog(activation).await
    }

    async fn flows_after(&self, after: Option<FlowId>, limit: u32) -> Result<Vec<FlowRow>, StoreError> {
        self.inner.flows_after(after, limit).await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.inner.counts().await
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.inner.health().await
    }

    fn is_sealed(&self) -> bool {
        self.inner.is_sealed()
    }

    fn spool_key(&self) -> Option<SpoolKey> {
        self.inner.spool_key()
    }

    async fn rotate_keys(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.inner.rotate_keys(now).await
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        self.inner.scrub().await
    }

    async fn erasable_flows(&self, of: FlowsOf, limit: u32) -> Result<Vec<ErasableFlow>, StoreError> {
        self.inner.erasable_flows(of, limit).await
    }

    async fn waiting_documents(&self, before: Timestamp, limit: u32) -> Result<Vec<ExchangeId>, StoreError> {
        self.inner.waiting_documents(before, limit).await
    }

    async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.inner.holds().await
    }

    async fn place_hold(&self, hold: Hold) -> Result<(), StoreError> {
        self.inner.place_hold(hold).await
    }

    async fn release_hold(&self, id: u64, by: String, at: Timestamp) -> Result<(), StoreError> {
        self.inner.release_hold(id, by, at).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
