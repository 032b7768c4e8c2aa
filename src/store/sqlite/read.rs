use std::sync::Arc;

use async_trait::async_trait;
use sqlx::sqlite::SqliteArguments;
use sqlx::sqlite::SqliteRow;

use super::Sqlite;
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
        let mut arguments = SqliteArguments::default();
        $($store.bind(&mut arguments, $value)?;)*
        arguments
    }};
}

#[async_trait]
impl Store for Sqlite {
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
        self.all(
            "SELECT * FROM flows WHERE open = 1 ORDER BY id",
            arguments,
            |row| row.flow(),
        )
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
            search.request_id,
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
            let (bytes, places) = packed(part);
            self.write(
                "INSERT INTO sources (digest, bytes)
                    SELECT substr($1, r.value ->> 0, 32), substr($1, r.value ->> 1, r.value ->> 2)
                    FROM json_each($2) AS r WHERE true ON CONFLICT DO NOTHING",
                vec![bytes.into(), places.into()],
            )
            .await?;
        }
        // Last, so that a catalog which is kept is kept whole.
        let (digest, manifest) = (catalog.digest.as_bytes().to_vec(), catalog.manifest.into_bytes());
        self.write(
            "INSERT INTO catalogs (digest, archive, kept_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            vec![digest.into(), manifest.into(), at.as_micros().into()],
        )
        .await
    }

    async fn catalog(&self, digest: &Digest) -> Result<Option<String>, StoreError> {
        let arguments = arguments!(self, digest.as_bytes().to_vec());
        self.one(
            "SELECT CAST(archive AS TEXT) AS manifest FROM catalogs WHERE digest = $1",
            arguments,
            |row| row.get("manifest"),
        )
        .await
    }

    async fn missing_sources(&self, digests: Vec<Digest>) -> Result<Vec<Digest>, StoreError> {
        let (bytes, places) = side_by_side(&digests);
        let arguments = arguments!(self, bytes, places);
        self.all(
            "SELECT substr($1, r.value, 32) AS digest FROM json_each($2) AS r
                WHERE NOT EXISTS (SELECT 1 FROM sources WHERE sources.digest = substr($1, r.value, 32))",
            arguments,
            |row| row.digest("digest"),
        )
        .await
    }

    async fn sources(&self, digests: Vec<Digest>) -> Result<Vec<(Digest, Vec<u8>)>, StoreError> {
        let (bytes, places) = side_by_side(&digests);
        let arguments = arguments!(self, bytes, places);
        self.all(
            "SELECT digest, bytes FROM sources
                WHERE digest IN (SELECT substr($1, r.value, 32) FROM json_each($2) AS r)",
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
        let at = activation.at.as_micros();
        self.write(
            "INSERT INTO activations (catalog, at, actor, set_aside) VALUES ($1, $2, $3, $4)",
            vec![catalog.into(), at.into(), activation.by.into(), set_aside.into()],
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
        // Nothing is ever deleted, so the last number of a table is its size, and no table is read through.
        let arguments = arguments!(self);
        let counts = self.one(
            "SELECT (SELECT coalesce(max(rowid), 0) FROM flows) AS flows,
                (SELECT count(*) FROM flows WHERE open = 1) AS open_flows,
                (SELECT coalesce(max(seq), 0) FROM records) AS records,
                (SELECT coalesce(max(rowid), 0) FROM exchanges) AS exchanges,
                (SELECT count(*) FROM deliveries WHERE next_at IS NOT NULL) AS waiting_deliveries,
                (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size) AS bytes",
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
        self.write(
            "INSERT INTO health (id, probes) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET probes = probes + 1",
            Vec::new(),
        )
        .await
    }

    fn is_sealed(&self) -> bool {
        false
    }

    async fn rotate_keys(&self, _now: Timestamp) -> Result<u64, StoreError> {
        let cause = "nothing in it is sealed by this program, so there are no keys to rotate";
        Err(StoreError::new(StoreErrorKind::Rule, &self.file, cause))
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        self.rebuild().await?;
        self.writer.empty_log().await
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

    async fn close(&self) {
        self.finish().await;
    }
}

/// Digests and contents in one blob, and where each begins, from 1: digest, content, length of the content.
fn packed(sources: &[(Digest, Arc<str>)]) -> (Vec<u8>, String) {
    let mut bytes = Vec::new();
    let places: Vec<[usize; 3]> = sources
        .iter()
        .map(|(digest, text)| {
            let place = bytes.len() + 1;
            bytes.extend_from_slice(digest.as_bytes());
            bytes.extend_from_slice(text.as_bytes());
            [place, place + 32, text.len()]
        })
        .collect();
    (bytes, serde_json::to_string(&places).unwrap_or_default())
}

fn side_by_side(digests: &[Digest]) -> (Vec<u8>, String) {
    let bytes = digests.iter().flat_map(|digest| *digest.as_bytes()).collect();
    let places: Vec<usize> = (0..digests.len()).map(|index| index * 32 + 1).collect();
    (bytes, serde_json::to_string(&places).unwrap_or_default())
}

impl Sqlite {
    pub(super) async fn one<T>(
        &self,
        statement: &'static str,
        arguments: SqliteArguments,
        read: impl Fn(&Stored<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.all(statement, arguments, read).await?.pop())
    }

    /// Reads in a task of its own: a caller that stops waiting can't leave a connection in the middle of a
    /// statement.
    pub(super) async fn all<T>(
        &self,
        statement: &'static str,
        arguments: SqliteArguments,
        read: impl Fn(&Stored<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let readers = self.readers.clone();
        let reading =
            tokio::spawn(async move { sqlx::query_with(statement, arguments).fetch_all(&readers).await });
        let rows: Vec<SqliteRow> = reading
            .await
            .map_err(|_| fault::of_panic(&self.file))?
            .map_err(|error| fault::of_sqlx(&self.file, &error))?;
        rows.iter()
            .map(|row| read(&Stored::new(&self.file, row)))
            .collect()
    }
}

/// What was refused is seen in the state of the machine alone: a policy may make another outcome of a decline.
const REFUSALS: &str = "SELECT person_key, capability, state FROM flows
    WHERE created_at >= $1 AND person_key IS NOT NULL
        AND (instr(state, '\"answered\":\"declined.by_user\"') > 0 OR instr(state, '\"reported_at\"') > 0)
    ORDER BY created_at, id";
const REFUSALS_OF_ONE: &str = "SELECT person_key, capability, state FROM flows
    WHERE created_at >= $1 AND person_key = $2
        AND (instr(state, '\"answered\":\"declined.by_user\"') > 0 OR instr(state, '\"reported_at\"') > 0)
    ORDER BY created_at, id";
const IS_KNOWN: &str = "SELECT service FROM flows
    WHERE person_key = $1 AND capability IN ('auth_qr', 'auth_push', 'sign')
        AND instr(state, '\"answered\":\"approved\"') > 0
    LIMIT 1";
