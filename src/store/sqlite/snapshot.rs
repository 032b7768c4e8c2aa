use std::path::Path;
use std::path::PathBuf;

use async_trait::async_trait;
use rusqlite::Connection;
use rusqlite::params;

use super::compare;
use super::fault;
use super::log::ROWS;
use super::log::row;
use super::open;
use super::strays;
use crate::audit::log::LogRow;
use crate::audit::log::Place;
use crate::store::Claim;
use crate::store::Expected;
use crate::store::LogSnapshot;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::store::StoredTile;

/// A read transaction on a connection of its own: SQLite shows it the file as it was, whatever is written meanwhile.
pub(super) struct Snapshot {
    file: PathBuf,
    /// Away only while it is being read from.
    connection: Option<Connection>,
}

impl Snapshot {
    pub(super) fn open(file: &Path) -> Result<Self, StoreError> {
        let connection = open::looker(file)?;
        let begin = || {
            connection.execute_batch("BEGIN")?;
            // The snapshot is taken by the first read.
            connection.query_row("SELECT count(*) FROM log_writers", [], |row| row.get::<_, i64>(0))
        };
        begin().map_err(|error| fault::of_rusqlite(file, &error))?;
        Ok(Self {
            file: file.to_path_buf(),
            connection: Some(connection),
        })
    }

    async fn read<T: Send + 'static>(
        &mut self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let lost = || StoreError::new(StoreErrorKind::Io, &self.file, "a reader of the snapshot was lost");
        let connection = self.connection.take().ok_or_else(lost)?;
        let reading = tokio::task::spawn_blocking(move || {
            let result = read(&connection);
            (connection, result)
        });
        let (connection, result) = reading.await.map_err(|_| lost())?;
        self.connection = Some(connection);
        result.map_err(|error| fault::of_rusqlite(&self.file, &error))
    }
}

#[async_trait]
impl LogSnapshot for Snapshot {
    async fn rows(&mut self, seq: i64, limit: u32) -> Result<Vec<LogRow>, StoreError> {
        self.read(move |connection| {
            let mut rows =
                connection.prepare_cached(&format!("{ROWS} WHERE r.seq > ?1 ORDER BY r.seq LIMIT ?2"))?;
            rows.query_map(params![seq, limit], row)?.collect()
        })
        .await
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

    async fn compare(&mut self, claims: Vec<Claim>) -> Result<Vec<(Place, String)>, StoreError> {
        self.read(move |connection| compare::claims(connection, &claims)).await
    }

    async fn strays(&mut self, expected: Expected) -> Result<Vec<(Place, String)>, StoreError> {
        self.read(move |connection| strays::find(connection, &expected)).await
    }
}
