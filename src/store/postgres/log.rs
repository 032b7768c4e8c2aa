use async_trait::async_trait;
use sqlx::postgres::PgArguments;

use super::Postgres;
use super::rows::Stored;
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
impl LogStore for Postgres {
    async fn log_edge(&self) -> Result<Edge, StoreError> {
        self.fold().await
    }

    async fn log_nodes(&self, nodes: &[Node]) -> Result<Vec<Digest>, StoreError> {
        self.nodes(nodes).await
    }

    async fn log_rows(&self, flow: FlowId) -> Result<Vec<LogRow>, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, flow.as_uuid())?;
        self.all(ROWS_OF_FLOW, arguments, row).await
    }

    async fn log_row(&self, index: u64) -> Result<Option<LogRow>, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(
            &mut arguments,
            i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1),
        )?;
        Ok(self.all(ROW, arguments, row).await?.pop())
    }

    async fn log_leaf_before(&self, row: &LogRow) -> Result<Digest, StoreError> {
        let chain = row
            .writer
            .as_deref()
            .and_then(|id| uuid::Uuid::from_slice(id).ok());
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, chain)?;
        self.bind(&mut arguments, row.number)?;
        self.bind(&mut arguments, row.seq)?;
        let before = self.all(LEAF_BEFORE, arguments, |row| row.digest("leaf")).await?;
        Ok(before.first().copied().unwrap_or(Digest::from_bytes([0; 32])))
    }

    async fn keep_checkpoint(&self, size: u64, note: String) -> Result<(), StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, i64::try_from(size).unwrap_or(i64::MAX))?;
        self.bind(&mut arguments, note)?;
        self.write(
            "INSERT INTO log_checkpoints (size, note) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            arguments,
        )
        .await
    }

    async fn checkpoint_from(&self, size: u64) -> Result<Option<KeptCheckpoint>, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, i64::try_from(size).unwrap_or(i64::MAX))?;
        let statement = "SELECT size, note FROM log_checkpoints WHERE size >= $1 ORDER BY size LIMIT 1";
        Ok(self.all(statement, arguments, checkpoint).await?.pop())
    }

    async fn last_checkpoint(&self) -> Result<Option<KeptCheckpoint>, StoreError> {
        let statement = "SELECT size, note FROM log_checkpoints ORDER BY size DESC LIMIT 1";
        Ok(self
            .all(statement, PgArguments::default(), checkpoint)
            .await?
            .pop())
    }

    async fn keep_anchor(&self, anchor: KeptAnchor) -> Result<(), StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, i64::try_from(anchor.size).unwrap_or(i64::MAX))?;
        self.bind(&mut arguments, anchor.anchor)?;
        self.bind(&mut arguments, anchor.proof)?;
        self.write(
            "INSERT INTO log_anchors (size, anchor, proof) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            arguments,
        )
        .await
    }

    async fn anchors_from(&self, size: u64, limit: u32) -> Result<Vec<KeptAnchor>, StoreError> {
        let mut arguments = PgArguments::default();
        self.bind(&mut arguments, i64::try_from(size).unwrap_or(i64::MAX))?;
        self.bind(&mut arguments, i64::from(limit))?;
        self.all(
            "SELECT size, anchor, proof FROM log_anchors WHERE size >= $1 ORDER BY size, anchor LIMIT $2",
            arguments,
            |row| {
                Ok(KeptAnchor {
                    size: row.count("size")?,
                    anchor: row.get("anchor")?,
                    proof: row.get("proof")?,
                })
            },
        )
        .await
    }

    async fn snapshot(&self) -> Result<Box<dyn LogSnapshot>, StoreError> {
        Ok(Box::new(Snapshot::open(&self.settings).await?))
    }
}

/// A record as it lies there, by the names of its columns.
pub(super) fn row(row: &Stored<'_>) -> Result<LogRow, StoreError> {
    Ok(LogRow {
        seq: row.get("seq")?,
        at: row.get("at")?,
        flow: id_bytes(row, "flow")?,
        kind: row.get::<String>("kind")?.into_bytes(),
        commitment: row.get("commitment")?,
        event: row.get::<String>("event")?.into_bytes(),
        writer: id_bytes(row, "chain")?,
        number: row.get("number")?,
        leaf: row.get("leaf")?,
    })
}

/// An id as the bytes that it is.
pub(super) fn id_bytes(row: &Stored<'_>, column: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
    let id: Option<uuid::Uuid> = row.get(column)?;
    Ok(id.map(|id| id.as_bytes().to_vec()))
}

fn checkpoint(row: &Stored<'_>) -> Result<KeptCheckpoint, StoreError> {
    Ok(KeptCheckpoint {
        size: row.count("size")?,
        note: row.get("note")?,
    })
}

const ROWS_OF_FLOW: &str = "SELECT seq, at, flow, kind, commitment, event, chain, number, leaf FROM records
    WHERE flow = $1 ORDER BY seq";
const ROW: &str =
    "SELECT seq, at, flow, kind, commitment, event, chain, number, leaf FROM records WHERE seq = $1";
/// It stands right before the record, or at the end of an earlier batch (migration 11).
const LEAF_BEFORE: &str = "SELECT before.leaf FROM (
        SELECT seq, leaf FROM records WHERE seq = $3 - 1 AND chain = $1 AND number = $2 - 1
        UNION ALL
        SELECT seq, leaf FROM records WHERE chain = $1 AND number = $2 - 1 AND ends_batch IS NOT FALSE
    ) AS before ORDER BY before.seq LIMIT 1";
