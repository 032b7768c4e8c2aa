use async_trait::async_trait;
use sqlx::postgres::PgArguments;
use sqlx::postgres::PgRow;

use super::Postgres;
use super::fault;
use super::find;
use super::rows::Stored;
use crate::audit::DeliveryRow;
use crate::audit::ExchangeRow;
use crate::audit::FlowRow;
use crate::store::Activation;
use crate::store::Counts;
use crate::store::ErasableFlow;
use crate::store::FlowSearch;
use crate::store::FlowStart;
use crate::store::FlowSummary;
use crate::store::FlowsOf;
use crate::store::Hold;
use crate::store::KeptCatalog;
use crate::store::LogStore;
use crate::store::PersonRefusal;
use crate::store::Shared;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::store::StoredRecord;
use crate::store::rights::APPLICATIONS;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Timestamp;

macro_rules! arguments {
    ($store:expr $(, $value:expr)*) => {{
        #[allow(unused_mut, reason = "a statement may have no arguments")]
        let mut arguments = PgArguments::default();
        $($store.bind(&mut arguments, $value)?;)*
        arguments
    }};
}

#[async_trait]
impl Store for Postgres {
    fn log(&self) -> Option<&dyn LogStore> {
        Some(self)
    }

    async fn flow(&self, id: FlowId) -> Result<Option<FlowRow>, StoreError> {
        let arguments = arguments!(self, id.as_uuid());
        self.one("SELECT * FROM flows WHERE id = $1", arguments, |row| row.flow())
            .await
    }

    async fn flow_by_token(&self, token: &Digest) -> Result<Option<FlowRow>, StoreError> {
        let arguments = arguments!(self, token.as_bytes().to_vec());
        self.one("SELECT * FROM flows WHERE token = $1", arguments, |row| {
            row.flow()
        })
        .await
    }

    async fn flow_by_idempotency(&self, client_key: &str) -> Result<Option<FlowRow>, StoreError> {
        let arguments = arguments!(self, client_key.to_owned());
        self.one(
            "SELECT * FROM flows WHERE idempotency_key = $1",
            arguments,
            |row| row.flow(),
        )
        .await
    }

    async fn open_flows(&self) -> Result<Vec<FlowRow>, StoreError> {
        let arguments = arguments!(self);
        self.all("SELECT * FROM flows WHERE open ORDER BY id", arguments, |row| {
            row.flow()
        })
        .await
    }

    async fn recent_flows(&self, limit: u32) -> Result<Vec<FlowSummary>, StoreError> {
        let arguments = arguments!(self, i64::from(limit));
        self.all(
            "SELECT id, service, capability, phase, outcome, created_at FROM flows
                ORDER BY created_at DESC, id DESC LIMIT $1",
            arguments,
            |row| row.summary(),
        )
        .await
    }

    async fn find_flows(&self, search: FlowSearch, limit: u32) -> Result<Vec<FlowSummary>, StoreError> {
        let statement = find::statement(search.lead());
        let arguments = arguments!(
            self,
            search.flow.map(|flow| flow.as_uuid()),
            search.person_key.map(|key| key.as_bytes().to_vec()),
            search.service.map(|service| service.to_string()),
            search.outcome.map(|outcome| outcome.code()),
            search.request_id.map(String::into_bytes),
            search.since.map_or(i64::MIN, Timestamp::as_micros),
            search.until.map_or(i64::MAX, Timestamp::as_micros),
            i64::from(limit)
        );
        self.all(statement, arguments, |row| row.summary()).await
    }

    async fn starts_since(&self, since: Timestamp) -> Result<Vec<FlowStart>, StoreError> {
        let arguments = arguments!(self, since.as_micros());
        self.all(
            "SELECT service, capability, person_key, created_at FROM flows WHERE created_at >= $1 ORDER BY created_at, id",
            arguments,
            |row| row.start(),
        )
        .await
    }

    async fn refusals(&self, of: Option<Digest>, since: Timestamp) -> Result<Vec<PersonRefusal>, StoreError> {
        let (statement, arguments) = match of {
            None => (REFUSALS, arguments!(self, since.as_micros())),
            Some(person) => {
                let person = person.as_bytes().to_vec();
                (REFUSALS_OF_ONE, arguments!(self, since.as_micros(), person))
            }
        };
        let found = self.all(statement, arguments, |row| row.refusal()).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn is_known(&self, person: Digest) -> Result<bool, StoreError> {
        let arguments = arguments!(self, person.as_bytes().to_vec());
        let found = self.one(IS_KNOWN, arguments, |row| row.service()).await?;
        Ok(found.is_some())
    }

    async fn records(&self, flow: FlowId) -> Result<Vec<StoredRecord>, StoreError> {
        let arguments = arguments!(self, flow.as_uuid());
        self.all(
            "SELECT seq, at, flow, event FROM records WHERE flow = $1 ORDER BY seq",
            arguments,
            |row| row.record(),
        )
        .await
    }

    async fn records_after(&self, seq: u64, limit: u32) -> Result<Vec<StoredRecord>, StoreError> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let arguments = arguments!(self, seq, i64::from(limit));
        self.all(
            "SELECT seq, at, flow, event FROM records WHERE seq > $1 ORDER BY seq LIMIT $2",
            arguments,
            |row| row.record(),
        )
        .await
    }

