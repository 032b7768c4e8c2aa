use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use midflow::audit::Event;
use midflow::engine::CallbackReceipt;
use midflow::engine::TimelineEntry;
use midflow::sandbox::Scenario;
use midflow::sandbox::StampAlgorithm;
use midflow::store::Store as _;
use midflow::words::Outcome;

use super::forger::FORGED;
use super::forger::Forger;
use super::forger::Genuine;
use super::forger::KINDS;
use crate::support::dice::Dice;
use crate::support::dice::is_soak;
use crate::support::full_node::FullNode;
use crate::support::full_node::count;

// Laws 2 to 4, threats B-03, B-04: twelve thousand callbacks that nobody should believe, through the engine and into the
// store. Each is recorded, with its bytes and its verdict; none ends a flow; the honest answer still counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_forged_callback_is_recorded_and_changes_nothing() {
    let begun = Instant::now();
    let attack = Attack::prepare(FLOWS).await;
    let callbacks = if is_soak() { MOST_OF_ONE } else { 200 };
    let sending = attack.answers.iter().enumerate().map(|(index, _)| {
        let attack = attack.clone();
        tokio::spawn(async move {
            let mut dice = Dice::new(Dice::seed() + index as u64);
            let mut bodies = Vec::new();
            for _ in 0..callbacks {
                let body = attack.forge(dice.below(FORGED), index, &mut dice);
                assert_eq!(attack.send(index, body.clone()).await, CallbackReceipt::Recorded);
                bodies.push(body);
            }
            bodies
        })
    });
    let sending: Vec<_> = sending.collect();
    let mut sent = Vec::new();
    for bodies in sending {
        sent.push(bodies.await.unwrap());
    }
    for (index, bodies) in sent.iter().enumerate() {
        attack.check_flow(index, bodies).await;
    }
    println!(
        "{} forged callbacks through the engine, each recorded, in {:?}",
        FLOWS * callbacks,
        begun.elapsed()
    );
}

// Laws 3 and 4: with the authority's own stamp, but no approval of this request. It may end the flow, never well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_other_answer_of_the_authority_approves() {
    let attack = Attack::prepare(FLOWS).await;
    let mut dice = Dice::new(Dice::seed());
    for index in 0..FLOWS {
        let flow = attack.answers[index].asked.request.flow;
        let mut sent = HashSet::new();
        for _ in 0..4 {
            let body = attack.forge(FORGED + dice.below(KINDS.len() - FORGED), index, &mut dice);
            sent.insert(body.clone());
            attack.send(index, body).await;
        }
        let timeline = attack
            .node
            .until(flow, |timeline| count(timeline, "verdict") == sent.len())
            .await;
        let view = attack.node.view(flow).await;
        assert_ne!(view.outcome, Some(Outcome::Approved), "{timeline:?}");
        assert!(view.person.is_none());
        assert_eq!(conclusions(&timeline, "approved"), 0);
        assert!(count(&timeline, "ending") <= 1);
    }
}

// Threat B-04: genuine answers, sent again to every flow: before, after and instead of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replays_open_nothing() {
    let attack = Attack::prepare(REPLAYED).await;
    for (index, answer) in attack.answers.iter().enumerate() {
        for (other, body) in attack.answers.iter().map(|other| other.body.clone()).enumerate() {
            if other != index {
                assert_eq!(attack.send(index, body).await, CallbackReceipt::Recorded);
            }
        }
        let flow = answer.asked.request.flow;
        let waiting = attack
            .node
            .until(flow, |timeline| count(timeline, "verdict") == REPLAYED - 1)
            .await;
        assert_eq!(count(&waiting, "ending"), 0);
        attack.send(index, answer.body.clone()).await;
        assert_eq!(attack.node.ended(flow).await.outcome, Some(Outcome::Approved));
    }
    // Once more to all of them, days later, when the flows have left memory.
    attack.node.clock.forward(Duration::from_secs(3 * 24 * 3_600));
    for (index, answer) in attack.answers.iter().enumerate() {
        for other in attack.answers.iter() {
            assert_eq!(
                attack.send(index, other.body.clone()).await,
                CallbackReceipt::Recorded
            );
        }
        let flow = answer.asked.request.flow;
        let timeline = attack.node.timeline(flow).await;
        assert_eq!(count(&timeline, "callback"), 2 * REPLAYED);
        assert_eq!(
            conclusions(&timeline, "approved"),
            1,
            "its own answer, and that once"
        );
        assert_eq!(count(&timeline, "ending"), 1);
        assert_eq!(attack.node.view(flow).await.outcome, Some(Outcome::Approved));
    }
}

// R000-112, threat B-04: a genuine answer under a token of no flow leads nowhere, and each is on record.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_tokens_lead_nowhere_and_are_recorded() {
    let attack = Attack::prepare(1).await;
    let (answer, mut dice) = (&attack.answers[0], Dice::new(Dice::seed()));
    let own = answer.asked.token().to_owned();
    let mut sent = 0;
    for number in 0..500 {
        let token = match number % 5 {
            0 => format!("{:016x}{:016x}", dice.roll(), dice.roll()),
            1 => own.to_uppercase(),
            2 => own[..own.len() - 1].to_owned(),
            3 => format!("{own}0"),
            _ => format!("{}{}", &own[..31], char::from(b'g' + (number % 19) as u8)),
        };
        if token != own {
            let receipt = attack.node.callback(&token, answer.body.clone()).await;
            assert_eq!(receipt, CallbackReceipt::UnknownToken, "{token}");
            sent += 1;
        }
    }
    assert_eq!(attack.recorded("unknown_token").await, sent);
    let flow = answer.asked.request.flow;
    assert!(!attack.node.view(flow).await.ended);
    attack.send(0, answer.body.clone()).await;
    assert_eq!(attack.node.ended(flow).await.outcome, Some(Outcome::Approved));
}

