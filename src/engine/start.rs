use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Problem;
use super::ProblemCode;
use super::StartFlow;
use super::Started;
use super::detail::Detail;
use super::detail::DocumentRef;
use super::inner::Inner;
use super::input::Input;
use super::journey::JourneyPart;
use super::journey::has_consents;
use super::journey::step_key;
use super::live::Cell;
use super::live::Live;
use super::live::Stage;
use super::notify_url::allowed;
use super::renew::Ready;
use super::seed::Seed;
use crate::audit::CommitError;
use crate::audit::Event;
use crate::audit::FlowRow;
use crate::audit::Record;
use crate::audit::RefusalRecord;
use crate::audit::Unit;
use crate::catalog::Catalog;
use crate::catalog::DecideAsk;
use crate::catalog::Decided;
use crate::catalog::LoadedService;
use crate::catalog::PlanAnswer;
use crate::catalog::PlanAsk;
use crate::connector::Matter;
use crate::flow::State;
use crate::policy::FirstContact;
use crate::policy::InputValue;
use crate::policy::Limit;
use crate::policy::Plan;
use crate::policy::PushRules;
use crate::policy::Service;
use crate::policy::Then;
use crate::store::Counted;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::InputName;
use crate::words::Outcome;
use crate::words::ServiceName;
use crate::words::Timestamp;

/// A flow that may begin: checked, counted, and with all that it needs.
pub(super) struct Beginning {
    pub(super) catalog: Arc<Catalog>,
    pub(super) service: Arc<LoadedService>,
    pub(super) ask: StartFlow,
    pub(super) inputs: BTreeMap<InputName, InputValue>,
    pub(super) try_number: u8,
    pub(super) matter: Matter,
    pub(super) document: Option<DocumentRef>,
    /// How midflow itself ends the flow before the policy is asked for a plan.
    pub(super) refused: Option<Outcome>,
    /// The key under which the start was counted.
    pub(super) counted_as: Option<Digest>,
    /// The journey that it is a step of, and the browser that has opened its page.
    pub(super) journey: Option<Box<JourneyPart>>,
    pub(super) browser: Option<Digest>,
}

impl Inner {
    /// Begins a flow: after this returns `Ok`, it is durable, and its request is on the way or was refused.
    pub(crate) async fn start(self: &Arc<Self>, ask: StartFlow) -> Result<Started, Problem> {
        match self.ready_to_begin(ask).await? {
            Ready::Begun(started) => Ok(*started),
            Ready::Go(ready) => self.begin(*ready, None).await,
        }
    }

    /// Checks everything that can be checked before anything is recorded, and counts the start.
    pub(super) async fn ready_to_begin(&self, ask: StartFlow) -> Result<Ready, Problem> {
        self.ready(self.catalogs.active(), ask, false).await
    }

    /// The same under a catalog; only in a journey does a service with steps begin a flow, since nobody may leave steps out.
    pub(super) async fn ready(
        &self,
        catalog: Arc<Catalog>,
        ask: StartFlow,
        in_journey: bool,
    ) -> Result<Ready, Problem> {
        if self.stop.is_cancelled() {
            return Err(problem(
                ProblemCode::ShuttingDown,
                "this node is shutting down; ask another",
            ));
        }
        if let Some(fault) = self.log.contradiction() {
            return Err(unavailable(fault));
        }
        let service = self.service(&catalog, &ask)?;
        if !in_journey && service.service.journey.is_some() {
            let detail = format!(
                "`{}` has steps, so it begins journeys: `POST /v1/journeys`",
                service.service.id
            );
            return Err(problem(ProblemCode::ServiceHasSteps, detail));
        }
        let key = idempotency(&ask.client, ask.idempotency_key.as_deref());
        if let Some(started) = self.repeated(key, ask.request_digest, &service).await? {
            return Ok(Ready::Begun(Box::new(started)));
        }
        let inputs = check_inputs(&service, &ask.inputs)?;
        self.check_texts(ask.capability, &service)?;
        let matter = Self::matter(&ask, &service, &inputs)?;
        self.check_urls(&ask)?;
        let document = match &ask.document {
            Some(token) => Some(self.document_of(&ask.client, token).await?),
            None => None,
        };
        let try_number = self.try_number(&ask).await?;
        let rules = catalog.organization().push_safety.rules(self.options.environment);
        let counted_as = self.counted_as(&ask);
        self.take_limits(&service, &ask, counted_as, &rules).await?;
        let refused = self
            .refused_beforehand(&service, ask.capability, counted_as, &rules)
            .await?;
        Ok(Ready::Go(Box::new(Beginning {
            refused,
            counted_as,
            catalog,
            service,
            ask,
            inputs,
            try_number,
            matter,
            document,
            journey: None,
            browser: None,
        })))
    }

