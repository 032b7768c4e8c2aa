use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::params;

use super::process::usage;
use super::table::Row;
use super::table::per_second;
use super::table::times;
use crate::audit::CallbackRecord;
use crate::audit::Commit as _;
use crate::audit::Event;
use crate::audit::Record;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::cli::failure::Failure;
use crate::engine::Secrets;
use crate::engine::log::Contents;
use crate::engine::log::LogKeeper;
use crate::engine::log::verify;
use crate::store::Sqlite;
use crate::store::Store;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Timestamp;

/// The log on SQLite: how fast records become durable beside a bare program that writes the same rows in the same batches
/// with the same promises of the disk, and how fast a log of so many records is derived again beside the same rows being
/// read and nothing else.
pub(super) async fn measure(folder: &Path, time: Duration, records: u64) -> Result<Vec<Row>, Failure> {
    let append = append(folder, time).await?;
    Ok(vec![append, verifying(folder, records).await?])
}

async fn append(folder: &Path, time: Duration) -> Result<Row, Failure> {
    let store = Sqlite::open(folder.join("append.db"))
        .await
        .map_err(Failure::new)?;
    let bare = Bare::open(&folder.join("append-bare.db")).map_err(Failure::new)?;
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    let mut batches = 0_u32;
    let mut number = 0;
    let begin = Instant::now();
    // Turn by turn, so that whatever else the disk does meets both.
    while begin.elapsed() < time * 2 || batches == 0 {
        for _ in 0..TURN {
            let batch: Vec<Record> = (0..BATCH).map(|place| record(number + place)).collect();
            number += BATCH;
            let rows = batch.iter().map(text).collect::<Result<Vec<String>, Failure>>()?;
            let units = batch.iter().cloned().map(of_record).collect();
            let start = Instant::now();
            let answers = store.commit(units).await;
            ours += start.elapsed();
            if answers.iter().any(Result::is_err) {
                return Err(Failure::new("a record could not be appended"));
            }
            let start = Instant::now();
            bare.append(&batch, &rows).map_err(Failure::new)?;
            theirs += start.elapsed();
            batches += 1;
        }
    }
    store.close().await;
    let count = f64::from(batches) * f64::from(u32::try_from(BATCH).unwrap_or(u32::MAX));
    let (ours, theirs) = (count / ours.as_secs_f64(), count / theirs.as_secs_f64());
    Ok(Row::new(
        format!("append to the log, {BATCH} records a commit (bare program, same rows)"),
        per_second(ours),
        per_second(theirs),
        times(ours / theirs),
    ))
}

async fn verifying(folder: &Path, records: u64) -> Result<Row, Failure> {
    let file = folder.join("verify.db");
    let secrets = Secrets::open(&folder.join("verify-secrets")).map_err(Failure::new)?;
    let key = Arc::new(
        secrets
            .log_key("bench/midflow/development")
            .map_err(Failure::new)?,
    );
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&file).await.map_err(Failure::new)?);
    let mut written = 0;
    while written < records {
        let size = (records - written).min(LARGE_BATCH);
        let units = (written..written + size).map(|number| of_record(record(number)));
        let answers = store.commit(units.collect()).await;
        if answers.iter().any(Result::is_err) {
            return Err(Failure::new("a record could not be appended"));
        }
        written += size;
    }
    let keeper = LogKeeper::new(
        Arc::clone(&key),
        Arc::clone(&store),
        &folder.join("verify-secrets"),
        Vec::new(),
    )
    .map_err(Failure::new)?;
    keeper.checkpoint().await.map_err(Failure::new)?;
    store.close().await;

    let start = Instant::now();
    read_only(&file).map_err(Failure::new)?;
    let reading = start.elapsed();
    let store = Sqlite::open_to_read(&file).await.map_err(Failure::new)?;
    let before = usage(std::process::id()).resident;
    let start = Instant::now();
    let verified = verify(&store, key.verifier(), Vec::new(), Contents::Open)
        .await
        .map_err(Failure::new)?;
    let taken = start.elapsed();
    let more = usage(std::process::id()).resident.saturating_sub(before) / 1_000_000;
    store.close().await;
    if !verified.is_clean() || verified.records != records {
        return Err(Failure::new("the log that was just written does not verify"));
    }
    let rate = |time: Duration| {
        let count = f64::from(u32::try_from(records).unwrap_or(u32::MAX));
        count / time.as_secs_f64()
    };
    Ok(Row::new(
        format!("verify {records} records, {more} MB more (rows read, nothing else)"),
        per_second(rate(taken)),
        per_second(rate(reading)),
        times(rate(taken) / rate(reading)),
    ))
}

fn read_only(file: &Path) -> rusqlite::Result<u64> {
    let connection = Connection::open(file)?;
    let mut statement =
        connection.prepare("SELECT seq, at, flow, kind, event, number, leaf FROM records ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let (event, leaf): (String, [u8; 32]) = (row.get(4)?, row.get(6)?);
        bytes += event.len() as u64 + leaf.len() as u64;
    }
    Ok(bytes)
}

/// A record as nodes write them most.
fn record(number: u64) -> Record {
    let mut random = [0; 10];
    for (byte, of) in random
        .iter_mut()
        .zip(Digest::of(&(number / 6).to_be_bytes()).as_bytes())
    {
        *byte = *of;
    }
    let at = Timestamp::from_micros(1_790_000_000_000_000 + i64::try_from(number).unwrap_or(0));
    Record {
        at,
        flow: Some(FlowId::from_parts(at, random)),
        subject: Subject::Nobody,
        event: Event::Callback(CallbackRecord {
            exchange: None,
            digest: Digest::of(&number.to_be_bytes()),
            size: number,
            source: "203.0.113.7".to_owned(),
            placed: "excess".to_owned(),
            arrived_at: Some(at),
            spooled: Some(ExchangeId::from_parts(at, random)),
        }),
    }
}

fn of_record(record: Record) -> Unit {
    Unit {
        records: vec![record],
        ..Unit::default()
    }
}

fn text(record: &Record) -> Result<String, Failure> {
    serde_json::to_string(&record.event).map_err(Failure::new)
}

/// The bare program: prepared statements, the same table, the same promises of the disk, and nothing else.
struct Bare {
    connection: Connection,
}

impl Bare {
    fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch(
            "PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;
            CREATE TABLE records (seq INTEGER NOT NULL PRIMARY KEY, at INTEGER NOT NULL, flow BLOB, kind TEXT NOT NULL,
                event TEXT NOT NULL, leaf BLOB) STRICT;
            CREATE INDEX records_by_flow ON records (flow, seq) WHERE flow IS NOT NULL;",
        )?;
        Ok(Self { connection })
    }

    fn append(&self, batch: &[Record], texts: &[String]) -> rusqlite::Result<()> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        {
            let mut insert = self.connection.prepare_cached(
                "INSERT INTO records (at, flow, kind, event, leaf) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for (record, text) in batch.iter().zip(texts) {
                let flow = record.flow.map(|flow| flow.as_uuid().into_bytes());
                insert.execute(params![
                    record.at.as_micros(),
                    flow,
                    "callback",
                    text,
                    [0x5a_u8; 32]
                ])?;
            }
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }
}

/// As many as a busy node commits together.
const BATCH: u64 = 64;
const TURN: u32 = 16;
const LARGE_BATCH: u64 = 4_096;
