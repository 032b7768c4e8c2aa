use std::path::Path;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::fault;
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
pub(super) struct Stored<'a> {
    pub(super) file: &'a Path,
    pub(super) row: &'a SqliteRow,
}

impl Stored<'_> {
    pub(super) fn flow(&self) -> Result<FlowRow, StoreError> {
        Ok(FlowRow {
            id: FlowId::from_uuid(self.uuid("id")?),
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
            request_id: self.maybe_text("request_id")?.map(RequestId::new),
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

    pub(super) fn summary(&self) -> Result<FlowSummary, StoreError> {
        Ok(FlowSummary {
            id: FlowId::from_uuid(self.uuid("id")?),
            service: self.service()?,
            capability: self.capability()?,
            phase: phase_from_name(&self.text("phase")?).ok_or_else(|| self.unfit("phase"))?,
            outcome: self.outcome()?,
            created_at: self.time("created_at")?,
        })
    }

    pub(super) fn start(&self) -> Result<FlowStart, StoreError> {
        Ok(FlowStart {
            service: self.service()?,
            capability: self.capability()?,
            person_key: self.maybe_digest("person_key")?,
            at: self.time("created_at")?,
        })
    }

    pub(super) fn refusal(&self) -> Result<Option<PersonRefusal>, StoreError> {
        let state = serde_json::from_str(&self.text("state")?).map_err(|_| self.unfit("state"))?;
        let person = self.maybe_digest("person_key")?;
        Ok(PersonRefusal::of(person, self.capability()?, &state))
    }

    pub(super) fn record(&self) -> Result<StoredRecord, StoreError> {
        Ok(StoredRecord {
            seq: self.count("seq")?,
            at: self.time("at")?,
            flow: self.get::<Option<uuid::Uuid>>("flow")?.map(FlowId::from_uuid),
            event: serde_json::from_str(&self.text("event")?).map_err(|_| self.unfit("event"))?,
        })
    }

    pub(super) fn exchange(&self) -> Result<ExchangeRow, StoreError> {
        Ok(ExchangeRow {
            id: ExchangeId::from_uuid(self.uuid("id")?),
            flow: self.get::<Option<uuid::Uuid>>("flow")?.map(FlowId::from_uuid),
            direction: direction_from_name(&self.text("direction")?)
                .ok_or_else(|| self.unfit("direction"))?,
            at: self.time("at")?,
            bytes: self.get::<Vec<u8>>("bytes")?.into(),
        })
    }

    pub(super) fn delivery(&self) -> Result<DeliveryRow, StoreError> {
        let attempts = self.count("attempts")?;
        Ok(DeliveryRow {
            webhook_id: self.text("webhook_id")?,
            flow: FlowId::from_uuid(self.uuid("flow")?),
            url: self.text("url")?,
            body: self.get::<Vec<u8>>("body")?.into(),
            attempts: u32::try_from(attempts).map_err(|_| self.unfit("attempts"))?,
            next_at: self.get::<Option<i64>>("next_at")?.map(Timestamp::from_micros),
            delivered_at: self
                .get::<Option<i64>>("delivered_at")?
                .map(Timestamp::from_micros),
        })
    }

    pub(super) fn activation(&self) -> Result<Activation, StoreError> {
        Ok(Activation {
            catalog: self.digest("catalog")?,
            at: self.time("at")?,
            by: self.text("actor")?,
            set_aside: self.maybe_digest("set_aside")?,
        })
    }

    pub(super) fn get<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        self.row
            .try_get(column)
            .map_err(|error| fault::of_sqlx(self.file, &error))
    }

    pub(super) fn count(&self, column: &'static str) -> Result<u64, StoreError> {
        u64::try_from(self.get::<i64>(column)?).map_err(|_| self.unfit(column))
    }

    fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.get(column)
    }

    fn maybe_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    fn uuid(&self, column: &'static str) -> Result<uuid::Uuid, StoreError> {
        self.get(column)
    }

    fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.get(column).map(Timestamp::from_micros)
    }

    pub(super) fn digest(&self, column: &'static str) -> Result<Digest, StoreError> {
        self.maybe_digest(column)?.ok_or_else(|| self.unfit(column))
    }

    pub(super) fn maybe_digest(&self, column: &'static str) -> Result<Option<Digest>, StoreError> {
        self.get::<Option<Vec<u8>>>(column)?
            .map(|bytes| {
                <[u8; 32]>::try_from(bytes)
                    .map(Digest::from_bytes)
                    .map_err(|_| self.unfit(column))
            })
            .transpose()
    }

    pub(super) fn service(&self) -> Result<ServiceName, StoreError> {
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

    pub(super) fn unfit(&self, column: &str) -> StoreError {
        StoreError::new(
            StoreErrorKind::Corrupt,
            self.file,
            format!("a row can't be read: its column `{column}` holds something else than midflow writes"),
        )
    }
}
