//! Several engines over one PostgreSQL database.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use midflow::audit::ApplicationKind;
use midflow::engine::ApplicationAsk;
use midflow::engine::CallbackReceipt;
use midflow::engine::OpenApplication;
use midflow::engine::ProblemCode;
use midflow::engine::RightsAsk;
use midflow::engine::RightsWho;
use midflow::engine::StartFlow;
use midflow::engine::Started;
use midflow::store::PostgresCluster;
use midflow::words::Digest;
use midflow::words::FlowId;
use midflow::words::Outcome;

use crate::support::node::licence_renewal;
use crate::support::replica_ledgers::Ledgers;
use crate::support::replicas::Replicas;

fn shared() -> PostgresCluster {
    PostgresCluster::shared("tests").unwrap()
}

// F101: no replica is special; whoever waits hears of what another has done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_replica_takes_any_request_and_any_callback() {
    let replicas = Replicas::start(3, shared(), true).await;
    let [first, second, third] = &replicas.all[..] else {
        panic!("three replicas");
    };
    let started = first.ask(licence_renewal()).await.unwrap();
    let flow = started.view.flow;
    let token = replicas.sent(&started).await.token;
    assert!(!second.view(flow).await.ended);
    let (receipt, at_first, at_second) = tokio::join!(
        third.callback(&token, "approved"),
        first.ended(flow),
        second.ended(flow),
    );
    assert_eq!(receipt, CallbackReceipt::Recorded);
    for view in [&at_first, &at_second] {
        assert_eq!(view.outcome, Some(Outcome::Approved));
        assert!(view.person.is_some() && view.receipt.is_some());
    }
    // A contradiction that arrives elsewhere changes nothing.
    assert_eq!(
        first.callback(&token, "declined.by_user").await,
        CallbackReceipt::Recorded
    );
    assert_eq!(third.view(flow).await.outcome, Some(Outcome::Approved));

    let started = first.ask(licence_renewal()).await.unwrap();
    let cancelled = second.cancel(started.view.flow).await.unwrap();
    assert_eq!(cancelled.outcome, Some(Outcome::Cancelled));
    assert_eq!(
        third.cancel(started.view.flow).await.err().unwrap().code,
        ProblemCode::FlowEnded
    );
    assert_eq!(
        first.ended(started.view.flow).await.outcome,
        Some(Outcome::Cancelled)
    );
    // Every replica reaches the catalog that a flow is pinned to.
    assert_eq!(second.view(flow).await.catalog, first.engine().catalog().digest());
    replicas.shutdown().await;
}

// R000-080, threat B-16: limits and idempotency keys hold for all replicas together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_limits_hold_across_replicas() {
    let replicas = Replicas::start(2, shared(), false).await;
    let with_key = || StartFlow {
        idempotency_key: Some("one key".to_owned()),
        request_digest: Digest::of(b"one request"),
        ..licence_renewal()
    };
    let [first, second] = &replicas.all[..] else {
        panic!("two replicas");
    };
    let (one, other) = tokio::join!(first.ask(with_key()), second.ask(with_key()));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.view.flow, other.view.flow);
    assert!(one.repeated != other.repeated);

    replicas.clock.forward(Duration::from_secs(24 * 3_600));
    let mut begun = 0;
    for number in 0..8 {
        match replicas.all[number % 2].ask(licence_renewal()).await {
            Ok(_) => begun += 1,
            Err(problem) => {
                assert_eq!(problem.code, ProblemCode::TooManyRequests);
                assert!(problem.retry_after.unwrap() > 500);
            }
        }
    }
    assert_eq!(begun, 3, "3 in 10 minutes for one person");
    replicas.clock.forward(Duration::from_secs(601));
    assert!(second.ask(licence_renewal()).await.is_ok());
    replicas.shutdown().await;
}

// R003-70, a regression: asked by hand, a node that does not lead writes down what silence has decided as any other does; at
// night it leaves that to the one that leads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_does_not_lead_looks_at_the_clocks_when_asked() {
    let replicas = Replicas::start(2, shared(), false).await;
    let mut others = Vec::new();
    for replica in &replicas.all {
        let rights = replica.engine().rights();
        if !rights.leads().await.unwrap() {
            others.push(rights);
        }
    }
    assert!(!others.is_empty(), "at most one leads");
    let rights = &others[0];
    let open = ApplicationAsk::Open(OpenApplication {
        kind: ApplicationKind::Access,
        about: RightsWho::CivilNo("399123100017".to_owned()),
        applicant: "Fawzia".to_owned(),
        address: "Salmiya".to_owned(),
        wants: "everything".to_owned(),
        proof: None,
        on: None,
        by: "Aisha".to_owned(),
    });
    rights.carry_out(RightsAsk::Application(open)).await.unwrap();
    let clocks = async || {
        let by = "Aisha".to_owned();
        let ask = RightsAsk::Application(ApplicationAsk::Clocks { by });
        rights.carry_out(ask).await.unwrap()
    };
    replicas.clock.forward(Duration::from_secs(27 * 86_400));
    assert_eq!(clocks().await["due_soon"][0]["application"], 1);
    replicas.clock.forward(Duration::from_secs(4 * 86_400));
    assert_eq!(clocks().await["lapsed"][0], 1);
    drop(others);
    replicas.shutdown().await;
}

