use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use midflow::sandbox::SandboxHandle;
use midflow::sandbox::Scenario;
use midflow::words::CivilNo;
use midflow::words::FlowId;
use midflow::words::Purpose;
use reqwest::StatusCode;
use serde_json::Value;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::dice::Dice;
use super::e_service::EService;
use super::manner::Manner;
use super::victim::CLIENT_KEY;

/// The e-service at work: some tens of flows in flight, each asked for until it exists and watched until it
/// has ended, however often the node dies meanwhile.
#[derive(Clone)]
pub struct Load(Arc<Parts>);

struct Parts {
    http: reqwest::Client,
    api: String,
    notify_url: String,
    e_service: EService,
    authority: SandboxHandle,
    citizens: Mutex<VecDeque<CivilNo>>,
    dice: Dice,
    count: AtomicU64,
    busy: Arc<Semaphore>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Load {
    pub fn new(
        api: String,
        notify_url: String,
        e_service: EService,
        authority: SandboxHandle,
        seed: u64,
    ) -> Self {
        let crowd = authority.citizens().iter().filter(|one| one.of_the_crowd);
        let citizens = crowd.map(|one| one.civil_no.clone()).collect();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self(Arc::new(Parts {
            http,
            api,
            notify_url,
            e_service,
            authority,
            citizens: Mutex::new(citizens),
            dice: Dice::new(seed),
            count: AtomicU64::new(0),
            busy: Arc::new(Semaphore::new(IN_FLIGHT)),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }))
    }

    /// Begins flow after flow until told to stop.
    pub fn start(&self) {
        let load = self.clone();
        self.0.tasks.spawn(async move {
            while !load.0.stop.is_cancelled() {
                let permit = Arc::clone(&load.0.busy).acquire_owned().await.unwrap();
                // A person is asked by one flow at a time, so that the scenario meant for it is its own.
                let citizen = load.0.citizens.lock().unwrap().pop_front();
                match citizen {
                    Some(citizen) => {
                        let load = load.clone();
                        let tasks = load.0.tasks.clone();
                        tasks.spawn(async move { load.one(citizen, permit).await });
                    }
                    None => pause(&load.0.dice).await,
                }
            }
        });
        self.0.tasks.close();
    }

    /// Begins no more flows and waits for those under way; `false` if some are still waiting after `longest`.
    pub async fn finish(&self, longest: Duration) -> bool {
        self.0.stop.cancel();
        tokio::time::timeout(longest, self.0.tasks.wait()).await.is_ok()
    }

    /// Asks for every flow once more: an ending stays what it was.
    pub async fn look_again(&self) {
        let asked = self.0.e_service.snapshot().asked;
        let tasks = TaskTracker::new();
        for (key, asked) in asked {
            for flow in asked.flows {
                let (load, key) = (self.clone(), key.clone());
                let permit = Arc::clone(&self.0.busy).acquire_owned().await.unwrap();
                tasks.spawn(async move {
                    load.watch(&key, asked.manner, flow).await;
                    drop(permit);
                });
            }
        }
        tasks.close();
        let _ = tokio::time::timeout(Duration::from_secs(60), tasks.wait()).await;
    }

    async fn one(&self, citizen: CivilNo, permit: OwnedSemaphorePermit) {
        let parts = &*self.0;
        let manner = Manner::draw(&parts.dice);
        let key = format!("wish-{}", parts.count.fetch_add(1, Ordering::Relaxed));
        // What was armed for a request that never left is not meant for this one.
        parts.authority.disarm(&citizen);
        // Scenarios wait in a line: those steps that come before are approved.
        for _ in 0..manner.journey.map_or(0, |steps| steps.odd) {
            let approved = Scenario::Approved;
            parts.authority.arm(approved, Some(&citizen), None).unwrap();
        }
        if let Some(scenario) = manner.scenario {
            parts
                .authority
                .arm(scenario, Some(&citizen), manner.delay)
                .unwrap();
        }
        parts.e_service.asks(&key, manner);
        let Some(flow) = self.begin(&key, &citizen, manner).await else {
            return;
        };
        parts.e_service.was_told_of(&key, flow);
        // A flow that only waits must not keep others from being begun.
        let permit = (!manner.waits).then_some(permit);
        if manner.cancels {
            self.cancel(manner, flow).await;
        }
        self.watch(&key, manner, flow).await;
        drop(permit);
        parts.citizens.lock().unwrap().push_back(citizen);
    }

    /// Sends the same bytes under the same key until the node answers.
    async fn begin(&self, key: &str, citizen: &CivilNo, manner: Manner) -> Option<FlowId> {
        let parts = &*self.0;
        let notify_url = manner.wants_notice.then_some(parts.notify_url.as_str());
        let body = match manner.journey {
            Some(_) => json!({
                "service": "three-steps",
                "channel": "web",
                "person": { "civil_no": citizen.expose(Purpose::Wire) },
                "inputs": { "application": "1234567", "large": manner.is_large(), "waits": manner.waits },
                "notify_url": notify_url,
            }),
            None => json!({
            "service": "licence-renewal",
            "capability": "auth_push",
            "channel": "web",
            "person": { "civil_no": citizen.expose(Purpose::Wire) },
            "inputs": { "licence": "1234567", "amount": manner.amount() },
            "notify_url": notify_url,
            }),
        };
        let (folder, id) = path(manner);
        loop {
            let request = parts.http.post(format!("{}/v1/{folder}", parts.api));
            let request = request.header("idempotency-key", key).json(&body);
            match self.answer(request).await {
                Some((StatusCode::CREATED, body)) => {
                    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
                    let flow = said[id].as_str().and_then(FlowId::parse);
                    if flow.is_none() {
                        parts.e_service.is_surprised("a 201 without an id".to_owned());
                    }
                    return flow;
                }
                Some((status, body)) if status != StatusCode::SERVICE_UNAVAILABLE => {
                    self.surprise(&format!("POST /v1/{folder}"), status, &body);
                    return None;
                }
                _ => pause(&parts.dice).await,
            }
        }
    }

    async fn cancel(&self, manner: Manner, flow: FlowId) {
        let parts = &*self.0;
        tokio::time::sleep(parts.dice.up_to(Duration::from_millis(300))).await;
        let (folder, _) = path(manner);
        loop {
            let request = parts
                .http
                .post(format!("{}/v1/{folder}/{flow}/cancel", parts.api));
            match self.answer(request).await {
                Some((StatusCode::OK | StatusCode::CONFLICT, _)) => return,
                Some((status, body)) if status != StatusCode::SERVICE_UNAVAILABLE => {
                    return self.surprise("POST cancel", status, &body);
                }
                _ => pause(&parts.dice).await,
            }
        }
    }

    /// Long polls until the flow, or the journey, has ended.
    async fn watch(&self, key: &str, manner: Manner, flow: FlowId) {
        let parts = &*self.0;
        let (folder, _) = path(manner);
        loop {
            let request = parts
                .http
                .get(format!("{}/v1/{folder}/{flow}?wait=10", parts.api));
            match self.answer(request).await {
                Some((StatusCode::OK, body)) => {
                    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
                    if said["state"] == "ended" {
                        let outcome = said["outcome"]["code"].as_str().unwrap_or_default();
                        let last = said["flow"].as_str().and_then(FlowId::parse);
                        return parts.e_service.saw_the_end(key, outcome, last, &body);
                    }
                }
                Some((status, body)) if status != StatusCode::SERVICE_UNAVAILABLE => {
                    return self.surprise(&format!("GET /v1/{folder}"), status, &body);
                }
                _ => pause(&parts.dice).await,
            }
        }
    }

    /// `None` if the node is gone, or died before its answer was whole.
    async fn answer(&self, request: reqwest::RequestBuilder) -> Option<(StatusCode, bytes::Bytes)> {
        let response = request.bearer_auth(CLIENT_KEY).send().await.ok()?;
        let status = response.status();
        Some((status, response.bytes().await.ok()?))
    }

    fn surprise(&self, what: &str, status: StatusCode, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        self.0
            .e_service
            .is_surprised(format!("{what} answered {status}: {text}"));
    }
}

/// Where the API keeps what was asked for, and the member that names it.
const fn path(manner: Manner) -> (&'static str, &'static str) {
    match manner.journey {
        Some(_) => ("journeys", "journey"),
        None => ("flows", "flow"),
    }
}

async fn pause(dice: &Dice) {
    tokio::time::sleep(Duration::from_millis(10 + dice.below(30))).await;
}

/// How many flows the e-service works on at a time; those that only wait for a deadline come on top.
const IN_FLIGHT: usize = 32;
