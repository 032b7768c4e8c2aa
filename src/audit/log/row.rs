use super::entry::Entry;
use super::entry::EntryFacts;
use super::entry::WriterId;
use crate::words::Digest;

/// A record exactly as it lies in the store, unread: what was altered must be found, and not fail to be read. Holds no
/// personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRow {
    /// Its number in the log, from 1.
    pub seq: i64,
    /// When it happened, microseconds since 1970.
    pub at: i64,
    /// The id of the flow.
    pub flow: Option<Vec<u8>>,
    /// The kind of the event.
    pub kind: Vec<u8>,
    /// The commitment to the civil number it is about.
    pub commitment: Option<Vec<u8>>,
    /// The canonical JSON of the event.
    pub event: Vec<u8>,
    /// The id of its writer.
    pub writer: Option<Vec<u8>>,
    /// Its number among the entries of its writer.
    pub number: Option<i64>,
    /// The leaf that it was when it was written.
    pub leaf: Option<Vec<u8>>,
}

/// What can't be in a row that midflow has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// The writer is none.
    #[error("it names no writer of this log")]
    Writer,
    /// The leaf is none.
    #[error("it has no leaf in the log")]
    Leaf,
    /// The commitment is none.
    #[error("its commitment to the person it is about is none")]
    Commitment,
    /// A part is longer than any that midflow writes.
    #[error("a part of it is longer than any that midflow writes")]
    Size,
}

impl LogRow {
    /// Who has written it, and as which of its entries.
    pub fn writer(&self) -> Result<(WriterId, u64), RowFault> {
        let id = self.writer.as_deref().ok_or(RowFault::Writer)?;
        let id = uuid::Uuid::from_slice(id).map_err(|_| RowFault::Writer)?;
        let number = self.number.and_then(|number| u64::try_from(number).ok());
        Ok((WriterId::from_uuid(id), number.ok_or(RowFault::Writer)?))
    }

    /// The leaf that was stored with it.
    pub fn stored_leaf(&self) -> Result<Digest, RowFault> {
        let leaf = self
            .leaf
            .as_deref()
            .and_then(|leaf| <[u8; 32]>::try_from(leaf).ok());
        leaf.map(Digest::from_bytes).ok_or(RowFault::Leaf)
    }

    /// The entry that the row gives, after the entry with this leaf.
    pub fn entry(&self, previous: &Digest) -> Result<Entry, RowFault> {
        let (writer, number) = self.writer()?;
        let commitment = match &self.commitment {
            None => None,
            Some(bytes) => Some(<[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| RowFault::Commitment)?),
        };
        let facts = EntryFacts {
            at: self.at,
            flow: self.flow.as_deref(),
            kind: &self.kind,
            commitment: commitment.map(Digest::from_bytes),
            event: Digest::of(&self.event),
        };
        Entry::new(writer, number, previous, &facts).ok_or(RowFault::Size)
    }
}
