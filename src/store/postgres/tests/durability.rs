use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::Acquire as _;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

use super::Database;
use crate::audit::Commit;
use crate::audit::CommitError;
use crate::audit::Recorder;
use crate::audit::RecorderOptions;
use crate::store::Postgres;
use crate::store::PostgresCluster;
use crate::store::Store as _;
use crate::store::conformance::Place as _;
use crate::store::conformance::sample::flow;
use crate::store::conformance::sample::flow_number;
use crate::store::conformance::sample::insert;

// A setting of the role can't make commits weaker; a stronger one stays.
#[tokio::test]
async fn a_weak_setting_is_raised() {
    let database = Database::new().await;
    database.replica().await.close().await;
    let name = &database.settings.database;
    for (set, expected) in [("off", "on"), ("local", "on"), ("remote_apply", "remote_apply")] {
        database
            .administer(&format!("ALTER DATABASE {name} SET synchronous_commit = {set}"))
            .await;
        let mut connection = super::super::open::connect(&database.settings).await.unwrap();
        let found: String = sqlx::query_scalar("SHOW synchronous_commit")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(found, expected);
    }
}

// Finding 2: a commit that waits for its standby and is cancelled says that it is done. The control shows that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_wait_for_a_standby_was_cancelled_is_not_durable() {
    let cluster = PostgresCluster::start(&[]).unwrap();
    let database = Database::of(cluster).await;
    let store = Arc::new(database.replica().await);
    store.commit(vec![insert(&flow(1))]).await.remove(0).unwrap();
    let standby = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'";
    database.cluster.administer("postgres", standby).await.unwrap();
    database
        .cluster
        .administer("postgres", "SELECT pg_reload_conf()")
        .await
        .unwrap();

    // The control: whoever does not listen takes it for done. The server takes a moment until it waits for anybody.
    loop {
        let naive = database.settings.options(&database.settings.runs_as);
        let committing = tokio::spawn(async move {
            let insert =
                "INSERT INTO health (id, probes) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET probes = 2";
            sqlx::query(insert).execute(&mut naive.connect().await?).await
        });
        let waited = cancel_who_waits(&database, "INSERT INTO health%", || committing.is_finished()).await;
        assert!(committing.await.unwrap().is_ok());
        if waited {
            break;
        }
    }

    let committing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.commit(vec![insert(&flow(2))]).await.remove(0) })
    };
    assert!(cancel_who_waits(&database, "%new_flows%", || committing.is_finished()).await);
    let answer = committing.await.unwrap();
    let Err(CommitError::Store(told)) = answer else {
        panic!("the commit must not count as durable: {answer:?}");
    };
    assert!(told.contains("standby") && told.contains("not known"), "{told}");
    database.cluster.crash().unwrap();
}

/// Cancels the commit of such a statement once it waits for a standby; `false` if it is over before.
async fn cancel_who_waits(database: &Database, statement: &str, is_over: impl Fn() -> bool) -> bool {
    let administrator = database.settings.options(&crate::store::PostgresRole {
        name: "postgres".to_owned(),
        password: None,
    });
    let mut connection = administrator.connect().await.unwrap();
    while !is_over() {
        let cancelled: Option<bool> = sqlx::query_scalar(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query LIKE $1",
        )
        .bind(statement)
        .fetch_optional(&mut connection)
        .await
        .unwrap();
        if cancelled == Some(true) {
            return true;
        }
    }
    false
}

// T4, its control: a pool whose transactions are begun by callers who hang up acknowledges what it then loses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_naive_pool_loses_what_it_acknowledges() {
    let database = Database::new().await;
    database.replica().await.close().await;
    database
        .administer("CREATE TABLE naive (id bigint PRIMARY KEY); GRANT ALL ON naive TO midflow_app")
        .await;
    // Which moment leaves a transaction behind depends on the machine: it is looked for until one does.
    for round in 0..ROUNDS {
        let (acknowledged, lost) = naive_round(&database, round).await;
        eprintln!("the naive pool, round {round}: {acknowledged} acknowledged, {lost} lost");
        if lost > 0 {
            return;
        }
    }
    panic!("the control must lose");
}

