//! After an upgrade the catalog that a flow is pinned to may not load any more. What runs under it ends, recorded and told, and
//! nobody waits for an administrator: nothing is approved (law 5), nothing more is asked, and people can begin again.

use std::fs;
use std::sync::Arc;

use midflow::audit::Event;
use midflow::engine::Engine;
use midflow::engine::JourneyView;
use midflow::engine::ProblemCode;
use midflow::policy::Then;
use midflow::words::FlowId;
use midflow::words::Outcome;
use tempfile::TempDir;

use crate::support::authority::Sent;
use crate::support::authority::ToldAuthority;
use crate::support::clock::HandClock;
use crate::support::doubtful::Doubtful;
use crate::support::doubtful::Lie;
use crate::support::loan;
use crate::support::node::CLIENT;
use crate::support::node::engine_over;
use crate::support::policy_folder;

/// A node before and after an upgrade that changes the service, and can't load the catalogs of before.
struct Node {
    engine: Engine,
    store: Arc<Doubtful>,
    authority: Arc<ToldAuthority>,
    clock: Arc<HandClock>,
    state: TempDir,
    policies: TempDir,
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
            clock,
            state,
            policies,
        }
    }

    /// Stops the node and starts one that has the service in another version only.
    async fn upgrade(&mut self) {
        self.engine.shutdown().await;
        let file = self.policies.path().join("policies/services/loan-agreement.yaml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("{text}\n# The next version.\n")).unwrap();
        let store = Doubtful::open(self.state.path()).await;
        store.forgets_catalogs();
        self.store = Arc::new(store);
        let folders = (self.policies.path(), self.state.path());
        self.engine = engine_over(self.store.clone(), folders, &self.authority, &self.clock).await;
    }

    async fn answer(&self, sent: &Sent, body: &'static str) {
        let body = bytes::Bytes::from_static(body.as_bytes());
        self.engine
            .callback(&sent.token, "192.0.2.1".to_owned(), body)
            .await;
    }

    /// The journey once it has ended.
    async fn ended(&self, journey: FlowId) -> JourneyView {
        let view = self
            .engine
            .wait_for_journey(CLIENT, journey, loan::PATIENCE)
            .await
            .unwrap();
        assert!(view.ended, "it has not ended: {}", view.to_json());
        view
    }

    /// The one ending of a flow, as it is recorded.
    async fn ending(&self, flow: FlowId) -> (Outcome, Option<Outcome>) {
        let timeline = self.engine.timeline(flow).await.unwrap();
        let mut endings = timeline.iter().filter_map(|entry| match &entry.event {
            Event::Ending(ending) => Some((ending.outcome, ending.asked)),
            _ => None,
        });
        let ending = endings.next().unwrap();
        assert!(endings.next().is_none());
        ending
    }
}

/// It has ended because of that, tells it in both languages, and gives nothing away.
fn is_lost(view: &JourneyView) {
    assert_eq!(view.outcome(), Some(Outcome::ErrorCatalogLost));
    let decision = view.flow.decision.as_ref().unwrap();
    assert_eq!(decision.then, Then::Stop);
    assert_eq!(decision.say, Outcome::ErrorCatalogLost.text());
    assert!(!decision.say.ar.is_empty() && !decision.say.en.is_empty());
    assert!(view.person.is_none() && view.signature.is_none() && view.flow.person.is_none());
}

// Issue 4, part 5: the next step was owed when the node was stopped, and nobody knows any more what it would ask.
#[tokio::test(flavor = "multi_thread")]
async fn a_journey_whose_catalog_is_lost_ends_where_its_next_step_would_begin() {
    let mut node = Node::start().await;
    let journey = loan::begin(&node.engine, 8_000).await;
    let sent = node.authority.has_been_sent(1).await.remove(0);
    node.store
        .fails(|unit| loan::begins_step(unit, 2).then_some(Lie::Absent));
    node.answer(&sent, "approved").await;
    let view = node.engine.wait(CLIENT, journey, loan::PATIENCE).await.unwrap();
    assert_eq!(view.outcome, Some(Outcome::Approved));
    node.upgrade().await;

    let done = node.ended(journey).await;
    is_lost(&done);
    let last = done.flow.flow;
    assert_ne!(last, journey);
    assert_eq!(node.ending(last).await.0, Outcome::ErrorCatalogLost);
    let timeline = node.engine.timeline(last).await.unwrap();
    let step = timeline.iter().find_map(|entry| match &entry.event {
        Event::Step(step) => Some(step.clone()),
        _ => None,
    });
    let step = step.unwrap();
    assert_eq!(
        (step.step.as_str(), step.number, step.after),
        ("step-up", 2, Some(journey))
    );
    // The step before stays what it was, and nobody is asked for anything more.
    assert_eq!(node.ending(journey).await.0, Outcome::Approved);
    assert_eq!(node.authority.sent().len(), 1);
    // Another start changes nothing.
    node.upgrade().await;
    is_lost(&node.ended(journey).await);
    assert_eq!(node.authority.sent().len(), 1);
    node.engine.shutdown().await;
}

// What waits on the page for the person has lost what it would send, and ends at once rather than with its half hour.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_ends_once_its_catalog_is_lost() {
    let mut node = Node::start().await;
    let journey = loan::begin(&node.engine, 900).await;
    let sent = node.authority.has_been_sent(1).await.remove(0);
    node.answer(&sent, "approved").await;
    let held = loan::held(&node.engine, journey).await;
    node.upgrade().await;
    let done = node.ended(journey).await;
    is_lost(&done);
    assert_eq!(done.flow.flow, held.flow.flow);
    let pressed = node
        .engine
        .confirm(CLIENT, held.flow.flow, loan::confirmation())
        .await;
    assert_eq!(pressed.err().unwrap().code, ProblemCode::NothingToConfirm);
    assert_eq!(node.authority.sent().len(), 1);
    node.engine.shutdown().await;
}

// Whoever is being asked when that happens is heard: an approval can't be decided on any more, and opens nothing; a decline is
// a decline.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_a_flow_whose_catalog_is_lost_opens_nothing() {
    let mut node = Node::start().await;
    let approves = loan::begin(&node.engine, 900).await;
    let declines = loan::begin(&node.engine, 900).await;
    let sent = node.authority.has_been_sent(2).await;
    node.upgrade().await;
    for (journey, body) in [(approves, "approved"), (declines, "declined.by_user")] {
        let asked = sent.iter().find(|sent| sent.flow == journey).unwrap();
        node.answer(asked, body).await;
    }
    let done = node.ended(approves).await;
    is_lost(&done);
    let ending = node.ending(approves).await;
    assert_eq!(ending, (Outcome::ErrorCatalogLost, Some(Outcome::Approved)));
    let done = node.ended(declines).await;
    assert_eq!(done.outcome(), Some(Outcome::DeclinedByUser));
    node.engine.shutdown().await;
}
