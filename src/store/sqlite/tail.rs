use std::path::Path;

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::params;

use super::edge;
use super::fault;
use crate::audit::log::Chain;
use crate::audit::log::Edge;
use crate::audit::log::EntryFacts;
use crate::audit::log::WriterId;
use crate::store::StoreError;
use crate::store::line::LineError;
use crate::store::line::commit;
use crate::words::Digest;

/// The end of the log as the one writer knows it, with what a transaction has added and not yet written.
#[derive(Clone)]
pub(super) struct Tail {
    /// The number of the last record.
    last: i64,
    /// The writer, as rows name it.
    writer: i64,
    chain: Chain,
    edge: Edge,
}

/// Number, writer, number of the writer, and leaf of the last record.
type LastRow = (i64, Option<i64>, Option<i64>, Option<[u8; 32]>);

/// Where a record has its place in the log.
pub(super) struct Placed {
    pub(super) seq: i64,
    pub(super) writer: i64,
    pub(super) number: i64,
    pub(super) leaf: Digest,
}

impl Tail {
    /// Reads where the log ends. The writer enters itself where it has not yet.
    pub(super) fn load(file: &Path, connection: &Connection, writer: WriterId) -> Result<Self, StoreError> {
        let read = || {
            let number = enter(connection, writer)?;
            let last: Option<LastRow> = connection
                .query_row(
                    "SELECT seq, writer, number, leaf FROM records ORDER BY seq DESC LIMIT 1",
                    [],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
                )
                .optional()?;
            Ok((number, last))
        };
        let (number, last) = read().map_err(|error| fault::of_rusqlite(file, &error))?;
        let chain = match last {
            Some((_, Some(of), Some(at), Some(leaf))) if of == number => {
                Chain::after(writer, u64::try_from(at).unwrap_or(0), Digest::from_bytes(leaf))
            }
            _ => Chain::new(writer),
        };
        let last = last.map_or(0, |(seq, ..)| seq);
        Ok(Self {
            last,
            writer: number,
            chain,
            edge: edge::load(file, connection, u64::try_from(last).unwrap_or(0))?,
        })
    }

    /// The end of a log whose records have no place in it yet, none of them.
    fn before_all(connection: &Connection, writer: WriterId) -> rusqlite::Result<Self> {
        Ok(Self {
            last: 0,
            writer: enter(connection, writer)?,
            chain: Chain::new(writer),
            edge: Edge::default(),
        })
    }

    /// Gives the next record its place; nothing has changed where it can't have one.
    pub(super) fn place(&mut self, facts: &EntryFacts<'_>) -> Result<Placed, LineError> {
        let number = i64::try_from(self.chain.next()).map_err(|_| LineError::Size)?;
        let leaf = self.chain.append(facts).ok_or(LineError::Size)?.leaf();
        self.edge.append(leaf);
        self.last += 1;
        Ok(Placed {
            seq: self.last,
            writer: self.writer,
            number,
            leaf,
        })
    }

    /// Writes what stands beside the records that were placed since the last call, into the same transaction.
    pub(super) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for tile in self.edge.take_tiles() {
            let number = i64::try_from(tile.number).unwrap_or(i64::MAX);
            connection
                .prepare_cached(
                    "INSERT INTO log_tiles (level, number, hashes) VALUES (?1, ?2, ?3)
                        ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes",
                )?
                .execute(params![tile.level, number, tile.to_bytes()])?;
        }
        Ok(())
    }
}

/// Gives the records of a store that was written before there was a log their places in it.
pub(super) fn adopt(file: &Path, connection: &mut Connection, writer: WriterId) -> Result<(), StoreError> {
    let work = |connection: &mut Connection| {
        let unplaced: Option<bool> = connection
            .query_row(
                "SELECT leaf IS NULL FROM records ORDER BY seq DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()?;
        if unplaced != Some(true) {
            return Ok(());
        }
        let transaction = connection.transaction()?;
        let mut tail = Tail::before_all(&transaction, writer)?;
        {
            let mut rows =
                transaction.prepare("SELECT at, flow, kind, subject, event FROM records ORDER BY seq")?;
            let mut rows = rows.query([])?;
            let mut place = transaction.prepare(
                "UPDATE records SET writer = ?2, number = ?3, leaf = ?4, commitment = ?5 WHERE seq = ?1",
            )?;
            while let Some(row) = rows.next()? {
                let (flow, kind, subject): (Option<Vec<u8>>, String, Option<String>) =
                    (row.get(1)?, row.get(2)?, row.get(3)?);
                let event: String = row.get(4)?;
                let commitment = subject.as_deref().map(commit).transpose().map_err(unplaceable)?;
                let facts = EntryFacts {
                    at: row.get(0)?,
                    flow: flow.as_deref(),
                    kind: kind.as_bytes(),
                    commitment,
                    event: Digest::of(event.as_bytes()),
                };
                let placed = tail.place(&facts).map_err(unplaceable)?;
                place.execute(params![
                    placed.seq,
                    placed.writer,
                    placed.number,
                    placed.leaf.as_bytes(),
                    commitment.as_ref().map(Digest::as_bytes),
                ])?;
            }
        }
        tail.write(&transaction)?;
        transaction.commit()
    };
    work(connection).map_err(|error| fault::of_rusqlite(file, &error))
}

/// The number under which rows name a writer.
fn enter(connection: &Connection, writer: WriterId) -> rusqlite::Result<i64> {
    let id = writer.as_uuid().into_bytes();
    let known = |connection: &Connection| {
        connection
            .query_row("SELECT number FROM log_writers WHERE id = ?1", [id], |row| {
                row.get(0)
            })
            .optional()
    };
    if let Some(number) = known(connection)? {
        return Ok(number);
    }
    connection.execute("INSERT INTO log_writers (id) VALUES (?1)", [id])?;
    Ok(connection.last_insert_rowid())
}

pub(super) fn unplaceable(error: LineError) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}
