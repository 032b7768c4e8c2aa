use super::Event;
use super::FlowRow;
use super::Unit;
use crate::words::Digest;

/// What of a unit is written down before it comes to a store.
///
/// Whoever hands a unit in writes it down, so that many are written at once and while the disk is busy; the one who commits
/// has only to give each record its place.
#[derive(Clone, Default)]
pub struct Written {
    events: Vec<WrittenEvent>,
    state: Option<String>,
}

/// An event as the log has it.
#[derive(Clone)]
pub struct WrittenEvent {
    json: String,
    digest: Digest,
}

impl Written {
    /// Writes down what a unit says; nothing of it where a part can't be written, and then the store says so of the unit.
    pub(super) fn of(unit: &Unit) -> Self {
        let events = unit.records.iter().map(|record| WrittenEvent::of(&record.event));
        let state = unit.flow.as_ref().map(|change| state_of(change.row()));
        match (events.collect(), state.transpose()) {
            (Ok(events), Ok(state)) => Self { events, state },
            _ => Self::default(),
        }
    }

    /// The event of the record at this place of the unit, where it was written down.
    pub fn event(&self, at: usize) -> Option<&WrittenEvent> {
        self.events.get(at)
    }

    /// The state of the machine that the unit brings its flow to, JSON, where it was written down.
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

fn state_of(row: &FlowRow) -> Result<String, serde_json::Error> {
    let mut json = Vec::with_capacity(STATE_ROOM);
    serde_json::to_writer(&mut json, &row.state)?;
    String::from_utf8(json).map_err(serde::ser::Error::custom)
}

/// What the state of a flow takes; growing on the way there costs more than the writing.
const STATE_ROOM: usize = 512;

impl WrittenEvent {
    /// Writes an event down.
    ///
    /// # Errors
    /// When a part has no JSON form; no event that the engine makes has such a part.
    pub fn of(event: &Event) -> Result<Self, serde_json::Error> {
        let json = event.to_canonical_json()?;
        let digest = Digest::of(&json);
        let json = String::from_utf8(json).map_err(serde::ser::Error::custom)?;
        Ok(Self { json, digest })
    }

    /// The canonical JSON.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The canonical JSON, to be kept.
    pub fn into_json(self) -> String {
        self.json
    }

    /// The digest of it.
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}
