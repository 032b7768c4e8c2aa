use std::collections::HashMap;
use std::collections::HashSet;
use std::future::ready;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;

use super::cache::KeyCache;
use super::layer::HeldKey;
use super::layer::Sealed;
use super::unsettled::Entered;
use crate::audit::Commit;
use crate::audit::CommitError;
use crate::audit::Committing;
use crate::audit::DeliveryChange;
use crate::audit::ExchangeRow;
use crate::audit::FlowChange;
use crate::audit::FlowRow;
use crate::audit::Record;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::audit::seal::Cell;
use crate::audit::seal::DataKey;
use crate::audit::seal::KeyOwner;
use crate::audit::seal::KeyRing;
use crate::audit::seal::SealError;
use crate::audit::seal::join;
use crate::store::KeyStore;
use crate::words::Digest;
use crate::words::Purpose;

#[async_trait]
impl<S: KeyStore + ?Sized> Commit for Sealed<S> {
    async fn commit(&self, batch: Vec<Unit>) -> Vec<Result<(), CommitError>> {
        self.accept(batch).await.await
    }

    async fn accept(&self, batch: Vec<Unit>) -> Committing {
        let new = new_flows(&batch);
        let touched = || needed(&batch).chain(destroyed(&batch)).collect();
        self.unsettled.wait_for(touched).await;
        let needed: Vec<KeyOwner> = needed(&batch).filter(|owner| !new.contains(owner)).collect();
        let held = match self.keys_of(needed).await {
            Ok(held) => held,
            Err(error) => {
                let error = CommitError::Store(error.to_string());
                let answers = batch.iter().map(|_| Err(error.clone())).collect();
                return Box::pin(ready(answers));
            }
        };
        let ring = self.ring();
        let mut sealer = Sealer {
            ring: &ring,
            held,
            drawn: HashMap::new(),
        };
        let unsettled = new.into_iter().chain(destroyed(&batch)).collect();
        let unsettled = self.unsettled.enter(unsettled);
        let mut answers = Vec::with_capacity(batch.len());
        let mut units = Vec::with_capacity(batch.len());
        for unit in batch {
            let destroyed = unit.destroy.clone();
            let begun = begun(&unit);
            let sealed = sealer.unit(unit);
            answers.push((sealed.map(|unit| units.push(unit)), begun, destroyed));
        }
        let settling = Settling {
            answers,
            drawn: sealer.drawn,
            cache: Arc::clone(&self.cache),
            _unsettled: unsettled,
        };
        let committing = self.inner.accept(units).await;
        Box::pin(async move { settling.settle(committing.await) })
    }
}

/// What has to be done when it is known what became of a batch.
struct Settling {
    /// Of each unit: whether it could be sealed, the flow that begins in it, and whose keys are destroyed.
    answers: Vec<(Result<(), CommitError>, Option<KeyOwner>, Vec<KeyOwner>)>,
    drawn: HashMap<KeyOwner, Arc<DataKey>>,
    cache: Arc<KeyCache>,
    _unsettled: Entered,
}

impl Settling {
    fn settle(self, committed: Vec<Result<(), CommitError>>) -> Vec<Result<(), CommitError>> {
        let now = Instant::now();
        let mut committed = committed.into_iter();
        let mut answers = Vec::with_capacity(self.answers.len());
        for (sealed, begun, destroyed) in self.answers {
            let answer = sealed.and_then(|()| {
                committed
                    .next()
                    .unwrap_or_else(|| Err(CommitError::Store(UNANSWERED.to_owned())))
            });
            if answer.is_ok() {
                // Only now is it known that this key, and no other, is the flow's.
                if let Some((owner, key)) = begun.and_then(|owner| self.drawn.get_key_value(&owner)) {
                    self.cache.keep(*owner, Arc::clone(key), now);
                }
                for owner in destroyed {
                    self.cache.forget(owner);
                }
            }
            answers.push(answer);
        }
        answers
    }
}

