use std::sync::Arc;

use sqlx::ConnectOptions as _;
use sqlx::PgConnection;

use super::Database;
use crate::audit::Commit as _;
use crate::audit::Recorder;
use crate::audit::RecorderOptions;
use crate::audit::Unit;
use crate::audit::log::Examiner;
use crate::store::LogStore as _;
use crate::store::Postgres;
use crate::store::PostgresRole;
use crate::store::Shared as _;
use crate::store::Store as _;
use crate::store::StoreErrorKind;
use crate::store::conformance::Place as _;
use crate::store::conformance::sample::flow;
use crate::store::conformance::sample::note;
use crate::store::migrations::POSTGRES as MIGRATIONS;

fn notes(count: u32) -> Vec<Unit> {
    let unit = |number| Unit {
        records: vec![note(&format!("note {number}"), Some(flow(1).id))],
        ..Unit::default()
    };
    (0..count).map(unit).collect()
}

/// How many records there are, and how many writers wrote them, all of whose records follow from the one before.
async fn examined(store: &Postgres) -> (usize, usize) {
    let edge = store.log_edge().await.unwrap();
    let mut snapshot = store.snapshot().await.unwrap();
    let rows = snapshot.rows(0, 100_000).await.unwrap();
    let mut examiner = Examiner::default();
    rows.iter().for_each(|row| examiner.record(row));
    assert_eq!((examiner.size(), examiner.root()), (edge.size(), edge.root()));
    for tile in snapshot.tiles(None, 1_000).await.unwrap() {
        examiner.tile(tile.level, tile.number, &tile.hashes);
    }
    assert_eq!(examiner.finish().kept(), []);
    let mut writers: Vec<_> = rows.iter().map(|row| row.writer.clone()).collect();
    writers.sort();
    writers.dedup();
    (rows.len(), writers.len())
}

// The records come over a second connection and in pages that are read ahead: it sees what the first one sees, each record
// once, however they are asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_gives_its_records_in_pages_and_no_later_ones() {
    let database = Database::new().await;
    let store = Postgres::open(database.settings.clone()).await.unwrap();
    let before = store.commit(notes(500)).await;
    assert!(before.iter().all(Result::is_ok));
    let mut snapshot = store.snapshot().await.unwrap();
    let after = store.commit(notes(100)).await;
    assert!(after.iter().all(Result::is_ok));
    for limit in [1_u32, 7, 250, 499, 500, 501, 10_000] {
        // A page at a time, with as many statements as it takes.
        let (mut read, mut last) = (Vec::new(), i64::MIN);
        loop {
            let page = snapshot.rows(last, limit).await.unwrap();
            let Some(row) = page.last() else { break };
            assert!(page.len() <= limit.try_into().unwrap());
            last = row.seq;
            read.extend(page.iter().map(|row| row.seq));
        }
        assert_eq!(read, (1..=500).collect::<Vec<i64>>(), "{limit}");
    }
    // Wherever one begins, and also elsewhere than where one has stopped.
    for after in [0, 490, 17, 17, i64::MAX, 499] {
        let seqs: Vec<i64> = snapshot
            .rows(after, 5)
            .await
            .unwrap()
            .iter()
            .map(|row| row.seq)
            .collect();
        let expected: Vec<i64> = (1..=500).filter(|seq| *seq > after).take(5).collect();
        assert_eq!(seqs, expected, "{after}");
    }
    store.close().await;
}

/// A database as that version of the schema left it, seen by its owner.
async fn with_schema_of(database: &Database, version: i64) -> PgConnection {
    let owner = PostgresRole {
        name: "midflow_owner".to_owned(),
        password: None,
    };
    let mut connection = database.settings.options(&owner).connect().await.unwrap();
    sqlx::raw_sql("CREATE SCHEMA midflow")
        .execute(&mut connection)
        .await
        .unwrap();
    MIGRATIONS
        .run_direct(Some(version), &mut connection, false)
        .await
        .unwrap();
    connection
}

// Law 12: the tree reaches the end of the log however much is new, more than two pages of leaves here (found by a bench: the
// checkpoint was over a part, and the verification told a false alarm).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_is_folded_to_the_end_of_a_long_log() {
    let database = Database::new().await;
    let store = database.replica().await;
    for _ in 0..5 {
        assert!(store.commit(notes(4_000)).await.iter().all(Result::is_ok));
    }
    assert_eq!(examined(&store).await, (20_000, 1));
    store.close().await;
}

