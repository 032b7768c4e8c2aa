use super::entry::Entry;
use super::entry::EntryFacts;
use super::entry::WriterId;
use crate::words::Digest;

/// The chain of one writer: each of its entries names the one before, so that what is taken out shows as a gap, also
/// before the tree has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    writer: WriterId,
    next: u64,
    previous: Digest,
}

impl Chain {
    /// The chain of a writer that has written nothing yet.
    pub const fn new(writer: WriterId) -> Self {
        Self {
            writer,
            next: 0,
            previous: Digest::from_bytes([0; 32]),
        }
    }

    /// The chain after the entry that has this number and leaf.
    pub const fn after(writer: WriterId, number: u64, leaf: Digest) -> Self {
        Self {
            writer,
            next: number.saturating_add(1),
            previous: leaf,
        }
    }

    /// Who writes.
    pub const fn writer(&self) -> WriterId {
        self.writer
    }

    /// The number of the next entry.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// The leaf of the last entry; zeros before the first.
    pub const fn previous(&self) -> &Digest {
        &self.previous
    }

    /// Writes the next entry down; `None`, and nothing has changed, if a part is longer than any that midflow writes.
    pub fn append(&mut self, facts: &EntryFacts<'_>) -> Option<Entry> {
        let entry = Entry::new(self.writer, self.next, &self.previous, facts)?;
        *self = Self::after(self.writer, self.next, entry.leaf());
        Some(entry)
    }
}
