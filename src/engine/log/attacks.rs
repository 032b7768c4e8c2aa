//! What somebody who can write to the database may do to the log, by the thousand: all of it is found, and what was touched
//! is named. In CI some of each; with `MIDFLOW_SOAK` all, or as many as `MIDFLOW_ROUNDS` says.

use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rusqlite::Connection;
use rusqlite::params;

use super::Promise;
use super::story::Story;
use super::tamper;
use super::tamper::Touched;
use crate::audit::log::Checkpoint;
use crate::audit::log::Edge;
use crate::audit::log::Finding;
use crate::audit::log::LogRow;
use crate::audit::log::Place;
use crate::words::Digest;

/// A few dice that fall the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap()
    }
}

fn is_soak() -> bool {
    std::env::var_os("MIDFLOW_SOAK").is_some()
}

/// How often: in CI, in soak, or as told.
fn rounds(in_ci: usize, in_soak: usize) -> usize {
    match std::env::var("MIDFLOW_ROUNDS") {
        Ok(told) => told.parse().expect("MIDFLOW_ROUNDS is a number"),
        Err(_) if is_soak() => in_soak,
        Err(_) => in_ci,
    }
}

/// A copy of the store that may be spoilt; gone when it is let go.
pub(super) struct Copied(PathBuf);

/// Each under a name of its own: SQLite knows a file by its inode, and whatever still has an earlier copy open would lend
/// its index of the write-ahead log to the next one.
pub(super) fn copy(story: &Story) -> Copied {
    static COPIES: AtomicU64 = AtomicU64::new(0);
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let file = story.folder.path().join(format!("copy-{number}.db"));
    fs::copy(story.file(), &file).unwrap();
    Copied(file)
}

impl Deref for Copied {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(end);
            let _ = fs::remove_file(name);
        }
    }
}

// R000-067, R000-150: no false alarm, at any length, after any number of starts, with any of the promises that were made
// on the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_nobody_touched_is_clean() {
    let mut dice = Dice(5);
    let wanted = rounds(100, 10_000);
    let (mut runs, mut records) = (0, 0);
    while runs < wanted {
        let story = Story::new();
        let mut promises: Vec<Promise> = Vec::new();
        for start in 0..10 {
            story
                .happen(
                    start * 100,
                    1 + u32::try_from(dice.below(if start == 5 { 60 } else { 4 })).unwrap(),
                )
                .await;
            promises.push(story.promise().await);
            // None, one, or all that an auditor may hold.
            for held in [0, dice.below(promises.len()), promises.len()] {
                let verified = story.verify(promises[..held].to_vec()).await;
                assert_eq!(verified.findings, [], "{start} {held}");
                assert!(verified.is_clean());
                assert_eq!(verified.anchored, held as u64);
                records += verified.records;
                runs += 1;
            }
        }
    }
    eprintln!("{runs} clean runs over {records} records, no alarm");
}

// R000-067: any bit of any row that the log vouches for. In CI some of each column; with MIDFLOW_SOAK every bit of a store
// of a thousand records, many rows in one go: each of them has to be named for itself, and what is not named among so many
// is tried alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bit_counts() {
    let story = Story::new();
    story.happen(0, if is_soak() { 142 } else { 40 }).await;
    let mut dice = Dice(7);
    let other = story.folder.path().join("pristine.db");
    fs::copy(story.file(), &other).unwrap();
    let pristine = tamper::open(&other);
    let (mut tried, mut named, mut unnamed) = (0, 0, Vec::new());
    for column in tamper::columns() {
        let rows: Vec<(i64, usize)> = tamper::rows(&pristine, column.table)
            .into_iter()
            .map(|row| (row, tamper::bits(&pristine, &column, row)))
            .collect();
        let bits = rows.iter().map(|(_, bits)| *bits).max().unwrap_or(0);
        let mut groups: Vec<(usize, Vec<i64>)> = Vec::new();
        let longer = |bit: usize| {
            rows.iter()
                .filter(move |(_, bits)| *bits > bit)
                .map(|(row, _)| *row)
        };
        if is_soak() {
            for bit in 0..bits {
                let all: Vec<i64> = longer(bit).collect();
                groups.extend(all.chunks(GROUP).map(|rows| (bit, rows.to_vec())));
            }
        } else if bits > 0 {
            groups.extend((0..SAMPLES).map(|_| {
                let bit = dice.below(bits);
                let all: Vec<i64> = longer(bit).collect();
                (bit, vec![all[dice.below(all.len())]])
            }));
        }
        for (bit, rows) in groups {
            let (touched, findings) = flipped(&story, &column, bit, &rows).await;
            for one in touched {
                tried += 1;
                if one.is_told(&findings) || rows.len() == 1 && one.is_named(&findings) {
                    named += 1;
                    continue;
                }
                let (alone, findings) = flipped(&story, &column, bit, &[one.row()]).await;
                assert!(!findings.is_empty(), "not found: {}", one.what);
                if alone.iter().all(|one| one.is_named(&findings)) {
                    named += 1;
                } else {
                    unnamed.push((one.what, findings));
                }
            }
        }
    }
    eprintln!("{tried} bits, all found, {named} named");
    assert!(tried > 200);
    unnamed.truncate(20);
    assert!(named * 100 >= tried * 99, "{named} of {tried}: {unnamed:?}");
}

