//! The log on PostgreSQL, written by two nodes, in the hands of an administrator of the server.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::PgConnection;

use super::postgres_tamper as tamper;
use super::story::Story;
use super::tamper::Touched;
use super::*;
use crate::audit::log::Checkpoint;
use crate::audit::log::Edge;
use crate::audit::log::Place;
use crate::audit::log::Tile;
use crate::audit::seal::SecretWrapper;
use crate::engine::DualControl;
use crate::engine::TwoPersons;
use crate::store::LogStore as _;
use crate::store::Postgres;
use crate::store::PostgresCluster;
use crate::store::PostgresSettings;
use crate::store::Sealed;
use crate::store::Store;
use crate::store::conformance::sample;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::Timestamp;

/// A database that two nodes have written into, and the secrets that both have.
struct Ministry {
    story: Story,
    settings: PostgresSettings,
    cluster: PostgresCluster,
}

impl Ministry {
    async fn new() -> Self {
        let cluster = PostgresCluster::shared("tests").unwrap();
        Self {
            story: Story::new(),
            settings: cluster.database().await.unwrap(),
            cluster,
        }
    }

    async fn node(&self) -> Arc<dyn Store> {
        Arc::new(Postgres::open(self.settings.clone()).await.unwrap())
    }

    /// Lets so many flows happen from this number on, at two nodes in turn.
    async fn happen(&self, from: u32, flows: u32) {
        let nodes = [self.node().await, self.node().await];
        self.story.happen_between(&nodes, from, flows).await;
        for node in nodes {
            node.close().await;
        }
    }

    async fn reader(&self) -> Postgres {
        Postgres::open_to_read(self.settings.clone()).await.unwrap()
    }

    async fn verify(&self, promises: Vec<Promise>) -> Verification {
        let store = self.reader().await;
        let verified = verify(&store, self.story.key.verifier(), promises, Contents::Open).await;
        store.close().await;
        verified.unwrap()
    }

    /// The newest checkpoint, as somebody outside keeps it.
    async fn promise(&self) -> Promise {
        let store = self.reader().await;
        let kept = store.last_checkpoint().await.unwrap().unwrap();
        store.close().await;
        Promise {
            place: "anchor".to_owned(),
            note: kept.note,
        }
    }

    async fn administrator(&self) -> PgConnection {
        tamper::administrator(&self.settings).await
    }

    /// The database as it is now, under another name.
    async fn copy(&self) -> PostgresSettings {
        let name = format!("{}_copy", self.settings.database);
        let copy = format!("CREATE DATABASE {name} TEMPLATE {}", self.settings.database);
        self.cluster.administer("postgres", &copy).await.unwrap();
        PostgresSettings {
            database: name,
            ..self.settings.clone()
        }
    }
}

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

// R000-067, R000-150: nothing is said of a log that nobody has touched, whoever has written it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_of_two_nodes_that_nobody_touched_is_clean() {
    let ministry = Ministry::new().await;
    for start in 0..3 {
        ministry.happen(start * 100, 1 + start * 20).await;
        let verified = ministry.verify(vec![ministry.promise().await]).await;
        assert_eq!(verified.findings, [], "{start}");
        assert_eq!(
            (verified.anchored, verified.anchored_records),
            (1, verified.records)
        );
        assert!(verified.records > 0 && verified.compared > 0);
    }
}

// R000-067: any bit of any row that the log vouches for. In CI some of each column, with MIDFLOW_SOAK all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bit_counts_on_a_server() {
    let ministry = Ministry::new().await;
    ministry.happen(0, if is_soak() { 4 } else { 40 }).await;
    let mut connection = ministry.administrator().await;
    tamper::prepare(&mut connection).await;
    let mut dice = Dice(7);
    let (mut tried, mut named, mut unnamed) = (0, 0, Vec::new());
    for column in tamper::columns() {
        let mut bits: Vec<(String, i64)> = Vec::new();
        for (row, count) in column.bits(&mut connection).await {
            bits.extend((0..count).map(|bit| (row.clone(), bit)));
        }
        if !is_soak() && !bits.is_empty() {
            bits = (0..SAMPLES)
                .map(|_| bits[dice.below(bits.len())].clone())
                .collect();
        }
        for (row, bit) in bits {
            let Some(touched) = column.flip(&mut connection, &row, bit).await else {
                continue;
            };
            let verified = ministry.verify(Vec::new()).await;
            assert!(!verified.is_clean(), "not found: {}", touched.what);
            tried += 1;
            if touched.is_named(&verified.findings) {
                named += 1;
            } else {
                unnamed.push((touched.what, verified.findings));
            }
            column.flip(&mut connection, &row, bit).await.unwrap();
        }
    }
    assert_eq!(ministry.verify(Vec::new()).await.findings, []);
    eprintln!("{tried} bits, all found, {named} named");
    assert!(tried > 60);
    assert!(named * 100 >= tried * 99, "{named} of {tried}: {unnamed:?}");
}

