use async_trait::async_trait;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::params;

use super::Sqlite;
use super::edge;
use super::fault;
use super::snapshot::Snapshot;
use crate::audit::log::Edge;
use crate::audit::log::LogRow;
use crate::audit::log::Node;
use crate::store::KeptAnchor;
use crate::store::KeptCheckpoint;
use crate::store::LogSnapshot;
use crate::store::LogStore;
use crate::store::StoreError;
use crate::words::Digest;
use crate::words::FlowId;

#[async_trait]
impl LogStore for Sqlite {
    async fn log_edge(&self) -> Result<Edge, StoreError> {
        let file = self.file.clone();
        self.looks
            .look(move |connection| {
                let size: i64 = connection
                    .prepare_cached("SELECT coalesce(max(seq), 0) FROM records")
                    .and_then(|mut size| size.query_row([], |row| row.get(0)))
                    .map_err(|error| fault::of_rusqlite(&file, &error))?;
                edge::load(&file, connection, u64::try_from(size).unwrap_or(0))
            })
            .await
    }

    async fn log_nodes(&self, nodes: &[Node]) -> Result<Vec<Digest>, StoreError> {
        let (file, nodes) = (self.file.clone(), nodes.to_vec());
        self.looks
            .look(move |connection| edge::nodes(&file, connection, &nodes))
            .await
    }

    async fn log_rows(&self, flow: FlowId) -> Result<Vec<LogRow>, StoreError> {
        let id = flow.as_uuid().into_bytes();
        self.looks
            .ask(move |connection| {
                let mut rows = connection.prepare(&format!("{ROWS} WHERE r.flow = ?1 ORDER BY r.seq"))?;
                rows.query_map([id], row)?.collect()
            })
            .await
    }

    async fn log_row(&self, index: u64) -> Result<Option<LogRow>, StoreError> {
        let seq = i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1);
        self.looks
            .ask(move |connection| {
                connection
                    .query_row(&format!("{ROWS} WHERE r.seq = ?1"), [seq], row)
                    .optional()
            })
            .await
    }

    async fn log_leaf_before(&self, row: &LogRow) -> Result<Digest, StoreError> {
        let (seq, writer) = (row.seq, row.writer.clone());
        let leaf = self
            .looks
            .ask(move |connection| {
                connection
                    .query_row(
                        "SELECT r.leaf FROM records AS r JOIN log_writers AS w ON w.number = r.writer
                            WHERE r.seq < ?1 AND w.id = ?2 ORDER BY r.seq DESC LIMIT 1",
                        params![seq, writer],
                        |row| row.get::<_, [u8; 32]>(0),
                    )
                    .optional()
            })
            .await?;
        Ok(Digest::from_bytes(leaf.unwrap_or_default()))
    }

    async fn keep_checkpoint(&self, size: u64, note: String) -> Result<(), StoreError> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.write(
            "INSERT INTO log_checkpoints (size, note) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            vec![size.into(), note.into()],
        )
        .await
    }

    async fn checkpoint_from(&self, size: u64) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.checkpoint(
            "SELECT size, note FROM log_checkpoints WHERE size >= ?1 ORDER BY size LIMIT 1",
            size,
        )
        .await
    }

    async fn last_checkpoint(&self) -> Result<Option<KeptCheckpoint>, StoreError> {
        self.checkpoint(
            "SELECT size, note FROM log_checkpoints WHERE size >= ?1 ORDER BY size DESC LIMIT 1",
            0,
        )
        .await
    }

    async fn keep_anchor(&self, anchor: KeptAnchor) -> Result<(), StoreError> {
        let size = i64::try_from(anchor.size).unwrap_or(i64::MAX);
        self.write(
            "INSERT INTO log_anchors (size, anchor, proof) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            vec![size.into(), anchor.anchor.into(), anchor.proof.into()],
        )
        .await
    }

    async fn anchors_from(&self, size: u64, limit: u32) -> Result<Vec<KeptAnchor>, StoreError> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.looks
            .ask(move |connection| {
                let mut rows = connection.prepare(
                    "SELECT size, anchor, proof FROM log_anchors WHERE size >= ?1
                        ORDER BY size, anchor LIMIT ?2",
                )?;
                rows.query_map(params![size, limit], |row| {
                    Ok(KeptAnchor {
                        size: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
                        anchor: row.get(1)?,
                        proof: row.get(2)?,
                    })
                })?
                .collect()
            })
            .await
    }

    async fn snapshot(&self) -> Result<Box<dyn LogSnapshot>, StoreError> {
        let file = self.file.clone();
        let opened = tokio::task::spawn_blocking(move || Snapshot::open(&file)).await;
        Ok(Box::new(opened.map_err(|_| fault::of_panic(&self.file))??))
    }
}

impl Sqlite {
    async fn checkpoint(
        &self,
        statement: &'static str,
        size: u64,
    ) -> Result<Option<KeptCheckpoint>, StoreError> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.looks
            .ask(move |connection| {
                connection
                    .prepare_cached(statement)?
                    .query_row([size], |row| {
                        Ok(KeptCheckpoint {
                            size: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
                            note: row.get(1)?,
                        })
                    })
                    .optional()
            })
            .await
    }
}

/// A record as it lies there.
fn row(row: &Row<'_>) -> rusqlite::Result<LogRow> {
    written_by(row, row.get(6)?)
}

/// The same of a row whose writer is known otherwise.
pub(super) fn written_by(row: &Row<'_>, writer: Option<Vec<u8>>) -> rusqlite::Result<LogRow> {
    Ok(LogRow {
        seq: row.get(0)?,
        at: row.get(1)?,
        flow: row.get(2)?,
        kind: row.get(3)?,
        commitment: row.get(4)?,
        event: row.get(5)?,
        writer,
        number: row.get(7)?,
        leaf: row.get(8)?,
    })
}

/// What was altered has to be read, too, so texts are read as the bytes that they are.
const ROWS: &str = "
    SELECT r.seq, r.at, r.flow, CAST(r.kind AS BLOB), r.commitment, CAST(r.event AS BLOB),
        (SELECT w.id FROM log_writers AS w WHERE w.number = r.writer), r.number, r.leaf
    FROM records AS r";