const ROUNDS: i64 = 40;

/// Callers who hang up after more turns of the scheduler in each round; how many were acknowledged, and lost all the same.
async fn naive_round(database: &Database, round: i64) -> (usize, usize) {
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .connect_with(database.settings.options(&database.settings.runs_as))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let mut callers = tokio::task::JoinSet::new();
    for number in round * 400..(round + 1) * 400 {
        let pool = pool.clone();
        callers.spawn(async move {
            if let Ok(mut connection) = pool.acquire().await {
                tokio::select! {
                    biased;
                    _ = connection.begin() => {}
                    () = turns(number % (7 + 5 * round)) => {}
                }
            }
            let kept = sqlx::query("INSERT INTO naive VALUES ($1)")
                .bind(number)
                .execute(&pool)
                .await;
            kept.is_ok().then_some(number)
        });
    }
    let acknowledged: BTreeSet<i64> = callers.join_all().await.into_iter().flatten().collect();
    pool.close().await;
    let mut connection = database
        .settings
        .options(&database.settings.runs_as)
        .connect()
        .await
        .unwrap();
    let kept: Vec<i64> = sqlx::query_scalar("SELECT id FROM naive")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let kept = kept.into_iter().collect();
    (acknowledged.len(), acknowledged.difference(&kept).count())
}

/// So many turns of the scheduler: finer than any timer.
async fn turns(count: i64) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

// T7, its core: whatever moment the server is stopped at, what was acknowledged is there when it is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_server_loses_nothing_acknowledged() {
    let cluster = PostgresCluster::start(&[]).unwrap();
    let database = Database::of(cluster).await;
    let store = Arc::new(database.replica().await);
    let committed: Arc<dyn Commit> = Arc::clone(&store) as _;
    let recorder = Recorder::start(committed, RecorderOptions::default());
    let mut acknowledged = Vec::new();
    let episodes = if std::env::var_os("MIDFLOW_SOAK").is_some() {
        100
    } else {
        4
    };
    for episode in 0..episodes {
        let (over, count) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..16_u32 {
            let (recorder, over, count) = (recorder.clone(), over.clone(), Arc::clone(&count));
            callers.spawn(async move {
                let mut kept = Vec::new();
                for step in 0.. {
                    let row = flow_number(episode * 1_000_000 + step * 16 + caller);
                    if recorder.record(insert(&row), ()).await.is_ok() {
                        kept.push(row.id);
                        count.fetch_add(1, Ordering::Relaxed);
                    } else {
                        // The first units after a crash meet a connection that is gone.
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    if over.is_cancelled() {
                        break;
                    }
                }
                kept
            });
        }
        while count.load(Ordering::Relaxed) < 100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(u64::from(episode * 37 % 50))).await;
        database.cluster.crash().unwrap();
        over.cancel();
        let of_this: Vec<_> = callers.join_all().await.into_iter().flatten().collect();
        assert!(!of_this.is_empty(), "episode {episode}");
        acknowledged.extend(of_this);
        database.cluster.up().unwrap();
        for id in acknowledged.iter().rev().take(100) {
            assert!(is_kept(&store, *id).await, "episode {episode}: {id} is lost");
        }
    }
    recorder.shutdown().await;
    store.close().await;
    let store = Postgres::open(database.settings.clone()).await.unwrap();
    let kept: BTreeSet<_> = store
        .recent_flows(u32::MAX)
        .await
        .unwrap()
        .iter()
        .map(|flow| flow.id)
        .collect();
    let lost = acknowledged.iter().filter(|id| !kept.contains(*id)).count();
    eprintln!(
        "{episodes} crashes, {} acknowledged, {lost} lost",
        acknowledged.len()
    );
    assert_eq!(lost, 0);
    store.close().await;
}

/// Whether a flow is there; a connection that the crash has cut is no answer.
async fn is_kept(store: &Postgres, id: crate::words::FlowId) -> bool {
    let mut last = None;
    for _ in 0..20 {
        match store.flow(id).await {
            Ok(found) => return found.is_some(),
            Err(error) => last = Some(error),
        }
    }
    panic!("{last:?}");
}
