use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::layer::Sealed;
use crate::audit::log::Edge;
use crate::audit::log::LogRow;
use crate::audit::log::Node;
use crate::audit::log::Place;
use crate::audit::log::StoredExchange;
use crate::audit::log::StoredFlow;
use crate::audit::log::StoredNotice;
use crate::audit::seal::Cell;
use crate::audit::seal::DataKey;
use crate::audit::seal::KeyOwner;
use crate::audit::seal::KeyRing;
use crate::audit::seal::SealError;
use crate::audit::seal::split;
use crate::store::Expected;
use crate::store::KeptAnchor;
use crate::store::KeptCheckpoint;
use crate::store::KeyStore;
use crate::store::LogSnapshot;
use crate::store::LogStore;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::store::StoredTile;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// The log lies in the store below as it is: it holds nothing personal. Only what records speak of has to be opened
/// before it can be compared.
#[async_trait]
impl<S: KeyStore + ?Sized> LogStore for Sealed<S> {
    async fn log_edge(&self) -> Result<Edge, StoreError> {
        self.log_below()?.log_edge().await
    }

    async fn log_nodes(&self, nodes: &[Node]) -> Result<Vec<Digest>, StoreError> {
        self.log_below()?.log_nodes(nodes).await
    }

    async fn log_rows(&self, flow: FlowId) -> Result<Vec<LogRow>, StoreError> {
        self.log_below()?.log_rows(flow).await
    }

    async fn log_row(&self, index: u64) -> Result<Option<LogRow>, StoreError> {
        self.log_below()?.log_row(index).await
    }

    async fn log_leaf_before(&self, row: &LogRow) -> Result<Digest, StoreError> {
        self.log_below()?.log_leaf_before(row).await
    }

    async fn keep_checkpoint(&self, size: u64, note: String) -> Result<(), StoreError> {
        self.log_below()?.keep_checkpoint(size, note).await
    }

    async fn checkpoint_from(&self, size: u64) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.log_below()?.checkpoint_from(size).await
    }

    async fn last_checkpoint(&self) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.log_below()?.last_checkpoint().await
    }

    async fn keep_anchor(&self, anchor: KeptAnchor) -> Result<(), StoreError> {
        self.log_below()?.keep_anchor(anchor).await
    }

    async fn anchors_from(&self, size: u64, limit: u32) -> Result<Vec<KeptAnchor>, StoreError> {
        self.log_below()?.anchors_from(size, limit).await
    }

    async fn snapshot(&self) -> Result<Box<dyn LogSnapshot>, StoreError> {
        let below = self.log_below()?.snapshot().await?;
        Ok(Box::new(Opened {
            below,
            keys: Keys {
                kept: Arc::clone(&self.inner),
                ring: self.ring(),
            },
        }))
    }
}

impl<S: KeyStore + ?Sized> Sealed<S> {
    fn log_below(&self) -> Result<&dyn LogStore, StoreError> {
        let kind = StoreErrorKind::Rule;
        self.inner
            .log()
            .ok_or_else(|| StoreError::new(kind, self.inner.place(), "it keeps no tamper-evident log"))
    }
}

/// A snapshot whose personal parts are opened. What was erased stays closed; what can't be opened though it was not
/// erased is given as nothing, which is not what any record speaks of.
struct Opened<S: ?Sized> {
    below: Box<dyn LogSnapshot>,
    keys: Keys<S>,
}

struct Keys<S: ?Sized> {
    kept: Arc<S>,
    ring: Arc<KeyRing>,
}

/// The key of a row.
enum Held {
    Key(DataKey),
    Erased,
}

impl<S: KeyStore + ?Sized> Keys<S> {
    async fn of(&self, mut owners: Vec<KeyOwner>) -> Result<HashMap<KeyOwner, Held>, StoreError> {
        owners.sort_unstable();
        owners.dedup();
        let mut held = HashMap::new();
        for part in owners.chunks(MOST_ASKED) {
            for row in self.kept.data_keys(part.to_vec()).await? {
                match self.ring.unwrap(&row) {
                    Ok(key) => drop(held.insert(row.owner, Held::Key(key))),
                    Err(SealError::Destroyed) => drop(held.insert(row.owner, Held::Erased)),
                    // A key that was exchanged opens nothing, and that shows.
                    Err(_) => {}
                }
            }
        }
        Ok(held)
    }

    fn environment(&self) -> Environment {
        self.ring.environment()
    }
}