// R000-067: rows deleted, moved, put in, truncated and rewritten; without any anchor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn structural_attacks_on_a_server_are_found_and_named() {
    let ministry = Ministry::new().await;
    ministry.happen(0, 20).await;
    let mut connection = ministry.administrator().await;
    tamper::prepare(&mut connection).await;
    let store = ministry.reader().await;
    let mut dice = Dice(11);
    let rounds = if is_soak() { 10_000 } else { 64 };
    let (mut named, mut unnamed) = (0, Vec::new());
    for round in 0..rounds {
        let touched = tamper::attack(&mut connection, &store, round, |limit| dice.below(limit)).await;
        let verified = ministry.verify(Vec::new()).await;
        assert!(!verified.is_clean(), "not found: {}", touched.what);
        if touched.is_named(&verified.findings) {
            named += 1;
        } else {
            unnamed.push((touched.what, verified.findings));
        }
        tamper::mend(&mut connection).await;
    }
    assert_eq!(ministry.verify(Vec::new()).await.findings, []);
    eprintln!("{rounds} attacks, all found, {named} named");
    assert!(named * 100 >= rounds * 99, "{unnamed:?}");
    store.close().await;
}

/// With the stolen key of the log: everything from a record on is derived and signed anew, as if it had always been so.
async fn resign(ministry: &Ministry, connection: &mut PgConnection, from: i64) {
    let store = ministry.reader().await;
    let mut snapshot = store.snapshot().await.unwrap();
    let (mut edge, mut statements) = (Edge::default(), String::new());
    let (mut last, mut roots, mut tiles) = (
        HashMap::new(),
        vec![Digest::from_bytes([0; 32])],
        Vec::<Tile>::new(),
    );
    for mut row in snapshot.rows(0, 100_000).await.unwrap() {
        if row.seq == from {
            row.at += 1;
        }
        let before = last
            .get(&row.writer)
            .copied()
            .unwrap_or(Digest::from_bytes([0; 32]));
        let leaf = row.entry(&before).unwrap().leaf();
        last.insert(row.writer.clone(), leaf);
        let text = hex::encode(leaf.as_bytes());
        statements += &format!(
            "UPDATE records SET at = {}, leaf = decode('{text}', 'hex') WHERE seq = {};",
            row.at, row.seq
        );
        edge.append(leaf);
        tiles.extend(edge.take_tiles());
        roots.push(edge.root());
    }
    for tile in tiles {
        for (place, hash) in (tile.number * 256..).zip(&tile.hashes) {
            let text = hex::encode(hash.as_bytes());
            statements += &format!(
                "UPDATE log_hashes SET hash = decode('{text}', 'hex') WHERE (level, place) = ({}, {place});",
                tile.level
            );
        }
    }
    for (size, _) in snapshot.checkpoints(0, 100_000).await.unwrap() {
        let checkpoint = Checkpoint {
            origin: ministry.story.key.verifier().name().to_owned(),
            size: size.unsigned_abs(),
            root: roots[usize::try_from(size).unwrap()],
        };
        let note = checkpoint.sign(&ministry.story.key).to_string();
        statements += &format!("UPDATE log_checkpoints SET note = '{note}' WHERE size = {size};");
    }
    tamper::run(connection, statements).await.unwrap();
    store.close().await;
}

// R000-067: what the key of the log can hide from the store it can't hide from an anchor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_stolen_key_only_an_anchor_finds_it_on_a_server() {
    let ministry = Ministry::new().await;
    ministry.happen(0, 20).await;
    let anchor = ministry.promise().await;
    ministry.happen(100, 20).await;
    let later = ministry.promise().await;
    let mut connection = ministry.administrator().await;
    tamper::prepare(&mut connection).await;
    // A verdict: no other row stands beside it that would give the change away.
    let verdicts: Vec<i64> =
        sqlx::query_scalar("SELECT seq FROM records WHERE kind = 'verdict' ORDER BY seq")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let mut dice = Dice(3);
    for _ in 0..6 {
        let from = verdicts[dice.below(verdicts.len())];
        resign(&ministry, &mut connection, from).await;
        // The control: without an anchor nobody can know.
        assert_eq!(ministry.verify(Vec::new()).await.findings, []);
        let verified = ministry.verify(vec![later.clone(), anchor.clone()]).await;
        let touched = Touched::new("", vec![Place::Record(from.unsigned_abs())]);
        assert!(
            touched.is_named(&verified.findings),
            "{from}: {:?}",
            verified.findings
        );
        tamper::mend(&mut connection).await;
    }
}

