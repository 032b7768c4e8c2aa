//! Commits of which nobody knows whether they happened: the store reports a failure, and the step is durable all the same, or is
//! not. Nothing is sent twice, nothing is lost, and no flow waits for a restart.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use midflow::audit::Event;
use midflow::audit::FlowChange;
use midflow::audit::Unit;
use midflow::engine::CallbackReceipt;
use midflow::engine::Engine;
use midflow::engine::JourneyView;
use midflow::engine::ProblemCode;
use midflow::engine::StartFlow;
use midflow::flow::Phase;
use midflow::store::Store as _;
use midflow::words::FlowId;
use midflow::words::Outcome;
use tempfile::TempDir;

use crate::support::authority::Sent;
use crate::support::authority::ToldAuthority;
use crate::support::clock::HandClock;
use crate::support::dice::Dice;
use crate::support::doubtful::Doubtful;
use crate::support::doubtful::Lie;
use crate::support::loan;
use crate::support::node::CLIENT;
use crate::support::node::engine_over;
use crate::support::node::licence_renewal;
use crate::support::policy_folder;

/// An engine without a spool over a store that can't be trusted.
struct Node {
    engine: Engine,
    store: Arc<Doubtful>,
    authority: Arc<ToldAuthority>,
    _folders: (TempDir, TempDir),
}

impl Node {
    async fn start() -> Self {
        let (state, policies) = (tempfile::tempdir().unwrap(), policy_folder::with_wide_limits());
        let store = Arc::new(Doubtful::open(state.path()).await);
        let authority = Arc::new(ToldAuthority::new());
        let clock = Arc::new(HandClock::new());
        let folders = (policies.path(), state.path());
        let engine = engine_over(store.clone(), folders, &authority, &clock).await;
        Self {
            engine,
            store,
            authority,
            _folders: (state, policies),
        }
    }

    async fn ask(&self) -> FlowId {
        let started = self.engine.start_flow(licence_renewal()).await;
        started.unwrap().view.flow
    }

    async fn answer(&self, sent: &Sent, body: &str) -> CallbackReceipt {
        let body = Bytes::copy_from_slice(body.as_bytes());
        self.engine
            .callback(&sent.token, "192.0.2.1".to_owned(), body)
            .await
    }

    async fn ended(&self, flow: FlowId) -> Option<Outcome> {
        let view = self.engine.wait(CLIENT, flow, loan::PATIENCE).await.unwrap();
        assert!(view.ended, "the flow has not ended: {:?}", self.kinds(flow).await);
        view.outcome
    }

    async fn kinds(&self, flow: FlowId) -> Vec<String> {
        let timeline = self.engine.timeline(flow).await.unwrap();
        timeline.into_iter().map(|entry| entry.kind).collect()
    }

    async fn count(&self, flow: FlowId, kind: &str) -> usize {
        let kinds = self.kinds(flow).await;
        kinds.iter().filter(|one| *one == kind).count()
    }

    /// How often each flow has reached the authority.
    fn prompts(&self) -> BTreeMap<FlowId, usize> {
        let mut prompts = BTreeMap::new();
        for sent in self.authority.sent() {
            *prompts.entry(sent.flow).or_default() += 1;
        }
        prompts
    }

    /// Walks a journey to its end as somebody who approves everything.
    async fn walk(&self, journey: FlowId) -> JourneyView {
        let mut events = self.engine.subscribe();
        let mut answered = BTreeSet::new();
        let until = tokio::time::Instant::now() + loan::PATIENCE;
        loop {
            let view = self.engine.journey(CLIENT, journey).await.unwrap();
            if view.ended {
                return view;
            }
            let flow = view.flow.flow;
            if view.flow.held {
                // Pressed again as long as the page can't tell what has become of it.
                let _ = self.engine.confirm(CLIENT, flow, loan::confirmation()).await;
            }
            let sent = self.authority.sent().into_iter().find(|sent| sent.flow == flow);
            if let Some(sent) = sent
                && !answered.contains(&flow)
                && self.answer(&sent, "approved").await == CallbackReceipt::Recorded
            {
                answered.insert(flow);
            }
            let wait = tokio::time::timeout(LOOK_EVERY, events.recv());
            let _ = wait.await;
            let kinds = self.kinds(flow).await;
            assert!(tokio::time::Instant::now() < until, "it is stuck: {kinds:?}");
        }
    }
}

