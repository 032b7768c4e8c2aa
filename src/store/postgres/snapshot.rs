use std::path::Path;

use async_trait::async_trait;
use sqlx::Arguments as _;
use sqlx::ConnectOptions as _;
use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::postgres::PgArguments;
use sqlx::postgres::PgRow;

use super::ahead::read_ahead;
use super::fault;
use super::log::id_bytes;
use super::rows::Stored;
use super::settings::PostgresSettings;
use super::strays;
use crate::audit::log::LogRow;
use crate::audit::log::Place;
use crate::audit::log::StoredExchange;
use crate::audit::log::StoredFlow;
use crate::audit::log::StoredNotice;
use crate::store::Expected;
use crate::store::LogSnapshot;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::store::StoredTile;
use crate::store::names::direction_from_name;
use crate::store::pages::Pages;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// A transaction that only reads, on a connection of its own: PostgreSQL shows it the database as it was, whatever is
/// written meanwhile.
pub(super) struct Snapshot {
    place: String,
    settings: PostgresSettings,
    /// By which other connections see the same.
    name: String,
    /// Away only while it is being read from.
    connection: Option<PgConnection>,
    /// The records, as far as they are read one after another.
    ahead: Option<Pages>,
}

impl Snapshot {
    pub(super) async fn open(settings: &PostgresSettings) -> Result<Self, StoreError> {
        let place = settings.place();
        let options = settings
            .options(&settings.runs_as)
            .options(PATIENCE.iter().copied());
        // In a task of its own, as everything that talks to the server.
        let opening = tokio::spawn(async move {
            let mut connection = options.connect().await?;
            sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .execute(&mut connection)
                .await?;
            // The snapshot is taken by the first read, which gives it a name.
            let name: String = sqlx::query_scalar("SELECT pg_export_snapshot()")
                .fetch_one(&mut connection)
                .await?;
            Ok((name, connection))
        });
        let opened = opening.await.map_err(|_| lost(&place))?;
        let (name, connection) = opened.map_err(|error| fault::of_sqlx(&place, &error))?;
        Ok(Self {
            place,
            settings: settings.clone(),
            name,
            connection: Some(connection),
            ahead: None,
        })
    }

    /// Reads rows.
    pub(super) async fn all<T>(
        &mut self,
        statement: &'static str,
        arguments: PgArguments,
        read: impl Fn(&Stored<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.fetch(statement, arguments).await?;
        rows.iter()
            .map(|row| read(&Stored::new(Path::new(&self.place), row)))
            .collect()
    }

    /// What the server answers; a reader that stops waiting leaves a snapshot that says so, and never one that answers
    /// wrongly.
    async fn fetch(
        &mut self,
        statement: &'static str,
        arguments: PgArguments,
    ) -> Result<Vec<PgRow>, StoreError> {
        let mut connection = self.connection.take().ok_or_else(|| lost(&self.place))?;
        let reading = tokio::spawn(async move {
            let rows = sqlx::query_with(statement, arguments)
                .fetch_all(&mut connection)
                .await;
            (connection, rows)
        });
        let (connection, rows) = reading.await.map_err(|_| lost(&self.place))?;
        self.connection = Some(connection);
        rows.map_err(|error| fault::of_sqlx(&self.place, &error))
    }

    /// Puts a value into the arguments of a statement.
    pub(super) fn bind<'t, T>(&self, arguments: &mut PgArguments, value: T) -> Result<(), StoreError>
    where
        T: sqlx::Encode<'t, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        let unfit = |_| StoreError::internal("a value does not fit into a statement");
        arguments.add(value).map_err(unfit)
    }
}

#[async_trait]
impl LogSnapshot for Snapshot {
    async fn rows(&mut self, seq: i64, limit: u32) -> Result<Vec<LogRow>, StoreError> {
        let mut ahead = match self.ahead.take() {
            Some(ahead) if ahead.is_before(seq, limit) => ahead,
            _ => read_ahead(self.settings.clone(), self.name.clone(), seq, limit),
        };
        let page = ahead.page().await.ok_or_else(|| lost(&self.place))??;
        if !page.is_empty() {
            self.ahead = Some(ahead);
        }
        Ok(page)
    }

    async fn tiles(&mut self, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<StoredTile>, StoreError> {
        let (level, number) = after.unwrap_or((i64::MIN, i64::MIN));
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, level)?;
        self.bind(&mut arguments, number)?;
        self.bind(&mut arguments, i64::from(limit))?;
        self.all(TILES, arguments, |row| {
            Ok(StoredTile {
                level: row.get("level")?,
                number: row.get("number")?,
                hashes: row.get("hashes")?,
            })
        })
        .await
    }

