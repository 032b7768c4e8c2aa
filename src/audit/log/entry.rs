use aws_lc_rs::hmac;

use super::hash::leaf_hash;
use crate::words::Digest;

/// Who writes into the log: one run of one node. A UUID of version 7, drawn at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterId(uuid::Uuid);

impl WriterId {
    /// Wraps a UUID that was drawn or stored.
    pub const fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    pub const fn as_uuid(&self) -> uuid::Uuid {
        self.0
    }
}

impl std::fmt::Display for WriterId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, out)
    }
}

/// What makes a commitment to a civil number tell nothing: 256 random bits, kept apart from the log. Once they are erased,
/// nobody can tell any more whom the commitment is about, and the log still verifies (law 12).
#[derive(Clone)]
pub struct Salt([u8; 32]);

impl Salt {
    /// Wraps bytes from the system's source of randomness.
    pub const fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HMAC-SHA-256 of what the record is about.
    pub fn commit(&self, subject: &[u8]) -> Digest {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), subject);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        Digest::from_bytes(bytes)
    }
}

/// What an entry says of its record, as the record is stored.
#[derive(Clone, Copy)]
pub struct EntryFacts<'a> {
    /// When it happened, microseconds since 1970.
    pub at: i64,
    /// The id of the flow, 16 bytes; none for what belongs to no flow.
    pub flow: Option<&'a [u8]>,
    /// The kind of the event.
    pub kind: &'a [u8],
    /// The commitment to the civil number that it is about.
    pub commitment: Option<Digest>,
    /// Digest of the canonical JSON of the event.
    pub event: Digest,
}

/// An entry of the log: the facts of a record, and its place in the chain of its writer.
///
/// The bytes are the same for ever, and hold no personal data:
///
/// ```text
/// 1   version, 1
/// 16  writer
/// 8   number among the entries of the writer, from 0, big-endian
/// 32  leaf hash of the writer's entry before; zeros in its first
/// 8   when, microseconds since 1970, big-endian, two's complement
/// 1+n length of the flow's id (16, or 0 for none) and the id
/// 1+n length of the kind and the kind, ASCII
/// 1+n length of the commitment to the civil number (32, or 0 for none) and the commitment
/// 32  SHA-256 of the event's canonical JSON
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry(Vec<u8>);

impl Entry {
    /// Writes an entry down; `None` if a part is longer than any that midflow writes.
    pub fn new(writer: WriterId, number: u64, previous: &Digest, facts: &EntryFacts<'_>) -> Option<Self> {
        let mut bytes = Vec::with_capacity(SIZE);
        bytes.push(VERSION);
        bytes.extend(writer.0.as_bytes());
        bytes.extend(number.to_be_bytes());
        bytes.extend(previous.as_bytes());
        bytes.extend(facts.at.to_be_bytes());
        let commitment = facts
            .commitment
            .as_ref()
            .map(|digest| digest.as_bytes().as_slice());
        for part in [
            facts.flow.unwrap_or_default(),
            facts.kind,
            commitment.unwrap_or_default(),
        ] {
            bytes.push(u8::try_from(part.len()).ok()?);
            bytes.extend(part);
        }
        bytes.extend(facts.event.as_bytes());
        Some(Self(bytes))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The leaf that it is in the tree.
    pub fn leaf(&self) -> Digest {
        leaf_hash(&self.0)
    }
}

const VERSION: u8 = 1;
const SIZE: usize = 1 + 16 + 8 + 32 + 8 + 17 + 16 + 33 + 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> WriterId {
        WriterId(uuid::Uuid::from_bytes([7; 16]))
    }

    fn facts<'a>() -> EntryFacts<'a> {
        EntryFacts {
            at: 1_770_000_000_000_000,
            flow: Some(&[9; 16]),
            kind: b"ending",
            commitment: Some(Digest::from_bytes([3; 32])),
            event: Digest::from_bytes([4; 32]),
        }
    }

    // A change of this layout would make every log unverifiable: it takes a new version and both readings.
    #[test]
    fn the_bytes_of_an_entry_stay_as_they_are() {
        let entry = Entry::new(writer(), 5, &Digest::from_bytes([1; 32]), &facts()).unwrap();
        let expected = [
            "01",
            &"07".repeat(16),
            "0000000000000005",
            &"01".repeat(32),
            "000649ce3d40a000",
            "10",
            &"09".repeat(16),
            "06",
            "656e64696e67",
            "20",
            &"03".repeat(32),
            &"04".repeat(32),
        ]
        .concat();
        assert_eq!(hex::encode(entry.as_bytes()), expected);
        assert_eq!(entry.leaf(), leaf_hash(&hex::decode(expected).unwrap()));
    }

    #[test]
    fn no_two_records_have_the_same_entry() {
        let first = Digest::from_bytes([0; 32]);
        let mut all = vec![facts()];
        all.push(EntryFacts { at: 0, ..facts() });
        all.push(EntryFacts {
            flow: None,
            ..facts()
        });
        all.push(EntryFacts {
            kind: b"endin",
            ..facts()
        });
        all.push(EntryFacts {
            commitment: None,
            ..facts()
        });
        all.push(EntryFacts {
            event: Digest::from_bytes([5; 32]),
            ..facts()
        });
        let mut entries: Vec<_> = all
            .iter()
            .map(|facts| Entry::new(writer(), 0, &first, facts).unwrap().0)
            .collect();
        entries.push(Entry::new(writer(), 1, &first, &facts()).unwrap().0);
        entries.push(
            Entry::new(writer(), 0, &Digest::from_bytes([1; 32]), &facts())
                .unwrap()
                .0,
        );
        let other = WriterId(uuid::Uuid::from_bytes([8; 16]));
        entries.push(Entry::new(other, 0, &first, &facts()).unwrap().0);
        let count = entries.len();
        entries.sort();
        entries.dedup();
        assert_eq!(entries.len(), count);
        let long = [b'a'; 256];
        let too_long = EntryFacts {
            kind: &long,
            ..facts()
        };
        assert!(Entry::new(writer(), 0, &first, &too_long).is_none());
    }

    // RFC 4231, test case 2, with its key filled up to the size of a salt: HMAC pads keys with zeros.
    #[test]
    fn the_commitment_is_hmac_sha_256() {
        let mut key = [0; 32];
        key[..4].copy_from_slice(b"Jefe");
        let tag = Salt::from_random(key).commit(b"what do ya want for nothing?");
        assert_eq!(
            hex::encode(tag.as_bytes()),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
