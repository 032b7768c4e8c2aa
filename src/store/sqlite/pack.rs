use bytes::Bytes;

use crate::audit::DeliveryChange;
use crate::audit::DeliveryRow;
use crate::audit::ExchangeRow;
use crate::audit::FlowChange;
use crate::audit::Record;
use crate::audit::Unit;
use crate::flow::Phase;
use crate::store::names::direction_name;
use crate::words::Purpose;
use crate::words::Timestamp;

/// A batch as SQLite takes it: each table's rows as one JSON array of numbers and words of ours, and every other
/// text and blob as a place in one of two long blobs.
///
/// A statement through sqlx costs far more than a row, so a batch has to be a few statements, whatever its
/// size; and because the JSON holds nothing that came from outside, every byte arrives as it was.
pub(super) struct Packed {
    /// What is short, bound as `$1`.
    pub(super) words: Arena,
    /// What may be long, bound as `$2`.
    pub(super) bytes: Arena,
    pub(super) new_flows: Rows,
    pub(super) next_flows: Rows,
    pub(super) exchanges: Rows,
    pub(super) records: Rows,
    pub(super) new_deliveries: Rows,
    pub(super) next_deliveries: Rows,
}

/// A unit can't be written down.
#[derive(Debug, thiserror::Error)]
pub(super) enum PackError {
    #[error("a number is too large for the store")]
    Number,
    #[error("a part can't be written as JSON")]
    Json,
}

impl Packed {
    /// With room for so many units that bring so many bytes.
    pub(super) fn with_room(units: usize, weight: usize) -> Self {
        Self {
            words: Arena::with_room(units * WORDS_OF_A_UNIT),
            bytes: Arena::with_room(units * RECORDS_OF_A_UNIT + weight),
            new_flows: Rows::new(),
            next_flows: Rows::new(),
            exchanges: Rows::new(),
            records: Rows::new(),
            new_deliveries: Rows::new(),
            next_deliveries: Rows::new(),
        }
    }

    pub(super) fn add(&mut self, unit: &Unit) -> Result<(), PackError> {
        match &unit.flow {
            None => {}
            Some(change @ FlowChange::Insert(_)) => {
                let cells = self.flow(change)?;
                self.new_flows.push(&cells);
            }
            Some(change @ (FlowChange::Update(_) | FlowChange::Advance(_))) => {
                let cells = self.flow(change)?;
                self.next_flows.push(&cells);
            }
        }
        for exchange in &unit.exchanges {
            self.exchange(exchange)?;
        }
        for record in &unit.records {
            self.record(record)?;
        }
        for (at, delivery) in unit.deliveries.iter().enumerate() {
            match delivery {
                DeliveryChange::Insert(row) => {
                    let cells = self.delivery(row)?;
                    self.new_deliveries.push(&cells);
                }
                // Of several changes of one notice in a unit, the last one counts.
                DeliveryChange::Update(row) if !is_changed_again(unit, at, row) => {
                    let cells = self.delivery(row)?;
                    self.next_deliveries.push(&cells);
                }
                DeliveryChange::Update(_) => {}
            }
        }
        Ok(())
    }

