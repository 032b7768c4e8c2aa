//! Explores every order of events of one flow to closure, and checks laws 1 to 4 in each state.
//!
//! The world around the machine is modelled as small as the laws allow: a store that keeps what was committed, a process
//! that can die at any moment, an authority that may or may not have asked the person, callbacks of each kind, a clock, an
//! impatient e-service, and a policy that may answer anything. With two replicas there is besides a second node that takes
//! steps of its own, and that may take a flow over from one that still runs.

mod driver;
mod explore;
mod laws;
mod planted;
mod small_set;
mod world;

use self::driver::Driver;
use self::explore::explore;
use self::world::Kind;
use self::world::Replicas;
use super::step;
use crate::words::Capability;

// R000-110 to R000-113, laws 1 to 4: they hold in every order of events, for every capability, with one node and with two.
// A change of the counts must be explained in the commit.

#[test]
fn callbacks_with_one_node() {
    counts_are(Kind::Callbacks, Replicas::One, (1_238_449, 29_852));
}

#[test]
fn callbacks_with_two_nodes() {
    counts_are(Kind::Callbacks, Replicas::Two, (680_005, 11_790));
}

#[test]
fn replies_with_one_node() {
    counts_are(Kind::Reply, Replicas::One, (15_629, 614));
}

#[test]
fn replies_with_two_nodes() {
    counts_are(Kind::Reply, Replicas::Two, (25_217, 338));
}

#[test]
fn confirmed_requests_with_one_node() {
    counts_are(Kind::Confirmed, Replicas::One, (736_445, 17_340));
}

#[test]
fn confirmed_requests_with_two_nodes() {
    counts_are(Kind::Confirmed, Replicas::Two, (806_181, 8_784));
}

/// Explores to closure, prints how much that was, and holds it to what is written here: worlds, and states of the machine.
#[expect(
    clippy::print_stdout,
    reason = "the number of states is part of what the test shows"
)]
fn counts_are(kind: Kind, replicas: Replicas, expected: (usize, usize)) {
    let (worlds, states) = explore(Driver::of(step), kind, replicas).unwrap();
    let capabilities: Vec<&str> = Capability::ALL
        .into_iter()
        .filter(|capability| Kind::of(*capability) == kind)
        .map(Capability::as_str)
        .collect();
    println!(
        "{:20} {replicas:?}: {worlds:7} worlds, {states:6} states of the machine",
        capabilities.join(", ")
    );
    assert_eq!((worlds, states), expected);
}
