use async_trait::async_trait;

use super::commit::IDEMPOTENCY;
use super::layer::HeldKey;
use super::layer::Sealed;
use crate::audit::DeliveryRow;
use crate::audit::ExchangeRow;
use crate::audit::FlowRow;
use crate::audit::seal::Cell;
use crate::audit::seal::DataKey;
use crate::audit::seal::KeyOwner;
use crate::audit::seal::SealError;
use crate::audit::seal::SpoolKey;
use crate::audit::seal::split;
use crate::store::Activation;
use crate::store::Counts;
use crate::store::ErasableFlow;
use crate::store::FlowSearch;
use crate::store::FlowStart;
use crate::store::FlowSummary;
use crate::store::FlowsOf;
use crate::store::Hold;
use crate::store::KeptCatalog;
use crate::store::KeyStore;
use crate::store::LogStore;
use crate::store::PersonRefusal;
use crate::store::Shared;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::store::StoredRecord;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Timestamp;

#[async_trait]
impl<S: KeyStore + ?Sized> Store for Sealed<S> {
    fn log(&self) -> Option<&dyn LogStore> {
        self.inner.log().map(|_| self as &dyn LogStore)
    }

    async fn flow(&self, id: FlowId) -> Result<Option<FlowRow>, StoreError> {
        let row = self.inner.flow(id).await?;
        self.open_one(row).await
    }

    async fn flow_by_token(&self, token: &Digest) -> Result<Option<FlowRow>, StoreError> {
        let row = self.inner.flow_by_token(token).await?;
        self.open_one(row).await
    }

    async fn flow_by_idempotency(&self, client_key: &str) -> Result<Option<FlowRow>, StoreError> {
        let key = self.ring().lookup(IDEMPOTENCY, client_key.as_bytes());
        let row = self
            .inner
            .flow_by_idempotency(&hex::encode(key.as_bytes()))
            .await?;
        self.open_one(row).await
    }

    async fn open_flows(&self) -> Result<Vec<FlowRow>, StoreError> {
        let rows = self.inner.open_flows().await?;
        self.open_all(rows).await
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
        let row = self.inner.exchange(id).await?;
        Ok(self.open_all(row.into_iter().collect()).await?.pop())
    }

    async fn exchanges(&self, flow: FlowId) -> Result<Vec<ExchangeRow>, StoreError> {
        let rows = self.inner.exchanges(flow).await?;
        self.open_all(rows).await
    }

    async fn due_deliveries(&self, now: Timestamp, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        let rows = self.inner.due_deliveries(now, limit).await?;
        self.open_all(rows).await
    }

    async fn deliveries(&self, flow: FlowId) -> Result<Vec<DeliveryRow>, StoreError> {
        let rows = self.inner.deliveries(flow).await?;
        self.open_all(rows).await
    }

    async fn keep_catalog(&self, catalog: KeptCatalog, at: Timestamp) -> Result<(), StoreError> {
        self.inner.keep_catalog(catalog, at).await
    }

    async fn catalog(&self, digest: &Digest) -> Result<Option<String>, StoreError> {
        self.inner.catalog(digest).await
    }

    async fn missing_sources(&self, digests: Vec<Digest>) -> Result<Vec<Digest>, StoreError> {
        self.inner.missing_sources(digests).await
    }

    async fn sources(&self, digests: Vec<Digest>) -> Result<Vec<(Digest, Vec<u8>)>, StoreError> {
        self.inner.sources(digests).await
    }

    async fn active_catalog(&self) -> Result<Option<Activation>, StoreError> {
        self.inner.active_catalog().await
    }

    async fn activations(&self, limit: u32) -> Result<Vec<Activation>, StoreError> {
        self.inner.activations(limit).await
    }

    async fn set_active_catalog(&self, activation: Activation) -> Result<(), StoreError> {
        self.inner.set_active_catalog(activation).await
    }

    async fn flows_after(&self, after: Option<FlowId>, limit: u32) -> Result<Vec<FlowRow>, StoreError> {
        let mut after = after;
        loop {
            let rows = self.inner.flows_after(after, limit).await?;
            let Some(last) = rows.last().map(|row| row.id) else {
                return Ok(Vec::new());
            };
            let opened = self.open_all(rows).await?;
            // An empty page would look like the end, where all of it was erased.
            if !opened.is_empty() {
                return Ok(opened);
            }
            after = Some(last);
        }
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        self.inner.counts().await
    }