// T7: the flows of a replica that dies in the middle of everything end elsewhere, each once, and the ledgers agree.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_flows_of_a_killed_replica_end_elsewhere() {
    let replicas = Replicas::start(3, shared(), true).await;
    let mut started = Vec::new();
    for _ in 0..30 {
        started.push(replicas.all[0].ask(licence_renewal()).await.unwrap());
    }
    let mut tokens = Vec::new();
    for one in &started {
        tokens.push(replicas.sent(one).await.token);
    }
    let mut acknowledged = BTreeSet::new();
    let mut answer = async |replicas: &Replicas, replica: usize, flow: usize| {
        let receipt = replicas.all[replica].callback(&tokens[flow], "approved").await;
        if receipt == CallbackReceipt::Recorded {
            acknowledged.insert(started[flow].view.flow);
        }
    };
    // Ten are answered at the replica that dies, ten at the others afterwards, ten never.
    for flow in 0..10 {
        answer(&replicas, 0, flow).await;
    }
    replicas.all[0].kill();
    let killed = std::time::Instant::now();
    for flow in 10..20 {
        answer(&replicas, 1 + flow % 2, flow).await;
    }
    assert_eq!(acknowledged.len(), 20);
    // The dead replica owned the last ten; whoever takes them over strikes their deadline.
    replicas.clock.forward(Duration::from_secs(301));
    let flows = replicas
        .until_all(Duration::from_secs(30), |row| row.state.has_ended())
        .await;
    println!(
        "all flows of the killed replica had ended after {:?}",
        killed.elapsed()
    );
    for row in &flows {
        let expected = if acknowledged.contains(&row.id) {
            Outcome::Approved
        } else {
            Outcome::TimeoutNoAnswer
        };
        assert_eq!(row.outcome, Some(expected));
    }
    Ledgers::read(&replicas.store, &replicas.authority)
        .await
        .agree(&flows_of(&started), &acknowledged);
    replicas.shutdown().await;
}

// Invariant I9: a replica that stood still writes nothing over the heads of those who went on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_stood_still_does_no_harm() {
    let replicas = Replicas::start(2, shared(), true).await;
    let mut started = Vec::new();
    for _ in 0..10 {
        started.push(replicas.all[0].ask(licence_renewal()).await.unwrap());
    }
    let mut acknowledged = BTreeSet::new();
    // Both leases are older than the flows of the first; its own runs out without its knowing.
    replicas
        .administer("UPDATE replicas SET until = now() - interval '1 s' WHERE lease = (SELECT min(lease) FROM replicas)")
        .await;
    for (number, one) in started.iter().enumerate() {
        let token = replicas.sent(one).await.token;
        let receipt = replicas.all[number % 2].callback(&token, "approved").await;
        if receipt == CallbackReceipt::Recorded {
            acknowledged.insert(one.view.flow);
        }
    }
    assert!(acknowledged.len() >= 5, "the living replica took its half");
    // In time for the stale one to join again, and for the other to take over.
    tokio::time::sleep(Duration::from_secs(4)).await;
    replicas.clock.forward(Duration::from_secs(301));
    let flows = replicas
        .until_all(Duration::from_secs(30), |row| row.state.has_ended())
        .await;
    for row in flows.iter().filter(|row| acknowledged.contains(&row.id)) {
        assert_eq!(row.outcome, Some(Outcome::Approved));
    }
    Ledgers::read(&replicas.store, &replicas.authority)
        .await
        .agree(&flows_of(&started), &acknowledged);
    replicas.shutdown().await;
}

// T7: the server is stopped as by a crash under the load of two replicas; nothing acknowledged is lost or doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_loses_and_doubles_nothing() {
    let replicas = Arc::new(Replicas::start(2, PostgresCluster::start(&[]).unwrap(), true).await);
    let episodes = if std::env::var_os("MIDFLOW_SOAK").is_some() {
        60
    } else {
        3
    };
    let (mut started, mut acknowledged) = (Vec::new(), BTreeSet::new());
    for episode in 0..episodes {
        let (over, count) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let mut callers = tokio::task::JoinSet::new();
        for caller in 0..8_usize {
            let (replicas, over, count) = (Arc::clone(&replicas), Arc::clone(&over), Arc::clone(&count));
            callers.spawn(async move {
                let (mut begun, mut answered) = (Vec::new(), Vec::new());
                while over.load(Ordering::Relaxed) == 0 {
                    let Ok(one) = replicas.all[caller % 2].ask(licence_renewal()).await else {
                        tokio::time::sleep(Duration::from_millis(10)).await;
                        continue;
                    };
                    let token = replicas.sent(&one).await.token;
                    let receipt = replicas.all[(caller + 1) % 2].callback(&token, "approved").await;
                    if receipt == CallbackReceipt::Recorded {
                        answered.push(one.view.flow);
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    begun.push(one);
                }
                (begun, answered)
            });
        }
        while count.load(Ordering::Relaxed) < 30 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(episode * 37 % 50)).await;
        replicas.cluster.crash().unwrap();
        replicas.cluster.up().unwrap();
        over.store(1, Ordering::Relaxed);
        for (begun, answered) in callers.join_all().await {
            started.extend(begun);
            acknowledged.extend(answered);
        }
    }
    // A flow whose first commit was cut is nobody's until it is overdue.
    replicas.clock.forward(Duration::from_secs(330));
    let flows = replicas
        .until_all(Duration::from_secs(60), |row| row.state.has_ended())
        .await;
    println!(
        "{episodes} crashes, {} flows, {} callbacks acknowledged",
        flows.len(),
        acknowledged.len()
    );
    for row in flows.iter().filter(|row| acknowledged.contains(&row.id)) {
        assert_eq!(row.outcome, Some(Outcome::Approved), "{}", row.id);
    }
    Ledgers::read(&replicas.store, &replicas.authority)
        .await
        .agree(&flows_of(&started), &acknowledged);
    Arc::into_inner(replicas).unwrap().shutdown().await;
}

fn flows_of(started: &[Started]) -> Vec<FlowId> {
    started.iter().map(|one| one.view.flow).collect()
}