/// One bit of each of these rows turned over in a copy of the store: what was touched, and what is found.
async fn flipped(
    story: &Story,
    column: &tamper::Column,
    bit: usize,
    rows: &[i64],
) -> (Vec<Touched>, Vec<Finding>) {
    let file = copy(story);
    let connection = tamper::open(&file);
    connection.execute_batch("BEGIN").unwrap();
    let touched: Vec<Touched> = rows
        .iter()
        .filter_map(|row| tamper::flip(&connection, column, *row, bit))
        .collect();
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    let verified = story.verify_file(&file, Vec::new()).await;
    assert!(
        touched.is_empty() || !verified.is_clean(),
        "not found: {}",
        touched[0].what
    );
    (touched, verified.findings)
}

/// What an administrator of the database might do, and what should be named.
fn attack(connection: &Connection, dice: &mut Dice) -> Touched {
    let records = tamper::rows(connection, "records");
    let last = *records.last().unwrap();
    let seq = records[dice.below(records.len() - 2) + 1];
    let place = |seq: i64| Place::Record(seq.unsigned_abs());
    let run = |statement: &str| connection.execute_batch(statement).unwrap();
    match dice.below(14) {
        0 => {
            run(&format!("DELETE FROM records WHERE seq = {seq}"));
            Touched::new(format!("record {seq} deleted"), vec![place(seq)])
        }
        1 => {
            run(&format!("DELETE FROM records WHERE seq >= {seq}"));
            Touched::new(format!("truncated at {seq}"), vec![place(seq)])
        }
        2 => {
            run(&format!(
                "DELETE FROM records WHERE seq = {seq}; UPDATE records SET seq = -seq WHERE seq > {seq};
                    UPDATE records SET seq = -seq - 1 WHERE seq < 0"
            ));
            Touched::new(
                format!("record {seq} taken out, the others moved up"),
                vec![place(seq)],
            )
        }
        3 => {
            let other = records[dice.below(records.len())];
            if other == seq {
                run(&format!("UPDATE records SET at = at + 1 WHERE seq = {seq}"));
            } else {
                run(&format!(
                    "UPDATE records SET seq = -1 WHERE seq = {seq}; UPDATE records SET seq = {seq} WHERE seq = {other};
                        UPDATE records SET seq = {other} WHERE seq = -1"
                ));
            }
            Touched::new(
                format!("records {seq} and {other} exchanged"),
                vec![place(seq), place(other)],
            )
        }
        4 => {
            run(&format!(
                "INSERT INTO records (seq, at, flow, kind, event, writer, number, leaf, commitment)
                    SELECT {last} + 1, at, flow, kind, event, writer, number + 1, leaf, commitment
                    FROM records WHERE seq = {last}"
            ));
            Touched::new("a record put in", vec![place(last + 1)])
        }
        5 => {
            // The row and its leaf, so that they fit each other.
            let leaf = rewritten(connection, seq, |row| row.at += 1);
            connection
                .execute(
                    "UPDATE records SET at = at + 1, leaf = ?2 WHERE seq = ?1",
                    params![seq, leaf.as_bytes()],
                )
                .unwrap();
            Touched::new(format!("record {seq} and its leaf rewritten"), vec![place(seq)])
        }
        6 => {
            let (id, gone) = message(connection, dice);
            run(&format!("DELETE FROM exchanges WHERE rowid = {id}"));
            Touched::new("a message deleted", vec![gone])
        }
        7 => {
            let ((one, first), (other, second)) = (message(connection, dice), message(connection, dice));
            if one == other {
                run(&format!("UPDATE exchanges SET bytes = x'00' WHERE rowid = {one}"));
            } else {
                run(&format!(
                    "UPDATE exchanges SET bytes = CAST((SELECT bytes FROM exchanges WHERE rowid = {other}) || x'20' AS BLOB)
                        WHERE rowid = {one}"
                ));
            }
            Touched::new("a message in another's place", vec![first, second])
        }
        8 => {
            let ended = pick(connection, "flows", dice);
            run(&format!(
                "UPDATE flows SET outcome = CASE outcome WHEN 'approved' THEN 'declined.by_user' ELSE 'approved' END
                    WHERE rowid = {ended}"
            ));
            Touched::new("another outcome of a flow", vec![flow(connection, ended)])
        }
        9 => {
            let gone = pick(connection, "flows", dice);
            let place = flow(connection, gone);
            run(&format!("DELETE FROM flows WHERE rowid = {gone}"));
            Touched::new("a flow deleted", vec![place])
        }
        10 => {
            let (number, name): (i64, String) = {
                let number = pick(connection, "deliveries", dice);
                let name = "SELECT webhook_id FROM deliveries WHERE rowid = ?1";
                (
                    number,
                    connection.query_row(name, [number], |row| row.get(0)).unwrap(),
                )
            };
            run(&format!(
                "UPDATE deliveries SET url = 'https://elsewhere.example/' WHERE rowid = {number}"
            ));
            Touched::new("a notice sent elsewhere", vec![Place::Notice(name)])
        }
        11 => {
            run(&format!(
                "UPDATE records SET event = (SELECT event FROM records WHERE seq = {last}) WHERE seq = {seq} AND seq <> {last};
                    UPDATE records SET kind = kind || ' ' WHERE seq = {seq} AND seq = {last}"
            ));
            Touched::new(format!("record {seq} says what another says"), vec![place(seq)])
        }
        12 => {
            run(
                "DELETE FROM log_tiles; DELETE FROM log_checkpoints WHERE size < (SELECT max(size) FROM log_checkpoints)",
            );
            run(&format!(
                "UPDATE records SET number = number + 1 WHERE seq >= {seq}"
            ));
            Touched::new("tiles and checkpoints deleted, numbers moved", vec![place(seq)])
        }
        _ => {
            run("INSERT INTO exchanges (id, flow, direction, at, bytes)
                    SELECT randomblob(16), flow, direction, at, bytes FROM exchanges WHERE rowid = 1");
            Touched::new("a message put in", Vec::new())
        }
    }
}

/// A row by chance.
fn pick(connection: &Connection, table: &str, dice: &mut Dice) -> i64 {
    let rows = tamper::rows(connection, table);
    rows[dice.below(rows.len())]
}

fn message(connection: &Connection, dice: &mut Dice) -> (i64, Place) {
    let row = pick(connection, "exchanges", dice);
    let id = uuid_of(connection, "exchanges", row);
    (row, Place::Exchange(crate::words::ExchangeId::from_uuid(id)))
}

fn flow(connection: &Connection, row: i64) -> Place {
    Place::Flow(crate::words::FlowId::from_uuid(uuid_of(connection, "flows", row)))
}

fn uuid_of(connection: &Connection, table: &str, row: i64) -> uuid::Uuid {
    let bytes = connection
        .query_row(
            &format!("SELECT id FROM {table} WHERE rowid = ?1"),
            [row],
            |row| row.get(0),
        )
        .unwrap();
    uuid::Uuid::from_bytes(bytes)
}

/// The leaf of a record that was changed, after the leaf that stands before it.
fn rewritten(connection: &Connection, seq: i64, change: impl Fn(&mut LogRow)) -> Digest {
    let mut row = log_row(connection, seq);
    change(&mut row);
    let before = log_row(connection, seq - 1).stored_leaf().unwrap();
    row.entry(&before).unwrap().leaf()
}

fn log_row(connection: &Connection, seq: i64) -> LogRow {
    connection
        .query_row(
            "SELECT at, flow, CAST(kind AS BLOB), commitment, CAST(event AS BLOB), w.id, records.number, leaf
                FROM records JOIN log_writers AS w ON w.number = writer WHERE seq = ?1",
            [seq],
            |row| {
                Ok(LogRow {
                    seq,
                    at: row.get(0)?,
                    flow: row.get(1)?,
                    kind: row.get(2)?,
                    commitment: row.get(3)?,
                    event: row.get(4)?,
                    writer: row.get(5)?,
                    number: row.get(6)?,
                    leaf: row.get(7)?,
                })
            },
        )
        .unwrap()
}

// R000-067: rows deleted, moved, put in, truncated and rewritten; without any anchor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn structural_attacks_are_found_and_named() {
    let story = Story::new();
    story.happen(0, 20).await;
    let mut dice = Dice(11);
    let rounds = rounds(160, 80_000);
    let (mut named, mut unnamed) = (0, Vec::new());
    for round in 0..rounds {
        let file = copy(&story);
        let connection = tamper::open(&file);
        let touched = attack(&connection, &mut dice);
        drop(connection);
        let verified = story.verify_file(&file, Vec::new()).await;
        if round % 10_000 == 9_999 {
            eprintln!("{} attacks", round + 1);
        }
        assert!(!verified.is_clean(), "not found: {}", touched.what);
        if touched.is_named(&verified.findings) {
            named += 1;
        } else {
            unnamed.push((touched.what, verified.findings));
        }
    }
    eprintln!("{rounds} attacks, all found, {named} named");
    assert!(named * 100 >= rounds * 99, "{unnamed:?}");
}

