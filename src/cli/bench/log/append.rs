use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use tokio::task::JoinSet;

use super::sample::record;
use crate::audit::Commit;
use crate::audit::CommitError;
use crate::audit::Record;
use crate::audit::Recorder;
use crate::audit::RecorderOptions;
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

/// Records made durable through the one door that there is to the log, by callers who don't wait for one another, turn by turn
/// with the bare program, so that whatever else the disk does meets both. It writes the same rows in as many commits.
pub(super) async fn append(
    name: &str,
    store: Arc<dyn Commit>,
    bare: &mut impl Bare,
    time: Duration,
) -> Result<Row, Failure> {
    let options = RecorderOptions {
        max_batch: BATCH,
        ..RecorderOptions::default()
    };
    let recorder = Recorder::start(store, options);
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    let mut turns = 0;
    let begin = Instant::now();
    while begin.elapsed() < time * 2 || turns == 0 {
        let records: Vec<Record> = (0..TURN).map(|place| record(turns * TURN + place)).collect();
        let rows = records
            .iter()
            .zip(turns * TURN..)
            .map(|(record, number)| row(record, number))
            .collect::<Result<Vec<BareRow>, Failure>>()?;
        let commits = recorder.stats().commits;
        ours += hand_in(&recorder, records).await?;
        let commits = usize::try_from(recorder.stats().commits - commits).unwrap_or(usize::MAX);
        let start = Instant::now();
        for rows in rows.chunks(rows.len().div_ceil(commits.max(1))) {
            bare.append(rows).await?;
        }
        theirs += start.elapsed();
        turns += 1;
    }
    let size = recorder.stats().average_batch();
    recorder.shutdown().await;
    let count = f64::from(u32::try_from(turns * TURN).unwrap_or(u32::MAX));
    let (ours, theirs) = (count / ours.as_secs_f64(), count / theirs.as_secs_f64());
    Ok(Row::new(
        format!("append to the log{name}, {size:.0} records a commit (bare program, same rows and commits)"),
        per_second(ours),
        per_second(theirs),
        times(ours / theirs),
    ))
}

/// How long it takes until the last of these records is durable.
async fn hand_in(recorder: &Recorder, records: Vec<Record>) -> Result<Duration, Failure> {
    let mut callers = vec![Vec::new(); CALLERS];
    let mut units = records.into_iter().map(of_record);
    loop {
        let batch: Vec<Unit> = units.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        // Whoever has least to do takes the next ones.
        if let Some(caller) = callers
            .iter_mut()
            .min_by_key(|batches: &&mut Vec<_>| batches.len())
        {
            caller.push(batch);
        }
    }
    let start = Instant::now();
    let mut running = JoinSet::new();
    for batches in callers {
        let recorder = recorder.clone();
        running.spawn(async move {
            for batch in batches {
                recorder.record_all(batch).await?;
            }
            Ok::<_, CommitError>(())
        });
    }
    while let Some(ended) = running.join_next().await {
        let recorded = ended.map_err(Failure::new)?;
        recorded.map_err(|_| Failure::new("a record could not be appended"))?;
    }
    Ok(start.elapsed())
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
const BATCH: usize = 64;
/// Who hand in so many at once and wait for them: one for what is on its way to the disk, one for what is made ready meanwhile,
/// and those who are about to hand in.
const CALLERS: usize = 4;
/// Records: 32 batches, eight of each caller.
const TURN: u64 = 2_048;
