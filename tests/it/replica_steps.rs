//! Journeys on several nodes over one PostgreSQL database: a step begins once, whichever node begins it, and goes on where the
//! node that had it dies.

use std::time::Duration;

use midflow::engine::JourneyView;
use midflow::flow::Phase;
use midflow::store::PostgresCluster;
use midflow::store::Store as _;
use midflow::words::FlowId;
use midflow::words::Outcome;
use serde_json::Value;

use crate::support::loan;
use crate::support::node::CLIENT;
use crate::support::replicas::Replica;
use crate::support::replicas::Replicas;

async fn two_nodes() -> Replicas {
    Replicas::start(2, PostgresCluster::shared("tests").unwrap(), true).await
}

/// A loan agreement with a step-up, begun at this node and sent to the person.
async fn begun(replicas: &Replicas, node: &Replica) -> FlowId {
    let journey = node
        .with(|engine| async move { loan::begin(&engine, 8_000).await })
        .await;
    replicas.authority.has_been_sent(1).await;
    journey
}

async fn journey(node: &Replica, journey: FlowId) -> JourneyView {
    node.with(|engine| async move { engine.journey(CLIENT, journey).await.unwrap() })
        .await
}

/// The journey at this node, once it is as wanted.
async fn until(node: &Replica, id: FlowId, wanted: impl Fn(&JourneyView) -> bool) -> JourneyView {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let view = journey(node, id).await;
        if wanted(&view) {
            return view;
        }
        assert!(tokio::time::Instant::now() < until, "{}", view.to_json());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What a journey and its page say, without what only the clock changes.
async fn shown(node: &Replica, id: FlowId) -> (Value, FlowId, bool) {
    let page = node
        .with(|engine| async move { engine.view_on_page(CLIENT, id).await.unwrap() })
        .await;
    (journey(node, id).await.to_json(), page.flow, page.held)
}

/// How often a flow has reached the authority.
fn prompts(replicas: &Replicas, flow: FlowId) -> usize {
    let sent = replicas.authority.sent().into_iter();
    sent.filter(|sent| sent.flow == flow).count()
}

fn second_step(view: &JourneyView) -> Option<FlowId> {
    view.steps.get(1)?.flow
}

// Issue 4, part 5, F101: both nodes are held in the middle of writing the same step, and let go at once. One of them has it, the
// person is asked once, and both nodes show the same from then on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_begin_one_step_at_the_same_time_begin_it_once() {
    let replicas = two_nodes().await;
    let [first, second] = &replicas.all[..] else {
        panic!("two nodes");
    };
    let id = begun(&replicas, first).await;
    let sent = replicas.authority.has_been_sent(1).await.remove(0);
    replicas.administer(&gate("PERFORM pg_sleep(0.01);")).await;
    first.callback(&sent.token, "approved").await;
    replicas.administer(&come_to_the_gate(1)).await;
    // It runs, and is taken for dead: the other node takes its flow over and begins the next step as well.
    replicas.administer(LEASES_OF_THE_FIRST_END).await;
    replicas.administer(&come_to_the_gate(2)).await;
    assert_eq!(replicas.store.flows_after(None, 10).await.unwrap().len(), 1);
    replicas.administer("DELETE FROM gate").await;

    let step_up = replicas.authority.has_been_sent(2).await.remove(1);
    for node in [first, second] {
        let view = until(node, id, |view| second_step(view).is_some()).await;
        assert_eq!(second_step(&view), Some(step_up.flow));
    }
    assert_eq!(shown(first, id).await, shown(second, id).await);
    // Whoever lost has had its time to send.
    let stored = replicas
        .until_all(PATIENCE, |row| {
            let phase = if row.id == id {
                Phase::Delivered
            } else {
                Phase::Waiting
            };
            row.state.phase == phase
        })
        .await;
    assert_eq!(stored.len(), 2, "one flow a step");
    assert_eq!(prompts(&replicas, step_up.flow), 1);

    // From here on any node has any part of it.
    second.callback(&step_up.token, "approved").await;
    for node in [first, second] {
        until(node, id, |view| view.flow.held).await;
    }
    assert_eq!(shown(first, id).await, shown(second, id).await);
    // The node whose lease was ended joins anew in a moment, and until then it asks to be asked again.
    let cancelled = first.with(|engine| async move {
        let until = tokio::time::Instant::now() + PATIENCE;
        while engine.cancel_journey(CLIENT, id).await.is_err() {
            assert!(tokio::time::Instant::now() < until, "it can't be cancelled");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    cancelled.await;
    for node in [first, second] {
        let done = until(node, id, |view| view.ended).await;
        assert_eq!(done.outcome(), Some(Outcome::Cancelled));
    }
    assert_eq!(prompts(&replicas, step_up.flow), 1);
    replicas.shutdown().await;
}

// The node dies when the ending of a step is on record and the next step is not: the other begins it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_a_killed_node_owed_begins_elsewhere() {
    let replicas = two_nodes().await;
    let [first, second] = &replicas.all[..] else {
        panic!("two nodes");
    };
    let id = begun(&replicas, first).await;
    let sent = replicas.authority.has_been_sent(1).await.remove(0);
    // Turned away and not held: the server would write the step of a node that has died in the middle.
    replicas.administer(&gate("RAISE EXCEPTION 'shut';")).await;
    first.callback(&sent.token, "approved").await;
    replicas.administer(&come_to_the_gate(1)).await;
    first.kill();
    replicas.administer(LEASES_OF_THE_FIRST_END).await;
    replicas.administer("DELETE FROM gate").await;
    let step_up = replicas.authority.has_been_sent(2).await.remove(1);
    let view = until(second, id, |view| second_step(view).is_some()).await;
    assert_eq!(second_step(&view), Some(step_up.flow));
    second.callback(&step_up.token, "approved").await;
    until(second, id, |view| view.flow.held).await;
    assert_eq!(replicas.store.flows_after(None, 10).await.unwrap().len(), 3);
    assert_eq!(prompts(&replicas, step_up.flow), 1);
    replicas.shutdown().await;
}

// The node dies when the step is on record and its request has not left. Nobody can know that it has not, so nobody sends it
// again; the other node goes on with the step, which ends by its deadline, and the journey with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_a_killed_node_had_not_sent_ends_elsewhere() {
    let replicas = two_nodes().await;
    let [first, second] = &replicas.all[..] else {
        panic!("two nodes");
    };
    let id = begun(&replicas, first).await;
    let sent = replicas.authority.has_been_sent(1).await.remove(0);
    replicas.authority.shuts_its_door();
    first.callback(&sent.token, "approved").await;
    replicas.authority.has_been_called(2).await;
    first.kill();
    replicas.administer(LEASES_OF_THE_FIRST_END).await;
    replicas.authority.opens_its_door();
    let stored = replicas
        .until_all(PATIENCE, |row| row.id == id || row.state.phase == Phase::Unknown)
        .await;
    assert_eq!(stored.len(), 2);
    replicas.clock.forward(Duration::from_secs(330));
    let done = until(second, id, |view| view.ended).await;
    assert_eq!(done.outcome(), Some(Outcome::TimeoutNoAnswer));
    assert_eq!(prompts(&replicas, done.flow.flow), 0);
    replicas.shutdown().await;
}

fn come_to_the_gate(count: u8) -> String {
    format!(
        "DO $$ BEGIN WHILE (SELECT NOT is_called OR last_value < {count} FROM arrivals) LOOP
            PERFORM pg_sleep(0.01); END LOOP; END $$"
    )
}

/// Whoever writes a new flow comes to a gate, and does this for as long as it is shut.
fn gate(shut: &str) -> String {
    format!(
        "CREATE TABLE gate (shut boolean);
        INSERT INTO gate VALUES (true);
        CREATE SEQUENCE arrivals;
        CREATE FUNCTION pass_gate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = midflow AS $$
            BEGIN
                PERFORM nextval('arrivals');
                WHILE EXISTS (SELECT FROM gate) LOOP {shut} END LOOP;
                RETURN NEW;
            END $$;
        CREATE TRIGGER at_the_gate BEFORE INSERT ON flows FOR EACH ROW EXECUTE FUNCTION pass_gate()"
    )
}

/// As if its time had run out; the older lease is that of the first node.
const LEASES_OF_THE_FIRST_END: &str =
    "UPDATE replicas SET until = now() - interval '1 s' WHERE lease = (SELECT min(lease) FROM replicas)";

const PATIENCE: Duration = Duration::from_secs(30);
