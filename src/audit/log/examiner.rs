use std::collections::BTreeMap;
use std::collections::HashMap;

use super::chain::Chain;
use super::checkpoint::Checkpoint;
use super::edge::Edge;
use super::entry::WriterId;
use super::finding::Findings;
use super::finding::Place;
use super::row::LogRow;
use super::tile::Tile;
use crate::words::Digest;

/// Derives a whole log again from what is stored, record by record, in little memory.
///
/// Each row has to give its stored leaf, each leaf has to follow the one before of its writer, and the tree over the
/// leaves has to have the root that every checkpoint, wherever it is kept, has promised for its size.
#[derive(Default)]
pub struct Examiner {
    edge: Edge,
    chains: HashMap<WriterId, Written>,
    tiles: BTreeMap<(u8, u64), Vec<Digest>>,
    /// The number of the last row.
    last: u64,
    /// The largest size whose root was as promised.
    good: u64,
    /// The same, promised from outside of the store: what the log's own key can't have rewritten.
    good_outside: u64,
    /// For each record since then that does not follow from its writer's record before: the number of that one.
    breaks: Vec<u64>,
    /// Whether a promise was broken; then further ones say nothing new.
    broken: bool,
    findings: Findings,
}

/// What one writer has written so far.
struct Written {
    chain: Chain,
    /// The number of its last record; 0 before the first.
    last: u64,
}

/// Why a record does not follow from what stands before it.
struct Fault {
    what: String,
    /// The number of its writer's record before, where there is one.
    before: Option<u64>,
}

impl Examiner {
    /// Takes in the next row, in the order of their numbers.
    pub fn record(&mut self, row: &LogRow) {
        let seq = u64::try_from(row.seq).unwrap_or(0);
        self.number(seq);
        if let Err(fault) = self.leaf(seq, row) {
            self.findings.note(Place::Record(seq), fault.what);
            self.breaks.extend(fault.before);
        }
    }

    fn number(&mut self, seq: u64) {
        let expected = self.last + 1;
        if seq > expected {
            let missing = if seq == expected + 1 {
                Place::Record(expected)
            } else {
                Place::Records(expected, seq - 1)
            };
            self.findings.note(missing, "missing");
        } else if seq < expected {
            self.findings
                .note(Place::Record(seq), "its number is none that midflow gives");
        }
        self.last = self.last.max(seq);
    }

    fn leaf(&mut self, seq: u64, row: &LogRow) -> Result<(), Fault> {
        let said = |fault: super::row::RowFault| Fault {
            what: fault.to_string(),
            before: None,
        };
        let leaf = match row.stored_leaf() {
            Ok(leaf) => leaf,
            Err(fault) => {
                // The tree keeps its shape, so that what follows is looked at for itself.
                self.edge.append(Digest::of(b""));
                return Err(said(fault));
            }
        };
        self.edge.append(leaf);
        for tile in self.edge.take_tiles() {
            self.tiles.insert((tile.level, tile.number), tile.hashes);
        }
        let (writer, number) = row.writer().map_err(said)?;
        let written = self.chains.entry(writer).or_insert_with(|| Written {
            chain: Chain::new(writer),
            last: 0,
        });
        let now = Written {
            chain: Chain::after(writer, number, leaf),
            last: seq,
        };
        let Written { chain, last } = std::mem::replace(written, now);
        let before = (last > 0).then_some(last);
        if number != chain.next() {
            return Err(Fault {
                what: format!(
                    "it is entry {number} of its writer where entry {} should be: one was taken out, put in or moved",
                    chain.next()
                ),
                before,
            });
        }
        let entry = row.entry(chain.previous()).map_err(said)?;
        if entry.leaf() == leaf {
            return Ok(());
        }
        let what = match before {
            None => "its row was altered: it does not give its leaf any more".to_owned(),
            Some(before) => format!(
                "its row was altered, or the leaf of record {before}, its writer's before it: it does not give its leaf \
                 any more"
            ),
        };
        Err(Fault { what, before })
    }

    /// How many leaves the tree has so far.
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The root over them.
    pub fn root(&self) -> Digest {
        self.edge.root()
    }

    /// Compares a promise with the tree, when the tree has the size that it speaks of. `from` says whose promise it is.
    pub fn promised(&mut self, promise: &Checkpoint, from: &Place) {
        if self.broken || promise.size != self.size() {
            return;
        }
        let is_outside = matches!(from, Place::Anchor(_));
        if promise.root == self.root() {
            self.good = self.size();
            if is_outside {
                self.good_outside = self.good;
            }
            let good = self.good;
            self.breaks.retain(|before| *before > good);
            return;
        }
        self.broken = true;
        let good = if is_outside { self.good_outside } else { self.good };
        let (first, last) = (good + 1, self.size());
        for seq in self.breaks.iter().filter(|before| **before >= first) {
            self.findings.note(
                Place::Record(*seq),
                format!("its leaf is not the one that the {from} vouches for: row and leaf were exchanged together"),
            );
        }
        let place = if first == last {
            Place::Record(first)
        } else {
            Place::Records(first, last)
        };
        self.findings.note(
            place,
            format!("they are not what they were: the tree over the first {last} records has another root than the {from} vouches for"),
        );
    }

    /// Notes a promise about more records than there are.
    pub fn promised_more(&mut self, promise: &Checkpoint, from: &Place) {
        if self.broken {
            return;
        }
        self.broken = true;
        let place = Place::Records(self.size() + 1, promise.size);
        self.findings.note(
            place,
            format!("missing: the {from} vouches for {} records", promise.size),
        );
    }

    /// Compares stored hashes of the tree with those that were derived.
    pub fn tile(&mut self, level: i64, number: i64, hashes: &[u8]) {
        let key = u8::try_from(level).ok().zip(u64::try_from(number).ok());
        let derived = key.and_then(|key| self.tiles.remove(&key));
        let (level, number) = key.unwrap_or_default();
        let same = derived.is_some() && derived == Tile::hashes_from_bytes(hashes);
        if !same {
            self.findings.note(
                Place::Tile(level, number),
                "the stored hashes are not those of the records below them",
            );
        }
    }

    /// What was found, once every row and stored hash was taken in.
    pub fn finish(mut self) -> Findings {
        for (level, number) in self.tiles.into_keys() {
            self.findings
                .note(Place::Tile(level, number), "the stored hashes are missing");
        }
        self.findings
    }
}