/// The flows that begin in a batch: they have no key yet.
fn new_flows(batch: &[Unit]) -> HashSet<KeyOwner> {
    batch.iter().filter_map(begun).collect()
}

fn begun(unit: &Unit) -> Option<KeyOwner> {
    match &unit.flow {
        Some(FlowChange::Insert(row)) => Some(KeyOwner::from(row.id)),
        _ => None,
    }
}

/// Whose keys a batch destroys.
fn destroyed(batch: &[Unit]) -> impl Iterator<Item = KeyOwner> {
    batch.iter().flat_map(|unit| unit.destroy.iter().copied())
}

/// Whose keys a batch needs.
fn needed(batch: &[Unit]) -> impl Iterator<Item = KeyOwner> {
    batch.iter().flat_map(|unit| {
        let flow = unit.flow.as_ref().map(|change| change.row().id);
        let exchanges = unit.exchanges.iter().filter_map(|exchange| exchange.flow);
        let records = unit.records.iter().filter_map(|record| {
            let flow = record.flow?;
            record.subject.person().map(|_| flow)
        });
        let notices = unit.deliveries.iter().filter_map(|change| match change {
            DeliveryChange::Insert(row) => Some(row.flow),
            DeliveryChange::Update(_) => None,
        });
        flow.into_iter()
            .chain(exchanges)
            .chain(records)
            .chain(notices)
            .map(KeyOwner::from)
    })
}

/// Seals the units of one batch.
struct Sealer<'a> {
    ring: &'a KeyRing,
    held: HashMap<KeyOwner, HeldKey>,
    /// Of the flows that begin in this batch.
    drawn: HashMap<KeyOwner, Arc<DataKey>>,
}

