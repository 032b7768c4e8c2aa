//! A stand-in for the engine, for tests of this module and for pictures of its pages: a few flows in memory,
//! under the catalog of this repository.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::broadcast;

use super::flows::Flows;
use crate::audit::Event;
use crate::catalog::Catalog;
use crate::catalog::Sources;
use crate::engine::CallbackReceipt;
use crate::engine::CatalogStatus;
use crate::engine::Confirmation;
use crate::engine::EngineEvent;
use crate::engine::FlowView;
use crate::engine::JourneyView;
use crate::engine::KeptDocument;
use crate::engine::NewDocument;
use crate::engine::Problem;
use crate::engine::ProblemCode;
use crate::engine::Reload;
use crate::engine::RightsAsk;
use crate::engine::RightsError;
use crate::engine::SeenDrift;
use crate::engine::ShownDocument;
use crate::engine::StartFlow;
use crate::engine::StartJourney;
use crate::engine::Started;
use crate::engine::TimelineEntry;
use crate::engine::Why;
use crate::flow::Phase;
use crate::store::Activation;
use crate::store::FlowSummary;
use crate::words::Challenge;
use crate::words::Digest;
use crate::words::FieldValue;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::Pii;
use crate::words::Timestamp;

/// The token that the fake knows.
pub(super) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

pub(super) struct Fake {
    pub(super) inner: Mutex<Inner>,
    catalog: Arc<Catalog>,
    events: broadcast::Sender<EngineEvent>,
}

#[derive(Default)]
pub(super) struct Inner {
    /// What the next start is answered with.
    pub(super) refuse: Option<Problem>,
    pub(super) flows: Vec<FlowView>,
    pub(super) keys: Vec<(String, FlowId)>,
    pub(super) started: Vec<StartFlow>,
    pub(super) callbacks: Vec<Bytes>,
    pub(super) refused: Vec<IpAddr>,
    pub(super) records: Vec<TimelineEntry>,
    pub(super) failure: Option<String>,
    pub(super) why: Option<Why>,
    pub(super) drift: Vec<SeenDrift>,
    pub(super) store_down: bool,
    /// Whether documents alone can't be read.
    pub(super) documents_down: bool,
    /// Administrative acts that were asked for.
    pub(super) acts: Vec<String>,
    /// The document that was handed in last.
    pub(super) document: Option<ShownDocument>,
    /// What was confirmed.
    pub(super) confirmed: Vec<Confirmation>,
}

impl Fake {
    pub(super) fn new() -> Arc<Self> {
        let sources = Sources::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let (catalog, found) = Catalog::load(&sources, None);
        Arc::new(Self {
            inner: Mutex::default(),
            catalog: Arc::new(catalog.unwrap_or_else(|| panic!("{found:#?}"))),
            events: broadcast::channel(16).0,
        })
    }

    pub(super) fn now() -> Timestamp {
        Timestamp::parse("2026-11-22T09:14:05.117Z").unwrap()
    }

    /// A flow of the client `portal`, as if it had begun.
    pub(super) fn begin(&self, number: u8, service: &str) -> FlowView {
        let service = &self.catalog.service(service).unwrap().service;
        let (capability, settings) = service.capabilities.first_key_value().unwrap();
        let view = FlowView {
            flow: FlowId::from_parts(Self::now(), [number; 10]),
            client: "portal".to_owned(),
            service: service.id.clone(),
            service_name: service.name.clone(),
            capability: *capability,
            locale: crate::words::Locale::Ar,
            catalog: self.catalog.digest(),
            ended: false,
            created_at: Self::now(),
            expires_at: Self::now().plus(settings.expires_in),
            challenge: Challenge::from_random(8_352u64.to_be_bytes()),
            held: false,
            sends_at: None,
            qr: None,
            app_link: None,
            step: None,
            consents: Vec::new(),
            return_url: None,
            browser: None,
            reported_at: None,
            superseded_by: None,
            outcome: None,
            decision: None,
            person: None,
            signature: None,
            receipt: None,
        };
        self.inner.lock().unwrap().flows.push(view.clone());
        view
    }

