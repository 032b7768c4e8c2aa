use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::params;

use super::story::Story;
use super::tamper;
use super::tamper::Touched;
use super::*;
use crate::audit::Commit as _;
use crate::audit::log::Checkpoint;
use crate::audit::log::Edge;
use crate::audit::log::LogRow;
use crate::audit::log::Place;
use crate::audit::seal::SecretWrapper;
use crate::store::Sealed;
use crate::store::Sqlite;
use crate::store::Store;
use crate::store::conformance::sample;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::Timestamp;

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

/// A copy of the store that may be spoilt.
fn copy(story: &Story) -> PathBuf {
    let file = story.folder.path().join("copy.db");
    for end in ["-wal", "-shm"] {
        let mut beside = file.clone().into_os_string();
        beside.push(end);
        let _ = fs::remove_file(beside);
    }
    fs::copy(story.file(), &file).unwrap();
    file
}

// R000-067, R000-150: nothing is said of a log that nobody has touched, at any length and after any number of starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_nobody_touched_is_clean() {
    let story = Story::new();
    for start in 0..5 {
        story.happen(start * 100, 1 + start * 9).await;
        let verified = story.verify(vec![story.promise().await]).await;
        assert_eq!(verified.findings, [], "{start}");
        assert!(verified.is_clean());
        assert_eq!(
            (verified.anchored, verified.anchored_records),
            (1, verified.records)
        );
    }
}

// A store may be verified while its node goes on writing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_store_is_verified_as_it_was_at_one_moment() {
    let story = Story::new();
    story.happen(0, 3).await;
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(story.file()).await.unwrap());
    let mut snapshot = store.log().unwrap().snapshot().await.unwrap();
    let unit = crate::audit::Unit {
        records: vec![sample::note("later", None)],
        ..Default::default()
    };
    assert!(store.commit(vec![unit]).await[0].is_ok());
    let rows = snapshot.rows(0, 1_000).await.unwrap().len();
    let verified = verify(
        store.log().unwrap(),
        story.key.verifier(),
        Vec::new(),
        Contents::Open,
    )
    .await
    .unwrap();
    assert_eq!(verified.records, rows as u64 + 1);
    assert!(verified.is_clean(), "{:?}", verified.findings);
    store.close().await;
}

// R000-067: any bit of any row that the log vouches for. In CI some of each column, with MIDFLOW_SOAK all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bit_counts() {
    let story = Story::new();
    story.happen(0, if is_soak() { 4 } else { 40 }).await;
    let mut dice = Dice(7);
    let (mut tried, mut named, mut unnamed) = (0, 0, Vec::new());
    let other = story.folder.path().join("pristine.db");
    fs::copy(story.file(), &other).unwrap();
    let pristine = tamper::open(&other);
    for column in tamper::columns() {
        let rows = tamper::rows(&pristine, column.table);
        let mut bits: Vec<(i64, usize)> = Vec::new();
        for row in &rows {
            bits.extend((0..tamper::bits(&pristine, &column, *row)).map(|bit| (*row, bit)));
        }
        if !is_soak() && !bits.is_empty() {
            bits = (0..SAMPLES).map(|_| bits[dice.below(bits.len())]).collect();
        }
        for (row, bit) in bits {
            let file = copy(&story);
            let connection = tamper::open(&file);
            let Some(touched) = tamper::flip(&connection, &column, row, bit) else {
                continue;
            };
            drop(connection);
            let verified = story.verify_file(&file, Vec::new()).await;
            assert!(!verified.is_clean(), "not found: {}", touched.what);
            tried += 1;
            if touched.is_named(&verified.findings) {
                named += 1;
            } else {
                unnamed.push((touched.what, verified.findings));
            }
        }
    }
    eprintln!("{tried} bits, all found, {named} named");
    assert!(tried > 200);
    assert!(named * 100 >= tried * 99, "{named} of {tried}: {unnamed:?}");
}

