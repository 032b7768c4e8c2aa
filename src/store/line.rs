use std::borrow::Cow;

use aws_lc_rs::rand;

use crate::audit::FlowRow;
use crate::audit::Record;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::audit::WrittenEvent;
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
    pub(super) event: Cow<'a, str>,
    /// The digest of it.
    digest: Digest,
}

/// A record can't be written down.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("the system gives no randomness")]
    Random,
    #[error("a record is longer than any that midflow writes")]
    Size,
    #[error("a part can't be written as JSON")]
    Json,
}

/// The records of a unit, in order.
pub(super) fn lines(unit: &Unit) -> impl Iterator<Item = Result<Line<'_>, LineError>> {
    unit.records
        .iter()
        .enumerate()
        .map(|(at, record)| Line::of(record, unit.written.event(at)))
}

/// The state that a unit brings its flow to, JSON.
pub(super) fn state<'a>(unit: &'a Unit, row: &FlowRow) -> Result<Cow<'a, str>, LineError> {
    match unit.written.state() {
        Some(state) => Ok(Cow::Borrowed(state)),
        None => serde_json::to_string(&row.state)
            .map(Cow::Owned)
            .map_err(|_| LineError::Json),
    }
}

impl<'a> Line<'a> {
    fn of(record: &'a Record, written: Option<&'a WrittenEvent>) -> Result<Self, LineError> {
        let person = record
            .subject
            .person()
            .map(|number| number.expose(Purpose::Store));
        let commitment = match &record.subject {
            Subject::Nobody => None,
            Subject::Committed(commitment) => Some(*commitment),
            Subject::Person(_) => person.map(commit).transpose()?,
        };
        let (event, digest) = match written {
            Some(written) => (Cow::Borrowed(written.json()), written.digest()),
            None => {
                let written = WrittenEvent::of(&record.event).map_err(|_| LineError::Json)?;
                let digest = written.digest();
                (Cow::Owned(written.into_json()), digest)
            }
        };
        Ok(Self {
            at: record.at.as_micros(),
            flow: record.flow.map(|flow| flow.as_uuid().into_bytes()),
            kind: record.event.kind(),
            person,
            commitment,
            event,
            digest,
        })
    }

    /// What its entry says.
    pub(super) fn facts(&self) -> EntryFacts<'_> {
        EntryFacts {
            at: self.at,
            flow: self.flow.as_ref().map(<[u8; 16]>::as_slice),
            kind: self.kind.as_bytes(),
            commitment: self.commitment,
            event: self.digest,
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
