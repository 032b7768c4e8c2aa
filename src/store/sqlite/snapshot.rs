use std::path::Path;
use std::path::PathBuf;

use async_trait::async_trait;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::ToSql;
use rusqlite::params;

use super::ahead::read_ahead;
use super::fault;
use super::open;
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

/// A read transaction on a connection of its own: SQLite shows it the file as it was, whatever is written meanwhile.
pub(super) struct Snapshot {
    file: PathBuf,
    /// Away only while it is being read from.
    connection: Option<Connection>,
    /// The number of the last record.
    last: i64,
    /// The records, as far as they are read one after another.
    ahead: Option<Pages>,
}

impl Snapshot {
    pub(super) fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = open::looker(file)?;
        let begin = || {
            connection.execute_batch("BEGIN")?;
            // The snapshot is taken by the first read.
            connection.query_row("SELECT max(seq) FROM records", [], |row| {
                row.get::<_, Option<i64>>(0)
            })
        };
        let last = begin().map_err(|error| fault::of_rusqlite(file, &error))?;
        Ok(Self {
            file: file.to_path_buf(),
            connection: Some(connection),
            last: last.unwrap_or(i64::MIN),
            ahead: None,
        })
    }

    async fn read<T: Send + 'static>(
        &mut self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = self.connection.take().ok_or_else(|| self.lost())?;
        let reading = tokio::task::spawn_blocking(move || {
            let result = read(&connection);
            (connection, result)
        });
        let (connection, result) = reading.await.map_err(|_| self.lost())?;
        self.connection = Some(connection);
        result.map_err(|error| fault::of_rusqlite(&self.file, &error))
    }

    fn lost(&self) -> StoreError {
        let cause = "a reader of the snapshot was lost";
        StoreError::new(StoreErrorKind::Io, &self.file, cause)
    }
}

#[async_trait]
impl LogSnapshot for Snapshot {
    async fn rows(&mut self, seq: i64, limit: u32) -> Result<Vec<LogRow>, StoreError> {
        let mut ahead = match self.ahead.take() {
            Some(ahead) if ahead.is_before(seq, limit) => ahead,
            _ => read_ahead(&self.file, seq, self.last, limit),
        };
        let page = ahead.page().await.ok_or_else(|| self.lost())??;
        if !page.is_empty() {
            self.ahead = Some(ahead);
        }
        Ok(page)
    }

    async fn tiles(&mut self, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<StoredTile>, StoreError> {
        let (level, number) = after.unwrap_or((i64::MIN, i64::MIN));
        self.read(move |connection| {
            let mut rows = connection.prepare_cached(
                "SELECT level, number, hashes FROM log_tiles WHERE (level, number) > (?1, ?2)
                    ORDER BY level, number LIMIT ?3",
            )?;
            rows.query_map(params![level, number, limit], |row| {
                Ok(StoredTile {
                    level: row.get(0)?,
                    number: row.get(1)?,
                    hashes: row.get(2)?,
                })
            })?
            .collect()
        })
        .await
    }

    async fn checkpoints(&mut self, size: i64, limit: u32) -> Result<Vec<(i64, String)>, StoreError> {
        self.read(move |connection| {
            let mut rows = connection.prepare_cached(
                "SELECT size, CAST(note AS BLOB) FROM log_checkpoints WHERE size > ?1 ORDER BY size LIMIT ?2",
            )?;
            rows.query_map(params![size, limit], |row| {
                // What is no text any more is no checkpoint either, and is told as such.
                let note: Vec<u8> = row.get(1)?;
                Ok((row.get(0)?, String::from_utf8_lossy(&note).into_owned()))
            })?
            .collect()
        })
        .await
    }

    async fn exchanges(&mut self, ids: Vec<ExchangeId>) -> Result<Vec<StoredExchange>, StoreError> {
        self.read(move |connection| {
            each(
                connection,
                EXCHANGE,
                ids.iter().map(|id| id.as_uuid().into_bytes()),
                |row| {
                    let direction: Vec<u8> = row.get(2)?;
                    Ok(StoredExchange {
                        id: ExchangeId::from_uuid(uuid::Uuid::from_bytes(row.get(0)?)),
                        flow: row.get(1)?,
                        direction: std::str::from_utf8(&direction).ok().and_then(direction_from_name),
                        at: row.get(3)?,
                        bytes: row.get(4)?,
                    })
                },
            )
        })
        .await
    }

    async fn flows(&mut self, ids: Vec<FlowId>) -> Result<Vec<StoredFlow>, StoreError> {
        self.read(move |connection| {
            each(
                connection,
                FLOW,
                ids.iter().map(|id| id.as_uuid().into_bytes()),
                |row| {
                    Ok(StoredFlow {
                        id: row.get(0)?,
                        service: row.get(1)?,
                        capability: row.get(2)?,
                        catalog: row.get(3)?,
                        token: row.get(4)?,
                        person_key: row.get(5)?,
                        subject: row.get(6)?,
                        commitment: None,
                        created_at: row.get(7)?,
                        expires_at: row.get(8)?,
                        idempotency_key: row.get(9)?,
                        request_digest: row.get(10)?,
                        detail: row.get(11)?,
                        outcome: row.get(12)?,
                        request_id: row.get(13)?,
                    })
                },
            )
        })
        .await
    }

    async fn notices(&mut self, ids: Vec<String>) -> Result<Vec<StoredNotice>, StoreError> {
        self.read(move |connection| {
            each(connection, NOTICE, ids, |row| {
                Ok(StoredNotice {
                    webhook_id: row.get(0)?,
                    flow: row.get(1)?,
                    url: row.get(2)?,
                    body: row.get(3)?,
                    attempts: row.get(4)?,
                    delivered_at: row.get(5)?,
                })
            })
        })
        .await
    }

    async fn strays(&mut self, expected: Expected) -> Result<Vec<(Place, String)>, StoreError> {
        self.read(move |connection| strays::find(connection, &expected))
            .await
    }
}

/// One row for each id, where there is one.
fn each<T>(
    connection: &Connection,
    statement: &str,
    ids: impl IntoIterator<Item = impl ToSql>,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut statement = connection.prepare_cached(statement)?;
    let mut rows = Vec::new();
    for id in ids {
        rows.extend(statement.query_row([id], |row| read(row)).optional()?);
    }
    Ok(rows)
}

const EXCHANGE: &str = "SELECT id, flow, CAST(direction AS BLOB), at, bytes FROM exchanges WHERE id = ?1";

const FLOW: &str = "
    SELECT id, CAST(service AS BLOB), CAST(capability AS BLOB), catalog, token, person_key, CAST(subject AS BLOB),
        created_at, expires_at, CAST(idempotency_key AS BLOB), request_digest, detail, CAST(outcome AS BLOB),
        CAST(request_id AS BLOB)
    FROM flows WHERE id = ?1";

const NOTICE: &str = "
    SELECT webhook_id, flow, CAST(url AS BLOB), body, attempts, delivered_at FROM deliveries WHERE webhook_id = ?1";