    /// Ends a flow, and tells everybody.
    pub(super) fn end(&self, flow: FlowId, outcome: Outcome) {
        let mut inner = self.inner.lock().unwrap();
        let view = inner.flows.iter_mut().find(|view| view.flow == flow).unwrap();
        let service = &self.catalog.service(view.service.as_str()).unwrap().service;
        view.ended = true;
        view.outcome = Some(outcome);
        view.decision = Some(service.decide(outcome, &std::collections::BTreeMap::new()));
        if outcome == Outcome::Approved {
            let value = |name: &str| match name {
                "civil_no" => FieldValue::Text("399123100017".to_owned()),
                "name_ar" => FieldValue::Text("سارة خالد عبدالرحمن العنزي".to_owned()),
                "name_en" => FieldValue::Text("SARA KHALED ABDULRAHMAN ALENEZI".to_owned()),
                name if name.starts_with("age_over") => FieldValue::Flag(true),
                _ => FieldValue::Flag(true),
            };
            let fields = service.fields.iter().map(|declared| {
                let name = declared.field.name();
                let value = value(name.as_str());
                (name, Pii::new(value))
            });
            view.person = Some(Person::new(fields));
            view.receipt = Some("receipt".to_owned());
        }
        drop(inner);
        let _ = self.events.send(EngineEvent::Flow { flow, ended: true });
    }

    /// Changes a flow behind everybody's back.
    pub(super) fn change(&self, flow: FlowId, change: impl FnOnce(&mut FlowView)) {
        let mut inner = self.inner.lock().unwrap();
        change(inner.flows.iter_mut().find(|view| view.flow == flow).unwrap());
    }

    pub(super) fn record(&self, millis: u64, event: Event) {
        let mut inner = self.inner.lock().unwrap();
        let seq = 41 + inner.records.len() as u64;
        inner.records.push(TimelineEntry {
            seq,
            at: Self::now().plus(Duration::from_millis(millis)),
            kind: event.kind().to_owned(),
            event,
        });
    }

    /// How many listen for changes.
    pub(super) fn subscribers(&self) -> usize {
        self.events.receiver_count()
    }

    fn find(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        let inner = self.inner.lock().unwrap();
        let mut found = inner.flows.iter();
        found
            .find(|view| view.flow == flow && view.client == client)
            .cloned()
            .ok_or_else(|| {
                problem(
                    ProblemCode::UnknownFlow,
                    "there is no such flow, or it belongs to another client",
                )
            })
    }
}

pub(super) fn problem(code: ProblemCode, detail: &str) -> Problem {
    Problem {
        code,
        detail: detail.to_owned(),
        retry_after: (code == ProblemCode::TooManyRequests).then_some(420),
    }
}

#[async_trait]
impl Flows for Fake {
    async fn start_journey(&self, _request: StartJourney) -> Result<Started, Problem> {
        Err(problem(
            ProblemCode::ServiceHasNoSteps,
            "the service has no steps",
        ))
    }

    async fn journey(&self, client: &str, journey: FlowId, _time: Duration) -> Result<JourneyView, Problem> {
        self.find(client, journey)?;
        Err(problem(ProblemCode::UnknownFlow, "there is no such journey"))
    }

    async fn cancel_journey(&self, client: &str, journey: FlowId) -> Result<JourneyView, Problem> {
        self.journey(client, journey, Duration::ZERO).await
    }

    async fn view_on_page(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        if self.inner.lock().unwrap().store_down {
            return Err(problem(ProblemCode::StoreUnavailable, "the store is away"));
        }
        self.find(client, flow)
    }