// An old dump that is put back: the nodes do not serve on it, until two people have accepted it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_node_serves_on_an_old_copy_of_the_database() {
    let ministry = Ministry::new().await;
    ministry.happen(0, 5).await;
    let old = ministry.copy().await;
    ministry.happen(10, 5).await;
    let newer = ministry.promise().await;
    let records = ministry.verify(Vec::new()).await.records;

    let store = Postgres::open(old).await.unwrap();
    let key = ministry.story.key.verifier();
    let verified = verify(&store, key, vec![newer], Contents::Open).await.unwrap();
    let missing = Place::Records(verified.records + 1, records);
    assert!(
        verified.findings.iter().any(|finding| finding.place == missing),
        "{:?}",
        verified.findings
    );
    let store: Arc<dyn Store> = Arc::new(store);
    let keeper = || ministry.story.keeper(&store);
    let fault = keeper().check().await.unwrap_err();
    assert!(matches!(fault, LogFault::Shorter { .. }), "{fault}");
    let by = TwoPersons::from(["noura".to_owned(), "salem".to_owned()]);
    let promises = keeper().newest_promises().await.unwrap();
    let secrets = ministry.story.folder.path();
    let loss = Loss::find(store.as_ref(), key, secrets, &promises).await.unwrap();
    let ask = (&by, "the disk burned");
    let accepted = loss
        .accept(store.as_ref(), &DualControl::Named, ask, Timestamp::EPOCH)
        .await;
    assert_eq!(accepted, Ok(1));
    assert_eq!(keeper().check().await, Ok(()));
    store.close().await;
}

// The database is exchanged for an older copy under nodes that run: neither who signs nor who follows goes on with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_under_a_node_that_runs_is_not_signed() {
    let ministry = Ministry::new().await;
    let nodes = [ministry.node().await, ministry.node().await];
    let elsewhere = tempfile::tempdir().unwrap();
    let signs = ministry.story.keeper(&nodes[0]);
    let (key, store) = (Arc::clone(&ministry.story.key), Arc::clone(&nodes[1]));
    let follows = LogKeeper::new(key, store, elsewhere.path(), Vec::new()).unwrap();
    ministry.story.happen_between(&nodes, 0, 3).await;
    signs.checkpoint().await.unwrap();
    follows.follow().await.unwrap();
    assert_eq!((signs.contradiction(), follows.contradiction()), (None, None));
    let size = nodes[0].log().unwrap().log_edge().await.unwrap().size();
    let mut connection = ministry.administrator().await;
    let back = format!(
        "DELETE FROM records WHERE seq > {0}; DELETE FROM log_checkpoints WHERE size > {0}; UPDATE log SET records = {0}",
        size - 3
    );
    tamper::run(&mut connection, back).await.unwrap();
    for step in 0..5 {
        let unit = crate::audit::Unit {
            records: vec![sample::note("another history", None)],
            ..Default::default()
        };
        assert!(nodes[step % 2].commit(vec![unit]).await[0].is_ok());
        // Also when it is as long as the one before.
        assert!(signs.checkpoint().await.unwrap_err().is_contradiction());
        assert!(signs.contradiction().is_some());
    }
    let older = ministry
        .story
        .keeper(&nodes[0])
        .checkpoint()
        .await
        .unwrap()
        .unwrap();
    assert!(older.size > size);
    assert!(follows.follow().await.unwrap_err().is_contradiction());
    for node in nodes {
        node.close().await;
    }
}

