use std::path::Path;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;

use super::fault;
use crate::audit::log::Edge;
use crate::audit::log::Node;
use crate::audit::log::Tile;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::words::Digest;

/// The right edge of the tree over the first `size` records.
pub(super) fn load(file: &Path, connection: &Connection, size: u64) -> Result<Edge, StoreError> {
    let levels = Edge::parts(size)
        .map(|(level, first, count)| hashes(file, connection, level, first, count))
        .collect::<Result<Vec<_>, _>>()?;
    Edge::restore(size, &levels).map_err(|error| {
        StoreError::new(
            StoreErrorKind::Corrupt,
            file,
            format!("its log is damaged: {error}"),
        )
    })
}

/// The hashes of perfect subtrees.
pub(super) fn nodes(file: &Path, connection: &Connection, nodes: &[Node]) -> Result<Vec<Digest>, StoreError> {
    nodes
        .iter()
        .map(|node| {
            let (level, first, count) = node.hashes();
            let hashes = hashes(file, connection, level, first, count)?;
            node.from_hashes(&hashes)
                .ok_or_else(|| StoreError::new(StoreErrorKind::Rule, file, "its log has no such part yet"))
        })
        .collect()
}

/// Hashes of a level that stand side by side in one tile.
fn hashes(
    file: &Path,
    connection: &Connection,
    level: u8,
    first: u64,
    count: u64,
) -> Result<Vec<Digest>, StoreError> {
    let read = || {
        if level == 0 {
            let mut leaves = connection
                .prepare_cached("SELECT leaf FROM records WHERE seq > ?1 AND seq <= ?2 ORDER BY seq")?;
            let (from, to) = (number(first), number(first + count));
            return leaves
                .query_map(params![from, to], |row| {
                    row.get::<_, [u8; 32]>(0).map(Digest::from_bytes)
                })?
                .collect::<rusqlite::Result<Vec<_>>>();
        }
        let from = (first % TILE) * 32;
        let bytes: Option<Vec<u8>> = connection
            .prepare_cached("SELECT substr(hashes, ?3, ?4) FROM log_tiles WHERE level = ?1 AND number = ?2")?
            .query_row(
                params![level, number(first / TILE), number(from + 1), number(count * 32)],
                |row| row.get(0),
            )
            .optional()?;
        Ok(Tile::hashes_from_bytes(&bytes.unwrap_or_default()).unwrap_or_default())
    };
    read().map_err(|error| fault::of_rusqlite(file, &error))
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

const TILE: u64 = 256;