/// With the stolen key of the log: everything from a record on is derived and signed anew, as if it had always been so.
fn resign(story: &Story, file: &Path, from: i64) {
    let connection = tamper::open(file);
    connection
        .execute("UPDATE records SET at = at + 1 WHERE seq = ?1", [from])
        .unwrap();
    let mut edge = Edge::default();
    let mut tiles = Vec::new();
    let mut roots = Vec::new();
    for seq in tamper::rows(&connection, "records") {
        let row = log_row(&connection, seq);
        let leaf = if seq < from {
            row.stored_leaf().unwrap()
        } else {
            let before = if row.number == Some(0) {
                Digest::from_bytes([0; 32])
            } else {
                log_row(&connection, seq - 1).stored_leaf().unwrap()
            };
            row.entry(&before).unwrap().leaf()
        };
        connection
            .execute(
                "UPDATE records SET leaf = ?2 WHERE seq = ?1",
                params![seq, leaf.as_bytes()],
            )
            .unwrap();
        edge.append(leaf);
        tiles.extend(edge.take_tiles());
        roots.push(edge.root());
    }
    for tile in tiles {
        connection
            .execute(
                "UPDATE log_tiles SET hashes = ?3 WHERE level = ?1 AND number = ?2",
                params![tile.level, i64::try_from(tile.number).unwrap(), tile.to_bytes()],
            )
            .unwrap();
    }
    for size in tamper::rows(&connection, "log_checkpoints") {
        let checkpoint = Checkpoint {
            origin: story.key.verifier().name().to_owned(),
            size: size.unsigned_abs(),
            root: roots[usize::try_from(size).unwrap() - 1],
        };
        connection
            .execute(
                "UPDATE log_checkpoints SET note = ?2 WHERE size = ?1",
                params![size, checkpoint.sign(&story.key).to_string()],
            )
            .unwrap();
    }
}

