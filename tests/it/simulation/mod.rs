//! Simulation: seeded worlds in virtual time, with two nodes over one store, crashes, takeovers, a network that loses,
//! doubles and reorders, and every scenario of the sandbox. What runs in them is real: the flow machine, the connector's
//! approval rule and its request bytes, the policies with their scripts and limits, and the sandbox's keys and answers. What
//! is modelled is the driver's rule: durable first, compared before it counts, and only then carried out; and that a step of
//! a journey is owed to the next one.
//!
//! The laws are judged from outside, by what the authority knows to be true. `MIDFLOW_SEED` chooses other worlds.

mod asked;
mod bug;
mod driver;
mod faults;
mod journey;
mod journeys;
mod laws;
mod network;
mod start;
mod store;
mod world;

use std::collections::BTreeMap;
use std::thread;

use self::bug::Bug;
use self::laws::Violation;
use self::world::Ground;
use self::world::World;
use crate::support::dice::Dice;
use crate::support::dice::is_soak;

/// Laws 1 to 7 hold in every world: 5,000 flows, or 200,000 where the long figures are asked for.
#[test]
fn laws_hold_in_every_simulated_world() {
    let worlds = if is_soak() { 5_100 } else { 125 };
    let begun = std::time::Instant::now();
    let threads = 2;
    let counts = thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || many(thread, threads, worlds)))
            .collect();
        let mut all = BTreeMap::new();
        for thread in running {
            for (what, count) in thread.join().unwrap() {
                *all.entry(what).or_insert(0) += count;
            }
        }
        all
    });
    println!("{worlds} worlds in {:.1} s", begun.elapsed().as_secs_f64());
    for (what, count) in &counts {
        println!("{count:8} {what}");
    }
    // What never happens proves nothing.
    let flows = counts["flows"];
    assert!(flows >= worlds * 30, "{flows}");
    assert!(
        counts["ended approved"] * 10 > flows,
        "too few approvals to mean anything"
    );
    for what in [
        "approved by auth_push",
        "approved by auth_qr",
        "approved by verify_qr",
        "approved by notify",
        "approved by sign",
        "crashes",
        "takeovers",
        "nodes taken for dead that ran",
        "steps made again",
        "over a limit",
        "lost with a node",
        "requests that never left",
        "writes of a node taken for dead, refused",
        "commits in doubt",
        "steps that had begun already",
        "steps that could not be written for a while",
        "consents held open",
        "journeys given up",
        "journeys that ended approved",
        "journeys that ended approved, with a notification after them",
        "journeys that ended declined",
        "journeys that ended timeout",
        "journeys in which two nodes took steps",
    ] {
        assert!(counts.contains_key(what), "it never happened: {what}");
    }
}

/// The same seed gives the same world, step by step.
#[test]
fn a_seed_means_one_world() {
    let trace = || {
        let ground = Ground::new();
        let mut world = World::new(&ground, Dice::seed(), FLOWS, None);
        world.run().unwrap();
        world.trace
    };
    let (first, second) = (trace(), trace());
    assert!(first.len() > FLOWS);
    assert!(first == second, "two runs of one seed differ");
}

/// Each planted bug is caught, by the law that it breaks. The table is printed.
#[test]
fn every_planted_bug_is_caught() {
    let ground = Ground::new();
    let mut missed = Vec::new();
    println!("{:40} {:>6}  {:10} how", "planted bug", "worlds", "law");
    for bug in Bug::ALL {
        match caught(&ground, bug) {
            Some((worlds, Violation { law, what })) => {
                println!("{:40} {worlds:6}  {law:10} {what}", bug.name());
            }
            None => missed.push(bug.name()),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
    assert!(Bug::ALL.len() >= 20);
}

fn many(thread: usize, threads: usize, worlds: usize) -> BTreeMap<&'static str, usize> {
    let ground = Ground::new();
    let mut counts = BTreeMap::new();
    for number in (thread..worlds).step_by(threads) {
        let seed = Dice::seed().wrapping_add(number as u64 * 0x9e37_79b9);
        let mut world = World::new(&ground, seed, FLOWS, None);
        if let Err(violation) = world.run() {
            panic!("world {number}: {violation:?}\n{}", world.trace.join("\n"));
        }
        world.tally();
        for (what, count) in world.counts {
            *counts.entry(what).or_insert(0) += count;
        }
    }
    counts
}

fn caught(ground: &Ground, bug: Bug) -> Option<(usize, Violation)> {
    (1..=MOST_WORLDS).find_map(|number| {
        let mut world = World::new(ground, number as u64, FLOWS, Some(bug));
        world.run().err().map(|violation| (number, violation))
    })
}

/// Flows in one world.
const FLOWS: usize = 40;
/// In how many worlds a planted bug has to show.
const MOST_WORLDS: usize = 200;
