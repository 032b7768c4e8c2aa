use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::params;

use super::append::Bare;
use super::append::BareRow;
use crate::cli::failure::Failure;

pub(super) struct BareSqlite {
    connection: Connection,
}

impl BareSqlite {
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;
            CREATE TABLE records (seq INTEGER NOT NULL PRIMARY KEY, at INTEGER NOT NULL, flow BLOB, kind TEXT NOT NULL,
                subject TEXT, event TEXT NOT NULL, commitment BLOB, writer INTEGER, number INTEGER, leaf BLOB) STRICT;
            CREATE INDEX records_by_flow ON records (flow, seq) WHERE flow IS NOT NULL;",
        )?;
        Ok(Self { connection })
    }

    /// How long it takes to read every record, and nothing else.
    pub(super) fn read(file: &Path) -> rusqlite::Result<Duration> {
        let connection = Connection::open(file)?;
        let start = Instant::now();
        let mut statement = connection.prepare(
            "SELECT seq, at, flow, kind, event, commitment, writer, number, leaf FROM records ORDER BY seq",
        )?;
        let mut rows = statement.query([])?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let (event, leaf): (String, [u8; 32]) = (row.get(4)?, row.get(8)?);
            bytes += event.len() + leaf.len();
        }
        std::hint::black_box(bytes);
        Ok(start.elapsed())
    }

    fn write(&self, rows: &[BareRow]) -> rusqlite::Result<()> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        {
            let mut insert = self.connection.prepare_cached(
                "INSERT INTO records (seq, at, flow, kind, event, writer, number, leaf)
                    VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)",
            )?;
            for row in rows {
                insert.execute(params![
                    row.seq,
                    row.at,
                    row.flow,
                    row.kind,
                    row.event,
                    row.seq - 1,
                    row.leaf
                ])?;
            }
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

impl Bare for BareSqlite {
    async fn append(&mut self, rows: &[BareRow]) -> Result<(), Failure> {
        self.write(rows).map_err(Failure::new)
    }
}