#[async_trait]
impl<S: KeyStore + ?Sized> LogSnapshot for Opened<S> {
    async fn rows(&mut self, seq: i64, limit: u32) -> Result<Vec<LogRow>, StoreError> {
        self.below.rows(seq, limit).await
    }

    async fn tiles(&mut self, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<StoredTile>, StoreError> {
        self.below.tiles(after, limit).await
    }

    async fn checkpoints(&mut self, size: i64, limit: u32) -> Result<Vec<(i64, String)>, StoreError> {
        self.below.checkpoints(size, limit).await
    }

    async fn exchanges(&mut self, ids: Vec<ExchangeId>) -> Result<Vec<StoredExchange>, StoreError> {
        let mut rows = self.below.exchanges(ids).await?;
        let held = self.keys.of(rows.iter().map(owner_of_exchange).collect()).await?;
        for row in &mut rows {
            let owner = owner_of_exchange(row);
            let id = row.id.into();
            let cell = Cell::exchange(self.keys.environment(), owner, &id);
            row.bytes = open(held.get(&owner), &cell, row.bytes.as_deref());
        }
        Ok(rows)
    }

    async fn flows(&mut self, ids: Vec<FlowId>) -> Result<Vec<StoredFlow>, StoreError> {
        let mut rows = self.below.flows(ids).await?;
        let owners = rows.iter().filter_map(|row| owner(&row.id)).collect();
        let held = self.keys.of(owners).await?;
        for row in &mut rows {
            let Some(owner) = owner(&row.id) else { continue };
            let cell = Cell::flow(self.keys.environment(), owner);
            let plain = open(held.get(&owner), &cell, row.detail.as_deref());
            let parts = plain
                .as_deref()
                .map(|plain| split::<4>(plain).unwrap_or_default());
            let Some([subject, key, digest, detail]) = parts else {
                row.detail = None;
                continue;
            };
            row.commitment = match (held.get(&owner), subject.and_then(civil_no)) {
                (Some(Held::Key(key)), Some(number)) => Some(key.commitment(&number).as_bytes().to_vec()),
                _ => None,
            };
            row.subject = subject.map(<[u8]>::to_vec);
            row.idempotency_key = key.map(<[u8]>::to_vec);
            row.request_digest = digest.map(<[u8]>::to_vec);
            row.detail = Some(detail.unwrap_or_default().to_vec());
        }
        Ok(rows)
    }

    async fn notices(&mut self, ids: Vec<String>) -> Result<Vec<StoredNotice>, StoreError> {
        let mut rows = self.below.notices(ids).await?;
        let owners = rows.iter().filter_map(|row| owner(&row.flow)).collect();
        let held = self.keys.of(owners).await?;
        for row in &mut rows {
            let Some(owner) = owner(&row.flow) else { continue };
            let cell = Cell::delivery(self.keys.environment(), owner, &row.webhook_id);
            let plain = open(held.get(&owner), &cell, row.body.as_deref());
            let parts = plain
                .as_deref()
                .map(|plain| split::<2>(plain).unwrap_or_default());
            row.body = parts.map(|[url, body]| {
                row.url = url.unwrap_or_default().to_vec();
                body.unwrap_or_default().to_vec()
            });
        }
        Ok(rows)
    }

    async fn strays(&mut self, expected: Expected) -> Result<Vec<(Place, String)>, StoreError> {
        self.below.strays(expected).await
    }
}

/// The plain text; `None` once it was erased, nothing at all where it can't be opened.
fn open(held: Option<&Held>, cell: &Cell<'_>, sealed: Option<&[u8]>) -> Option<Vec<u8>> {
    match (held, sealed) {
        (Some(Held::Erased), _) => None,
        (Some(Held::Key(key)), Some(sealed)) => Some(key.open(cell, sealed).unwrap_or_default()),
        _ => Some(Vec::new()),
    }
}

fn owner(id: &[u8]) -> Option<KeyOwner> {
    uuid::Uuid::from_slice(id).ok().map(KeyOwner::from_uuid)
}

/// A message that belongs to no flow has a key of its own.
fn owner_of_exchange(row: &StoredExchange) -> KeyOwner {
    match &row.flow {
        Some(flow) => owner(flow).unwrap_or_else(|| row.id.into()),
        None => row.id.into(),
    }
}

fn civil_no(bytes: &[u8]) -> Option<CivilNo> {
    CivilNo::parse(std::str::from_utf8(bytes).ok()?).ok()
}

const MOST_ASKED: usize = 1_000;
