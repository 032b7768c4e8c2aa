//! One flow as a pure machine: a state and an event go in, the next state and actions come out (law 14).
//!
//! The driver keeps one rule, and with it laws 1 to 3: **the next state is durable, together with the record
//! of the event, before any of its actions is carried out.** The only exception is [`Action::Decide`], which
//! is pure: its answer is fed back as [`Event::Decided`] before the commit.

#[cfg(test)]
mod exploration;
mod machine;
mod state;

pub use machine::Action;
pub use machine::Conclusion;
pub use machine::Event;
pub use machine::Note;
pub use machine::ReplyKind;
pub use machine::step;
pub use state::Ending;
pub use state::Phase;
pub use state::State;
