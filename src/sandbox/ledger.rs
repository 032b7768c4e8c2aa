use std::collections::VecDeque;

use bytes::Bytes;
use serde::Serialize;

use crate::words::Digest;
use crate::words::Timestamp;

/// What the authority received and sent, in order, with times. Holds no personal data but what the provider
/// itself put into `AdditionalData`; the newest entries are kept, up to a number.
#[derive(Debug)]
pub(super) struct Ledger {
    capacity: usize,
    next: u64,
    received: VecDeque<Received>,
    sent: VecDeque<Sent>,
    forgotten: u64,
    bodies: VecDeque<(Digest, Bytes)>,
    body_bytes: usize,
}

/// A request that arrived at the bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    /// Its place in the ledger; received and sent share one sequence.
    pub sequence: u64,
    /// When it arrived.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The provider that asked.
    pub service_provider_id: String,
    /// The operation.
    pub operation: String,
    /// The provider's reference, if it gave one.
    pub ref_id: Option<String>,
    /// The provider's correlation text, if it gave one.
    pub additional_data: Option<String>,
    /// The authority's id, if the request was taken.
    pub request_id: Option<String>,
    /// Digest of the exact body.
    pub digest: Digest,
    /// How it was answered: `accepted`, `answered`, `error 1001`, `http 500`, `dropped`; `null` until then.
    pub reply: Option<String>,
}

/// One attempt to deliver a callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sent {
    /// Its place in the ledger.
    pub sequence: u64,
    /// When the attempt ended.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The provider that it went to.
    pub service_provider_id: String,
    /// The authority's id of the request that was answered.
    pub request_id: String,
    /// The provider's correlation text of that request.
    pub additional_data: Option<String>,
    /// The scenario at work, if any.
    pub scenario: Option<&'static str>,
    /// Digest of the exact body.
    pub digest: Digest,
    /// From 1; retries of one delivery count on.
    pub attempt: u32,
    /// The provider's HTTP status; `null` if none came.
    pub status: Option<u16>,
    /// Why none came.
    pub fault: Option<String>,
}

/// The ledger at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerSnapshot {
    /// What arrived, oldest first.
    pub received: Vec<Received>,
    /// What was sent, oldest first.
    pub sent: Vec<Sent>,
    /// How many entries had to make room for newer ones.
    pub forgotten: u64,
}

impl LedgerSnapshot {
    /// What is about one provider.
    pub(super) fn of(mut self, provider: &str) -> Self {
        self.received
            .retain(|entry| entry.service_provider_id == provider);
        self.sent.retain(|entry| entry.service_provider_id == provider);
        self
    }
}

impl Ledger {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            next: 1,
            received: VecDeque::new(),
            sent: VecDeque::new(),
            forgotten: 0,
            bodies: VecDeque::new(),
            body_bytes: 0,
        }
    }

    /// Enters an arrival; answers its place.
    pub(super) fn arrived(&mut self, at: Timestamp, provider: &str, operation: &str, body: &[u8]) -> u64 {
        let sequence = self.take_sequence();
        self.received.push_back(Received {
            sequence,
            at,
            service_provider_id: provider.to_owned(),
            operation: operation.to_owned(),
            ref_id: None,
            additional_data: None,
            request_id: None,
            digest: Digest::of(body),
            reply: None,
        });
        if self.received.len() > self.capacity {
            self.received.pop_front();
            self.forgotten += 1;
        }
        sequence
    }

    /// Completes an arrival, if it has not been forgotten.
    pub(super) fn complete(&mut self, sequence: u64, change: impl FnOnce(&mut Received)) {
        if let Ok(at) = self
            .received
            .binary_search_by_key(&sequence, |entry| entry.sequence)
            && let Some(entry) = self.received.get_mut(at)
        {
            change(entry);
        }
    }

    /// Enters an attempt; its `sequence` is set here.
    pub(super) fn delivered(&mut self, mut entry: Sent, body: &Bytes) {
        entry.sequence = self.take_sequence();
        self.keep_body(entry.digest, body);
        self.sent.push_back(entry);
        if self.sent.len() > self.capacity {
            self.sent.pop_front();
            self.forgotten += 1;
        }
    }

    /// The exact bytes of a recent callback.
    pub(super) fn body(&self, digest: &Digest) -> Option<Bytes> {
        let found = self.bodies.iter().find(|(kept, _)| kept == digest);
        found.map(|(_, body)| body.clone())
    }

    pub(super) fn snapshot(&self) -> LedgerSnapshot {
        LedgerSnapshot {
            received: self.received.iter().cloned().collect(),
            sent: self.sent.iter().cloned().collect(),
            forgotten: self.forgotten,
        }
    }

    fn keep_body(&mut self, digest: Digest, body: &Bytes) {
        if self.bodies.iter().any(|(kept, _)| *kept == digest) {
            return;
        }
        self.body_bytes += body.len();
        self.bodies.push_back((digest, body.clone()));
        while self.bodies.len() > KEPT_BODIES || self.body_bytes > KEPT_BYTES {
            let Some((_, oldest)) = self.bodies.pop_front() else {
                break;
            };
            self.body_bytes = self.body_bytes.saturating_sub(oldest.len());
        }
    }

    fn take_sequence(&mut self) -> u64 {
        let sequence = self.next;
        self.next += 1;
        sequence
    }
}

fn as_text<S: serde::Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}

const KEPT_BODIES: usize = 256;
const KEPT_BYTES: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(digest: Digest) -> Sent {
        Sent {
            sequence: 0,
            at: Timestamp::EPOCH,
            service_provider_id: "sp".to_owned(),
            request_id: "id".to_owned(),
            additional_data: None,
            scenario: None,
            digest,
            attempt: 1,
            status: Some(200),
            fault: None,
        }
    }

    #[test]
    fn arrivals_and_deliveries_share_one_order() {
        let mut ledger = Ledger::new(10);
        let first = ledger.arrived(Timestamp::EPOCH, "sp", "HasMobileIdentity", b"a");
        ledger.delivered(attempt(Digest::of(b"b")), &Bytes::from_static(b"b"));
        ledger.complete(first, |entry| entry.reply = Some("answered".to_owned()));
        let seen = ledger.snapshot();
        assert_eq!((seen.received[0].sequence, seen.sent[0].sequence), (1, 2));
        assert_eq!(seen.received[0].reply.as_deref(), Some("answered"));
    }

    #[test]
    fn memory_is_bounded_and_what_was_forgotten_is_counted() {
        let mut ledger = Ledger::new(3);
        for number in 0..5_u8 {
            ledger.arrived(Timestamp::EPOCH, "sp", "x", &[number]);
        }
        let seen = ledger.snapshot();
        assert_eq!((seen.received.len(), seen.forgotten), (3, 2));
        assert_eq!(seen.received[0].sequence, 3);
        ledger.complete(1, |_| panic!("a forgotten entry is not there"));
    }

    #[test]
    fn old_bodies_make_room() {
        let mut ledger = Ledger::new(1000);
        let first = Bytes::from_static(b"first");
        ledger.delivered(attempt(Digest::of(&first)), &first);
        assert_eq!(ledger.body(&Digest::of(&first)), Some(first.clone()));
        for number in 0..KEPT_BODIES {
            let body = Bytes::from(number.to_string());
            ledger.delivered(attempt(Digest::of(&body)), &body);
        }
        assert_eq!(ledger.body(&Digest::of(&first)), None);
    }
}