    async fn checkpoints(&mut self, size: i64, limit: u32) -> Result<Vec<(i64, String)>, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, size)?;
        self.bind(&mut arguments, i64::from(limit))?;
        self.all(CHECKPOINTS, arguments, |row| {
            Ok((row.get("size")?, row.get("note")?))
        })
        .await
    }

    async fn exchanges(&mut self, ids: Vec<ExchangeId>) -> Result<Vec<StoredExchange>, StoreError> {
        let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, ids)?;
        let rows = self.fetch(EXCHANGES, arguments).await?;
        rows.iter()
            .map(|row| {
                // Where a column can't be read, it is read once more by its name, which says what is wrong with it.
                exchange_by_places(row).or_else(|_| exchange(&Stored::new(Path::new(&self.place), row)))
            })
            .collect()
    }

    async fn flows(&mut self, ids: Vec<FlowId>) -> Result<Vec<StoredFlow>, StoreError> {
        let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.as_uuid()).collect();
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, ids)?;
        let text = |row: &Stored<'_>, column| Ok::<_, StoreError>(row.get::<String>(column)?.into_bytes());
        let maybe = |row: &Stored<'_>, column| {
            Ok::<_, StoreError>(row.get::<Option<String>>(column)?.map(String::into_bytes))
        };
        self.all(FLOWS, arguments, |row| {
            Ok(StoredFlow {
                id: id_bytes(row, "id")?.unwrap_or_default(),
                service: text(row, "service")?,
                capability: text(row, "capability")?,
                catalog: row.get("catalog")?,
                token: row.get("token")?,
                person_key: row.get("person_key")?,
                subject: maybe(row, "subject")?,
                commitment: None,
                created_at: row.get("created_at")?,
                expires_at: row.get("expires_at")?,
                idempotency_key: maybe(row, "idempotency_key")?,
                request_digest: row.get("request_digest")?,
                detail: row.get("detail")?,
                outcome: maybe(row, "outcome")?,
                request_id: row.get("request_id")?,
            })
        })
        .await
    }

    async fn notices(&mut self, ids: Vec<String>) -> Result<Vec<StoredNotice>, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, ids)?;
        self.all(NOTICES, arguments, |row| {
            Ok(StoredNotice {
                webhook_id: row.get("webhook_id")?,
                flow: id_bytes(row, "flow")?.unwrap_or_default(),
                url: row.get::<String>("url")?.into_bytes(),
                body: row.get("body")?,
                attempts: row.get("attempts")?,
                delivered_at: row.get("delivered_at")?,
            })
        })
        .await
    }

    async fn strays(&mut self, expected: Expected) -> Result<Vec<(Place, String)>, StoreError> {
        strays::find(self, &expected).await
    }
}

/// A message by the places of its columns: whoever compares a whole log would spend a tenth of the time on their names.
fn exchange_by_places(row: &PgRow) -> sqlx::Result<StoredExchange> {
    let flow: Option<uuid::Uuid> = row.try_get(1)?;
    Ok(StoredExchange {
        id: ExchangeId::from_uuid(row.try_get(0)?),
        flow: flow.map(|id| id.as_bytes().to_vec()),
        direction: direction_from_name(row.try_get(2)?),
        at: row.try_get(3)?,
        bytes: row.try_get(4)?,
    })
}

fn exchange(row: &Stored<'_>) -> Result<StoredExchange, StoreError> {
    Ok(StoredExchange {
        id: ExchangeId::from_uuid(row.get("id")?),
        flow: id_bytes(row, "flow")?,
        direction: direction_from_name(&row.get::<String>("direction")?),
        at: row.get("at")?,
        bytes: row.get("bytes")?,
    })
}

fn lost(place: &str) -> StoreError {
    StoreError::of_server(
        StoreErrorKind::Io,
        place,
        "a reader of the snapshot was lost",
        "ask again",
    )
}

/// A whole log is read through over another connection, and this one is asked only where records speak of something else; it
/// has to be there to the end, or nothing sees what it sees.
const PATIENCE: &[(&str, &str)] = &[
    ("statement_timeout", "10min"),
    ("idle_in_transaction_session_timeout", "2h"),
];

/// Hashes that stand side by side, as `tlog-tiles` cuts a level; one that is missing moves those after it.
const TILES: &str =
    "SELECT level, div(place, 256)::bigint AS number, string_agg(hash, ''::bytea ORDER BY place) AS hashes
    FROM log_hashes WHERE (level, div(place, 256)::bigint) > ($1, $2)
    GROUP BY level, div(place, 256) ORDER BY level, number LIMIT $3";
const CHECKPOINTS: &str = "SELECT size, note FROM log_checkpoints WHERE size > $1 ORDER BY size LIMIT $2";
const EXCHANGES: &str = "SELECT id, flow, direction, at, bytes FROM exchanges WHERE id = ANY ($1::uuid[])";
const FLOWS: &str =
    "SELECT id, service, capability, catalog, token, person_key, subject, created_at, expires_at,
    idempotency_key, request_digest, detail, outcome, request_id FROM flows WHERE id = ANY ($1::uuid[])";
const NOTICES: &str = "SELECT webhook_id, flow, url, body, attempts, delivered_at FROM deliveries
    WHERE webhook_id = ANY ($1::text[])";
