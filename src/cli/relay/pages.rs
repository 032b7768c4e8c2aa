use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use reqwest::StatusCode;
use reqwest::header::COOKIE;
use reqwest::header::SET_COOKIE;
use serde_json::Value;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::sandbox::relay::Begun;
use crate::sandbox::relay::Browser;
use crate::sandbox::relay::Ended;
use crate::sandbox::relay::Front;
use crate::sandbox::relay::FrontError;
use crate::words::CivilNo;
use crate::words::Purpose;

/// The inputs of each service, by its name.
pub(super) type Inputs = HashMap<String, serde_json::Map<String, Value>>;

/// A running `midflow dev` as a stranger reaches it: an e-service that begins flows for whoever comes, its pages, and the phones of
/// the sandbox's citizens.
pub(super) struct Pages {
    client: reqwest::Client,
    api: String,
    key: String,
    phone: String,
    /// What each service is given.
    inputs: Inputs,
    /// The page of each flow that began, and the cookie of the browser that opened it first.
    opened: Mutex<HashMap<String, Opened>>,
}

#[derive(Clone, Default)]
struct Opened {
    page: String,
    cookie: Option<String>,
}

impl Pages {
    pub(super) fn new(api: &str, key: &str, phone: &str, inputs: Inputs) -> Result<Self, Failure> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(Failure::new)?;
        Ok(Self {
            client,
            api: api.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            phone: phone.trim_end_matches('/').to_owned(),
            inputs,
            opened: Mutex::default(),
        })
    }

    /// Everybody who has a phone.
    pub(super) async fn citizens(&self) -> Result<Value, FrontError> {
        json_of(self.client.get(format!("{}/citizens", self.phone))).await
    }

    async fn begin(&self, service: &str, more: Value) -> Result<Begun, FrontError> {
        let inputs = self.inputs.get(service).cloned().unwrap_or_default();
        let mut ask = json!({ "service": service, "channel": "web", "locale": "ar", "inputs": inputs });
        if let (Value::Object(ask), Value::Object(more)) = (&mut ask, more) {
            ask.extend(more);
        }
        let request = self.client.post(format!("{}/v1/flows", self.api)).json(&ask);
        let answer = self.call(request).await?;
        if let Some(id) = answer["flow"].as_str() {
            let page = answer["page"].as_str().unwrap_or_default().to_owned();
            self.opened().insert(id.to_owned(), Opened { page, cookie: None });
            return Ok(Begun::Flow {
                id: id.to_owned(),
                code: answer["qr"]["text"].as_str().map(str::to_owned),
            });
        }
        let code = answer["code"]
            .as_str()
            .unwrap_or("no code in the answer")
            .to_owned();
        if code == "too_many_requests" {
            return Ok(Begun::Refused(code));
        }
        let why = answer["detail"].as_str().unwrap_or_default();
        Err(FrontError(format!("{service} begins no flow ({code}): {why}")))
    }

    async fn call(&self, request: RequestBuilder) -> Result<Value, FrontError> {
        json_of(request.bearer_auth(&self.key)).await
    }

    fn flow(&self, flow: &str, rest: &str) -> String {
        format!("{}/v1/flows/{flow}{rest}", self.api)
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, HashMap<String, Opened>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Front for Pages {
    async fn push(&self, service: &str, victim: &CivilNo) -> Result<Begun, FrontError> {
        let person = json!({ "civil_no": victim.expose(Purpose::Wire) });
        self.begin(service, json!({ "capability": "auth_push", "person": person }))
            .await
    }

    async fn code(&self, service: &str) -> Result<Begun, FrontError> {
        self.begin(service, json!({ "capability": "auth_qr" })).await
    }

    async fn waits(&self, flow: &str) -> Result<bool, FrontError> {
        let view = self.call(self.client.get(self.flow(flow, ""))).await?;
        Ok(view["outcome"].is_null())
    }

    async fn ended(&self, flow: &str) -> Result<Ended, FrontError> {
        for _ in 0..LONG_POLLS {
            let view = self.call(self.client.get(self.flow(flow, "?wait=30"))).await?;
            if let Some(code) = view["outcome"]["code"].as_str() {
                return Ok(Ended {
                    code: code.to_owned(),
                    inside: !view["person"].is_null(),
                });
            }
        }
        Err(FrontError(format!("the flow {flow} does not end")))
    }

    async fn shows(&self, flow: &str, browser: Browser) -> Result<bool, FrontError> {
        let known = self.opened().get(flow).cloned().unwrap_or_default();
        let mut request = self.client.get(&known.page);
        if let (Browser::Own, Some(cookie)) = (browser, &known.cookie) {
            request = request.header(COOKIE, cookie);
        }
        let answer = request.send().await.map_err(silence)?;
        let cookies = answer.headers().get_all(SET_COOKIE).iter();
        let cookies: Vec<&str> = cookies
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .collect();
        if browser == Browser::Own && known.cookie.is_none() {
            let cookie = Some(cookies.join("; "));
            self.opened().insert(flow.to_owned(), Opened { cookie, ..known });
        }
        Ok(answer.status() == StatusCode::OK)
    }

    async fn report(&self, flow: &str) -> Result<(), FrontError> {
        let answer = self.call(self.client.post(self.flow(flow, "/not-me"))).await?;
        if answer["reported_at"].is_null() {
            return Err(FrontError(format!("the flow {flow} can't be reported")));
        }
        Ok(())
    }

    async fn cancel(&self, flow: &str) -> Result<(), FrontError> {
        // One that has ended is refused, and that is as good.
        self.call(self.client.post(self.flow(flow, "/cancel")))
            .await
            .map(|_| ())
    }

    async fn scan(&self, code: &str, victim: &CivilNo) -> Result<(), FrontError> {
        let tap = json!({ "civil_no": victim.expose(Purpose::Wire), "text": code });
        let answer = json_of(self.client.post(format!("{}/scan", self.phone)).json(&tap)).await?;
        match answer["request"].as_str() {
            Some(_) => Ok(()),
            None => Err(FrontError(format!(
                "the code can't be scanned: {}",
                answer["error"]
            ))),
        }
    }

    async fn requests(&self) -> Result<u64, FrontError> {
        let ledger = json_of(self.client.get(format!("{}/ledger", self.phone))).await?;
        let received = ledger["received"].as_array().into_iter().flatten();
        let is_asking = |entry: &&Value| {
            let operation = entry["operation"].as_str().unwrap_or_default();
            operation.starts_with("Initiate")
        };
        // The newest place of one, since the oldest make room.
        let newest = received
            .filter(is_asking)
            .filter_map(|entry| entry["sequence"].as_u64())
            .max();
        Ok(newest.unwrap_or_default())
    }

    /// Real time is in nobody's hands.
    async fn pass(&self, _time: Duration) {}
}

async fn json_of(request: RequestBuilder) -> Result<Value, FrontError> {
    let answer = request.send().await.map_err(silence)?;
    answer.json().await.map_err(silence)
}

fn silence(error: reqwest::Error) -> FrontError {
    FrontError(format!(
        "the running `midflow dev` does not answer: {}",
        error.without_url()
    ))
}

const LONG_POLLS: usize = 12;