/// What an administrator of the database might do, and what should be named.
fn attack(connection: &Connection, dice: &mut Dice) -> Touched {
    let records = tamper::rows(connection, "records");
    let last = *records.last().unwrap();
    let seq = records[dice.below(records.len() - 2) + 1];
    let place = |seq: i64| Place::Record(seq.unsigned_abs());
    let run = |statement: &str| connection.execute_batch(statement).unwrap();
    match dice.below(8) {
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
            run("DELETE FROM exchanges WHERE rowid = 2");
            Touched::new("a message deleted", Vec::new())
        }
        _ => {
            run("INSERT INTO exchanges (id, flow, direction, at, bytes)
                    SELECT randomblob(16), flow, direction, at, bytes FROM exchanges WHERE rowid = 1");
            Touched::new("a message put in", Vec::new())
        }
    }
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
    let rounds = if is_soak() { 100_000 } else { 160 };
    let (mut named, mut unnamed) = (0, Vec::new());
    for _ in 0..rounds {
        let file = copy(&story);
        let connection = tamper::open(&file);
        let touched = attack(&connection, &mut dice);
        drop(connection);
        let verified = story.verify_file(&file, Vec::new()).await;
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
    for _ in 0..20 {
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
        assert!(
            touched.is_named(&verified.findings),
            "{from}: {:?}",
            verified.findings
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_lacks_what_an_anchor_has() {
    let story = Story::new();
    story.happen(0, 5).await;
    let file = copy(&story);
    let before = story.verify_file(&file, Vec::new()).await;
    assert!(before.is_clean());
    story.happen(10, 5).await;
    let newer = story.promise().await;
    let verified = story.verify_file(&file, vec![newer]).await;
    let missing = Place::Records(before.records + 1, story.verify(Vec::new()).await.records);
    assert!(
        verified.findings.iter().any(|finding| finding.place == missing),
        "{:?}",
        verified.findings
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promise_that_the_log_never_made_is_told() {
    let story = Story::new();
    story.happen(0, 2).await;
    let mut promise = story.promise().await;
    promise.note = promise.note.replacen("ministry", "monastery", 1);
    let verified = story.verify(vec![promise]).await;
    assert_eq!(verified.findings[0].place, Place::Anchor("anchor".to_owned()));
}

// R000-126: each record of a flow is proved against the newest checkpoint, for those who have nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_is_proved_with_nothing_but_the_public_key() {
    let story = Story::new();
    story.happen(0, 60).await;
    let store = Sqlite::open_to_read(story.file()).await.unwrap();
    for number in [0, 17, 59] {
        let flow = sample::flow_number(number).id;
        let proved = prove_flow(&store, flow, story.key.verifier()).await.unwrap();
        assert_eq!(proved.len(), 7);
        for one in proved {
            let proof = one.proof.unwrap();
            let read = crate::audit::log::LeafProof::parse(&proof.to_string()).unwrap();
            let leaf = crate::audit::log::leaf_hash(one.entry.as_bytes());
            assert!(read.verify(&leaf, story.key.verifier()).is_ok());
            assert_eq!(leaf, one.row.stored_leaf().unwrap());
        }
    }
    store.close().await;
}

// Old copies and changed records keep a node from serving, until two people have accepted it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_does_not_serve_on_a_store_that_lacks_what_was_promised() {
    let story = Story::new();
    story.happen(0, 5).await;
    let old = copy(&story);
    story.happen(10, 5).await;
    let anchors = story.folder.path().join("anchors");
    fs::create_dir(&anchors).unwrap();
    let open = || async { Arc::new(Sqlite::open(story.file()).await.unwrap()) as Arc<dyn Store> };
    let keeper = |store: &Arc<dyn Store>| {
        let folder: Arc<dyn Anchor> = Arc::new(AnchorFolder::new(&anchors));
        LogKeeper::new(
            Arc::clone(&story.key),
            Arc::clone(store),
            story.folder.path(),
            vec![folder],
        )
        .unwrap()
    };
    let store = open().await;
    assert_eq!(keeper(&store).check().await, Ok(()));
    let newest = keeper(&store).checkpoint().await.unwrap().unwrap();
    for _ in 0..2 {
        assert!(
            keeper(&store)
                .anchor(&newest)
                .await
                .iter()
                .all(|(_, result)| result.is_ok())
        );
    }
    store.close().await;
    fs::copy(&old, story.file()).unwrap();

    let store = open().await;
    let fault = keeper(&store).check().await.unwrap_err();
    assert!(matches!(fault, LogFault::Shorter { .. }), "{fault}");
    // The file beside the secrets is taken away: the anchor still knows.
    let head = HeadFile::in_folder(story.folder.path());
    fs::remove_file(head.path()).unwrap();
    let fault = keeper(&store).check().await.unwrap_err();
    assert!(fault.to_string().contains("accept-rollback"), "{fault}");

    let promises = keeper(&store).newest_promises().await.unwrap();
    let accept = |by: &'static [&'static str]| {
        let (store, story, promises) = (Arc::clone(&store), &story, promises.clone());
        async move {
            let by: Vec<String> = by.iter().map(|name| (*name).to_owned()).collect();
            let secrets = story.folder.path();
            accept_rollback(
                store.as_ref(),
                story.key.verifier(),
                secrets,
                &promises,
                (&by, "the disk burned"),
                Timestamp::EPOCH,
            )
            .await
        }
    };
    assert_eq!(accept(&["noura", "noura "]).await, Err(AcceptError::Alone));
    assert_eq!(accept(&["noura", "salem"]).await, Ok(1));
    assert_eq!(accept(&["noura", "salem"]).await, Err(AcceptError::Nothing));
    assert_eq!(keeper(&store).check().await, Ok(()));
    let records = store.records_after(0, 1_000).await.unwrap();
    let last = serde_json::to_string(&records.last().unwrap().event).unwrap();
    assert!(
        last.contains("rollback_accepted") && last.contains("noura and salem"),
        "{last}"
    );
    store.close().await;
}

// An anchor that holds something else of the same size is told apart from one that is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_anchor_folder_takes_each_checkpoint_once() {
    let story = Story::new();
    story.happen(0, 1).await;
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(story.file()).await.unwrap());
    let newest = story.keeper(&store).checkpoint().await.unwrap().unwrap();
    let gone = AnchorFolder::new(story.folder.path().join("not there"));
    assert!(matches!(
        gone.place(&newest, store.log().unwrap()).await,
        Err(AnchorError::Away(_))
    ));
    let folder = story.folder.path().join("anchors");
    fs::create_dir(&folder).unwrap();
    let anchor = AnchorFolder::new(&folder);
    let name = anchor.place(&newest, store.log().unwrap()).await.unwrap();
    assert_eq!(
        anchor.place(&newest, store.log().unwrap()).await,
        Ok(name.clone())
    );
    let promise = anchor.newest(story.key.verifier()).await.unwrap().unwrap();
    assert_eq!(promise.note, newest.note);
    fs::write(folder.join(name), "something else\n\n").unwrap();
    assert!(matches!(
        anchor.place(&newest, store.log().unwrap()).await,
        Err(AnchorError::Contradicts(_))
    ));
    assert_eq!(anchor.newest(story.key.verifier()).await, Ok(None));
    store.close().await;
}

async fn sealed(file: &Path) -> Sealed<Sqlite> {
    let wrapper = Arc::new(SecretWrapper::new(&[1; 32]).unwrap());
    let store = Arc::new(Sqlite::open(file).await.unwrap());
    Sealed::open(store, wrapper, Environment::Test, Timestamp::EPOCH)
        .await
        .unwrap()
}

// Laws 12 and 13: below the seal everything verifies, after an erasure too, and ciphertext that was changed is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_store_verifies_opened_closed_and_after_an_erasure() {
    let story = Story::new();
    story.happen_in(Arc::new(sealed(&story.file()).await), 0, 6).await;
    // Without the key only what is sealed is left out.
    let store = Sqlite::open_to_read(story.file()).await.unwrap();
    let closed = verify(&store, story.key.verifier(), Vec::new(), Contents::Sealed)
        .await
        .unwrap();
    assert_eq!(closed.findings, []);
    store.close().await;

    let erased = sample::flow_number(2).id;
    let store = sealed(&story.file()).await;
    let unit = crate::audit::Unit {
        records: vec![sample::note("erased", Some(erased))],
        destroy: vec![erased.into()],
        ..Default::default()
    };
    assert!(store.commit(vec![unit]).await[0].is_ok());
    let opened = verify(&store, story.key.verifier(), Vec::new(), Contents::Open)
        .await
        .unwrap();
    assert_eq!(opened.findings, []);
    store.close().await;

    let kept = sample::flow_number(4).id;
    for (statement, expected) in [
        ("UPDATE exchanges SET bytes = zeroblob(90) WHERE rowid = 1", None),
        (
            "UPDATE flows SET detail = zeroblob(200) WHERE id = ?1",
            Some(Place::Flow(kept)),
        ),
        (
            "UPDATE deliveries SET body = zeroblob(90) WHERE flow = ?1",
            Some(Place::Notice(format!("{kept}.1"))),
        ),
        ("DELETE FROM data_keys WHERE owner = ?1", Some(Place::Flow(kept))),
    ] {
        let file = copy(&story);
        let connection = tamper::open(&file);
        let id = kept.as_uuid().into_bytes();
        if statement.contains("?1") {
            connection.execute(statement, [id]).unwrap();
        } else {
            connection.execute(statement, []).unwrap();
        }
        drop(connection);
        let store = sealed(&file).await;
        let found = verify(&store, story.key.verifier(), Vec::new(), Contents::Open)
            .await
            .unwrap();
        store.close().await;
        let is_named = match &expected {
            Some(place) => found.findings.iter().any(|finding| finding.place == *place),
            None => found
                .findings
                .iter()
                .any(|finding| matches!(finding.place, Place::Exchange(_))),
        };
        assert!(is_named, "{statement}: {:?}", found.findings);
    }
}

const SAMPLES: usize = 8;
