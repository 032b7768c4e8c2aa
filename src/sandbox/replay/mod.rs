//! A cassette, played: an authority that answers as the recorded one did.
//!
//! Of a recorded message every byte stays, but for what belongs to a run and not to the authority: ids, challenge, the person
//! asked, moments and the callback address become those of the node that asks; and what is signed is signed anew, the stamp and
//! people's certificates by the sandbox's own keys, since nobody has the authority's.
//!
//! - `deck`: which recorded request a request is; `live`: what a request says.
//! - `rewriting`: the values of this run in a recorded message; `anew`: its signatures.
//! - `play`: one request under way, with the answers that follow.

mod anew;
mod deck;
mod live;
mod play;
mod rewriting;

use std::sync::Arc;

use super::cassette::Cassette;

pub(super) use deck::Deck;
pub(super) use live::Live;
pub(super) use play::Play;

/// Which cassette is played, and how.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// What was recorded.
    pub cassette: Arc<Cassette>,
    /// Answers come at once, and not after the time that they took.
    pub at_once: bool,
    /// Once every request of a kind has been asked, the first is asked again.
    pub repeat: bool,
}

impl ReplayOptions {
    /// Once, at the pace at which it was recorded.
    pub fn new(cassette: Cassette) -> Self {
        Self {
            cassette: Arc::new(cassette),
            at_once: false,
            repeat: false,
        }
    }
}