    async fn health(&self) -> Result<(), StoreError> {
        self.inner.health().await
    }

    fn is_sealed(&self) -> bool {
        true
    }

    fn spool_key(&self) -> Option<SpoolKey> {
        Some(self.ring().spool_key())
    }

    async fn rotate_keys(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.rotate(now).await
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

    fn shared(&self) -> Option<&dyn Shared> {
        self.inner.shared().map(|_| self as &dyn Shared)
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

impl<S: KeyStore + ?Sized> Sealed<S> {
    async fn open_one(&self, row: Option<FlowRow>) -> Result<Option<FlowRow>, StoreError> {
        Ok(self.open_all(row.into_iter().collect()).await?.pop())
    }

    /// Opens rows; those whose key was destroyed are left out.
    pub(super) async fn open_all<R: SealedRow>(&self, rows: Vec<R>) -> Result<Vec<R>, StoreError> {
        if rows.is_empty() {
            return Ok(rows);
        }
        let owners: Vec<KeyOwner> = rows.iter().map(SealedRow::owner).collect();
        let keys = self.keys_of(owners).await?;
        let environment = self.environment();
        let mut opened = Vec::with_capacity(rows.len());
        for row in rows {
            match keys.get(&row.owner()) {
                Some(HeldKey::Key(key)) => {
                    let row = row.open(environment, key).map_err(|error| {
                        self.unfit(StoreErrorKind::Corrupt, format!("`{}`: {error}", R::COLUMN))
                    })?;
                    opened.push(row);
                }
                Some(HeldKey::Destroyed) => {}
                None => {
                    return Err(self.unfit(
                        StoreErrorKind::Corrupt,
                        format!("`{}`: its data key is gone, and no erasure says why", R::COLUMN),
                    ));
                }
            }
        }
        Ok(opened)
    }
}

/// A row of the store below that can be opened.
pub(super) trait SealedRow: Sized + Send {
    const COLUMN: &'static str;

    fn owner(&self) -> KeyOwner;

    fn open(self, environment: Environment, key: &DataKey) -> Result<Self, SealError>;
}

impl SealedRow for FlowRow {
    const COLUMN: &'static str = "flows.detail";

    fn owner(&self) -> KeyOwner {
        self.id.into()
    }

    fn open(self, environment: Environment, key: &DataKey) -> Result<Self, SealError> {
        let plain = key.open(&Cell::flow(environment, self.owner()), &self.detail)?;
        let [subject, idempotency_key, request_digest, detail] = split(&plain).ok_or(SealError::Cell)?;
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| SealError::Cell);
        let subject = match subject {
            Some(number) => Some(CivilNo::parse(text(number)?).map_err(|_| SealError::Cell)?),
            None => None,
        };
        let idempotency = match (idempotency_key, request_digest) {
            (Some(key), Some(digest)) => {
                let digest = <[u8; 32]>::try_from(digest).map_err(|_| SealError::Cell)?;
                Some((text(key)?.to_owned(), Digest::from_bytes(digest)))
            }
            _ => None,
        };
        let detail = detail.ok_or(SealError::Cell)?.to_vec().into();
        Ok(Self {
            subject,
            idempotency,
            detail,
            ..self
        })
    }
}

impl SealedRow for ExchangeRow {
    const COLUMN: &'static str = "exchanges.bytes";

    fn owner(&self) -> KeyOwner {
        self.flow.map_or_else(|| self.id.into(), KeyOwner::from)
    }

    fn open(self, environment: Environment, key: &DataKey) -> Result<Self, SealError> {
        let id = self.id.into();
        let bytes = key.open(&Cell::exchange(environment, self.owner(), &id), &self.bytes)?;
        Ok(Self {
            bytes: bytes.into(),
            ..self
        })
    }
}

impl SealedRow for DeliveryRow {
    const COLUMN: &'static str = "deliveries.body";

    fn owner(&self) -> KeyOwner {
        self.flow.into()
    }

    fn open(self, environment: Environment, key: &DataKey) -> Result<Self, SealError> {
        let plain = key.open(
            &Cell::delivery(environment, self.owner(), &self.webhook_id),
            &self.body,
        )?;
        let [url, body] = split(&plain).ok_or(SealError::Cell)?;
        let url = std::str::from_utf8(url.ok_or(SealError::Cell)?).map_err(|_| SealError::Cell)?;
        Ok(Self {
            url: url.to_owned(),
            body: body.ok_or(SealError::Cell)?.to_vec().into(),
            ..self
        })
    }
}
