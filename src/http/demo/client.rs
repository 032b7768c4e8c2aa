use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::connector::IDLE_CONNECTION;
use crate::words::Text;

/// The API, as any e-service uses it.
#[derive(Clone)]
pub(super) struct ApiClient {
    http: reqwest::Client,
    base: String,
    key: SecretString,
}

/// A flow or a journey as the API tells it. No `Debug`: it may hold personal data.
#[derive(Deserialize)]
pub(super) struct ApiFlow {
    pub(super) flow: String,
    /// The id of the journey, where it is one.
    pub(super) journey: Option<String>,
    pub(super) state: String,
    #[serde(default)]
    pub(super) created_at: String,
    #[serde(default)]
    pub(super) expires_at: String,
    #[serde(default)]
    pub(super) challenge: String,
    pub(super) outcome: Option<ApiOutcome>,
    pub(super) decision: Option<ApiDecision>,
    pub(super) person: Option<BTreeMap<String, serde_json::Value>>,
    pub(super) notices: Option<ApiNotices>,
    pub(super) qr: Option<ApiQr>,
    /// The page of the flow at the provider of flows; only told when it begins.
    pub(super) page: Option<String>,
    #[serde(default)]
    pub(super) held: bool,
    /// When a notification leaves that was put off.
    pub(super) sends_at: Option<String>,
    pub(super) superseded_by: Option<String>,
    pub(super) signature: Option<ApiSignature>,
}

/// A code to show.
#[derive(Deserialize)]
pub(super) struct ApiQr {
    pub(super) text: String,
}

/// A signature that was made.
#[derive(Deserialize)]
pub(super) struct ApiSignature {
    pub(super) format: String,
    pub(super) digest: String,
}

/// A document that was kept.
#[derive(Deserialize)]
struct ApiDocument {
    document: String,
}

/// How a flow ended.
#[derive(Deserialize)]
pub(super) struct ApiOutcome {
    pub(super) class: String,
    pub(super) say: Text,
}

/// What the policy decided.
#[derive(Deserialize)]
pub(super) struct ApiDecision {
    pub(super) then: String,
    pub(super) attempts: Option<u8>,
}

/// What the person has to be told.
#[derive(Deserialize)]
pub(super) struct ApiNotices {
    pub(super) steps: Vec<Text>,
}

/// Why the API did not do it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ApiFault {
    /// It answered with a problem of this code.
    Problem(String),
    /// It did not answer, or not as described.
    Unavailable,
}

impl ApiFlow {
    pub(super) fn has_ended(&self) -> bool {
        self.state == "ended"
    }
}

impl ApiClient {
    pub(super) fn new(base: &str, key: SecretString) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_idle_timeout(IDLE_CONNECTION)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(75))
            .build()?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
            key,
        })
    }

    /// Begins a flow, or a journey where no capability is named, once per idempotency key.
    pub(super) async fn start(&self, body: &serde_json::Value, once: &str) -> Result<ApiFlow, ApiFault> {
        let what = kind(body.get("capability").is_none());
        let url = format!("{}/v1/{what}", self.base);
        let request = self.http.post(url).header("idempotency-key", once).json(body);
        self.answer(request).await
    }

    /// Reads a flow or a journey, waiting so long for its end.
    pub(super) async fn read(
        &self,
        flow: &str,
        journey: bool,
        wait: Option<Duration>,
    ) -> Result<ApiFlow, ApiFault> {
        let query = wait.map_or_else(String::new, |time| format!("?wait={}", time.as_secs()));
        let url = format!("{}/v1/{}/{flow}{query}", self.base, kind(journey));
        self.answer(self.http.get(url)).await
    }

    /// Cancels a flow or a journey.
    pub(super) async fn cancel(&self, flow: &str, journey: bool) -> Result<ApiFlow, ApiFault> {
        let url = format!("{}/v1/{}/{flow}/cancel", self.base, kind(journey));
        self.answer(self.http.post(url)).await
    }

    /// Asks for a new code in the place of one, once per idempotency key.
    pub(super) async fn renew(&self, flow: &str, once: &str) -> Result<ApiFlow, ApiFault> {
        let url = format!("{}/v1/flows/{flow}/renew", self.base);
        self.answer(self.http.post(url).header("idempotency-key", once))
            .await
    }

    /// Hands a document in; gives its preview token.
    pub(super) async fn keep_document(&self, name: &str, text: &str) -> Result<String, ApiFault> {
        let body = serde_json::json!({
            "name": name,
            "media_type": "text/plain; charset=utf-8",
            "content": STANDARD.encode(text),
        });
        let url = format!("{}/v1/documents", self.base);
        let kept: ApiDocument = self.answer(self.http.post(url).json(&body)).await?;
        Ok(kept.document)
    }

    async fn answer<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, ApiFault> {
        let request = request.bearer_auth(self.key.expose_secret());
        let response = request.send().await.map_err(|_| ApiFault::Unavailable)?;
        let good = response.status().is_success();
        let body = response.bytes().await.map_err(|_| ApiFault::Unavailable)?;
        if good {
            return serde_json::from_slice(&body).map_err(|_| ApiFault::Unavailable);
        }
        Err(match serde_json::from_slice::<ApiProblemCode>(&body) {
            Ok(problem) => ApiFault::Problem(problem.code),
            Err(_) => ApiFault::Unavailable,
        })
    }
}

const fn kind(journey: bool) -> &'static str {
    if journey { "journeys" } else { "flows" }
}

#[derive(Deserialize)]
struct ApiProblemCode {
    code: String,
}