    async fn application_records(&self) -> Result<Vec<StoredRecord>, StoreError> {
        let arguments = arguments!(self);
        self.all(APPLICATIONS, arguments, |row| row.record()).await
    }

    async fn exchange(&self, id: ExchangeId) -> Result<Option<ExchangeRow>, StoreError> {
        let arguments = arguments!(self, id.as_uuid());
        self.one("SELECT * FROM exchanges WHERE id = $1", arguments, |row| {
            row.exchange()
        })
        .await
    }

    async fn exchanges(&self, flow: FlowId) -> Result<Vec<ExchangeRow>, StoreError> {
        let arguments = arguments!(self, flow.as_uuid());
        self.all(
            "SELECT * FROM exchanges WHERE flow = $1 ORDER BY at, id",
            arguments,
            |row| row.exchange(),
        )
        .await
    }

    async fn due_deliveries(&self, now: Timestamp, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        let arguments = arguments!(self, now.as_micros(), i64::from(limit));
        self.all(
            "SELECT * FROM deliveries WHERE next_at <= $1 ORDER BY next_at, webhook_id LIMIT $2",
            arguments,
            |row| row.delivery(),
        )
        .await
    }

    async fn deliveries(&self, flow: FlowId) -> Result<Vec<DeliveryRow>, StoreError> {
        let arguments = arguments!(self, flow.as_uuid());
        self.all(
            "SELECT * FROM deliveries WHERE flow = $1 ORDER BY webhook_id",
            arguments,
            |row| row.delivery(),
        )
        .await
    }

    async fn keep_catalog(&self, catalog: KeptCatalog, at: Timestamp) -> Result<(), StoreError> {
        for part in catalog.portions() {
            let digests: Vec<&[u8]> = part
                .iter()
                .map(|(digest, _)| digest.as_bytes().as_slice())
                .collect();
            let texts: Vec<&[u8]> = part.iter().map(|(_, text)| text.as_bytes()).collect();
            let arguments = arguments!(self, digests, texts);
            self.write(
                "INSERT INTO sources (digest, bytes) SELECT r.* FROM unnest($1::bytea[], $2::bytea[]) AS r
                    ON CONFLICT DO NOTHING",
                arguments,
            )
            .await?;
        }
        // Last, so that a catalog which is kept is kept whole.
        let arguments = arguments!(
            self,
            catalog.digest.as_bytes().as_slice(),
            catalog.manifest,
            at.as_micros()
        );
        self.write(
            "INSERT INTO catalogs (digest, manifest, kept_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            arguments,
        )
        .await
    }

    async fn catalog(&self, digest: &Digest) -> Result<Option<String>, StoreError> {
        let arguments = arguments!(self, digest.as_bytes().to_vec());
        self.one(
            "SELECT manifest FROM catalogs WHERE digest = $1",
            arguments,
            |row| row.get("manifest"),
        )
        .await
    }

    async fn missing_sources(&self, digests: Vec<Digest>) -> Result<Vec<Digest>, StoreError> {
        let arguments = arguments!(self, all_bytes(&digests));
        self.all(
            "SELECT asked.digest FROM unnest($1::bytea[]) AS asked (digest)
                WHERE NOT EXISTS (SELECT FROM sources WHERE sources.digest = asked.digest)",
            arguments,
            |row| row.digest("digest"),
        )
        .await
    }

    async fn sources(&self, digests: Vec<Digest>) -> Result<Vec<(Digest, Vec<u8>)>, StoreError> {
        let arguments = arguments!(self, all_bytes(&digests));
        self.all(
            "SELECT digest, bytes FROM sources WHERE digest = ANY ($1::bytea[])",
            arguments,
            |row| Ok((row.digest("digest")?, row.get("bytes")?)),
        )
        .await
    }

    async fn activations(&self, limit: u32) -> Result<Vec<Activation>, StoreError> {
        let arguments = arguments!(self, i64::from(limit));
        self.all(
            "SELECT catalog, at, actor, set_aside FROM activations ORDER BY seq DESC LIMIT $1",
            arguments,
            |row| row.activation(),
        )
        .await
    }

    async fn set_active_catalog(&self, activation: Activation) -> Result<(), StoreError> {
        let catalog = activation.catalog.as_bytes().to_vec();
        let set_aside = activation.set_aside.map(|digest| digest.as_bytes().to_vec());
        let arguments = arguments!(self, catalog, activation.at.as_micros(), activation.by, set_aside);
        self.write(
            "INSERT INTO activations (catalog, at, actor, set_aside) VALUES ($1, $2, $3, $4)",
            arguments,
        )
        .await
    }

