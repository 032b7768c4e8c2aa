use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use midflow::audit::Recorded;
use midflow::connector::Connector;
use midflow::connector::Expected;
use midflow::connector::Outbound;
use midflow::connector::Polled;
use midflow::connector::Polling;
use midflow::connector::PrepareError;
use midflow::connector::Reply;
use midflow::connector::ReplyMeaning;
use midflow::connector::Request;
use midflow::connector::Verdict;
use midflow::connector::kuwait::Kuwait;
use midflow::words::Field;
use midflow::words::FlowId;
use midflow::words::RequestId;
use midflow::words::Timestamp;
use tokio::sync::watch;

/// The real connector, with somebody who remembers what it asked.
pub struct Witness {
    connector: Kuwait,
    asked: Mutex<HashMap<FlowId, Asked>>,
    replies: watch::Sender<usize>,
    polls: watch::Sender<u64>,
}

/// A request of the engine, and the id that the authority gave it.
#[derive(Clone)]
pub struct Asked {
    pub request: Request,
    pub request_id: Option<RequestId>,
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Witness")
    }
}

impl Witness {
    pub fn new(connector: Kuwait) -> Arc<Self> {
        Arc::new(Self {
            connector,
            asked: Mutex::default(),
            replies: watch::Sender::new(0),
            polls: watch::Sender::new(0),
        })
    }

    /// How often the authority was asked for an answer; tells of each call.
    pub fn polls(&self) -> watch::Receiver<u64> {
        self.polls.subscribe()
    }

    /// The request of a flow, once the authority has replied to it.
    pub async fn replied(&self, flow: FlowId) -> Asked {
        let mut replies = self.replies.subscribe();
        loop {
            let known = self.asked.lock().unwrap().get(&flow).cloned();
            if let Some(asked) = known.filter(|asked| asked.request_id.is_some()) {
                return asked;
            }
            replies.changed().await.unwrap();
        }
    }
}

impl Asked {
    /// The secret part of the callback URL.
    pub fn token(&self) -> &str {
        self.request.callback_url.rsplit('/').next().unwrap()
    }

    /// What the engine compares a callback with that arrives at `received_at`, within five minutes of
    /// `requested_at`.
    pub fn expected<'a>(
        &'a self,
        fields: &'a [Field],
        requested_at: Timestamp,
        received_at: Timestamp,
    ) -> Expected<'a> {
        Expected {
            capability: self.request.capability,
            signing: None,
            flow: self.request.flow,
            request_id: self.request_id.as_ref(),
            civil_no: self.request.civil_no.as_ref(),
            assurance: self.request.assurance,
            challenge: &self.request.challenge,
            additional_data: &self.request.additional_data,
            requested_at,
            expires_at: requested_at.plus(std::time::Duration::from_secs(300)),
            received_at,
            fields,
        }
    }
}

#[async_trait]
impl Connector for Witness {
    fn name(&self) -> &str {
        self.connector.name()
    }

    fn prepare(&self, request: &Request) -> Result<Outbound, PrepareError> {
        let asked = Asked {
            request: request.clone(),
            request_id: None,
        };
        self.asked.lock().unwrap().insert(request.flow, asked);
        self.connector.prepare(request)
    }

    async fn send(&self, outbound: Recorded<Outbound>) -> Reply {
        let flow = outbound.flow;
        let reply = self.connector.send(outbound).await;
        if let ReplyMeaning::Accepted { request_id } = &reply.meaning
            && let Some(asked) = self.asked.lock().unwrap().get_mut(&flow)
        {
            asked.request_id.clone_from(request_id);
        }
        self.replies.send_modify(|count| *count += 1);
        reply
    }

    fn polling(&self) -> Option<Polling> {
        self.connector.polling()
    }

    async fn poll(&self, request_id: &RequestId) -> Polled {
        let polled = self.connector.poll(request_id).await;
        self.polls.send_modify(|count| *count += 1);
        polled
    }

    async fn look_up(&self, body: &[u8], now: midflow::words::Timestamp) {
        self.connector.look_up(body, now).await;
    }

    fn examine_reply(&self, body: &[u8], expected: &Expected<'_>) -> Verdict {
        self.connector.examine_reply(body, expected)
    }

    fn app_link(&self, qr: &midflow::words::QrCode) -> Option<midflow::connector::AppLink> {
        self.connector.app_link(qr)
    }

    fn knows_error(&self, code: i64) -> bool {
        self.connector.knows_error(code)
    }

    fn opens_app(&self) -> bool {
        self.connector.opens_app()
    }

    fn examine(&self, body: &[u8], expected: &Expected<'_>) -> Verdict {
        self.connector.examine(body, expected)
    }
}