impl Sealer<'_> {
    fn unit(&mut self, unit: Unit) -> Result<Unit, CommitError> {
        let mut sealed = Unit {
            keys: unit.keys,
            destroy: unit.destroy,
            document: unit.document,
            written: unit.written,
            ..Unit::default()
        };
        sealed.flow = match &unit.flow {
            None => None,
            Some(change) => Some(self.flow(change, &mut sealed)?),
        };
        for exchange in &unit.exchanges {
            let exchange = self.exchange(exchange, &mut sealed)?;
            sealed.exchanges.push(exchange);
        }
        sealed.records = self.records(unit.records)?;
        for change in unit.deliveries {
            sealed.deliveries.push(self.delivery(change)?);
        }
        Ok(sealed)
    }

    fn flow(&mut self, change: &FlowChange, sealed: &mut Unit) -> Result<FlowChange, CommitError> {
        let row = change.row();
        let owner = KeyOwner::from(row.id);
        if matches!(change, FlowChange::Insert(_)) {
            let key = match self.drawn.get(&owner) {
                // An id that is taken twice in one batch: only one of both will be stored, with this key.
                Some(key) => Arc::clone(key),
                None => Arc::new(DataKey::draw().map_err(failed)?),
            };
            sealed.keys.push(self.ring.wrap(owner, &key).map_err(failed)?);
            self.drawn.insert(owner, key);
        }
        let mut kept = FlowRow {
            subject: None,
            idempotency: row.idempotency.as_ref().map(|(key, digest)| {
                let key = self.ring.lookup(IDEMPOTENCY, key.as_bytes());
                (
                    hex::encode(key.as_bytes()),
                    self.ring.lookup(REQUEST, digest.as_bytes()),
                )
            }),
            detail: Bytes::new(),
            ..row.clone()
        };
        if let Some(detail) = change.detail() {
            let idempotency = row.idempotency.as_ref();
            let plain = join(&[
                row.subject
                    .as_ref()
                    .map(|number| number.expose(Purpose::Store).as_bytes()),
                idempotency.map(|(key, _)| key.as_bytes()),
                idempotency.map(|(_, digest)| digest.as_bytes().as_slice()),
                Some(detail),
            ]);
            let cell = Cell::flow(self.ring.environment(), owner);
            kept.detail = self.key(owner)?.seal(&cell, &plain).map_err(failed)?.into();
        }
        let kept = Arc::new(kept);
        Ok(match change {
            FlowChange::Insert(_) => FlowChange::Insert(kept),
            FlowChange::Update(_) => FlowChange::Update(kept),
            FlowChange::Advance(_) => FlowChange::Advance(kept),
        })
    }

    fn exchange(&self, exchange: &ExchangeRow, sealed: &mut Unit) -> Result<ExchangeRow, CommitError> {
        let id = exchange.id.into();
        let seal = |owner, key: &DataKey| {
            let cell = Cell::exchange(self.ring.environment(), owner, &id);
            key.seal(&cell, &exchange.bytes).map_err(failed)
        };
        let bytes = match exchange.flow {
            Some(flow) => seal(flow.into(), self.key(flow.into())?.as_ref())?,
            None => {
                let (owner, key) = (exchange.id.into(), DataKey::draw().map_err(failed)?);
                sealed.keys.push(self.ring.wrap(owner, &key).map_err(failed)?);
                seal(owner, &key)?
            }
        };
        Ok(ExchangeRow {
            bytes: bytes.into(),
            ..*exchange
        })
    }

    /// The records of a unit are nearly always about one person, so the commitment is made once.
    fn records(&self, mut records: Vec<Record>) -> Result<Vec<Record>, CommitError> {
        let mut made: Option<(KeyOwner, Digest)> = None;
        let mut about = None;
        for record in &mut records {
            let Subject::Person(number) = &record.subject else {
                continue;
            };
            record.subject = match record.flow.map(KeyOwner::from) {
                // Where there is no flow, or no such flow, there is no key that could be destroyed, so nothing of the person
                // is kept.
                None => Subject::Nobody,
                Some(owner) => match made {
                    Some((of, commitment)) if of == owner && about.as_ref() == Some(number) => {
                        Subject::Committed(commitment)
                    }
                    _ => match self.key(owner) {
                        Ok(key) => {
                            let commitment = key.commitment(number);
                            (made, about) = (Some((owner, commitment)), Some(number.clone()));
                            Subject::Committed(commitment)
                        }
                        Err(CommitError::Conflict) => Subject::Nobody,
                        Err(error) => return Err(error),
                    },
                },
            };
        }
        Ok(records)
    }

    fn delivery(&self, change: DeliveryChange) -> Result<DeliveryChange, CommitError> {
        Ok(match change {
            DeliveryChange::Insert(mut row) => {
                let owner = KeyOwner::from(row.flow);
                let cell = Cell::delivery(self.ring.environment(), owner, &row.webhook_id);
                let plain = join(&[Some(row.url.as_bytes()), Some(&row.body)]);
                row.body = self.key(owner)?.seal(&cell, &plain).map_err(failed)?.into();
                row.url = String::new();
                DeliveryChange::Insert(row)
            }
            // Address and body stay as they are stored.
            DeliveryChange::Update(mut row) => {
                (row.url, row.body) = (String::new(), Bytes::new());
                DeliveryChange::Update(row)
            }
        })
    }

    fn key(&self, owner: KeyOwner) -> Result<&Arc<DataKey>, CommitError> {
        if let Some(key) = self.drawn.get(&owner) {
            return Ok(key);
        }
        match self.held.get(&owner) {
            Some(HeldKey::Key(key)) => Ok(key),
            Some(HeldKey::Destroyed) => Err(failed(SealError::Destroyed)),
            // There is no such flow, so nothing of it can be changed.
            None => Err(CommitError::Conflict),
        }
    }
}

fn failed(error: SealError) -> CommitError {
    CommitError::Store(format!("a value can't be sealed: {error}"))
}

/// What is looked up by a keyed hash.
pub(super) const IDEMPOTENCY: &str = "idempotency key";
const REQUEST: &str = "request digest";
const UNANSWERED: &str = "the store gave no answer for the unit";
