use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::Problem;
use super::ProblemCode;
use super::StartFlow;
use super::Started;
use super::detail::Detail;
use super::inner::Inner;
use super::input::Input;
use super::live::Cell;
use super::live::Live;
use super::notify_url::allowed;
use super::secrets::random;
use crate::audit::CommitError;
use crate::audit::Event;
use crate::audit::FlowRow;
use crate::audit::Record;
use crate::audit::RefusalRecord;
use crate::audit::Unit;
use crate::catalog::Catalog;
use crate::catalog::Decided;
use crate::catalog::LoadedService;
use crate::catalog::PlanAnswer;
use crate::catalog::PlanAsk;
use crate::flow::State;
use crate::policy::InputValue;
use crate::policy::Then;
use crate::words::CallbackToken;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::InputName;
use crate::words::ServiceName;
use crate::words::Timestamp;

impl Inner {
    /// Begins a flow: after this returns `Ok`, it is durable, and its request is on the way or was refused.
    pub(crate) async fn start(self: &Arc<Self>, ask: StartFlow) -> Result<Started, Problem> {
        if self.stop.is_cancelled() {
            return Err(problem(
                ProblemCode::ShuttingDown,
                "this node is shutting down; ask another",
            ));
        }
        let catalog = self.catalogs.active();
        let service = self.service(&catalog, &ask)?;
        if let Some(started) = self.repeated(&ask, &service).await? {
            return Ok(started);
        }
        let inputs = check_inputs(&service, &ask)?;
        self.check_urls(&ask)?;
        let try_number = self.try_number(&ask).await?;
        self.take_limits(&service, &ask).await?;
        self.begin(&catalog, &service, ask, inputs, try_number).await
    }

    fn service(&self, catalog: &Catalog, ask: &StartFlow) -> Result<Arc<LoadedService>, Problem> {
        let Some(service) = catalog.service(&ask.service) else {
            let names = catalog.services().map(|loaded| loaded.service.id.to_string());
            let names: Vec<String> = names.collect();
            let detail = format!(
                "there is no service `{}` in the active catalog; it has {}",
                shown_name(&ask.service),
                names.join(", ")
            );
            return Err(problem(ProblemCode::UnknownService, detail));
        };
        let declared = &service.service;
        if !declared.capabilities.contains_key(&ask.capability) {
            let detail = format!(
                "`{}` declares no capability `{}` in {}",
                declared.id, ask.capability, declared.file
            );
            return Err(problem(ProblemCode::CapabilityNotDeclared, detail));
        }
        if ask.capability != Capability::AuthPush {
            let detail = format!(
                "`{}` is not served by this version; `auth_push` is",
                ask.capability
            );
            return Err(problem(ProblemCode::CapabilityNotDeclared, detail));
        }
        if !declared.channels.contains(&ask.channel) {
            let detail = format!(
                "`{}` is not offered on the channel `{}`",
                declared.id, ask.channel
            );
            return Err(problem(ProblemCode::ChannelNotDeclared, detail));
        }
        if ask.civil_no.is_none() {
            let detail = "`person.civil_no` is missing; a push needs to know whom to ask";
            return Err(problem(ProblemCode::InvalidCivilNo, detail));
        }
        Ok(Arc::clone(service))
    }

    /// The flow that the same idempotency key began, if any.
    async fn repeated(&self, ask: &StartFlow, service: &LoadedService) -> Result<Option<Started>, Problem> {
        let Some(key) = idempotency(ask) else {
            return Ok(None);
        };
        let row = self
            .store
            .flow_by_idempotency(&key.0)
            .await
            .map_err(unavailable)?;
        row.map(|row| self.repeat(&row, ask, service)).transpose()
    }

