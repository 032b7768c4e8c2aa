use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bytes::Bytes;
use midflow::audit::Recorded;
use midflow::connector::Check;
use midflow::connector::Claims;
use midflow::connector::Conclusion;
use midflow::connector::Connector;
use midflow::connector::Expected;
use midflow::connector::Outbound;
use midflow::connector::PrepareError;
use midflow::connector::Reply;
use midflow::connector::ReplyMeaning;
use midflow::connector::Request;
use midflow::connector::Verdict;
use midflow::words::Field;
use midflow::words::FieldSource;
use midflow::words::FieldValue;
use midflow::words::FlowId;
use midflow::words::Outcome;
use midflow::words::Person;
use midflow::words::Pii;
use midflow::words::Purpose;
use midflow::words::RequestId;
use tokio::sync::Semaphore;

/// An authority without a network: it keeps what was sent, replies as told, and believes callbacks that say
/// what they are.
pub struct ToldAuthority {
    sent: Mutex<Vec<Sent>>,
    replies: Mutex<Vec<ReplyMeaning>>,
    /// Closed while replies are to be held back.
    gate: Semaphore,
    /// Closed while no request is to arrive, and how many have come to it.
    door: Semaphore,
    at_door: AtomicUsize,
}

/// A request as it arrived at the authority.
#[derive(Clone)]
pub struct Sent {
    pub flow: FlowId,
    pub token: String,
    pub challenge: String,
    pub assurance: u8,
    pub civil_no: String,
}

impl std::fmt::Debug for ToldAuthority {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ToldAuthority")
    }
}

impl ToldAuthority {
    pub fn new() -> Self {
        Self {
            sent: Mutex::default(),
            replies: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            door: Semaphore::new(Semaphore::MAX_PERMITS),
            at_door: AtomicUsize::new(0),
        }
    }

    /// The next replies, first one first; afterwards every request is accepted.
    pub fn will_reply(&self, meanings: impl IntoIterator<Item = ReplyMeaning>) {
        self.replies.lock().unwrap().extend(meanings);
    }

    /// Holds every reply back for good.
    pub fn never_replies(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    /// Lets no request arrive until the door is open again.
    pub fn shuts_its_door(&self) {
        self.door.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn opens_its_door(&self) {
        self.door.add_permits(Semaphore::MAX_PERMITS);
    }

    /// Waits until so many requests have come to the door, whether or not it was open.
    pub async fn has_been_called(&self, count: usize) {
        while self.at_door.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// Waits until so many requests have arrived.
    pub async fn has_been_sent(&self, count: usize) -> Vec<Sent> {
        loop {
            let sent = self.sent();
            if sent.len() >= count {
                return sent;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Connector for ToldAuthority {
    fn name(&self) -> &str {
        "told"
    }

    fn prepare(&self, request: &Request) -> Result<Outbound, PrepareError> {
        let civil_no = request
            .civil_no
            .as_ref()
            .map(|number| number.expose(Purpose::Wire));
        let body = serde_json::json!({
            "url": request.callback_url,
            "challenge": request.challenge.as_str(),
            "assurance": request.assurance.wire_level(),
            "civil_no": civil_no,
        });
        Ok(Outbound {
            flow: request.flow,
            attempt: request.attempt,
            operation: "Ask",
            body: Bytes::from(body.to_string()),
        })
    }

    async fn send(&self, outbound: Recorded<Outbound>) -> Reply {
        let body: serde_json::Value = serde_json::from_slice(&outbound.body).unwrap();
        let url = body["url"].as_str().unwrap();
        self.at_door.fetch_add(1, Ordering::SeqCst);
        drop(self.door.acquire().await.unwrap());
        self.sent.lock().unwrap().push(Sent {
            flow: outbound.flow,
            token: url.rsplit('/').next().unwrap().to_owned(),
            challenge: body["challenge"].as_str().unwrap().to_owned(),
            assurance: u8::try_from(body["assurance"].as_u64().unwrap()).unwrap(),
            civil_no: body["civil_no"].as_str().unwrap_or_default().to_owned(),
        });
        let _open = self.gate.acquire().await.unwrap();
        let told = {
            let mut replies = self.replies.lock().unwrap();
            (!replies.is_empty()).then(|| replies.remove(0))
        };
        Reply {
            body: Some(Bytes::from_static(b"{}")),
            meaning: told.unwrap_or(ReplyMeaning::Accepted {
                request_id: Some(RequestId::new("r-1")),
            }),
        }
    }

    /// Believes a body that is the leaf code of an outcome, `approved` included; anything else is forged.
    fn examine(&self, body: &[u8], expected: &Expected<'_>) -> Verdict {
        let code = std::str::from_utf8(body).unwrap_or_default();
        let code = code.split(' ').next().unwrap_or_default();
        let conclusion = match Outcome::from_code(code) {
            Some(Outcome::Approved) => Conclusion::Approved(person(expected)),
            Some(outcome) => Conclusion::Ended(outcome),
            None => Conclusion::Rejected,
        };
        Verdict {
            approver: expected.civil_no.cloned(),
            signature: None,
            checks: vec![Check {
                name: "stamp",
                passed: conclusion != Conclusion::Rejected,
                detail: "".into(),
            }],
            conclusion,
            claims: Claims::default(),
        }
    }
}

/// Everything declared, and nothing else.
fn person(expected: &Expected<'_>) -> Person {
    Person::new(expected.fields.iter().map(|field| {
        let value = match field {
            Field::Plain(FieldSource::CivilNo) => {
                let number = expected.civil_no.map(|number| number.expose(Purpose::Compare));
                FieldValue::Text(number.unwrap_or_default().to_owned())
            }
            Field::Plain(_) => FieldValue::Text("synthetic".to_owned()),
            _ => FieldValue::Flag(true),
        };
        (field.name(), Pii::new(value))
    }))
}