// Law 12: what several nodes write at the same time is one log, whoever writes its hashes down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_write_at_once_write_one_log() {
    let database = Database::new().await;
    let replicas = [
        Arc::new(database.replica().await),
        Arc::new(database.replica().await),
        Arc::new(database.replica().await),
    ];
    let mut writing = tokio::task::JoinSet::new();
    for replica in &replicas {
        let recorder = Recorder::start(Arc::clone(replica) as _, RecorderOptions::default());
        for caller in 0..8 {
            let (recorder, replica) = (recorder.clone(), Arc::clone(replica));
            writing.spawn(async move {
                for number in 0..60 {
                    for unit in notes(1) {
                        recorder.record(unit, ()).await.unwrap();
                    }
                    // Several fold at the same time.
                    if number % 20 == caller {
                        replica.log_edge().await.unwrap();
                    }
                }
            });
        }
    }
    writing.join_all().await;
    for replica in &replicas {
        assert_eq!(examined(replica).await, (3 * 8 * 60, 3));
        replica.close().await;
    }
}

// Nobody knows what became of the batch whose connection was cut: its chain ends, and the next one begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_cut_ends_its_chain() {
    let database = Database::new().await;
    let store = database.replica().await;
    assert!(store.commit(notes(10)).await.iter().all(Result::is_ok));
    for _ in 0..3 {
        database
            .administer(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .await;
        let cut = store.commit(notes(10)).await;
        assert!(cut.iter().all(Result::is_err), "{cut:?}");
        assert!(store.commit(notes(10)).await.iter().all(Result::is_ok));
    }
    // The connections that read were cut as well, and are replaced one by one.
    while store.log_edge().await.is_err() {}
    assert_eq!(examined(&store).await, (40, 4));
    store.close().await;
}

// A node may die after its commit and before anybody has written a hash down.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_has_folded_is_folded_by_the_next() {
    let database = Database::new().await;
    let dead = database.replica().await;
    assert!(dead.commit(notes(700)).await.iter().all(Result::is_ok));
    let reader = Postgres::open_to_read(database.settings.clone()).await.unwrap();
    let seen = reader.log_edge().await.unwrap();
    assert_eq!(seen.size(), 700);
    assert!(
        reader
            .snapshot()
            .await
            .unwrap()
            .tiles(None, 9)
            .await
            .unwrap()
            .is_empty(),
        "who reads writes no hashes"
    );
    drop(dead);
    let next = database.replica().await;
    assert_eq!(next.log_edge().await.unwrap().root(), seen.root());
    assert_eq!(examined(&next).await, (700, 1));
    reader.close().await;
    next.close().await;
}