fn begins(unit: &Unit) -> bool {
    matches!(unit.flow, Some(FlowChange::Insert(_)))
}

fn records(unit: &Unit, what: fn(&Event) -> bool) -> bool {
    unit.records.iter().any(|record| what(&record.event))
}

fn begins_second_step(unit: &Unit) -> bool {
    records(
        unit,
        |event| matches!(event, Event::Step(step) if step.number == 2),
    )
}

fn arrives(unit: &Unit) -> bool {
    records(unit, |event| matches!(event, Event::Callback(_)))
}

fn ends(unit: &Unit) -> bool {
    records(unit, |event| matches!(event, Event::Ending(_)))
}

// Laws 1 and 3: the start is durable, and the store says it failed. The e-service gets its flow, and the person is asked once:
// the request that was never handed to the transport is recorded as not sent, and the next attempt leaves.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_was_durable_after_all_asks_once() {
    let node = Node::start().await;
    node.store.fails_once(Lie::Durable, begins);
    let flow = node.ask().await;
    assert_eq!(node.store.failures(), 1);
    let sent = node.authority.has_been_sent(1).await.remove(0);
    node.answer(&sent, "approved").await;
    assert_eq!(node.ended(flow).await, Some(Outcome::Approved));
    assert_eq!(node.prompts(), BTreeMap::from([(flow, 1)]));
    let timeline = node.engine.timeline(flow).await.unwrap();
    let replies: Vec<(u8, String)> = timeline
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Reply(reply) => Some((reply.attempt, reply.meaning.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(replies[0], (1, "not_sent".to_owned()));
    assert_eq!(node.count(flow, "request").await, 2);
    node.engine.shutdown().await;
}

// The start is not durable: nothing has begun, and the e-service is told so.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_failed_is_none() {
    let node = Node::start().await;
    node.store.fails_once(Lie::Absent, begins);
    let problem = node.engine.start_flow(licence_renewal()).await.err().unwrap();
    assert_eq!(problem.code, ProblemCode::StoreUnavailable);
    assert_eq!(node.store.open_flows().await.unwrap().len(), 0);
    let flow = node.ask().await;
    node.authority.has_been_sent(1).await;
    assert_eq!(node.prompts(), BTreeMap::from([(flow, 1)]));
    node.engine.shutdown().await;
}

// Nobody could tell in time whether the flow had begun, and the e-service was told that it had not. So the person is not asked,
// and the flow ends by itself; the same key gives the e-service that flow. No restart is needed for any of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_was_given_up_asks_nobody() {
    let node = Node::start().await;
    node.store.fails_once(Lie::Durable, begins);
    node.store.is_blind(true);
    let ask = || StartFlow {
        idempotency_key: Some("order-7".to_owned()),
        ..licence_renewal()
    };
    let problem = node.engine.start_flow(ask()).await.err().unwrap();
    assert_eq!(problem.code, ProblemCode::StoreUnavailable);
    let mut events = node.engine.subscribe();
    node.store.is_blind(false);
    let flow = node.engine.start_flow(ask()).await.unwrap();
    assert!(flow.repeated);
    let flow = flow.view.flow;
    while node.count(flow, "ending").await == 0 {
        let _ = tokio::time::timeout(loan::PATIENCE, events.recv()).await.unwrap();
    }
    assert_eq!(node.ended(flow).await, Some(Outcome::ErrorStore));
    assert_eq!(node.prompts(), BTreeMap::new());
    node.engine.shutdown().await;
}

