//! The relay attacker: somebody who knows a civil number, begins flows in a browser of their own, and waits for the victim to
//! approve. The victims approve whatever their phones show, or decline and are asked again; so only what stands before that helps.
//!
//! - `front`: what a stranger reaches of a node, whichever way; `attempts`: what is tried, and how far it got.
//! - `attack`: each attack with the control that is there for it; `siege`: all of them against one node, one after another.

mod attack;
mod attempts;
mod front;
mod siege;

pub use attack::Attack;
pub use attack::control_of;
pub use attempts::Attempts;
pub use attempts::after_a_report;
pub use attempts::codes_relayed;
pub use attempts::page_elsewhere;
pub use attempts::pushes_again_and_again;
pub use attempts::pushes_to_each;
pub use front::Begun;
pub use front::Browser;
pub use front::Ended;
pub use front::Front;
pub use front::FrontError;
pub use siege::Finding;
pub use siege::Siege;
pub use siege::Verdict;
