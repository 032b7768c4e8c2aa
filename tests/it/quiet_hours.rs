//! Notifications in quiet hours against a whole node (R002-21): refused, or put off until they end, across a restart, and
//! never so late that they mean nothing any more.

use std::path::Path;
use std::time::Duration;

use midflow::engine::Clock;
use midflow::engine::ProblemCode;
use midflow::engine::StartFlow;
use midflow::engine::SystemClock;
use midflow::sandbox::StampAlgorithm;
use midflow::words::Capability;
use midflow::words::CivilNo;
use midflow::words::Outcome;
use midflow::words::Timestamp;

use crate::support::clock::HandClock;
use crate::support::full_node::FullNode;
use crate::support::full_node::count;
use crate::support::node::CLIENT;
use crate::support::node::PERSON;
use crate::support::node::TestNode;
use crate::support::policy_folder::with_quiet_hours;

fn remind(person: &CivilNo) -> StartFlow {
    StartFlow {
        capability: Capability::Notify,
        template: Some("reminder".to_owned()),
        ..StartFlow::push(CLIENT, "appointment-reminders", person.clone())
            .input("appointment", "1234567")
            .input("hour", "09:30")
    }
}

/// A node in the middle of two quiet hours.
async fn node(then: &str) -> (FullNode, CivilNo) {
    let now: Timestamp = SystemClock.now();
    let policies = with_quiet_hours(now, -60, 60, then);
    let folder = policies.path().to_path_buf();
    let node = FullNode::over(policies, Path::new(&folder), 1, StampAlgorithm::EcdsaP256).await;
    let person = node.crowd().next().unwrap().civil_no.clone();
    (node, person)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_in_quiet_hours_is_refused_where_the_policy_says_so() {
    let (node, person) = node("refuse").await;
    let view = node.engine.start_flow(remind(&person)).await.unwrap().view;
    assert_eq!(view.outcome, Some(Outcome::QuietHours));
    assert!(view.decision.unwrap().say.en.contains("at night"));
    let timeline = node.timeline(view.flow).await;
    assert_eq!(count(&timeline, "request"), 0, "nothing leaves");
    // The day has come.
    node.clock.forward(Duration::from_secs(3_600));
    let view = node.engine.start_flow(remind(&person)).await.unwrap().view;
    assert_eq!(view.outcome, Some(Outcome::Approved));
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_was_put_off_leaves_when_quiet_hours_end() {
    let (node, person) = node("hold").await;
    let view = node.engine.start_flow(remind(&person)).await.unwrap().view;
    let sends_at = view.sends_at.unwrap();
    assert!(!view.ended && !view.held, "nobody has anything to confirm");
    assert_eq!(sends_at.in_kuwait().minute, node.clock.now().in_kuwait().minute);
    assert_eq!(node.timeline(view.flow).await.len(), 0, "nothing has left");
    node.clock.forward(Duration::from_secs(3_599));
    assert!(!node.view(view.flow).await.ended);
    node.clock.forward(Duration::from_secs(2));
    let ended = node.ended(view.flow).await;
    assert_eq!(ended.outcome, Some(Outcome::Approved));
    let timeline = node.timeline(view.flow).await;
    assert_eq!(count(&timeline, "request"), 1);
    node.shutdown().await;
}

// A node that was down through the morning does not tell people of what is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_notification_whose_morning_is_over_is_not_sent() {
    let (node, person) = node("hold").await;
    let view = node.engine.start_flow(remind(&person)).await.unwrap().view;
    node.clock.forward(Duration::from_secs(3 * 3_600));
    let ended = node.ended(view.flow).await;
    assert_eq!(ended.outcome, Some(Outcome::QuietHours));
    assert_eq!(count(&node.timeline(view.flow).await, "request"), 0);
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_off_can_be_cancelled_and_not_confirmed() {
    let (node, person) = node("hold").await;
    let view = node.engine.start_flow(remind(&person)).await.unwrap().view;
    let withdrawn = node.engine.withdraw(CLIENT, view.flow).await;
    assert_eq!(withdrawn.err().unwrap().code, ProblemCode::NothingToConfirm);
    let cancelled = node.engine.cancel(CLIENT, view.flow).await.unwrap();
    assert_eq!(cancelled.outcome, Some(Outcome::Cancelled));
    node.clock.forward(Duration::from_secs(3_601));
    assert_eq!(count(&node.timeline(view.flow).await, "request"), 0);
    node.shutdown().await;
}

// Law 1, R002-21: what waits for the end of quiet hours outlives a node that goes down and comes back: it leaves once, with
// no node in between and with none after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_was_put_off_leaves_once_across_restarts() {
    let policies = with_quiet_hours(HandClock::new().now(), -60, 60, "hold");
    let mut node = TestNode::with_policies(policies.path()).await;
    let person = CivilNo::parse(PERSON).unwrap();
    let view = node.try_ask(remind(&person)).await.unwrap().view;
    assert!(view.sends_at.is_some() && !view.ended);
    // Still in quiet hours, and down at the moment when they end.
    node.restart().await;
    assert_eq!(
        node.engine.view(CLIENT, view.flow).await.unwrap().sends_at,
        view.sends_at
    );
    node.clock.forward(Duration::from_secs(3_590));
    assert!(node.authority.sent().is_empty());
    node.engine.shutdown().await;
    node.clock.forward(Duration::from_secs(20));
    node.restart().await;
    let sent = node.authority.has_been_sent(1).await;
    assert_eq!(sent[0].flow, view.flow);
    let waiting = |kinds: &[String]| kinds.iter().filter(|kind| *kind == "request").count();
    assert_eq!(waiting(&node.kinds(view.flow).await), 1);
    // Whoever comes up later finds that it has left, whatever became of it.
    for _ in 0..2 {
        node.restart().await;
        node.clock.forward(Duration::from_secs(60));
        let ended = node.ended(view.flow).await;
        assert!(ended.ended);
        assert!(node.authority.sent().is_empty(), "it has left before");
        assert_eq!(waiting(&node.kinds(view.flow).await), 1);
    }
}
