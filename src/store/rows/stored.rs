use std::path::Path;

use super::columns::Columns;
use super::columns::Kind;
use crate::audit::DeliveryRow;
use crate::audit::ExchangeRow;
use crate::audit::FlowRow;
use crate::store::Activation;
use crate::store::FlowStart;
use crate::store::FlowSummary;
use crate::store::PersonRefusal;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::store::StoredRecord;
use crate::store::names::direction_from_name;
use crate::store::names::phase_from_name;
use crate::words::Capability;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::ServiceName;
use crate::words::Timestamp;

/// A stored row that is being read back. What does not fit is an error that names the column, never the value.
pub(in crate::store) struct Stored<'a, R> {
    place: &'a Path,
    row: &'a R,
}

impl<'a, R: Columns> Stored<'a, R> {
    /// A row of the store at this place.
    pub(in crate::store) const fn new(place: &'a Path, row: &'a R) -> Self {
        Self { place, row }
    }

    pub(in crate::store) fn flow(&self) -> Result<FlowRow, StoreError> {
        Ok(FlowRow {
            id: FlowId::from_uuid(self.get("id")?),
            version: self.count("version")?,
            service: self.service()?,
            capability: self.capability()?,
            catalog: self.digest("catalog")?,
            token: self.digest("token")?,
            person_key: self.maybe_digest("person_key")?,
            subject: self
                .maybe_text("subject")?
                .map(|number| CivilNo::parse(&number).map_err(|_| self.unfit("subject")))
                .transpose()?,
            state: serde_json::from_str(&self.text("state")?).map_err(|_| self.unfit("state"))?,
            request_id: self
                .get::<Option<Vec<u8>>>("request_id")?
                .map(|id| {
                    String::from_utf8(id)
                        .map(RequestId::new)
                        .map_err(|_| self.unfit("request_id"))
                })
                .transpose()?,
            created_at: self.time("created_at")?,
            expires_at: self.time("expires_at")?,
            outcome: self.outcome()?,
            idempotency: self
                .maybe_text("idempotency_key")?
                .map(|key| Ok::<_, StoreError>((key, self.digest("request_digest")?)))
                .transpose()?,
            detail: self.get::<Vec<u8>>("detail")?.into(),
        })
    }

    pub(in crate::store) fn summary(&self) -> Result<FlowSummary, StoreError> {
        Ok(FlowSummary {
            id: FlowId::from_uuid(self.get("id")?),
            service: self.service()?,
            capability: self.capability()?,
            phase: phase_from_name(&self.text("phase")?).ok_or_else(|| self.unfit("phase"))?,
            outcome: self.outcome()?,
            created_at: self.time("created_at")?,
        })
    }

    pub(in crate::store) fn start(&self) -> Result<FlowStart, StoreError> {
        Ok(FlowStart {
            service: self.service()?,
            capability: self.capability()?,
            person_key: self.maybe_digest("person_key")?,
            at: self.time("created_at")?,
        })
    }

    pub(in crate::store) fn refusal(&self) -> Result<Option<PersonRefusal>, StoreError> {
        let state = serde_json::from_str(&self.text("state")?).map_err(|_| self.unfit("state"))?;
        let person = self.maybe_digest("person_key")?;
        Ok(PersonRefusal::of(person, self.capability()?, &state))
    }

    pub(in crate::store) fn record(&self) -> Result<StoredRecord, StoreError> {
        Ok(StoredRecord {
            seq: self.count("seq")?,
            at: self.time("at")?,
            flow: self.maybe_flow("flow")?,
            event: serde_json::from_str(&self.text("event")?).map_err(|_| self.unfit("event"))?,
        })
    }

    pub(in crate::store) fn exchange(&self) -> Result<ExchangeRow, StoreError> {
        Ok(ExchangeRow {
            id: ExchangeId::from_uuid(self.get("id")?),
            flow: self.maybe_flow("flow")?,
            direction: direction_from_name(&self.text("direction")?)
                .ok_or_else(|| self.unfit("direction"))?,
            at: self.time("at")?,
            bytes: self.get::<Vec<u8>>("bytes")?.into(),
        })
    }

    pub(in crate::store) fn delivery(&self) -> Result<DeliveryRow, StoreError> {
        let attempts = self.count("attempts")?;
        Ok(DeliveryRow {
            webhook_id: self.text("webhook_id")?,
            flow: FlowId::from_uuid(self.get("flow")?),
            url: self.text("url")?,
            body: self.get::<Vec<u8>>("body")?.into(),
            attempts: u32::try_from(attempts).map_err(|_| self.unfit("attempts"))?,
            next_at: self.maybe_time("next_at")?,
            delivered_at: self.maybe_time("delivered_at")?,
        })
    }

    pub(in crate::store) fn activation(&self) -> Result<Activation, StoreError> {
        Ok(Activation {
            catalog: self.digest("catalog")?,
            at: self.time("at")?,
            by: self.text("actor")?,
            set_aside: self.maybe_digest("set_aside")?,
        })
    }

    pub(in crate::store) fn get<T: Kind>(&self, column: &'static str) -> Result<T, StoreError> {
        T::read(self.row, column).map_err(|_| self.unfit(column))
    }

    pub(in crate::store) fn count(&self, column: &'static str) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(column)?).map_err(|_| self.unfit(column))
    }

    fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.get(column)
    }

    fn maybe_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    pub(super) fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.get(column).map(Timestamp::from_micros)
    }

    pub(super) fn maybe_time(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = self.get(column)?;
        Ok(at.map(Timestamp::from_micros))
    }

    pub(super) fn maybe_flow(&self, column: &'static str) -> Result<Option<FlowId>, StoreError> {
        let id: Option<uuid::Uuid> = self.get(column)?;
        Ok(id.map(FlowId::from_uuid))
    }

    pub(in crate::store) fn digest(&self, column: &'static str) -> Result<Digest, StoreError> {
        self.maybe_digest(column)?.ok_or_else(|| self.unfit(column))
    }

    pub(in crate::store) fn maybe_digest(&self, column: &'static str) -> Result<Option<Digest>, StoreError> {
        self.get::<Option<Vec<u8>>>(column)?
            .map(|bytes| {
                <[u8; 32]>::try_from(bytes)
                    .map(Digest::from_bytes)
                    .map_err(|_| self.unfit(column))
            })
            .transpose()
    }

    pub(in crate::store) fn service(&self) -> Result<ServiceName, StoreError> {
        ServiceName::parse(&self.text("service")?).map_err(|_| self.unfit("service"))
    }

    fn capability(&self) -> Result<Capability, StoreError> {
        Capability::from_name(&self.text("capability")?).ok_or_else(|| self.unfit("capability"))
    }

    fn outcome(&self) -> Result<Option<Outcome>, StoreError> {
        self.maybe_text("outcome")?
            .map(|code| Outcome::from_code(&code).ok_or_else(|| self.unfit("outcome")))
            .transpose()
    }

    pub(in crate::store) fn unfit(&self, column: &str) -> StoreError {
        StoreError::with_remedy(
            StoreErrorKind::Corrupt,
            self.place,
            format!("a row can't be read: its column `{column}` holds something else than midflow writes"),
            R::REMEDY,
        )
    }
}
