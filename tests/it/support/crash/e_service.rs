use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

use aws_lc_rs::signature::ED25519;
use aws_lc_rs::signature::UnparsedPublicKey;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use midflow::words::Digest;
use midflow::words::FlowId;
use serde_json::Value;
use tokio::net::TcpListener;

use super::dice::Dice;
use super::manner::Manner;

/// An e-service that lives through every crash, with a book of its own and a listener for outcome notices.
#[derive(Clone)]
pub struct EService {
    pages: Arc<Mutex<EServiceBook>>,
    key: Arc<Mutex<String>>,
    dice: Arc<Dice>,
}

/// What the e-service knows.
#[derive(Clone, Debug, Default)]
pub struct EServiceBook {
    /// What it asked for, by idempotency key.
    pub asked: BTreeMap<String, Asked>,
    /// The outcome notices it got, by `webhook-id`.
    pub notices: BTreeMap<String, Notice>,
    /// Answers that an e-service should never get.
    pub surprises: Vec<String>,
}

/// One wish of the e-service.
#[derive(Clone, Debug)]
pub struct Asked {
    pub manner: Manner,
    /// The flows, or journeys, that it was told for this one key; more than one is a fault.
    pub flows: BTreeSet<FlowId>,
    /// The flow with which it ended: itself, or the last step of the journey.
    pub last: Option<FlowId>,
    /// The outcome, as the long poll told it.
    pub outcome: Option<String>,
    /// Digests of all the bodies that told the outcome; more than one is a fault.
    pub answers: BTreeSet<Digest>,
}

/// All deliveries of one outcome notice.
#[derive(Clone, Debug, Default)]
pub struct Notice {
    pub flow: Option<FlowId>,
    pub outcome: String,
    /// Digests of the bodies; more than one is a fault.
    pub bodies: BTreeSet<Digest>,
    /// How often it came.
    pub times: u32,
    /// How often its signature was wrong.
    pub badly_signed: u32,
}

impl EService {
    /// Begins to listen; gives the e-service and the URL for its notices.
    pub async fn start(seed: u64) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/notices", listener.local_addr().unwrap());
        let e_service = Self {
            pages: Arc::default(),
            key: Arc::default(),
            dice: Arc::new(Dice::new(seed)),
        };
        let router = Router::new()
            .route("/notices", post(notice))
            .with_state(e_service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (e_service, url)
    }

    /// The key of the node; it must survive every crash.
    pub fn verifies_with(&self, key: &str) -> Result<(), String> {
        let mut known = self.key.lock().unwrap();
        if known.is_empty() {
            key.clone_into(&mut known);
        }
        if *known == key {
            Ok(())
        } else {
            Err("the node came back with another webhook key".to_owned())
        }
    }

    pub fn asks(&self, key: &str, manner: Manner) {
        let asked = Asked {
            manner,
            flows: BTreeSet::new(),
            last: None,
            outcome: None,
            answers: BTreeSet::new(),
        };
        self.book().asked.insert(key.to_owned(), asked);
    }

    pub fn was_told_of(&self, key: &str, flow: FlowId) {
        self.of(key, |asked| {
            asked.flows.insert(flow);
        });
    }

    /// Enters the answer of a long poll that says how the flow ended.
    pub fn saw_the_end(&self, key: &str, outcome: &str, last: Option<FlowId>, body: &[u8]) {
        let digest = Digest::of(body);
        self.of(key, |asked| {
            asked.outcome.get_or_insert_with(|| outcome.to_owned());
            asked.last = asked.last.or(last);
            asked.answers.insert(digest);
        });
    }

    pub fn is_surprised(&self, what: String) {
        self.book().surprises.push(what);
    }

    pub fn snapshot(&self) -> EServiceBook {
        self.book().clone()
    }

    /// Whether everything that wanted a notice has one.
    pub fn has_all_notices(&self) -> bool {
        let book = self.book();
        let mut wanted = book.asked.values().filter(|asked| asked.manner.wants_notice);
        wanted.all(|asked| {
            let heard = |flow: FlowId| book.notices.contains_key(&format!("{flow}.1"));
            asked.flows.is_empty() || asked.last.is_some_and(heard)
        })
    }

    fn of(&self, key: &str, change: impl FnOnce(&mut Asked)) {
        if let Some(asked) = self.book().asked.get_mut(key) {
            change(asked);
        }
    }

    fn book(&self) -> MutexGuard<'_, EServiceBook> {
        self.pages.lock().unwrap()
    }

    fn is_signed(&self, headers: &HeaderMap, body: &[u8]) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (Some(id), Some(time), Some(signature)) = (
            header("webhook-id"),
            header("webhook-timestamp"),
            header("webhook-signature").and_then(|text| text.strip_prefix("v1a,")),
        ) else {
            return false;
        };
        let key = self.key.lock().unwrap().clone();
        let key = key
            .strip_prefix("whpk_")
            .and_then(|text| STANDARD.decode(text).ok());
        let (Some(key), Ok(signature)) = (key, STANDARD.decode(signature)) else {
            return false;
        };
        let message = [id.as_bytes(), b".", time.as_bytes(), b".", body].concat();
        UnparsedPublicKey::new(&ED25519, key)
            .verify(&message, &signature)
            .is_ok()
    }
}

/// Books the notice first, then answers; now and then as if it had failed, so that it comes again.
async fn notice(State(e_service): State<EService>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signed = e_service.is_signed(&headers, &body);
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    {
        let mut book = e_service.book();
        let entry = book.notices.entry(id.unwrap_or_default().to_owned()).or_default();
        let data = &said["data"];
        entry.flow = data["flow"].as_str().and_then(FlowId::parse);
        entry.outcome = data["outcome"]["code"].as_str().unwrap_or_default().to_owned();
        entry.bodies.insert(Digest::of(&body));
        entry.times += 1;
        entry.badly_signed += u32::from(!signed);
    }
    if e_service.dice.percent(7) {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::NO_CONTENT
    }
}