    async fn start(&self, request: StartFlow) -> Result<Started, Problem> {
        if let Some(problem) = self.inner.lock().unwrap().refuse.clone() {
            return Err(problem);
        }
        let key = request.idempotency_key.clone();
        let known = key.as_ref().and_then(|key| {
            let inner = self.inner.lock().unwrap();
            inner
                .keys
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, flow)| *flow)
        });
        let Some(loaded) = self.catalog.service(&request.service) else {
            return Err(problem(ProblemCode::UnknownService, "there is no such service"));
        };
        let view = match known {
            Some(flow) => self.find(&request.client, flow)?,
            None => {
                let number = u8::try_from(self.inner.lock().unwrap().flows.len() + 1).unwrap();
                self.begin(number, &request.service)
            }
        };
        let mut inner = self.inner.lock().unwrap();
        if let Some(key) = key
            && known.is_none()
        {
            inner.keys.push((key, view.flow));
        }
        inner.started.push(request.clone());
        Ok(Started {
            view,
            repeated: known.is_some(),
            notices: loaded.service.notices.clone(),
            return_url: request.return_url,
        })
    }

    async fn view(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        self.find(client, flow)
    }

    async fn wait(&self, client: &str, flow: FlowId, time: Duration) -> Result<FlowView, Problem> {
        let mut changes = self.events.subscribe();
        let view = self.find(client, flow)?;
        if !view.ended {
            let _ = tokio::time::timeout(time, changes.recv()).await;
        }
        self.find(client, flow)
    }

    async fn cancel(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        if self.find(client, flow)?.ended {
            return Err(problem(
                ProblemCode::FlowEnded,
                "the flow has ended already; its outcome stands",
            ));
        }
        self.end(flow, Outcome::Cancelled);
        self.find(client, flow)
    }

    async fn renew(
        &self,
        client: &str,
        flow: FlowId,
        _idempotency_key: Option<String>,
    ) -> Result<Started, Problem> {
        let old = self.find(client, flow)?;
        if old.ended {
            return Err(problem(ProblemCode::FlowEnded, "the flow has ended already"));
        }
        self.end(flow, Outcome::Superseded);
        let number = u8::try_from(self.inner.lock().unwrap().flows.len() + 1).unwrap();
        let view = self.begin(number, old.service.as_str());
        self.change(flow, |old| old.superseded_by = Some(view.flow));
        let notices = &self
            .catalog
            .service(old.service.as_str())
            .unwrap()
            .service
            .notices;
        Ok(Started {
            view,
            repeated: false,
            notices: notices.clone(),
            return_url: None,
        })
    }

    async fn keep_document(&self, document: NewDocument) -> Result<KeptDocument, Problem> {
        let kept = KeptDocument {
            token: "a-preview-token".to_owned(),
            digest: Digest::of(&document.bytes),
            size: document.bytes.len() as u64,
        };
        self.inner.lock().unwrap().document = Some(ShownDocument {
            name: document.name,
            media_type: document.media_type,
            digest: kept.digest,
            bytes: document.bytes,
        });
        Ok(kept)
    }

    async fn document(&self, client: &str, flow: FlowId) -> Result<ShownDocument, Problem> {
        self.find(client, flow)?;
        let document = self.inner.lock().unwrap().document.clone();
        if self.inner.lock().unwrap().documents_down {
            return Err(problem(ProblemCode::StoreUnavailable, "the store is away"));
        }
        document.ok_or_else(|| problem(ProblemCode::InvalidDocument, "the flow has no document"))
    }

    async fn confirm(
        &self,
        client: &str,
        flow: FlowId,
        confirmation: Confirmation,
    ) -> Result<FlowView, Problem> {
        if !confirmation.reviewed_entire.0 || !confirmation.accepts_to_sign.0 {
            return Err(problem(ProblemCode::NotConfirmed, "both are needed"));
        }
        self.inner.lock().unwrap().confirmed.push(confirmation);
        self.change(flow, |view| view.held = false);
        self.find(client, flow)
    }

    async fn withdraw(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        self.end(flow, Outcome::DeclinedOnPage);
        self.find(client, flow)
    }

    async fn opened(&self, client: &str, flow: FlowId, browser: Digest) -> Result<FlowView, Problem> {
        if !self.find(client, flow)?.ended {
            self.change(flow, |view| {
                view.browser.get_or_insert(browser);
            });
        }
        self.find(client, flow)
    }

    async fn disown(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        if !self.find(client, flow)?.ended {
            self.end(flow, Outcome::DeclinedNotMe);
        }
        self.find(client, flow)
    }

    async fn report_not_me(&self, client: &str, flow: FlowId) -> Result<FlowView, Problem> {
        self.disown(client, flow).await?;
        self.change(flow, |view| view.reported_at = Some(Self::now()));
        self.find(client, flow)
    }

    async fn callback(&self, token: &str, _source: SocketAddr, body: Bytes) -> CallbackReceipt {
        let mut inner = self.inner.lock().unwrap();
        if inner.store_down {
            return CallbackReceipt::StoreUnavailable;
        }
        if token != TOKEN {
            return CallbackReceipt::UnknownToken;
        }
        inner.callbacks.push(body);
        CallbackReceipt::Recorded
    }

    async fn callback_refused(&self, source: IpAddr) -> CallbackReceipt {
        self.inner.lock().unwrap().refused.push(source);
        CallbackReceipt::UnknownToken
    }

    fn subscribe(&self) -> broadcast::Receiver<EngineEvent> {
        self.events.subscribe()
    }

    async fn timeline(&self, flow: FlowId) -> Result<Vec<TimelineEntry>, Problem> {
        let inner = self.inner.lock().unwrap();
        let known = inner.flows.first().is_some_and(|view| view.flow == flow);
        Ok(if known { inner.records.clone() } else { Vec::new() })
    }

    async fn why(&self, flow: FlowId) -> Result<Option<Why>, Problem> {
        let why = self.inner.lock().unwrap().why.clone();
        Ok(why.filter(|why| why.flow == flow))
    }

    async fn recent(&self, limit: u32) -> Result<Vec<FlowSummary>, Problem> {
        let inner = self.inner.lock().unwrap();
        let newest = inner.flows.iter().rev().take(limit as usize);
        Ok(newest
            .map(|view| FlowSummary {
                id: view.flow,
                service: view.service.clone(),
                capability: view.capability,
                phase: if view.ended {
                    Phase::Delivered
                } else {
                    Phase::Waiting
                },
                outcome: view.outcome,
                created_at: view.created_at,
            })
            .collect())
    }

    fn catalog(&self) -> Arc<Catalog> {
        self.catalog.clone()
    }

    fn drift(&self) -> Vec<SeenDrift> {
        self.inner.lock().unwrap().drift.clone()
    }

    fn catalog_status(&self) -> CatalogStatus {
        let failure = self.inner.lock().unwrap().failure.clone();
        CatalogStatus {
            active: self.catalog.digest(),
            since: Self::now(),
            by: "start".to_owned(),
            desired: if failure.is_some() {
                Digest::of(b"other")
            } else {
                self.catalog.digest()
            },
            failed_at: failure.as_ref().map(|_| Self::now()),
            failure,
            set_aside: None,
            needs_restart: Vec::new(),
            ended_waivers: Vec::new(),
        }
    }

    async fn reload(&self, actor: &str) -> Reload {
        self.inner.lock().unwrap().acts.push(format!("reload by {actor}"));
        Reload::Unchanged
    }

    async fn activate_catalog(&self, catalog: Digest, actor: &str) -> Reload {
        let act = format!("activate {} by {actor}", catalog.short());
        self.inner.lock().unwrap().acts.push(act);
        Reload::Refused("the store keeps no such catalog".to_owned())
    }

    async fn roll_back_catalog(&self, actor: &str) -> Reload {
        self.inner
            .lock()
            .unwrap()
            .acts
            .push(format!("roll back by {actor}"));
        Reload::Activated(self.catalog.digest())
    }

    async fn activations(&self, _limit: u32) -> Result<Vec<Activation>, Problem> {
        Ok(vec![Activation {
            catalog: self.catalog.digest(),
            at: Self::now(),
            by: "start".to_owned(),
            set_aside: None,
        }])
    }

    async fn search(
        &self,
        _: crate::engine::log::SearchAsk,
    ) -> Result<Vec<crate::engine::log::Found>, Problem> {
        Ok(Vec::new())
    }

    async fn evidence_taken(&self, _: crate::engine::EvidenceAct) -> Result<(), Problem> {
        Ok(())
    }

    async fn rotate_keys(&self, _by: &str) -> Result<u64, Problem> {
        Ok(self.inner.lock().unwrap().flows.len() as u64)
    }

    async fn rights(&self, _ask: RightsAsk) -> Result<serde_json::Value, RightsError> {
        Ok(serde_json::json!({}))
    }

    async fn ready(&self) -> Result<(), String> {
        match self.inner.lock().unwrap().store_down {
            true => Err("the store is full".to_owned()),
            false => Ok(()),
        }
    }

    fn metrics_text(&self) -> String {
        "# EOF\n".to_owned()
    }

    fn webhook_public_key(&self) -> String {
        "whpk_test".to_owned()
    }
}
