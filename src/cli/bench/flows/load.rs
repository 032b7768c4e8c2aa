use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;
use tokio::task::JoinSet;

use super::process::Process;
use super::process::client;
use crate::cli::failure::Failure;
use crate::sandbox::Ending;
use crate::sandbox::Sandbox;
use crate::words::Purpose;

/// E-services that begin flows and wait for their outcome.
pub(super) struct Load {
    api: String,
    key: String,
    client: reqwest::Client,
    people: Vec<String>,
    next: AtomicUsize,
}

impl Load {
    pub(super) fn new(process: &Process, sandbox: &Sandbox) -> Result<Arc<Self>, Failure> {
        let handle = sandbox.handle();
        let people = handle
            .citizens()
            .iter()
            .filter(|citizen| citizen.ending == Ending::Approves);
        Ok(Arc::new(Self {
            api: process.api.clone(),
            key: process.key.clone(),
            client: client()?,
            people: people
                .map(|citizen| citizen.civil_no.expose(Purpose::Wire).to_owned())
                .collect(),
            next: AtomicUsize::new(0),
        }))
    }

    /// Keeps so many flows in flight for about this long; gives how many were approved.
    pub(super) async fn run(self: &Arc<Self>, in_flight: usize, time: Duration) -> Result<usize, Failure> {
        let end = Instant::now() + time;
        let mut workers = JoinSet::new();
        for _ in 0..in_flight {
            let load = Arc::clone(self);
            workers.spawn(async move {
                let mut done = 0;
                while Instant::now() < end {
                    load.one().await?;
                    done += 1;
                }
                Ok::<usize, Failure>(done)
            });
        }
        let mut total = 0;
        while let Some(worker) = workers.join_next().await {
            total += worker.map_err(Failure::new)??;
        }
        Ok(total)
    }

    async fn one(&self) -> Result<(), Failure> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.people.len().max(1);
        let person = self
            .people
            .get(at)
            .ok_or_else(|| Failure::new("the sandbox has no crowd"))?;
        let ask = json!({
            "service": "licence-renewal", "capability": "auth_push", "channel": "web", "locale": "ar",
            "person": { "civil_no": person }, "inputs": { "licence": "1234567" },
        });
        let begun = self
            .call(self.client.post(format!("{}/v1/flows", self.api)).json(&ask))
            .await?;
        let flow = begun["flow"].as_str().unwrap_or_default();
        let ended = self
            .call(self.client.get(format!("{}/v1/flows/{flow}?wait=30", self.api)))
            .await?;
        match ended["outcome"]["code"].as_str() {
            Some("approved") => Ok(()),
            other => Err(Failure::new(format!(
                "a flow of the load ended as {other:?}: {begun}"
            ))),
        }
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> Result<Value, Failure> {
        let answer = request
            .bearer_auth(&self.key)
            .send()
            .await
            .map_err(Failure::new)?;
        answer.json().await.map_err(Failure::new)
    }
}