    fn flow<'a>(&mut self, change: &'a FlowChange) -> Result<[Cell<'a>; 23], PackError> {
        let row = change.row();
        let state = serde_json::to_vec(&row.state).map_err(|_| PackError::Json)?;
        let is_open = row.state.phase != Phase::Delivered || !row.state.pending.is_empty();
        let words = &mut self.words;
        let [id, _] = words.put(row.id.as_uuid().as_bytes())?;
        let [catalog, _] = words.put(row.catalog.as_bytes())?;
        let [token, _] = words.put(row.token.as_bytes())?;
        let [person_key, _] = words.maybe(row.person_key.as_ref().map(|key| key.as_bytes().as_slice()))?;
        let subject = row.subject.as_ref().map(|number| number.expose(Purpose::Store));
        let [subject, subject_size] = words.maybe(subject.map(str::as_bytes))?;
        let [state, state_size] = words.put(&state)?;
        let [request_id, request_id_size] =
            words.maybe(row.request_id.as_ref().map(|id| id.as_str().as_bytes()))?;
        let idempotency = row.idempotency.as_ref();
        let [key, key_size] = words.maybe(idempotency.map(|(key, _)| key.as_bytes()))?;
        let [digest, _] = words.maybe(idempotency.map(|(_, digest)| digest.as_bytes().as_slice()))?;
        let [detail, detail_size] = self.bytes.maybe(change.detail().map(Bytes::as_ref))?;
        Ok([
            id,
            number(row.version)?,
            Cell::Word(row.service.as_str()),
            Cell::Word(row.capability.as_str()),
            catalog,
            token,
            person_key,
            subject,
            subject_size,
            Cell::Word(row.state.phase.as_str()),
            Cell::Number(i64::from(is_open)),
            state,
            state_size,
            request_id,
            request_id_size,
            Cell::Number(row.created_at.as_micros()),
            Cell::Number(row.expires_at.as_micros()),
            row.outcome
                .map_or(Cell::Null, |outcome| Cell::Word(outcome.code())),
            key,
            key_size,
            digest,
            detail,
            detail_size,
        ])
    }

    fn exchange(&mut self, row: &ExchangeRow) -> Result<(), PackError> {
        let [id, _] = self.words.put(row.id.as_uuid().as_bytes())?;
        let flow = row.flow.map(|flow| *flow.as_uuid().as_bytes());
        let [flow, _] = self.words.maybe(flow.as_ref().map(<[u8; 16]>::as_slice))?;
        let [bytes, bytes_size] = self.bytes.put(&row.bytes)?;
        self.exchanges.push(&[
            id,
            flow,
            Cell::Word(direction_name(row.direction)),
            Cell::Number(row.at.as_micros()),
            bytes,
            bytes_size,
        ]);
        Ok(())
    }

    fn record(&mut self, record: &Record) -> Result<(), PackError> {
        let event = record.event.to_canonical_json().map_err(|_| PackError::Json)?;
        let flow = record.flow.map(|flow| *flow.as_uuid().as_bytes());
        let [flow, _] = self.words.maybe(flow.as_ref().map(<[u8; 16]>::as_slice))?;
        let subject = record
            .subject
            .person()
            .map(|number| number.expose(Purpose::Store));
        let [subject, subject_size] = self.words.maybe(subject.map(str::as_bytes))?;
        let [event, event_size] = self.bytes.put(&event)?;
        self.records.push(&[
            Cell::Number(record.at.as_micros()),
            flow,
            Cell::Word(record.event.kind()),
            subject,
            subject_size,
            event,
            event_size,
        ]);
        Ok(())
    }

    fn delivery(&mut self, row: &DeliveryRow) -> Result<[Cell<'static>; 10], PackError> {
        let [webhook, webhook_size] = self.words.put(row.webhook_id.as_bytes())?;
        let [flow, _] = self.words.put(row.flow.as_uuid().as_bytes())?;
        let [url, url_size] = self.words.put(row.url.as_bytes())?;
        let [body, body_size] = self.bytes.put(&row.body)?;
        Ok([
            webhook,
            webhook_size,
            flow,
            url,
            url_size,
            body,
            body_size,
            Cell::Number(i64::from(row.attempts)),
            moment(row.next_at),
            moment(row.delivered_at),
        ])
    }
}

fn is_changed_again(unit: &Unit, at: usize, row: &DeliveryRow) -> bool {
    unit.deliveries
        .iter()
        .skip(at + 1)
        .any(|later| matches!(later, DeliveryChange::Update(later) if later.webhook_id == row.webhook_id))
}

