use std::sync::Arc;
use std::time::Duration;

use crate::audit::DeliveryRow;
use crate::audit::FlowRow;
use crate::audit::Recorded;
use crate::catalog::LoadedService;
use crate::connector::Matter;
use crate::engine::Problem;
use crate::engine::ProblemCode;
use crate::engine::StartFlow;
use crate::engine::detail::Detail;
use crate::engine::inner::Inner;
use crate::engine::input::Input;
use crate::engine::live::Live;
use crate::engine::start::Beginning;
use crate::engine::start::unavailable;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;

impl Inner {
    /// Begins the step that follows a flow whose ending is durable, and then tells the e-service if the journey has ended.
    /// Until both are done the flow stays open, and whoever recovers it does them again.
    pub(crate) fn begin_next(
        self: &Arc<Self>,
        live: &Arc<Live>,
        next: Recorded<FlowId>,
        notice: Option<Recorded<DeliveryRow>>,
    ) {
        let (inner, live) = (Arc::clone(self), Arc::clone(live));
        self.spawn(async move {
            let mut pause = FIRST_PAUSE;
            let mut counted = None;
            while let Err(error) = inner.next_step(&live, &next, &mut counted).await {
                tracing::error!(flow = %live.id, %error, "the next step of a journey could not begin; trying again");
                tokio::select! {
                    () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                    () = inner.stop.cancelled() => return,
                }
            }
            match notice {
                Some(notice) => tokio::select! {
                    () = inner.deliver_until_done(&live, notice) => {}
                    () = inner.stop.cancelled() => {}
                },
                None => inner.drive_to_the_end(&live, || Input::HandedOn).await,
            }
        });
    }

    /// Begins the step that follows, unless it has begun. `counted` is what limits said when it was first tried: a step that
    /// can't be written for a while is one start, however often it is tried.
    pub(super) async fn next_step(
        self: &Arc<Self>,
        live: &Arc<Live>,
        next: &Recorded<FlowId>,
        counted: &mut Option<Option<Outcome>>,
    ) -> Result<(), Problem> {
        let next = **next;
        let (row, detail) = {
            let cell = live.cell.lock().await;
            (Arc::clone(&cell.row), Arc::clone(&cell.detail))
        };
        let Some(part) = detail.journey.as_ref() else {
            return Ok(());
        };
        if let Some(begun) = self.live_by_id(next).await.map_err(unavailable)? {
            // One that is in memory may still be about to become durable; what is owed is done only then.
            if begun.cell.lock().await.row.version > 0 {
                return Ok(());
            }
            return Err(unavailable("the next step is about to begin"));
        }
        let pinned = live.catalog.as_ref();
        let pinned = pinned.and_then(|catalog| Some((catalog, catalog.service(row.service.as_str())?)));
        let Some((catalog, service)) = pinned else {
            // The journey has ended and only the notification after it is lost: its notice must not wait for that.
            if part.ends {
                tracing::error!(flow = %live.id, "the catalog of a journey is gone; the notification after its end is not sent");
                return Ok(());
            }
            tracing::error!(flow = %live.id, "the catalog of a journey is gone, so the journey ends; run the version that loads it");
            return self.end_without_catalog(&row, &detail, next).await;
        };
        let journey = service.service.journey.as_ref();
        let at = journey.and_then(|journey| journey.after(part.step, true, &detail.inputs).begins);
        let step = journey.zip(at).and_then(|(journey, at)| {
            let step = journey.steps.get(at)?;
            Some((at, step.name.as_str(), step.as_ask()?))
        });
        let (at, name, step) = step.ok_or_else(|| unavailable("a journey lacks a step"))?;
        let part = detail.handed_on(row.id, at, name);
        let document = part
            .as_ref()
            .filter(|_| step.capability == Capability::Sign)
            .and_then(|part| part.document.clone());
        let ask = step_of(&row, &detail, step.capability, step.template.as_ref());
        let matter = Self::matter(&ask, service, &detail.inputs);
        let lacks = step.capability == Capability::Sign && document.is_none() || ask.civil_no.is_none();
        let counted_as = self.counted_as(&ask);
        let refused = match matter {
            Ok(_) if !lacks => match *counted {
                Some(refused) => refused,
                None => *counted.insert(self.refused_step(service, &ask, counted_as, catalog).await?),
            },
            _ => Some(Outcome::ErrorPolicy),
        };
        let beginning = Beginning {
            catalog: Arc::clone(catalog),
            service: Arc::clone(service),
            ask,
            inputs: detail.inputs.clone(),
            try_number: detail.try_number,
            matter: matter.unwrap_or(Matter::Nothing),
            document,
            refused,
            counted_as,
            journey: part.map(Box::new),
            browser: detail.browser,
        };
        self.begin(beginning, Some(next)).await.map(drop)
    }

    /// How midflow itself ends the step before its policy is asked: at a limit, or because of what the person has declined.
    async fn refused_step(
        &self,
        service: &LoadedService,
        ask: &StartFlow,
        counted_as: Option<Digest>,
        catalog: &crate::catalog::Catalog,
    ) -> Result<Option<Outcome>, Problem> {
        let rules = catalog.organization().push_safety.rules(self.options.environment);
        match self.take_limits(service, ask, counted_as, &rules).await {
            Ok(()) => {
                self.refused_beforehand(service, ask.capability, counted_as, &rules)
                    .await
            }
            Err(problem) if problem.code == ProblemCode::TooManyRequests => {
                Ok(Some(Outcome::TooManyRequests))
            }
            Err(problem) => Err(problem),
        }
    }
}

/// What a step of a journey asks for, as if the e-service had asked: all of it comes from the step before.
pub(super) fn step_of(
    before: &FlowRow,
    detail: &Detail,
    capability: Capability,
    template: Option<&String>,
) -> StartFlow {
    StartFlow {
        client: detail.client.clone(),
        idempotency_key: None,
        request_digest: Digest::of(b""),
        service: before.service.to_string(),
        capability,
        channel: detail.channel,
        locale: detail.locale,
        // Law 4 goes for the journey as well: whoever was authenticated is who is asked from then on.
        civil_no: before.subject.clone(),
        inputs: serde_json::Map::new(),
        return_url: detail.return_url.clone(),
        notify_url: detail.notify_url.clone(),
        retry_of: None,
        renews: None,
        qr_data: None,
        document: None,
        template: template.cloned(),
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
