use std::num::NonZeroU32;
use std::time::Duration;

use super::Database;
use crate::audit::Commit as _;
use crate::audit::CommitError;
use crate::audit::Unit;
use crate::store::Counted;
use crate::store::Shared as _;
use crate::store::Store as _;
use crate::store::StoreErrorKind;
use crate::store::conformance::Place as _;
use crate::store::conformance::sample::flow;
use crate::store::conformance::sample::insert;
use crate::store::conformance::sample::note;
use crate::store::conformance::sample::update;
use crate::words::Timestamp;

const LONG_AGO: Timestamp = Timestamp::from_micros(0);

// Invariant I9: who is taken for dead writes nothing more, and what it had is somebody else's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_flows_of_a_dead_replica_are_taken_over_and_its_writes_refused() {
    let database = Database::new().await;
    let (dead, alive) = (database.replica().await, database.replica().await);
    dead.commit(vec![insert(&flow(1)), insert(&flow(2))]).await;
    alive.commit(vec![insert(&flow(3))]).await;
    assert!(
        alive.take_over(LONG_AGO, 9).await.unwrap().is_empty(),
        "nobody is dead"
    );

    let lease = dead.lease.as_ref().unwrap().number();
    database
        .administer(&format!(
            "UPDATE replicas SET until = now() - interval '1 s' WHERE lease = {lease}"
        ))
        .await;
    let mut row = flow(1);
    row.version = 2;
    let answers = dead.commit(vec![update(&row), insert(&flow(4))]).await;
    for answer in answers {
        let Err(CommitError::Store(told)) = answer else {
            panic!("a stale replica must not write: {answer:?}");
        };
        assert!(told.contains("has lost its lease"), "{told}");
    }
    // The server tells of a failure before it lets go of its rows, and rows that are held are passed over.
    let mut taken = Vec::new();
    while taken.len() < 2 {
        taken.extend(alive.take_over(LONG_AGO, 9).await.unwrap());
    }
    taken.sort_by_key(|row| row.id);
    let taken: Vec<_> = taken.iter().map(|row| (row.id, row.version)).collect();
    assert_eq!(taken, [(flow(1).id, 2), (flow(2).id, 2)]);
    assert!(
        alive.take_over(LONG_AGO, 9).await.unwrap().is_empty(),
        "once is enough"
    );

    // It joins again by itself, and what it believed to know is still refused.
    while dead.lease.as_ref().unwrap().number() == lease {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(
        dead.commit(vec![update(&row), insert(&flow(4))]).await,
        [Err(CommitError::Conflict), Ok(())]
    );
    dead.close().await;
    // A lease that was given back need not run out.
    let taken = alive.take_over(LONG_AGO, 9).await.unwrap();
    assert_eq!(taken.iter().map(|row| row.id).collect::<Vec<_>>(), [flow(4).id]);
    alive.close().await;
}

// Invariant I13: a flow that should have ended is anybody's, whoever owns it.
#[tokio::test]
async fn what_is_overdue_is_taken_from_the_living() {
    let database = Database::new().await;
    let (one, other) = (database.replica().await, database.replica().await);
    one.commit(vec![insert(&flow(1)), insert(&flow(2))]).await;
    let between = flow(1).expires_at.plus(Duration::from_millis(500));
    let taken = other.take_over(between, 9).await.unwrap();
    assert_eq!(taken.iter().map(|row| row.id).collect::<Vec<_>>(), [flow(1).id]);
    one.close().await;
    other.close().await;
}