// A standby without the last records is promoted, or an older copy is put there: the tree is that of what is there now,
// and no leaf of what was there is in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tree_is_that_of_the_database_as_it_is_now() {
    let database = Database::new().await;
    let store = database.replica().await;
    assert!(store.commit(notes(10)).await.iter().all(Result::is_ok));
    assert_eq!(store.log_edge().await.unwrap().size(), 10);
    database
        .administer(
            "SET session_replication_role = replica; DELETE FROM records WHERE seq > 8; UPDATE log SET records = 8",
        )
        .await;
    assert_eq!(store.log_edge().await.unwrap().size(), 8);
    let other = database.replica().await;
    assert!(other.commit(notes(3)).await.iter().all(Result::is_ok));
    let (seen, now) = (store.log_edge().await.unwrap(), other.log_edge().await.unwrap());
    assert_eq!((seen.size(), seen.root()), (now.size(), now.root()));
    database
        .administer("SET session_replication_role = replica; DELETE FROM records WHERE seq = 4")
        .await;
    let fresh = database.replica().await;
    let error = fresh.log_edge().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert!(error.to_string().contains("record 4 "), "{error}");
    for store in [store, other, fresh] {
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_the_living_the_oldest_leads() {
    let database = Database::new().await;
    let (first, second) = (database.replica().await, database.replica().await);
    let leads = async || (first.leads().await.unwrap(), second.leads().await.unwrap());
    assert_eq!(leads().await, (true, false));
    let lease = first.lease.as_ref().unwrap().number();
    database
        .administer(&format!(
            "UPDATE replicas SET until = now() - interval '1 s' WHERE lease = {lease}"
        ))
        .await;
    assert_eq!(leads().await, (false, true));
    first.close().await;
    assert!(second.leads().await.unwrap());
    second.close().await;
}

// Law 12: what was recorded before there was a log gets its place in it, with the entry that every verifier derives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_from_before_the_log_get_their_places() {
    let database = Database::new().await;
    let mut connection = with_schema_of(&database, 1).await;
    let event = |act: &str| {
        let event = note(act, None).event.to_canonical_json().unwrap();
        String::from_utf8(event).unwrap()
    };
    for (seq, act, of_flow, subject) in [
        (1_i64, "first", None, None),
        (
            2,
            "with ARABIC العربية",
            Some(flow(1).id.as_uuid()),
            Some(vec![7; 32]),
        ),
        (
            3,
            "about somebody by name",
            Some(flow(1).id.as_uuid()),
            Some(b"399123100017".to_vec()),
        ),
    ] {
        sqlx::query("INSERT INTO records (seq, at, flow, kind, subject, event, writer) VALUES ($1, $2, $3, 'admin', $4, $5, 1)")
            .bind(seq)
            .bind(-5 + seq * 3)
            .bind(of_flow)
            .bind(subject)
            .bind(event(act))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    sqlx::raw_sql("UPDATE log SET records = 3")
        .execute(&mut connection)
        .await
        .unwrap();
    let store = database.replica().await;
    assert!(store.commit(notes(2)).await.iter().all(Result::is_ok));
    assert_eq!(examined(&store).await, (5, 2));
    let rows = store.log_rows(flow(1).id).await.unwrap();
    let commitments: Vec<_> = rows.iter().map(|row| row.commitment.clone()).collect();
    assert_eq!(commitments, [Some(vec![7; 32]), None, None, None]);
    each_follows(&store, 5).await;
    store.close().await;
}

/// The entry of each record can be made again, whatever the batch that it came with.
async fn each_follows(store: &Postgres, count: u64) {
    for index in 0..count {
        let row = store.log_row(index).await.unwrap().unwrap();
        let before = store.log_leaf_before(&row).await.unwrap();
        let entry = row.entry(&before).unwrap();
        assert_eq!(entry.leaf(), row.stored_leaf().unwrap(), "record {}", index + 1);
    }
}

// The record before another one is found by the end of its batch, which alone is in an index: also where the batches of two
// nodes stand between one another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_before_is_found_over_the_batches_of_others() {
    let database = Database::new().await;
    let (one, other) = (database.replica().await, database.replica().await);
    for store in [&one, &one, &other, &one, &other, &other] {
        assert!(store.commit(notes(3)).await.iter().all(Result::is_ok));
    }
    each_follows(&other, 18).await;
    let owner = PostgresRole {
        name: "midflow_owner".to_owned(),
        password: None,
    };
    let mut connection = database.settings.options(&owner).connect().await.unwrap();
    let ends: Vec<i64> = sqlx::query_scalar("SELECT seq FROM records WHERE ends_batch ORDER BY seq")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(ends, [3, 6, 9, 12, 15, 18]);
    one.close().await;
    other.close().await;
}

// Migrations go forward from every schema that was ever released, with what the flows of that time have left in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_released_schema_is_brought_up_to_date() {
    let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
    for version in &versions {
        let database = Database::new().await;
        let mut connection = with_schema_of(&database, *version).await;
        let old = flow(1);
        sqlx::query(
            "INSERT INTO flows (id, version, owner, service, capability, catalog, token, phase, open, state, created_at,
                    expires_at, detail)
                VALUES ($1, 1, 0, 'licence-renewal', 'auth_push', $2, $3, 'delivered', false, $4, 1, 2, '')",
        )
        .bind(old.id.as_uuid())
        .bind(old.catalog.as_bytes())
        .bind(old.token.as_bytes())
        .bind(serde_json::to_string(&old.state).unwrap())
        .execute(&mut connection)
        .await
        .unwrap();
        sqlx::raw_sql("UPDATE log SET flows = 1")
            .execute(&mut connection)
            .await
            .unwrap();
        let store = database.replica().await;
        assert!(store.flow(old.id).await.unwrap().is_some(), "from {version}");
        assert!(
            store.commit(notes(2)).await.iter().all(Result::is_ok),
            "from {version}"
        );
        assert_eq!(examined(&store).await, (2, 1), "from {version}");
        store.close().await;
    }
}
