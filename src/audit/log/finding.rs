use serde::Serialize;

use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

/// Something in the store that is not as the log has promised it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is not as it was.
    pub place: Place,
    /// What is wrong with it; never carries personal data.
    pub what: String,
}

/// A part of the store that the log vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// One record, by its number.
    Record(u64),
    /// Some of these records, the last counted.
    Records(u64, u64),
    /// The row of a flow.
    Flow(FlowId),
    /// The bytes of a message.
    Exchange(ExchangeId),
    /// An outcome notice, by its `webhook-id`.
    Notice(String),
    /// A checkpoint, by the size of its tree.
    Checkpoint(u64),
    /// Stored hashes of the tree: level and number of their tile.
    Tile(u8, u64),
    /// A kept catalog.
    Catalog(Digest),
    /// A file of kept catalogs.
    Source(Digest),
    /// An activation of a catalog, by its number.
    Activation(i64),
    /// A place outside the store.
    Anchor(String),
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Record(seq) => write!(out, "record {seq}"),
            Self::Records(from, to) => write!(out, "records {from} to {to}"),
            Self::Flow(id) => write!(out, "flow {id}"),
            Self::Exchange(id) => write!(out, "exchange {id}"),
            Self::Notice(id) => write!(out, "notice {id}"),
            Self::Checkpoint(size) => write!(out, "checkpoint of {size}"),
            Self::Tile(level, number) => write!(out, "tile {level}/{number}"),
            Self::Catalog(digest) => write!(out, "catalog {digest}"),
            Self::Source(digest) => write!(out, "source {digest}"),
            Self::Activation(number) => write!(out, "activation {number}"),
            Self::Anchor(name) => write!(out, "anchor {name}"),
        }
    }
}

/// What was found, the first ones in full and all of them counted: a store that is wrong everywhere must not fill the
/// memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    kept: Vec<Finding>,
    count: u64,
}

impl Findings {
    /// Notes something.
    pub fn note(&mut self, place: Place, what: impl Into<String>) {
        self.count += 1;
        if self.kept.len() < KEPT {
            self.kept.push(Finding {
                place,
                what: what.into(),
            });
        }
    }

    /// How many there are.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The first ones.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// Takes in those of another.
    pub fn extend(&mut self, other: Self) {
        self.count += other.count;
        let room = KEPT.saturating_sub(self.kept.len());
        self.kept.extend(other.kept.into_iter().take(room));
    }
}

const KEPT: usize = 1_000;
