use bytes::Bytes;

use crate::audit::CallbackRecord;
use crate::audit::Event;
use crate::audit::ExchangeDirection;
use crate::audit::ExchangeRow;
use crate::audit::Record;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Timestamp;

/// What a log is made of that is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    /// Records, which speak of nothing else.
    Records,
    /// Records, each of which speaks of a message beside it.
    Messages,
}

impl Sample {
    /// What is verified, for the table.
    pub(super) const fn what(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Messages => "records, each with a message",
        }
    }

    /// A name for a file.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Records => "records.db",
            Self::Messages => "messages.db",
        }
    }

    /// The unit with this number.
    pub(super) fn unit(self, number: u64) -> Unit {
        let mut record = record(number);
        let mut exchanges = Vec::new();
        if self == Self::Messages {
            let bytes = format!("{{\"number\":{number},\"filler\":\"{FILLER}\"}}");
            exchanges.extend(with_message(&mut record, Bytes::from(bytes)));
        }
        Unit {
            records: vec![record],
            exchanges,
            ..Unit::default()
        }
    }
}

/// A record as nodes write them most.
pub(super) fn record(number: u64) -> Record {
    let at = moment(number);
    Record {
        at,
        flow: Some(FlowId::from_parts(at, random(number / 6))),
        subject: Subject::Nobody,
        event: Event::Callback(CallbackRecord {
            exchange: None,
            digest: Digest::of(&number.to_be_bytes()),
            size: number,
            source: "203.0.113.7".to_owned(),
            placed: "excess".to_owned(),
            arrived_at: Some(at),
            spooled: Some(ExchangeId::from_parts(at, random(number))),
        }),
    }
}

fn with_message(record: &mut Record, bytes: Bytes) -> Option<ExchangeRow> {
    let Event::Callback(callback) = &mut record.event else {
        return None;
    };
    callback.exchange = callback.spooled;
    callback.digest = Digest::of(&bytes);
    Some(ExchangeRow {
        id: callback.spooled?,
        flow: record.flow,
        direction: ExchangeDirection::Callback,
        at: record.at,
        bytes,
    })
}

fn moment(number: u64) -> Timestamp {
    Timestamp::from_micros(1_790_000_000_000_000 + i64::try_from(number).unwrap_or(0))
}

fn random(number: u64) -> [u8; 10] {
    let mut random = [0; 10];
    for (byte, of) in random
        .iter_mut()
        .zip(Digest::of(&number.to_be_bytes()).as_bytes())
    {
        *byte = *of;
    }
    random
}

/// About as much as an authority says in a callback without a photo.
const FILLER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
    0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