// R000-067: what the key of the log can hide from the store it can't hide from an anchor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_stolen_key_only_an_anchor_finds_it_and_it_does() {
    let story = Story::new();
    story.happen(0, 20).await;
    let anchor = story.promise().await;
    story.happen(100, 20).await;
    let later = story.promise().await;
    let verdicts: Vec<i64> = tamper::open(&copy(&story))
        .prepare("SELECT seq FROM records WHERE kind = 'verdict'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut dice = Dice(3);
    let (rounds, mut named) = (rounds(20, 10_000), 0);
    for _ in 0..rounds {
        let file = copy(&story);
        // A verdict: no other row stands beside it that would give the change away.
        let from = verdicts[dice.below(verdicts.len())];
        resign(&story, &file, from);
        // The control: without an anchor nobody can know.
        let alone = story.verify_file(&file, Vec::new()).await;
        assert_eq!(alone.findings, []);
        let verified = story
            .verify_file(&file, vec![later.clone(), anchor.clone()])
            .await;
        let touched = Touched::new("", vec![Place::Record(from.unsigned_abs())]);
        assert!(!verified.is_clean(), "not found: {from}");
        named += usize::from(touched.is_named(&verified.findings));
    }
    eprintln!("{rounds} times signed anew with the stolen key, all found, {named} named");
    assert!(named * 100 >= rounds * 99, "{named} of {rounds}");
}

// R000-069: old backups and ends that were cut off, with everything in them good and signed: a newer checkpoint elsewhere
// knows better, and names what is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_lacks_what_an_anchor_has() {
    let wanted = rounds(15, 10_000);
    let mut dice = Dice(13);
    let mut tried = 0;
    while tried < wanted {
        let story = Story::new();
        let mut copies = Vec::new();
        for start in 0..6 {
            story
                .happen(start * 100, 1 + u32::try_from(dice.below(5)).unwrap())
                .await;
            let kept = story.folder.path().join(format!("backup-{start}.db"));
            fs::copy(story.file(), &kept).unwrap();
            copies.push(kept);
        }
        let newest = story.promise().await;
        let now = story.verify(Vec::new()).await.records;
        // The newest copy is as good as the store itself.
        let last = copies.pop().unwrap();
        assert!(story.verify_file(&last, vec![newest.clone()]).await.is_clean());
        for older in copies {
            let alone = story.verify_file(&older, Vec::new()).await;
            assert!(alone.is_clean(), "the control: nobody can know without an anchor");
            let verified = story.verify_file(&older, vec![newest.clone()]).await;
            let missing = Place::Records(alone.records + 1, now);
            assert!(
                verified.findings.iter().any(|finding| finding.place == missing),
                "{:?}",
                verified.findings
            );
            tried += 1;
        }
    }
    eprintln!("{tried} old copies, all found, all named");
}

const SAMPLES: usize = 8;
/// So many rows at a time; each gives two or three findings, and a verification tells a thousand.
const GROUP: usize = 100;