/// About what a unit's short values and its records take; a batch that is larger grows.
const WORDS_OF_A_UNIT: usize = 768;
const RECORDS_OF_A_UNIT: usize = 2_048;

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell<'a> {
    Null,
    Number(i64),
    /// A word that this program made or checked.
    Word(&'a str),
}

fn number(value: u64) -> Result<Cell<'static>, PackError> {
    i64::try_from(value)
        .map(Cell::Number)
        .map_err(|_| PackError::Number)
}

fn moment(value: Option<Timestamp>) -> Cell<'static> {
    value.map_or(Cell::Null, |at| Cell::Number(at.as_micros()))
}

/// Texts and blobs, one after the other; SQL cuts them out with `substr`.
pub(super) struct Arena(Vec<u8>);

impl Arena {
    /// Starts with one unused byte: an empty blob could be taken for NULL.
    fn with_room(size: usize) -> Self {
        let mut bytes = Vec::with_capacity(size + 1);
        bytes.push(0);
        Self(bytes)
    }

    /// The place as `substr` counts it, from 1, and the length.
    fn put(&mut self, bytes: &[u8]) -> Result<[Cell<'static>; 2], PackError> {
        let place = i64::try_from(self.0.len() + 1).map_err(|_| PackError::Number)?;
        let length = i64::try_from(bytes.len()).map_err(|_| PackError::Number)?;
        self.0.extend_from_slice(bytes);
        Ok([Cell::Number(place), Cell::Number(length)])
    }

    fn maybe(&mut self, bytes: Option<&[u8]>) -> Result<[Cell<'static>; 2], PackError> {
        bytes.map_or(Ok([Cell::Null, Cell::Null]), |bytes| self.put(bytes))
    }

    pub(super) fn into_blob(self) -> Vec<u8> {
        self.0
    }
}

/// Rows as a JSON array of arrays.
pub(super) struct Rows {
    json: String,
    count: usize,
}

impl Rows {
    fn new() -> Self {
        Self {
            json: "[".to_owned(),
            count: 0,
        }
    }

    fn push(&mut self, cells: &[Cell<'_>]) {
        use std::fmt::Write as _;
        self.json.push_str(if self.count == 0 { "[" } else { ",[" });
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                self.json.push(',');
            }
            match cell {
                // Writing to a String can't fail.
                Cell::Number(number) => drop(write!(self.json, "{number}")),
                Cell::Null => self.json.push_str("null"),
                // No word needs it today; whatever a later one holds, it stays one word.
                Cell::Word(word) => drop(write!(self.json, "{}", serde_json::Value::from(*word))),
            }
        }
        self.json.push(']');
        self.count += 1;
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    pub(super) fn into_json(mut self) -> String {
        self.json.push(']');
        self.json
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbers_words_and_nulls_only() {
        let mut rows = Rows::new();
        assert_eq!(Rows::new().into_json(), "[]");
        rows.push(&[Cell::Number(1), Cell::Null, Cell::Number(i64::MIN)]);
        rows.push(&[Cell::Word("auth_push"), Cell::Word("a\"],[0")]);
        assert_eq!(rows.count(), 2);
        assert_eq!(
            rows.into_json(),
            r#"[[1,null,-9223372036854775808],["auth_push","a\"],[0"]]"#
        );
    }

    #[test]
    fn places_count_from_one_and_skip_the_first_byte() {
        let mut arena = Arena::with_room(0);
        assert_eq!(arena.put(b"").unwrap(), [Cell::Number(2), Cell::Number(0)]);
        assert_eq!(arena.put(b"ab").unwrap(), [Cell::Number(2), Cell::Number(2)]);
        assert_eq!(arena.put(b"c").unwrap(), [Cell::Number(4), Cell::Number(1)]);
        assert_eq!(arena.maybe(None).unwrap(), [Cell::Null, Cell::Null]);
        assert_eq!(arena.into_blob(), b"\0abc");
    }
}
