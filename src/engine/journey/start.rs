use std::collections::BTreeMap;
use std::sync::Arc;

use super::JourneyPart;
use crate::catalog::LoadedService;
use crate::engine::Problem;
use crate::engine::ProblemCode;
use crate::engine::StartFlow;
use crate::engine::Started;
use crate::engine::inner::Inner;
use crate::engine::renew::Ready;
use crate::engine::secrets::random;
use crate::engine::start::check_inputs;
use crate::engine::start::idempotency;
use crate::engine::start::problem;
use crate::engine::start::shown_name;
use crate::engine::start::unavailable;
use crate::policy::AskStep;
use crate::policy::InputValue;
use crate::policy::Journey;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::InputName;
use crate::words::Locale;

/// What an e-service asks for that wants a person to go through the steps of a service.
#[derive(Clone)]
pub struct StartJourney {
    /// The authenticated client that asks; journeys belong to it.
    pub client: String,
    /// The client's `Idempotency-Key`, if it sent one.
    pub idempotency_key: Option<String>,
    /// Digest of the client's request body, to tell a repeated request from another under the same key.
    pub request_digest: Digest,
    /// The name of the service.
    pub service: String,
    /// Where the person is.
    pub channel: Channel,
    /// The person's language.
    pub locale: Locale,
    /// The person to ask; may be left out where the first step shows a code.
    pub civil_no: Option<CivilNo>,
    /// What the e-service passes, unchecked; the service's declaration is the check.
    pub inputs: serde_json::Map<String, serde_json::Value>,
    /// Where the person goes afterwards.
    pub return_url: Option<String>,
    /// Where the notice of the journey's outcome goes.
    pub notify_url: Option<String>,
    /// The preview token of the document, where a step signs one.
    pub document: Option<String>,
}

impl StartJourney {
    /// A flow of its first step, which leaves the document to the step that signs it.
    #[must_use]
    pub fn into_flow(self, capability: Capability) -> StartFlow {
        StartFlow {
            client: self.client,
            idempotency_key: self.idempotency_key,
            request_digest: self.request_digest,
            service: self.service,
            capability,
            channel: self.channel,
            locale: self.locale,
            civil_no: self.civil_no,
            inputs: self.inputs,
            return_url: self.return_url,
            notify_url: self.notify_url,
            retry_of: None,
            renews: None,
            qr_data: None,
            document: None,
            template: None,
        }
    }
}

impl Inner {
    /// Begins a journey with its first step. What a later step would be refused for is refused now, while nobody has been
    /// asked for anything.
    pub(crate) async fn start_journey(self: &Arc<Self>, ask: StartJourney) -> Result<Started, Problem> {
        let catalog = self.catalogs.active();
        let Some(service) = catalog.service(&ask.service) else {
            let detail = format!(
                "there is no service `{}` in the active catalog",
                shown_name(&ask.service)
            );
            return Err(problem(ProblemCode::UnknownService, detail));
        };
        let Some(journey) = &service.service.journey else {
            let detail = format!(
                "`{}` has no `steps` in {}; begin a flow: `POST /v1/flows`",
                service.service.id, service.service.file
            );
            return Err(problem(ProblemCode::ServiceHasNoSteps, detail));
        };
        // What had begun before is answered as it was, whatever has changed since.
        let key = idempotency(&ask.client, ask.idempotency_key.as_deref());
        if let Some(started) = self.repeated(key, ask.request_digest, service).await? {
            return Ok(started);
        }
        // The inputs say which steps there are, so they are looked at before the flow is.
        let inputs = check_inputs(service, &ask.inputs)?;
        let at = journey
            .first(&inputs)
            .ok_or_else(|| unavailable("a journey without steps"))?;
        let (step, name) = named(journey, at)?;
        self.check_steps(&ask, service, journey, &inputs)?;
        let document = match &ask.document {
            Some(token) => Some(self.document_of(&ask.client, token).await?),
            None => None,
        };
        let first = ask.into_flow(step.capability);
        let mut beginning = match self.ready(Arc::clone(&catalog), first, true).await? {
            Ready::Begun(started) => return Ok(*started),
            Ready::Go(beginning) => beginning,
        };
        let now = self.clock.now();
        let id = FlowId::from_parts(now, random().map_err(unavailable)?);
        beginning.journey = Some(Box::new(JourneyPart::first(id, (at, name), document)));
        self.begin(*beginning, Some(id)).await
    }

    /// Checks that no step lacks what only the e-service can give.
    fn check_steps(
        &self,
        ask: &StartJourney,
        service: &LoadedService,
        journey: &Journey,
        inputs: &BTreeMap<InputName, InputValue>,
    ) -> Result<(), Problem> {
        let mut signs = None;
        for at in journey.asks(inputs) {
            let (step, name) = named(journey, at)?;
            match step.capability {
                Capability::Sign => signs = Some(name),
                Capability::Notify => self.check_texts(Capability::Notify, service)?,
                // R000-075: nobody can scan a code with the phone that shows it.
                Capability::AuthQr if ask.channel.is_mobile() && !self.connector.opens_app() => {
                    let detail = format!(
                        "the step `{name}` shows a code, and this node has no link that opens the app"
                    );
                    return Err(problem(ProblemCode::QrNotOnMobile, detail));
                }
                Capability::AuthQr | Capability::AuthPush | Capability::VerifyQr => {}
            }
        }
        match (signs, &ask.document) {
            (Some(step), None) => Err(problem(
                ProblemCode::InvalidRequest,
                format!("`document` is missing; the step `{step}` signs it"),
            )),
            (None, Some(_)) => Err(problem(
                ProblemCode::InvalidRequest,
                "no step signs anything with these inputs; leave `document` out",
            )),
            _ => Ok(()),
        }
    }
}

fn named(journey: &Journey, at: usize) -> Result<(&AskStep, &str), Problem> {
    let step = journey.steps.get(at);
    step.and_then(|step| Some((step.as_ask()?, step.name.as_str())))
        .ok_or_else(|| unavailable("a journey lacks a step"))
}
