use std::collections::BTreeMap;
use std::time::Instant;

use midflow::connector::Conclusion;
use midflow::connector::Connector as _;
use midflow::sandbox::StampAlgorithm;
use midflow::words::Field;

use super::forger::FORGED;
use super::forger::Forger;
use super::forger::Genuine;
use super::forger::KINDS;
use crate::support::dice::Dice;
use crate::support::dice::is_soak;
use crate::support::full_node::FullNode;

// Law 4, threats B-03, B-04, B-26: of a hundred thousand callbacks that are not the honest answer, none approves,
// and none without a valid stamp even ends a flow.
#[tokio::test(flavor = "multi_thread")]
async fn no_forged_callback_is_believed() {
    let begun = Instant::now();
    let node = FullNode::start(PEOPLE + 1, StampAlgorithm::Rsa2048).await;
    let at = node.clock.now();
    let people: Vec<_> = node.crowd().map(|citizen| citizen.civil_no.clone()).collect();
    let (stranger, people) = people.split_last().unwrap();
    let forger = Forger::new(node.notary(PEOPLE + 1, StampAlgorithm::Rsa2048), stranger.clone());
    let mut answers = Vec::new();
    for person in people {
        node.authority
            .arm(midflow::sandbox::Scenario::Timeout, Some(person), None)
            .unwrap();
        let flow = node.ask(person).await.view.flow;
        answers.push(forger.genuine(node.connector.replied(flow).await, at));
    }
    let fields: Vec<Field> = ["civil_no", "name_ar", "age_over_18"]
        .map(|name| Field::parse(name).unwrap())
        .to_vec();
    let examine = |answer: &Genuine, body: &[u8]| {
        node.connector
            .examine(body, &answer.asked.expected(&fields, at, at))
            .conclusion
    };
    for answer in &answers {
        let honest = examine(answer, answer.body.as_bytes());
        assert!(
            matches!(honest, Conclusion::Approved(_)),
            "the control: honest answers are believed"
        );
    }

    let (seed, callbacks) = (Dice::seed(), if is_soak() { 1_000_000 } else { 88_000 });
    let mut tally: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let (forger, answers, examine) = (&forger, &answers, &examine);
                scope.spawn(move || attack(forger, answers, examine, at, seed + worker, callbacks / WORKERS))
            })
            .collect();
        for worker in workers {
            for (kind, found) in worker.join().unwrap() {
                let sum = tally.entry(kind).or_default();
                sum[0] += found[0];
                sum[1] += found[1];
            }
        }
    });
    let sum: usize = tally.values().map(|found| found[0] + found[1]).sum();
    assert_eq!(sum as u64, callbacks / WORKERS * WORKERS);
    println!(
        "{sum} forged callbacks, 0 approvals, in {:?} (rejected, ended): {tally:?}",
        begun.elapsed()
    );
    node.shutdown().await;
}

fn attack(
    forger: &Forger,
    answers: &[Genuine],
    examine: &(dyn Fn(&Genuine, &[u8]) -> Conclusion + Sync),
    at: midflow::words::Timestamp,
    seed: u64,
    callbacks: u64,
) -> BTreeMap<&'static str, [usize; 2]> {
    let mut dice = Dice::new(seed);
    let mut tally: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for number in 0..callbacks {
        let kind = dice.below(KINDS.len());
        let (one, step) = (dice.below(answers.len()), 1 + dice.below(answers.len() - 1));
        let (answer, other) = (&answers[one], &answers[(one + step) % answers.len()]);
        let body = forger.forge(kind, answer, other, at, &mut dice);
        let told = || {
            let name = KINDS[kind];
            format!(
                "{name}: number {number} of seed {seed}: {}",
                String::from_utf8_lossy(&body)
            )
        };
        let found = tally.entry(KINDS[kind]).or_default();
        match examine(answer, &body) {
            Conclusion::Approved(_) => panic!("approved: {}", told()),
            Conclusion::Rejected => found[0] += 1,
            Conclusion::Ended(outcome) if kind < FORGED => panic!("ended as {outcome}: {}", told()),
            Conclusion::Ended(_) => found[1] += 1,
        }
    }
    tally
}

const PEOPLE: usize = 12;
const WORKERS: u64 = 2;
