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
mod world;

use self::driver::Driver;
use self::explore::explore;
use self::world::Kind;
use self::world::Replicas;
use super::step;
use crate::words::Capability;

/// R000-110 to R000-113, laws 1 to 4: they hold in every order of events, for every capability, with one node and with two.
/// A change of the counts must be explained in the commit.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "the number of states is part of what the test shows"
)]
fn every_order_of_events_keeps_the_laws() {
    for (kind, replicas, expected) in COUNTS {
        let counted = explore(Driver::of(step), kind, replicas).unwrap();
        let who: Vec<&str> = Capability::ALL
            .into_iter()
            .filter(|capability| Kind::of(*capability) == kind)
            .map(Capability::as_str)
            .collect();
        println!(
            "{:24} {replicas:?}: {:7} worlds, {:6} states of the machine",
            who.join(", "),
            counted.0,
            counted.1
        );
        assert_eq!(counted, expected, "{kind:?} {replicas:?}");
    }
}

/// Worlds and states of the machine.
const COUNTS: [(Kind, Replicas, (usize, usize)); 8] = [
    (Kind::Callbacks, Replicas::One, (0, 0)),
    (Kind::Callbacks, Replicas::Two, (0, 0)),
    (Kind::Code, Replicas::One, (836_041, 17_654)),
    (Kind::Code, Replicas::Two, (0, 0)),
    (Kind::Reply, Replicas::One, (0, 0)),
    (Kind::Reply, Replicas::Two, (0, 0)),
    (Kind::Confirmed, Replicas::One, (0, 0)),
    (Kind::Confirmed, Replicas::Two, (0, 0)),
];