// Whoever knows a token can't fill the disk: of more bodies than a flow takes, digest and size are recorded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_recorded_in_bounded_form() {
    let attack = Attack::prepare(1).await;
    let mut dice = Dice::new(Dice::seed());
    let (flow, mut bodies) = (attack.answers[0].asked.request.flow, HashSet::new());
    while bodies.len() < MOST_OF_ONE + 100 {
        let mut body = attack.forge(dice.below(FORGED), 0, &mut dice);
        // Distinct, whatever the kind.
        body.extend(bodies.len().to_string().into_bytes());
        if bodies.insert(body.clone()) {
            assert_eq!(attack.send(0, body).await, CallbackReceipt::Recorded);
        }
    }
    let timeline = attack
        .node
        .until(flow, |timeline| count(timeline, "verdict") == MOST_OF_ONE)
        .await;
    let kept = timeline.iter().filter(|entry| match &entry.event {
        Event::Callback(callback) => callback.exchange.is_some(),
        _ => false,
    });
    assert_eq!(kept.count(), MOST_OF_ONE);
    assert_eq!(count(&timeline, "callback"), bodies.len(), "each is on record");
    assert_eq!(attack.recorded("excess").await, 100);
    attack.node.clock.forward(Duration::from_secs(301));
    assert_eq!(
        attack.node.ended(flow).await.outcome,
        Some(Outcome::TimeoutNoAnswer)
    );
}

/// A node whose flows wait for their answers, and somebody who forges them.
#[derive(Clone)]
struct Attack {
    node: Arc<FullNode>,
    forger: Arc<Forger>,
    answers: Arc<Vec<Genuine>>,
}

impl Attack {
    async fn prepare(flows: usize) -> Self {
        // One person more than flows: the stranger. A forger needs a second flow to steal from.
        let flows = flows.max(2);
        let crowd = flows + 1;
        let node = FullNode::start(crowd, StampAlgorithm::EcdsaP256).await;
        let people: Vec<_> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
        let (stranger, people) = people.split_last().unwrap();
        let forger = Forger::new(node.notary(crowd, StampAlgorithm::EcdsaP256), stranger.clone());
        let mut answers = Vec::new();
        for person in people {
            node.authority.arm(Scenario::Timeout, Some(person), None).unwrap();
            let flow = node.ask(person).await.view.flow;
            let asked = node.connector.replied(flow).await;
            // The engine may still be recording the reply: until then only the additional data would bind.
            node.until(flow, |timeline| count(timeline, "reply") == 1).await;
            answers.push(forger.genuine(asked, node.clock.now()));
        }
        Self {
            node: Arc::new(node),
            forger: Arc::new(forger),
            answers: Arc::new(answers),
        }
    }

    fn forge(&self, kind: usize, index: usize, dice: &mut Dice) -> Vec<u8> {
        let step = 1 + dice.below(self.answers.len() - 1);
        let other = &self.answers[(index + step) % self.answers.len()];
        self.forger
            .forge(kind, &self.answers[index], other, self.node.clock.now(), dice)
    }

    async fn send(&self, index: usize, body: impl Into<bytes::Bytes>) -> CallbackReceipt {
        self.node.callback(self.answers[index].asked.token(), body).await
    }

    /// Everything is on record, nothing was believed, and the honest answer is.
    async fn check_flow(&self, index: usize, bodies: &[Vec<u8>]) {
        let answer = &self.answers[index];
        let flow = answer.asked.request.flow;
        let distinct: HashSet<&Vec<u8>> = bodies.iter().collect();
        let timeline = self
            .node
            .until(flow, |timeline| count(timeline, "verdict") == distinct.len())
            .await;
        assert_eq!(count(&timeline, "callback"), bodies.len());
        assert_eq!(conclusions(&timeline, "rejected"), distinct.len());
        assert_eq!(count(&timeline, "ending"), 0);
        assert!(!self.node.view(flow).await.ended);
        let kept = self.node.store.exchanges(flow).await.unwrap();
        let kept: HashSet<_> = kept.iter().map(|exchange| exchange.bytes.to_vec()).collect();
        assert!(
            bodies.iter().all(|body| kept.contains(body)),
            "the exact bytes are kept"
        );
        self.send(index, answer.body.clone()).await;
        assert_eq!(self.node.ended(flow).await.outcome, Some(Outcome::Approved));
    }

    /// How many callbacks of the whole log were placed so.
    async fn recorded(&self, placed: &str) -> usize {
        let (mut after, mut found) = (0, 0);
        loop {
            let page = self.node.store.records_after(after, 1_000).await.unwrap();
            let Some(last) = page.last() else {
                return found;
            };
            after = last.seq;
            let here = page.iter().filter(|record| match &record.event {
                Event::Callback(callback) => callback.placed == placed,
                _ => false,
            });
            found += here.count();
        }
    }
}

fn conclusions(timeline: &[TimelineEntry], conclusion: &str) -> usize {
    let found = timeline.iter().filter(|entry| match &entry.event {
        Event::Verdict(verdict) => verdict.conclusion == conclusion,
        _ => false,
    });
    found.count()
}

const FLOWS: usize = 60;
const REPLAYED: usize = 20;
/// How many different bodies of one flow the engine keeps by default.
const MOST_OF_ONE: usize = 256;
