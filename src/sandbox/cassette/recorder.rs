use super::Cassette;
use super::CassetteTransport;
use super::Found;
use super::Message;
use super::MessageKind;
use super::StandIns;
use crate::words::Capability;
use crate::words::Timestamp;

/// Takes the messages of flows as they went, one after another, and puts stand-ins in place of everything personal.
#[derive(Debug)]
pub struct Recorder {
    cassette: Cassette,
    people: StandIns,
    flow: u32,
    capability: Capability,
    /// When the last request was sent.
    asked_at: Timestamp,
}

/// A reply, as it is known afterwards.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplySeen<'r> {
    /// The status of HTTP.
    pub status: Option<u16>,
    /// The authority's id of the request.
    pub request_id: Option<&'r str>,
    /// What was found, where the reply is the answer.
    pub found: Found,
    /// Its bytes; `None` where none came.
    pub bytes: Option<&'r [u8]>,
}

impl Recorder {
    /// Begins, with stand-ins that hang on this salt.
    pub fn new(transport: Option<CassetteTransport>, people: StandIns) -> Self {
        Self {
            cassette: Cassette::new(transport),
            people,
            flow: 0,
            capability: Capability::AuthPush,
            asked_at: Timestamp::EPOCH,
        }
    }

    /// The id under which the recorded node was registered: a wrapper puts it into requests by itself, so none of them names it.
    pub fn provider(&mut self, service_provider_id: &str) {
        self.cassette.provider = Some(self.people.text(service_provider_id));
    }

    /// The next flow begins.
    pub fn flow(&mut self, capability: Capability) {
        self.flow = self.flow.saturating_add(1);
        self.capability = capability;
    }

    /// A request, with the operation of the authority's contract.
    pub fn request(&mut self, at: Timestamp, operation: &str, bytes: &[u8]) {
        self.asked_at = at;
        self.add(MessageKind::Request, at, Some(bytes)).operation = Some(operation.to_owned());
    }

    /// What came in reply.
    pub fn reply(&mut self, at: Timestamp, seen: &ReplySeen<'_>) {
        let request_id = seen.request_id.map(|id| self.people.text(id));
        let message = self.add(MessageKind::Reply, at, seen.bytes);
        message.status = seen.status;
        message.request_id = request_id;
        message.found = seen.found;
    }

    /// What the authority said by itself, or when it was asked for it.
    pub fn callback(&mut self, at: Timestamp, polled: bool, found: Found, bytes: &[u8]) {
        let message = self.add(MessageKind::Callback, at, Some(bytes));
        message.polled = polled;
        message.found = found;
    }

    /// The cassette.
    pub fn finish(self) -> Cassette {
        self.cassette
    }

    fn add(&mut self, kind: MessageKind, at: Timestamp, bytes: Option<&[u8]>) -> &mut Message {
        let after = at.since(self.asked_at).as_millis();
        let message = Message {
            flow: self.flow,
            capability: self.capability,
            kind,
            operation: None,
            after_ms: u64::try_from(after).unwrap_or(u64::MAX),
            status: None,
            request_id: None,
            polled: false,
            found: Found::default(),
            body: bytes.map(|bytes| self.people.replace(bytes, at)),
        };
        self.cassette.messages.push_mut(message)
    }
}