// Issue 5: without a spool a callback that was durable, and reported as failed, left the flow in memory as it had been, and
// nobody examined it. Now it is acknowledged and examined, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_was_durable_after_all_is_examined_once() {
    let node = Node::start().await;
    let flow = node.ask().await;
    let sent = node.authority.has_been_sent(1).await.remove(0);
    node.store.fails_once(Lie::Durable, arrives);
    assert_eq!(node.answer(&sent, "approved").await, CallbackReceipt::Recorded);
    assert_eq!(node.ended(flow).await, Some(Outcome::Approved));
    assert_eq!(node.store.failures(), 1);
    assert_eq!(node.count(flow, "callback").await, 1);
    assert_eq!(node.count(flow, "verdict").await, 1);
    node.engine.shutdown().await;
}

// The same while the store can't be read either: the authority is told to come again. Whether it does or not, the flow ends as
// soon as the store answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_callback_in_doubt_is_examined_once_the_store_answers() {
    let node = Node::start().await;
    for comes_again in [false, true] {
        let before = node.authority.sent().len();
        let flow = node.ask().await;
        let sent = node.authority.has_been_sent(before + 1).await.remove(before);
        while node.store.flow(flow).await.unwrap().unwrap().state.phase != Phase::Waiting {
            tokio::task::yield_now().await;
        }
        node.store.fails_once(Lie::Durable, arrives);
        node.store.is_blind(true);
        assert_eq!(
            node.answer(&sent, "approved").await,
            CallbackReceipt::StoreUnavailable
        );
        node.store.is_blind(false);
        if comes_again {
            assert_eq!(node.answer(&sent, "approved").await, CallbackReceipt::Recorded);
        }
        assert_eq!(node.ended(flow).await, Some(Outcome::Approved));
        assert_eq!(node.count(flow, "verdict").await, 1);
        assert_eq!(node.count(flow, "ending").await, 1);
        assert_eq!(node.prompts()[&flow], 1);
    }
    node.engine.shutdown().await;
}

// A callback that is not durable is not acknowledged, and the next one is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_failed_can_come_again() {
    let node = Node::start().await;
    let flow = node.ask().await;
    let sent = node.authority.has_been_sent(1).await.remove(0);
    node.store.fails_once(Lie::Absent, arrives);
    assert_eq!(
        node.answer(&sent, "approved").await,
        CallbackReceipt::StoreUnavailable
    );
    assert_eq!(node.answer(&sent, "approved").await, CallbackReceipt::Recorded);
    assert_eq!(node.ended(flow).await, Some(Outcome::Approved));
    assert_eq!(node.count(flow, "verdict").await, 1);
    node.engine.shutdown().await;
}

// Law 3, a regression: a step that was known to be durable was taken again where the step that follows from it failed as well.
#[tokio::test(flavor = "multi_thread")]
async fn a_durable_step_is_not_taken_again_when_what_follows_fails_too() {
    let node = Node::start().await;
    for follow_ups in 1..4 {
        let before = node.authority.sent().len();
        let flow = node.ask().await;
        let sent = node.authority.has_been_sent(before + 1).await.remove(before);
        let mut left = 0;
        let mut seen = false;
        node.store.fails(move |unit| {
            if !seen && records(unit, |event| matches!(event, Event::Verdict(_))) {
                (seen, left) = (true, follow_ups + 1);
            }
            let fails = left > 0;
            left -= i32::from(fails);
            fails.then_some(Lie::Durable)
        });
        assert_eq!(node.answer(&sent, "approved").await, CallbackReceipt::Recorded);
        assert_eq!(node.ended(flow).await, Some(Outcome::Approved));
        node.store.fails(|_| None);
        assert_eq!(node.count(flow, "verdict").await, 1);
        assert_eq!(node.count(flow, "ending").await, 1);
    }
    node.engine.shutdown().await;
}

