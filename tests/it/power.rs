//! The power is cut while records are written: whatever was acknowledged is there afterwards.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use midflow::audit::AdminRecord;
use midflow::audit::Commit;
use midflow::audit::Event;
use midflow::audit::Record;
use midflow::audit::Recorder;
use midflow::audit::RecorderOptions;
use midflow::audit::Subject;
use midflow::audit::Unit;
use midflow::store::Sqlite;
use midflow::store::Store as _;
use midflow::words::Timestamp;
use rusqlite::Connection;

use crate::support::dice::Dice;
use crate::support::dice::is_soak;
use crate::support::power::Disk;
use crate::support::power::Run;

// R000-139, R000-150: with synchronous=FULL no acknowledged record is lost, and the log goes on from there; the control,
// a bare program with NORMAL, loses what it has acknowledged, so the test can see it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_takes_nothing_that_was_acknowledged() {
    match std::env::var(WRITER).as_deref() {
        Ok("store") => return write_records().await,
        Ok("normal") => return write_rows(),
        _ => {}
    }
    let cuts = if is_soak() { 1_000 } else { 40 };
    let mut dice = Dice::new(Dice::seed());

    let disk = run("store");
    let mut left = Vec::new();
    disk.cut(
        &moments(&disk, cuts, &mut dice),
        TOLD,
        &mut dice,
        |folder, told| {
            left.push(survivors(folder, told));
        },
    );
    let mut acknowledged = 0;
    for left in left {
        let (promised, folder) = left;
        let (found, whole) = read_again(&folder).await;
        assert!(whole, "the file is damaged");
        let lost: Vec<_> = promised.difference(&found).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        acknowledged += promised.len();
    }
    assert!(acknowledged > cuts * 10, "{acknowledged}");

    let disk_of_control = run("normal");
    let mut losing = 0;
    disk_of_control.cut(
        &moments(&disk_of_control, cuts, &mut dice),
        TOLD,
        &mut dice,
        |folder, told| {
            let promised = numbers(told);
            let found: BTreeSet<u32> = Connection::open(folder.join("midflow.db"))
                .and_then(|connection| {
                    let mut rows = connection.prepare("SELECT number FROM rows")?;
                    rows.query_map([], |row| row.get(0))?.collect()
                })
                .unwrap_or_default();
            losing += usize::from(!promised.is_subset(&found));
        },
    );
    println!(
        "{cuts} cuts, {acknowledged} acknowledged records looked for, 0 lost, {} syncs; NORMAL lost some in {losing}",
        disk.syncs()
    );
    assert!(
        losing * 2 >= cuts,
        "the control lost something in {losing} of {cuts} cuts only"
    );
}

fn run(what: &str) -> Disk {
    let run = Run::new();
    run.through(TEST, &[(WRITER, Path::new(what)), (FOLDER, &run.disk())])
}

fn moments(disk: &Disk, count: usize, dice: &mut Dice) -> Vec<usize> {
    let mut moments: Vec<usize> = (0..count).map(|_| 1 + dice.below(disk.moments())).collect();
    moments.sort_unstable();
    moments
}

/// What was promised, and the disk to look for it.
fn survivors(folder: &Path, told: &str) -> (BTreeSet<u32>, tempfile::TempDir) {
    let kept = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        if file.is_file() {
            std::fs::copy(&file, kept.path().join(file.file_name().unwrap())).unwrap();
        }
    }
    (numbers(told), kept)
}

/// The numbers that the store has after the cut, as a node that starts again finds them, and whether the file is whole
/// and takes more.
async fn read_again(folder: &tempfile::TempDir) -> (BTreeSet<u32>, bool) {
    let file = folder.path().join("midflow.db");
    let store = Sqlite::open(&file).await.unwrap();
    let more = store.commit(vec![unit(u32::MAX)]).await;
    let mut found = BTreeSet::new();
    let mut after = 0;
    loop {
        let page = store.records_after(after, 1_000).await.unwrap();
        let Some(last) = page.last() else { break };
        assert_eq!(
            last.seq,
            after + page.len() as u64,
            "records are missing in between"
        );
        after = last.seq;
        found.extend(page.iter().filter_map(|record| match &record.event {
            Event::Admin(admin) => admin.act.parse::<u32>().ok(),
            _ => None,
        }));
    }
    store.close().await;
    let connection = Connection::open(&file).unwrap();
    let whole: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    let unplaced: u32 = connection
        .query_row("SELECT count(*) FROM records WHERE leaf IS NULL", [], |row| {
            row.get(0)
        })
        .unwrap();
    (found, whole == "ok" && more[0].is_ok() && unplaced == 0)
}

fn numbers(told: &str) -> BTreeSet<u32> {
    // The last line may be cut off; then it was not told.
    let whole = told.rfind('\n').map_or("", |end| &told[..end]);
    whole.lines().map(|line| line.parse().unwrap()).collect()
}

fn unit(number: u32) -> Unit {
    let record = Record {
        at: Timestamp::from_micros(i64::from(number)),
        flow: None,
        subject: Subject::Nobody,
        event: Event::Admin(AdminRecord {
            act: number.to_string(),
            actor: "test".to_owned(),
            catalog: None,
            detail: "x".repeat(number as usize % 900),
            signed: None,
        }),
    };
    Unit {
        records: vec![record],
        ..Unit::default()
    }
}

/// The store of a node, written by several at once, each telling what it was promised.
async fn write_records() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let store: Arc<dyn Commit> = Arc::new(Sqlite::open(folder.join("midflow.db")).await.unwrap());
    let recorder = Recorder::start(store, RecorderOptions::default());
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let (recorder, file) = (recorder.clone(), folder.join(TOLD));
        writers.spawn(async move {
            let mut told = OpenOptions::new().create(true).append(true).open(file).unwrap();
            for number in 0..150 {
                let number = writer * 1_000 + number;
                if recorder.record(unit(number), ()).await.is_ok() {
                    told.write_all(format!("{number}\n").as_bytes()).unwrap();
                }
            }
        });
    }
    writers.join_all().await;
    recorder.shutdown().await;
}

/// The control: rows written one by one, synced only when the log is moved into the file.
fn write_rows() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let connection = Connection::open(folder.join("midflow.db")).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE rows (number INTEGER, text TEXT)")
        .unwrap();
    let mut told = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(TOLD))
        .unwrap();
    for number in 0..1_200_u32 {
        connection
            .execute(
                "INSERT INTO rows VALUES (?1, ?2)",
                (number, "x".repeat(number as usize % 900)),
            )
            .unwrap();
        told.write_all(format!("{number}\n").as_bytes()).unwrap();
    }
}

const TEST: &str = "power::a_power_cut_takes_nothing_that_was_acknowledged";
const WRITER: &str = "MIDFLOW_POWER_WRITER";
const FOLDER: &str = "MIDFLOW_POWER_FOLDER";
const TOLD: &str = "told";