    pub(super) fn service(&self, catalog: &Catalog, ask: &StartFlow) -> Result<Arc<LoadedService>, Problem> {
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
        if !declared.channels.contains(&ask.channel) {
            let detail = format!(
                "`{}` is not offered on the channel `{}`",
                declared.id, ask.channel
            );
            return Err(problem(ProblemCode::ChannelNotDeclared, detail));
        }
        self.check_members(ask)?;
        Ok(Arc::clone(service))
    }

    /// The flow that the same idempotency key began, if any.
    pub(super) async fn repeated(
        &self,
        key: Option<String>,
        request: Digest,
        service: &LoadedService,
    ) -> Result<Option<Started>, Problem> {
        let Some(key) = key else {
            return Ok(None);
        };
        let row = self.store.flow_by_idempotency(&key).await.map_err(unavailable)?;
        row.map(|row| self.repeat(&row, request, service)).transpose()
    }

    fn repeat(&self, row: &FlowRow, request: Digest, service: &LoadedService) -> Result<Started, Problem> {
        let same = row
            .idempotency
            .as_ref()
            .is_some_and(|(_, digest)| *digest == request);
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
            notices: Arc::clone(&service.service.notices),
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

    pub(super) async fn take_limits(
        &self,
        service: &LoadedService,
        ask: &StartFlow,
        person: Option<Digest>,
        rules: &PushRules,
    ) -> Result<(), Problem> {
        let declared = &service.service;
        let phone = rules.per_person.filter(|_| ask.capability.prompts());
        let now = self.clock.now();
        let counted = match self.store.shared() {
            Some(shared) => {
                let subjects = counted(declared, person, phone);
                let wait = shared.count_start(&subjects, now).await.map_err(unavailable)?;
                wait.map_or(Ok(()), Err)
            }
            None => {
                let limits = (&declared.limits, phone);
                self.starts.take(&declared.id, person, limits, now)
            }
        };
        let Err(wait) = counted else {
            return Ok(());
        };
        let record = Record {
            at: now,
            flow: None,
            subject: ask.civil_no.clone().into(),
            event: Event::Refusal(RefusalRecord {
                service: declared.id.to_string(),
                code: ProblemCode::TooManyRequests.as_str().to_owned(),
                detail: match phone {
                    Some(_) => format!("limits of {}, or push_safety of the organization", declared.file),
                    None => format!("limits of {}", declared.file),
                },
            }),
        };
        let unit = Unit {
            records: vec![record],
            ..Unit::default()
        };
        self.recorder.record(unit, ()).await.map_err(unavailable)?;
        Err(Problem {
            code: ProblemCode::TooManyRequests,
            detail:
                "a limit is reached, of the service or of what goes to this person's phone; nothing was sent"
                    .to_owned(),
            retry_after: Some(wait.as_secs().max(1)),
        })
    }

    /// Begins a flow, under an id that is known already or a new one.
    pub(super) async fn begin(
        self: &Arc<Self>,
        beginning: Beginning,
        id: Option<FlowId>,
    ) -> Result<Started, Problem> {
        let now = self.clock.now();
        let seed = Seed::draw(now, id).map_err(unavailable)?;
        let (planned, first) = self.planned(&beginning, now);
        let Beginning {
            catalog,
            service,
            ask,
            inputs,
            try_number,
            matter,
            document,
            refused: _,
            counted_as,
            journey,
            browser,
        } = beginning;
        let plan_ask = plan_ask(&service, &ask, &inputs, try_number, now);
        let is_first = journey.as_ref().is_none_or(|part| part.passed.is_empty());
        let key = match &journey {
            Some(part) if !is_first => Some(step_key(part)),
            _ => idempotency(&ask.client, ask.idempotency_key.as_deref()),
        };
        // Quiet hours hold a notification; what else is held waits for the person to confirm.
        let quiet_until = service.held_until(&plan_ask);
        let is_held = matches!(first, Input::Hold);
        let held_until = quiet_until.or_else(|| is_held.then(|| now.plus(TO_CONFIRM)));
        let waits = is_first && (!is_held || quiet_until.is_some());
        let expires_at = match (&planned, &first, held_until) {
            (_, Input::Hold, Some(until)) => until,
            // Nothing else comes after the reply: waiting for longer would help nobody.
            (Some(plan), ..) if is_answered_at_once(ask.capability) => now.plus(plan.expires_in.min(AT_ONCE)),
            (Some(plan), ..) => now.plus(plan.expires_in),
            (None, ..) => now,
        };
        let detail = Detail::new(
            &ask,
            inputs,
            planned,
            seed.challenge,
            seed.additional_data,
            now,
            try_number,
        )
        .blinded(seed.blinding)
        .in_journey(journey, browser);
        let detail = match (document, &first) {
            (Some(document), Input::Hold) => detail.holding(document, &seed.token),
            (None, Input::Hold) => detail.put_off(ask.template.clone(), &seed.token),
            _ => detail,
        };
        let row = FlowRow {
            id: seed.flow,
            version: 0,
            service: service.service.id.clone(),
            capability: ask.capability,
            catalog: catalog.digest(),
            token: seed.token.digest(),
            person_key: counted_as,
            subject: ask.civil_no.clone(),
            state: State::new(expires_at, self.options.max_attempts),
            request_id: None,
            created_at: now,
            expires_at,
            outcome: None,
            idempotency: key.map(|key| (key, ask.request_digest)),
            detail: Bytes::new(),
        };
        let live = Live::new(
            Some(Arc::clone(&catalog)),
            Some(seed.token),
            Cell::new(row, detail),
        );
        live.keep_matter(matter);
        // Nobody waits for the steps of a journey after the first.
        match self.write_new(&live, first, !is_first).await {
            Ok(()) => {}
            Err(CommitError::Duplicate(earlier)) => {
                let row = self.store.flow(earlier).await.map_err(unavailable)?;
                let row = row.ok_or_else(|| unavailable("a flow is missing"))?;
                return self.repeat(&row, ask.request_digest, &service);
            }
            Err(error) => return Err(unavailable(error)),
        }
        self.metrics.started(&service.service.id);
        if waits {
            self.wait_for_reply(&live, ask.capability, held_until).await;
        }
        let cell = live.cell.lock().await;
        Ok(Started {
            view: self.view_of(&cell.row, &cell.detail, Some(&catalog)),
            repeated: false,
            notices: Arc::clone(&service.service.notices),
            return_url: cell.detail.return_url.clone(),
        })
    }

    /// What the policy plans, and what happens to the flow first.
    fn planned(&self, beginning: &Beginning, now: Timestamp) -> (Option<Plan>, Input) {
        let ask = &beginning.ask;
        let part = beginning.journey.as_deref();
        let earlier = part.map(JourneyPart::earlier);
        let plan_ask = PlanAsk {
            step: part.map(|part| part.ask(earlier.as_ref())),
            ..plan_ask(
                &beginning.service,
                ask,
                &beginning.inputs,
                beginning.try_number,
                now,
            )
        };
        let consents = has_consents(&beginning.service, part, &beginning.inputs);
        let refuse = |decided| (None, Input::Refuse(Box::new(decided)));
        if let Some(outcome) = beginning.refused {
            return refuse(beginning.catalog.decide(&DecideAsk {
                plan: plan_ask,
                outcome,
                person: None,
            }));
        }
        match beginning.catalog.plan(&plan_ask) {
            PlanAnswer::Go(plan, _)
                if consents
                    || ask.capability == Capability::Sign
                    || beginning.service.held_until(&plan_ask).is_some() =>
            {
                (Some(plan), Input::Hold)
            }
            PlanAnswer::Go(plan, _) => (Some(plan), Input::Begin),
            PlanAnswer::Refuse {
                outcome,
                decision,
                fault,
            } => refuse(Decided {
                outcome,
                decision,
                fault,
            }),
        }
    }

    /// What midflow itself refuses before the policy is asked for a plan; the policy still says what follows.
    pub(super) async fn refused_beforehand(
        &self,
        service: &LoadedService,
        capability: Capability,
        counted_as: Option<Digest>,
        rules: &PushRules,
    ) -> Result<Option<Outcome>, Problem> {
        let now = self.clock.now();
        let Some(key) = counted_as else {
            return Ok(None);
        };
        if capability == Capability::VerifyQr {
            let first = self.starts.is_first(&service.service.id, key, now);
            return Ok((!first).then_some(Outcome::ReplayedQr));
        }
        if !capability.prompts() {
            return Ok(None);
        }
        let first_contact = service.service.first_contact();
        let needs_known = first_contact == FirstContact::Qr && capability == Capability::AuthPush;
        let past = self.past_of(key, needs_known, now).await.map_err(unavailable)?;
        Ok(rules.refuse(capability, first_contact, &past, now))
    }

    /// The key under which a start is counted: the person's, or the scanned code's.
    pub(super) fn counted_as(&self, ask: &StartFlow) -> Option<Digest> {
        match &ask.qr_data {
            Some(text) => Some(self.secrets.code_key(text)),
            None => ask
                .civil_no
                .as_ref()
                .map(|number| self.secrets.person_key(number)),
        }
    }

    /// Waits for what the e-service is going to show: the code, or how the flow has ended. Whoever can't wait for longer
    /// asks again; the flow goes on by itself.
    async fn wait_for_reply(&self, live: &Live, capability: Capability, held_until: Option<Timestamp>) {
        let wanted = match capability {
            Capability::AuthQr => Stage::Replied,
            Capability::VerifyQr | Capability::Notify if held_until.is_none() => Stage::Ended,
            _ => return,
        };
        let mut stage = live.stage.subscribe();
        tokio::select! {
            _ = stage.wait_for(|stage| *stage >= wanted) => {}
            () = tokio::time::sleep(LONGEST_REPLY) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// What the policy is asked before anything is sent.
fn plan_ask<'a>(
    service: &'a LoadedService,
    ask: &StartFlow,
    inputs: &'a BTreeMap<InputName, InputValue>,
    attempt: u8,
    now: Timestamp,
) -> PlanAsk<'a> {
    PlanAsk {
        service: service.service.id.as_str(),
        capability: ask.capability,
        channel: ask.channel,
        locale: ask.locale,
        inputs,
        now,
        attempt,
        step: None,
    }
}

/// Whether the reply to a request is all that ever comes.
pub(super) const fn is_answered_at_once(capability: Capability) -> bool {
    matches!(capability, Capability::VerifyQr | Capability::Notify)
}

/// What a start counts for: the service as a whole first, then the person there, then the person's phone. No name of a
/// service has a space in it, so nothing is counted under another's name.
fn counted(service: &Service, person: Option<Digest>, phone: Option<Limit>) -> Vec<Counted> {
    let limits = &service.limits;
    let whole = (service.id.to_string(), limits.per_service);
    let single = person.map(|key| {
        (
            format!("{} {}", service.id, hex::encode(key.as_bytes())),
            limits.per_person,
        )
    });
    let everywhere = person
        .zip(phone)
        .map(|(key, limit)| (format!("phone {}", hex::encode(key.as_bytes())), limit));
    std::iter::once(whole)
        .chain(single)
        .chain(everywhere)
        .map(|(subject, limit)| Counted {
            subject,
            count: limit.count,
            window: limit.window,
        })
        .collect()
}

pub(super) fn check_inputs(
    service: &LoadedService,
    passed: &serde_json::Map<String, serde_json::Value>,
) -> Result<BTreeMap<InputName, InputValue>, Problem> {
    service.service.check_inputs(passed).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        problem(ProblemCode::InvalidInput, faults.join("; "))
    })
}

/// The client is part of the key: two clients can't meet in one.
pub(super) fn idempotency(client: &str, key: Option<&str>) -> Option<String> {
    key.map(|key| format!("{client}\n{key}"))
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
pub(super) fn shown_name(text: &str) -> &str {
    if ServiceName::parse(text).is_ok() {
        text
    } else {
        "(not a name)"
    }
}

/// How long a document may be read before it is confirmed.
const TO_CONFIRM: Duration = Duration::from_secs(30 * 60);
/// How long a flow without a callback waits for its reply.
pub(super) const AT_ONCE: Duration = Duration::from_secs(60);
/// How long the start of a flow waits for a reply that the e-service is going to show.
const LONGEST_REPLY: Duration = Duration::from_secs(10);