#[tokio::test]
async fn two_replicas_that_take_over_at_once_share_the_flows() {
    let database = Database::new().await;
    let dead = database.replica().await;
    dead.commit((1..=100).map(|number| insert(&flow(number))).collect())
        .await;
    dead.close().await;
    let (one, other) = (database.replica().await, database.replica().await);
    let (mut seen, mut rounds) = (Vec::new(), 0);
    while seen.len() < 100 {
        let (first, second) = tokio::join!(one.take_over(LONG_AGO, 20), other.take_over(LONG_AGO, 20));
        for row in first.unwrap().iter().chain(&second.unwrap()) {
            assert_eq!(row.version, 2, "taken once");
            seen.push(row.id);
        }
        rounds += 1;
        assert!(rounds < 50);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 100);
    one.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_of_others_is_heard_and_ones_own_is_not() {
    let database = Database::new().await;
    let (one, other) = (database.replica().await, database.replica().await);
    let about = |number: u8| {
        let mut unit = insert(&flow(number));
        unit.records = vec![note("a", Some(flow(number).id)), note("b", Some(flow(number).id))];
        unit
    };
    one.commit(vec![about(1), about(2)]).await;
    other.commit(vec![about(3)]).await;
    let strange = Unit {
        records: vec![note("of no flow", None)],
        ..Unit::default()
    };
    one.commit(vec![strange]).await;
    other.hint().await;
    let news = other.news(0, 100).await.unwrap();
    assert_eq!((news.upto, news.flows), (7, vec![flow(1).id, flow(2).id]));
    let news = one.news(0, 100).await.unwrap();
    assert_eq!((news.upto, news.flows), (7, vec![flow(3).id]));
    let page = other.news(2, 2).await.unwrap();
    assert_eq!((page.upto, page.flows), (4, vec![flow(2).id]));
    assert_eq!(other.news(7, 100).await.unwrap().upto, 7);
    one.close().await;
    other.close().await;
}

// R000-080, threat B-16: a limit holds for all replicas together.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn starts_are_counted_for_all_replicas_together() {
    let database = Database::new().await;
    let replicas = [
        std::sync::Arc::new(database.replica().await),
        std::sync::Arc::new(database.replica().await),
    ];
    let counted = |subject: &str, count| Counted {
        subject: subject.to_owned(),
        count: NonZeroU32::new(count).unwrap(),
        window: Duration::from_secs(600),
    };
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..40 {
        let replica = std::sync::Arc::clone(&replicas[number % 2]);
        let subjects = [counted("service", 1_000), counted("service/person", 3)];
        asking.spawn(async move { replica.count_start(&subjects, at(100)).await.unwrap() });
    }
    let answers = asking.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 3);
    let [one, other] = &replicas;
    let person = [counted("service", 1_000), counted("service/person", 3)];
    assert_eq!(
        one.count_start(&person, at(110)).await.unwrap(),
        Some(Duration::from_secs(590))
    );
    // What was refused did not count for the service: of 4 only 3 are taken.
    let another = [counted("service", 4), counted("service/another", 3)];
    assert_eq!(other.count_start(&another, at(110)).await.unwrap(), None);
    assert!(one.count_start(&another, at(110)).await.unwrap().is_some());
    assert_eq!(other.count_start(&person, at(701)).await.unwrap(), None);
    for replica in replicas {
        replica.close().await;
    }
}

#[tokio::test]
async fn who_wants_to_be_alone_is_told_who_runs() {
    let database = Database::new().await;
    let running = database.replica().await;
    let refused = super::Postgres::open_alone(database.settings.clone()).await;
    let error = refused.err().unwrap();
    assert_eq!(error.kind(), StoreErrorKind::Busy);
    assert!(error.to_string().contains("1 replicas run over it"), "{error}");
    running.close().await;
    let alone = super::Postgres::open_alone(database.settings.clone())
        .await
        .unwrap();
    alone.close().await;
}

#[tokio::test]
async fn who_reads_writes_nothing() {
    let database = Database::new().await;
    let running = database.replica().await;
    running.commit(vec![insert(&flow(1))]).await;
    let reader = super::Postgres::open_to_read(database.settings.clone())
        .await
        .unwrap();
    assert!(reader.flow(flow(1).id).await.unwrap().is_some());
    assert!(reader.commit(vec![insert(&flow(2))]).await.remove(0).is_err());
    assert!(reader.health().await.is_err());
    reader.close().await;
    running.close().await;
}