// An ending in doubt is an ending: it is recorded once, and what it owes follows: here the next step of a journey. The fault that
// this replaces: `a step whose commit was in doubt is driven`, mended without a test.
#[tokio::test(flavor = "multi_thread")]
async fn an_ending_and_a_step_in_doubt_go_on() {
    let node = Node::start().await;
    for doubt in [ends as fn(&Unit) -> bool, begins_second_step] {
        let journey = loan::begin(&node.engine, 8_000).await;
        while !node.prompts().contains_key(&journey) {
            tokio::task::yield_now().await;
        }
        let before = node.store.failures();
        node.store.fails_once(Lie::Durable, doubt);
        let done = node.walk(journey).await;
        assert_eq!(done.outcome(), Some(Outcome::Approved));
        assert_eq!(node.store.failures(), before + 1);
        for flow in done.steps.iter().filter_map(|step| step.flow) {
            assert!(node.count(flow, "ending").await <= 1);
            assert!(node.prompts().get(&flow).is_none_or(|prompts| *prompts == 1));
        }
    }
    node.engine.shutdown().await;
}

// What is confirmed on the page is sent once, and the person need not press again.
#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_that_was_durable_after_all_is_sent_once() {
    let node = Node::start().await;
    let journey = loan::begin(&node.engine, 900).await;
    node.store.fails_once(Lie::Durable, |unit| {
        records(unit, |event| matches!(event, Event::Consent(_)))
    });
    let done = node.walk(journey).await;
    assert_eq!(done.outcome(), Some(Outcome::Approved));
    assert_eq!(node.store.failures(), 1);
    assert_eq!(node.prompts()[&done.flow.flow], 1);
    node.engine.shutdown().await;
}

// Any commit of any flow, at random, durable or not, with a store that can be read or can't: everything comes to its end, once.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_in_doubt_comes_to_its_end_once() {
    let node = Node::start().await;
    let mut dice = Dice::new(Dice::seed());
    node.store.fails(move |unit| {
        if unit.flow.is_none() || !dice.one_in(4) {
            return None;
        }
        Some(if dice.one_in(3) { Lie::Absent } else { Lie::Durable })
    });
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for number in 0..12 {
        node.store.is_blind(false);
        let journey = loop {
            let amount = if number % 2 == 0 { 8_000 } else { 900 };
            if let Ok(begun) = loan::try_begin(&node.engine, amount).await {
                break begun;
            }
        };
        let done = node.walk(journey).await;
        let outcome = done.outcome().unwrap();
        // Both attempts were in doubt: then nobody was asked, and the person hears that it did not work.
        assert!(
            matches!(outcome, Outcome::Approved | Outcome::ErrorNetwork),
            "{outcome:?}"
        );
        *outcomes.entry(outcome.code()).or_default() += 1;
        let flows = done.steps.iter().filter_map(|step| step.flow);
        for flow in flows {
            assert!(node.count(flow, "ending").await <= 1, "it has ended twice");
            let verdicts = node.engine.timeline(flow).await.unwrap();
            let verdicts: Vec<_> = verdicts
                .iter()
                .filter_map(|entry| match &entry.event {
                    Event::Verdict(verdict) => Some(verdict.exchange),
                    _ => None,
                })
                .collect();
            let once: BTreeSet<_> = verdicts.iter().copied().collect();
            assert_eq!(verdicts.len(), once.len(), "it was examined twice");
        }
    }
    println!("{} commits in doubt, {outcomes:?}", node.store.failures());
    assert!(node.store.failures() > 20, "{}", node.store.failures());
    assert!(outcomes.contains_key("approved"));
    for (flow, prompts) in node.prompts() {
        assert_eq!(prompts, 1, "{flow} was sent twice");
    }
    node.engine.shutdown().await;
}

const LOOK_EVERY: Duration = Duration::from_millis(20);