    fn repeat(&self, row: &FlowRow, ask: &StartFlow, service: &LoadedService) -> Result<Started, Problem> {
        let same = row
            .idempotency
            .as_ref()
            .is_some_and(|(_, digest)| *digest == ask.request_digest);
        if !same {
            let detail =
                "this Idempotency-Key came before with another request; use a new key for a new request";
            return Err(problem(ProblemCode::IdempotencyConflict, detail));
        }
        let detail =
            Detail::from_bytes(&row.detail).ok_or_else(|| unavailable("a stored flow is damaged"))?;
        Ok(Started {
            view: self.view_of(row, &detail, Some(&self.catalogs.active())),
            repeated: true,
            notices: service.service.notices.clone(),
            return_url: detail.return_url,
        })
    }

    fn check_urls(&self, ask: &StartFlow) -> Result<(), Problem> {
        let Some(url) = &ask.notify_url else {
            return Ok(());
        };
        allowed(url, &self.options.notify_hosts, self.options.environment)
            .map_err(|why| problem(ProblemCode::InvalidRequest, format!("`notify_url` {why}")))
    }

    /// 1 for a first flow; for another try, one more than the flow it repeats, if its decision allows that.
    async fn try_number(&self, ask: &StartFlow) -> Result<u8, Problem> {
        let Some(earlier) = ask.retry_of else {
            return Ok(1);
        };
        let refuse = |why: &str| {
            problem(
                ProblemCode::RetryNotAllowed,
                format!("`retry_of` names a flow {why}"),
            )
        };
        let row = self.store.flow(earlier).await.map_err(unavailable)?;
        let Some((row, detail)) =
            row.and_then(|row| Detail::from_bytes(&row.detail).map(|detail| (row, detail)))
        else {
            return Err(refuse("that does not exist"));
        };
        if detail.client != ask.client {
            return Err(refuse("that does not exist"));
        }
        if row.service.as_str() != ask.service || row.subject != ask.civil_no {
            return Err(refuse("of another service or person"));
        }
        match detail.decision.map(|decision| decision.then) {
            Some(Then::Retry { attempts } | Then::StepUp { attempts }) if detail.try_number < attempts => {
                Ok(detail.try_number + 1)
            }
            Some(Then::Retry { .. } | Then::StepUp { .. }) => Err(refuse("whose attempts are used up")),
            _ => Err(refuse("whose decision is not `retry`")),
        }
    }

    async fn take_limits(&self, service: &LoadedService, ask: &StartFlow) -> Result<(), Problem> {
        let declared = &service.service;
        let person = ask
            .civil_no
            .as_ref()
            .map(|number| self.secrets.person_key(number));
        let now = self.clock.now();
        let Err(wait) = self.starts.take(&declared.id, person, &declared.limits, now) else {
            return Ok(());
        };
        let record = Record {
            at: now,
            flow: None,
            subject: ask.civil_no.clone().into(),
            event: Event::Refusal(RefusalRecord {
                service: declared.id.to_string(),
                code: ProblemCode::TooManyRequests.as_str().to_owned(),
                detail: format!("limits of {}", declared.file),
            }),
        };
        let unit = Unit {
            records: vec![record],
            ..Unit::default()
        };
        self.recorder.record(unit, ()).await.map_err(unavailable)?;
        Err(Problem {
            code: ProblemCode::TooManyRequests,
            detail: "a limit of the service is reached, for this person or for all; nothing was sent"
                .to_owned(),
            retry_after: Some(wait.as_secs().max(1)),
        })
    }