// Whoever does not sign knows, all the same, what was signed; and does not believe a checkpoint of another history.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_sign_follows() {
    let ministry = Ministry::new().await;
    let nodes = [ministry.node().await, ministry.node().await];
    let elsewhere = tempfile::tempdir().unwrap();
    let signs = ministry.story.keeper(&nodes[0]);
    let follows = LogKeeper::new(
        Arc::clone(&ministry.story.key),
        Arc::clone(&nodes[1]),
        elsewhere.path(),
        Vec::new(),
    )
    .unwrap();
    let head = HeadFile::in_folder(elsewhere.path());
    assert_eq!(follows.follow().await, Ok(None));
    for round in 0..3 {
        ministry.story.happen_between(&nodes, round * 10, 3).await;
        let signed = signs.checkpoint().await.unwrap().unwrap();
        assert_eq!(follows.follow().await, Ok(Some(signed.clone())));
        assert_eq!(head.read().unwrap().unwrap().note, signed.note);
    }
    // Both would sign the same.
    assert_eq!(follows.checkpoint().await, signs.checkpoint().await);
    let size = nodes[0].log().unwrap().log_edge().await.unwrap().size();
    let unit = crate::audit::Unit {
        records: vec![sample::note("later", None)],
        ..Default::default()
    };
    assert!(nodes[0].commit(vec![unit]).await[0].is_ok());
    let forged = Checkpoint {
        origin: ministry.story.key.verifier().name().to_owned(),
        size: size + 1,
        root: Digest::of(b"another history"),
    };
    let note = forged.sign(&ministry.story.key).to_string();
    nodes[0]
        .log()
        .unwrap()
        .keep_checkpoint(size + 1, note)
        .await
        .unwrap();
    let fault = follows.follow().await.unwrap_err();
    assert!(matches!(fault, LogFault::Changed { .. }), "{fault}");
    assert_ne!(
        head.read().unwrap().unwrap().note,
        forged.sign(&ministry.story.key).to_string()
    );
    for node in nodes {
        node.close().await;
    }
}

// R000-126: each record of a flow is proved against the newest checkpoint, though two nodes wrote them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_of_two_nodes_is_proved_with_nothing_but_the_public_key() {
    let ministry = Ministry::new().await;
    ministry.happen(0, 60).await;
    let store = ministry.reader().await;
    for number in [0, 17, 59] {
        let flow = sample::flow_number(number).id;
        let proved = prove_flow(&store, flow, ministry.story.key.verifier())
            .await
            .unwrap();
        assert_eq!(proved.len(), 7);
        for one in proved {
            let leaf = crate::audit::log::leaf_hash(one.entry.as_bytes());
            let proof = one.proof.unwrap();
            assert!(proof.verify(&leaf, ministry.story.key.verifier()).is_ok());
        }
    }
    store.close().await;
}

// Laws 12 and 13: below the seal everything verifies, after an erasure too, and ciphertext that was changed is named.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_database_verifies_opened_closed_and_after_an_erasure() {
    let ministry = Ministry::new().await;
    let sealed = async || {
        let wrapper = Arc::new(SecretWrapper::new(&[1; 32]).unwrap());
        let store = Arc::new(Postgres::open(ministry.settings.clone()).await.unwrap());
        let opened = Sealed::open(store, wrapper, Environment::Test, Timestamp::EPOCH).await;
        Arc::new(opened.unwrap())
    };
    let nodes: [Arc<dyn Store>; 2] = [sealed().await, sealed().await];
    ministry.story.happen_between(&nodes, 0, 6).await;
    for node in nodes {
        node.close().await;
    }
    let key = ministry.story.key.verifier();
    let reader = ministry.reader().await;
    let closed = verify(&reader, key, Vec::new(), Contents::Sealed).await.unwrap();
    assert_eq!(closed.findings, []);
    reader.close().await;
    let erased = sample::flow_number(2).id;
    let store = sealed().await;
    let unit = crate::audit::Unit {
        records: vec![sample::note("erased", Some(erased))],
        destroy: vec![erased.into()],
        ..Default::default()
    };
    assert!(crate::audit::Commit::commit(store.as_ref(), vec![unit]).await[0].is_ok());
    let opened = verify(store.as_ref(), key, Vec::new(), Contents::Open)
        .await
        .unwrap();
    assert_eq!(opened.findings, []);
    let kept = sample::flow_number(4).id;
    let mut connection = ministry.administrator().await;
    let detail = format!(
        "UPDATE flows SET detail = decode(repeat('00', 200), 'hex') WHERE id = '{}'",
        kept.as_uuid()
    );
    tamper::run(&mut connection, detail).await.unwrap();
    let changed = verify(store.as_ref(), key, Vec::new(), Contents::Open)
        .await
        .unwrap();
    assert!(
        changed
            .findings
            .iter()
            .any(|finding| finding.place == Place::Flow(kept))
    );
    store.close().await;
}

const SAMPLES: usize = 3;
