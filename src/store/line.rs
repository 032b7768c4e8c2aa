use aws_lc_rs::rand;

use crate::audit::Record;
use crate::audit::Subject;
use crate::audit::log::EntryFacts;
use crate::audit::log::Salt;
use crate::words::Digest;
use crate::words::Purpose;

/// A record as every store writes it down: what stands in its row, and what its entry in the log says of it.
pub(super) struct Line<'a> {
    pub(super) at: i64,
    pub(super) flow: Option<[u8; 16]>,
    pub(super) kind: &'static str,
    /// The civil number that it is about, where the store seals nothing.
    pub(super) person: Option<&'a str>,
    pub(super) commitment: Option<Digest>,
    /// The canonical JSON of the event.
    pub(super) event: Vec<u8>,
}

/// A record can't be written down.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("the system gives no randomness")]
    Random,
    #[error("a record is longer than any that midflow writes")]
    Size,
    #[error("an event can't be written as JSON")]
    Json,
}

impl<'a> Line<'a> {
    pub(super) fn of(record: &'a Record) -> Result<Self, LineError> {
        let person = record
            .subject
            .person()
            .map(|number| number.expose(Purpose::Store));
        let commitment = match &record.subject {
            Subject::Nobody => None,
            Subject::Committed(commitment) => Some(*commitment),
            Subject::Person(_) => person.map(commit).transpose()?,
        };
        Ok(Self {
            at: record.at.as_micros(),
            flow: record.flow.map(|flow| flow.as_uuid().into_bytes()),
            kind: record.event.kind(),
            person,
            commitment,
            event: record.event.to_canonical_json().map_err(|_| LineError::Json)?,
        })
    }

    /// What its entry says.
    pub(super) fn facts(&self) -> EntryFacts<'_> {
        EntryFacts {
            at: self.at,
            flow: self.flow.as_ref().map(<[u8; 16]>::as_slice),
            kind: self.kind.as_bytes(),
            commitment: self.commitment,
            event: Digest::of(&self.event),
        }
    }
}

/// A commitment to a civil number that nobody has committed to before it came here. Its salt is not kept: the commitment
/// only says that the number was not exchanged as long as somebody who was there can say so.
pub(super) fn commit(subject: &str) -> Result<Digest, LineError> {
    let mut salt = [0; 32];
    rand::fill(&mut salt).map_err(|_| LineError::Random)?;
    Ok(Salt::from_random(salt).commit(subject.as_bytes()))
}