    async fn begin(
        self: &Arc<Self>,
        catalog: &Arc<Catalog>,
        service: &LoadedService,
        ask: StartFlow,
        inputs: BTreeMap<InputName, InputValue>,
        try_number: u8,
    ) -> Result<Started, Problem> {
        let now = self.clock.now();
        let answer = catalog.plan(&PlanAsk {
            service: service.service.id.as_str(),
            capability: ask.capability,
            channel: ask.channel,
            locale: ask.locale,
            inputs: &inputs,
            now,
            attempt: try_number,
        });
        let (plan, refused) = match answer {
            PlanAnswer::Go(plan, _) => (Some(plan), None),
            PlanAnswer::Refuse {
                outcome,
                decision,
                fault,
            } => (
                None,
                Some(Box::new(Decided {
                    outcome,
                    decision,
                    fault,
                })),
            ),
        };
        let expires_at = plan.as_ref().map_or(now, |plan| now.plus(plan.expires_in));
        let seed = Seed::draw(now).map_err(unavailable)?;
        let detail = Detail::new(
            &ask,
            inputs,
            plan,
            seed.challenge,
            seed.additional_data,
            now,
            try_number,
        );
        let row = FlowRow {
            id: seed.flow,
            version: 0,
            service: service.service.id.clone(),
            capability: ask.capability,
            catalog: catalog.digest(),
            token: seed.token.digest(),
            person_key: ask
                .civil_no
                .as_ref()
                .map(|number| self.secrets.person_key(number)),
            subject: ask.civil_no.clone(),
            state: State::new(expires_at, self.options.max_attempts),
            request_id: None,
            created_at: now,
            expires_at,
            outcome: None,
            idempotency: idempotency(&ask),
            detail: Bytes::new(),
        };
        let token_digest = row.token;
        let live = Live::new(
            Some(Arc::clone(catalog)),
            Some(seed.token),
            Cell::new(row, detail),
        );
        // Known before it is sent: the callback can be faster than the reply.
        self.flows.insert(Arc::clone(&live), token_digest);
        let input = refused.map_or(Input::Begin, Input::Refuse);
        match self.drive(&live, input).await {
            Ok(()) => {}
            Err(CommitError::Duplicate(earlier)) => {
                self.flows.remove(live.id, &token_digest);
                let row = self.store.flow(earlier).await.map_err(unavailable)?;
                let row = row.ok_or_else(|| unavailable("a flow is missing"))?;
                return self.repeat(&row, &ask, service);
            }
            Err(error) => {
                self.flows.remove(live.id, &token_digest);
                return Err(unavailable(error));
            }
        }
        self.metrics.started(&service.service.id);
        let cell = live.cell.lock().await;
        Ok(Started {
            view: self.view_of(&cell.row, &cell.detail, Some(catalog)),
            repeated: false,
            notices: service.service.notices.clone(),
            return_url: cell.detail.return_url.clone(),
        })
    }
}

/// What a flow is given by chance.
struct Seed {
    flow: FlowId,
    token: CallbackToken,
    challenge: Challenge,
    additional_data: String,
}

impl Seed {
    fn draw(now: Timestamp) -> Result<Self, super::secrets::SecretsError> {
        Ok(Self {
            flow: FlowId::from_parts(now, random()?),
            token: CallbackToken::from_random(random()?),
            challenge: Challenge::from_random(random()?),
            // Not the flow's id: the authority learns nothing that is used elsewhere.
            additional_data: hex::encode(random::<16>()?),
        })
    }
}

fn check_inputs(
    service: &LoadedService,
    ask: &StartFlow,
) -> Result<BTreeMap<InputName, InputValue>, Problem> {
    service.service.check_inputs(&ask.inputs).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        problem(ProblemCode::InvalidInput, faults.join("; "))
    })
}

/// The client is part of the key: two clients can't meet in one.
fn idempotency(ask: &StartFlow) -> Option<(String, Digest)> {
    let key = ask.idempotency_key.as_ref()?;
    Some((format!("{}\n{key}", ask.client), ask.request_digest))
}

pub(crate) fn problem(code: ProblemCode, detail: impl Into<String>) -> Problem {
    Problem {
        code,
        detail: detail.into(),
        retry_after: None,
    }
}

pub(crate) fn unavailable(cause: impl std::fmt::Display) -> Problem {
    tracing::error!(%cause, "the store could not be used; a client is turned away");
    Problem {
        code: ProblemCode::StoreUnavailable,
        detail: "nothing can be recorded at the moment, so nothing was begun; try again shortly".to_owned(),
        retry_after: Some(2),
    }
}

/// A client's text as an answer may repeat it: only what could be the name of a service. A civil number that slipped
/// into the wrong member must not come back in an error and from there into somebody's log (law 13).
fn shown_name(text: &str) -> &str {
    if ServiceName::parse(text).is_ok() {
        text
    } else {
        "(not a name)"
    }
}
