use std::time::Duration;
use std::time::Instant;

use super::sample::record;
use crate::audit::Commit;
use crate::audit::Record;
use crate::audit::Unit;
use crate::cli::bench::table::Row;
use crate::cli::bench::table::per_second;
use crate::cli::bench::table::times;
use crate::cli::failure::Failure;

/// A program that writes rows and does nothing else: prepared statements, the same columns, the same promises of the disk.
pub(super) trait Bare {
    /// Makes rows durable in one commit.
    async fn append(&mut self, rows: &[BareRow]) -> Result<(), Failure>;
}

/// A record as it lies in the store, made before the clock runs.
pub(super) struct BareRow {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) flow: [u8; 16],
    pub(super) kind: &'static str,
    pub(super) event: String,
    pub(super) leaf: [u8; 32],
}

/// Records made durable, batch by batch, turn by turn with the bare program, so that whatever else the disk does meets both.
pub(super) async fn append(
    name: &str,
    store: &dyn Commit,
    bare: &mut impl Bare,
    time: Duration,
) -> Result<Row, Failure> {
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    let mut batches = 0_u32;
    let mut number = 0;
    let begin = Instant::now();
    while begin.elapsed() < time * 2 || batches == 0 {
        for _ in 0..TURN {
            let records: Vec<Record> = (0..BATCH).map(|place| record(number + place)).collect();
            let rows = records
                .iter()
                .zip(number..)
                .map(|(record, number)| row(record, number))
                .collect::<Result<Vec<BareRow>, Failure>>()?;
            number += BATCH;
            let units = records.into_iter().map(of_record).collect();
            let start = Instant::now();
            let answers = store.commit(units).await;
            ours += start.elapsed();
            if answers.iter().any(Result::is_err) {
                return Err(Failure::new("a record could not be appended"));
            }
            let start = Instant::now();
            bare.append(&rows).await?;
            theirs += start.elapsed();
            batches += 1;
        }
    }
    let count = f64::from(batches) * f64::from(u32::try_from(BATCH).unwrap_or(u32::MAX));
    let (ours, theirs) = (count / ours.as_secs_f64(), count / theirs.as_secs_f64());
    Ok(Row::new(
        format!("append to the log{name}, {BATCH} records a commit (bare program, same rows)"),
        per_second(ours),
        per_second(theirs),
        times(ours / theirs),
    ))
}

fn row(record: &Record, number: u64) -> Result<BareRow, Failure> {
    Ok(BareRow {
        seq: i64::try_from(number + 1).unwrap_or(i64::MAX),
        at: record.at.as_micros(),
        flow: record
            .flow
            .map(|flow| flow.as_uuid().into_bytes())
            .unwrap_or_default(),
        kind: record.event.kind(),
        event: serde_json::to_string(&record.event).map_err(Failure::new)?,
        leaf: [0x5a; 32],
    })
}

fn of_record(record: Record) -> Unit {
    Unit {
        records: vec![record],
        ..Unit::default()
    }
}

/// As many as a busy node commits together.
const BATCH: u64 = 64;
const TURN: u32 = 16;