    async fn flows_after(&self, after: Option<FlowId>, limit: u32) -> Result<Vec<FlowRow>, StoreError> {
        let after = after.map_or_else(uuid::Uuid::nil, |after| after.as_uuid());
        let arguments = arguments!(self, after, i64::from(limit));
        self.all(
            "SELECT * FROM flows WHERE id > $1 ORDER BY id LIMIT $2",
            arguments,
            |row| row.flow(),
        )
        .await
    }

    async fn counts(&self) -> Result<Counts, StoreError> {
        // The row of `log` counts with each batch, so no table is read through.
        let arguments = arguments!(self);
        let counts = self.one(
            "SELECT flows, (SELECT count(*) FROM flows WHERE open) AS open_flows, records, exchanges,
                (SELECT count(*) FROM deliveries WHERE next_at IS NOT NULL) AS waiting_deliveries,
                pg_database_size(current_database()) AS bytes FROM log",
            arguments,
            |row| {
                Ok(Counts {
                    flows: row.count("flows")?,
                    open_flows: row.count("open_flows")?,
                    records: row.count("records")?,
                    exchanges: row.count("exchanges")?,
                    waiting_deliveries: row.count("waiting_deliveries")?,
                    bytes: row.count("bytes")?,
                })
            },
        );
        Ok(counts.await?.unwrap_or_default())
    }

    async fn health(&self) -> Result<(), StoreError> {
        let arguments = arguments!(self);
        self.write(
            "INSERT INTO health (id, probes) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET probes = health.probes + 1",
            arguments,
        )
        .await
    }

    fn is_sealed(&self) -> bool {
        false
    }

    async fn rotate_keys(&self, _now: Timestamp) -> Result<u64, StoreError> {
        Err(StoreError::of_server(
            StoreErrorKind::Rule,
            &self.place,
            "nothing in it is sealed by this program, so there are no keys to rotate",
            "this is a fault of midflow; report it with this text",
        ))
    }

    /// The server alone decides when old versions of rows and its write-ahead log are cleared away; the table of keys asks
    /// it to do so at once (docs/configuration.md).
    async fn scrub(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn erasable_flows(&self, of: FlowsOf, limit: u32) -> Result<Vec<ErasableFlow>, StoreError> {
        self.erasable(of, limit).await
    }

    async fn waiting_documents(&self, before: Timestamp, limit: u32) -> Result<Vec<ExchangeId>, StoreError> {
        self.waiting(before, limit).await
    }

    async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        self.all_holds().await
    }

    async fn place_hold(&self, hold: Hold) -> Result<(), StoreError> {
        self.insert_hold(hold).await
    }

    async fn release_hold(&self, id: u64, by: String, at: Timestamp) -> Result<(), StoreError> {
        self.mark_released(id, by, at).await
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }

    async fn close(&self) {
        self.finish().await;
    }
}

fn all_bytes(digests: &[Digest]) -> Vec<&[u8]> {
    digests
        .iter()
        .map(|digest| digest.as_bytes().as_slice())
        .collect()
}

impl Postgres {
    async fn one<T>(
        &self,
        statement: &'static str,
        arguments: PgArguments,
        read: impl Fn(&Stored<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.all(statement, arguments, read).await?.pop())
    }

    /// Reads in a task of its own: a caller that stops waiting can't leave a connection in the middle of a
    /// statement.
    pub(super) async fn all<T>(
        &self,
        statement: &'static str,
        arguments: PgArguments,
        read: impl Fn(&Stored<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let readers = self.readers.clone();
        let reading =
            tokio::spawn(async move { sqlx::query_with(statement, arguments).fetch_all(&readers).await });
        let rows: Vec<PgRow> = reading
            .await
            .map_err(|_| {
                StoreError::of_server(
                    StoreErrorKind::Io,
                    &self.place,
                    "the reader panicked",
                    "report this as a fault of midflow",
                )
            })?
            .map_err(|error| fault::of_sqlx(&self.place, &error))?;
        rows.iter().map(|row| read(&self.stored(row))).collect()
    }
}

/// What was refused is seen in the state of the machine alone: a policy may make another outcome of a decline.
const REFUSALS: &str = "SELECT person_key, capability, state FROM flows
    WHERE created_at >= $1 AND person_key IS NOT NULL
        AND (strpos(state, '\"answered\":\"declined.by_user\"') > 0 OR strpos(state, '\"reported_at\"') > 0)
    ORDER BY created_at, id";
const REFUSALS_OF_ONE: &str = "SELECT person_key, capability, state FROM flows
    WHERE created_at >= $1 AND person_key = $2
        AND (strpos(state, '\"answered\":\"declined.by_user\"') > 0 OR strpos(state, '\"reported_at\"') > 0)
    ORDER BY created_at, id";
const IS_KNOWN: &str = "SELECT service FROM flows
    WHERE person_key = $1 AND capability IN ('auth_qr', 'auth_push', 'sign')
        AND strpos(state, '\"answered\":\"approved\"') > 0
    LIMIT 1";
