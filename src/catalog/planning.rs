use super::Catalog;
use super::DecideAsk;
use super::LoadedService;
use super::PlanAnswer;
use super::PlanAsk;
use super::StepAsk;
use super::ending::policy_failed;
use crate::policy::Decision;
use crate::policy::OwnSettings;
use crate::policy::Place;
use crate::policy::Quieted;
use crate::policy::Refusal;
use crate::policy::Service;
use crate::policy::Then;
use crate::policy::render;
use crate::script::Facts;
use crate::script::Hook;
use crate::script::Ruling;
use crate::script::ScriptFault;
use crate::words::Outcome;
use crate::words::Text;
use crate::words::Timestamp;

impl Catalog {
    /// Plans a flow: the YAML's plan, tightened by the script (law 6). Pure, and quick enough to be called
    /// wherever the caller runs; blocks at most the budget of a script.
    ///
    /// Anything that goes wrong is a refusal (law 5); a service, capability or channel that the catalog does not
    /// have is one too.
    pub fn plan(&self, ask: &PlanAsk<'_>) -> PlanAnswer {
        let Some(loaded) = self.service(ask.service) else {
            let fault = ScriptFault::new(Place::default(), "the catalog has no such service");
            return refuse_for(None, fault);
        };
        loaded.plan(ask)
    }
}

impl LoadedService {
    /// Plans for this service; see [`Catalog::plan`].
    pub(crate) fn plan(&self, ask: &PlanAsk<'_>) -> PlanAnswer {
        let service = &self.service;
        let planned = match ask.step {
            Some(step) => service
                .plan_step(step.number, ask.inputs)
                .zip(step_place(service, &step)),
            None => {
                let settings = service.capability(ask.capability);
                let place = settings.map(|settings| settings.place.clone());
                service.plan(ask.capability, ask.inputs).zip(place)
            }
        };
        let Some((plan, place)) = planned else {
            let message = format!("the service does not declare `{}`", ask.capability);
            return refuse_for(Some(self), ScriptFault::new(self.place(), message));
        };
        if !service.channels.contains(&ask.channel) {
            let message = format!("the service is not offered on `{}`", ask.channel);
            return refuse_for(Some(self), ScriptFault::new(self.place(), message));
        }
        if self.quiet(ask).is_some_and(|(_, then)| then == Quieted::Refuse) {
            let decided = self.decide(&DecideAsk {
                plan: *ask,
                outcome: Outcome::QuietHours,
                person: None,
            });
            return PlanAnswer::Refuse {
                outcome: decided.outcome,
                decision: decided.decision,
                fault: decided.fault,
            };
        }
        let Some(script) = &self.script else {
            return PlanAnswer::Go(plan, place);
        };
        match script.call(Hook::Plan, &facts(ask)) {
            Ok(None) => PlanAnswer::Go(plan, place),
            Ok(Some(answer)) => match answer.ruling {
                Ruling::Tighten(tightening) => PlanAnswer::Go(plan.tighten(&tightening), answer.place),
                Ruling::Refuse(refusal) => PlanAnswer::Refuse {
                    outcome: Outcome::Refused,
                    decision: refused(refusal, ask, answer.place),
                    fault: None,
                },
                Ruling::Stop(_) | Ruling::Say(_) => {
                    let fault = ScriptFault::new(answer.place, "`fn plan` may not return this");
                    refuse_for(Some(self), fault)
                }
            },
            Err(fault) => refuse_for(Some(self), fault),
        }
    }

    /// Until when a notification that was planned now has to wait; `None` where it may leave at once.
    pub(crate) fn held_until(&self, ask: &PlanAsk<'_>) -> Option<Timestamp> {
        match self.quiet(ask) {
            Some((until, Quieted::Hold)) => Some(until),
            _ => None,
        }
    }

    /// The end of the quiet hours that last now, and what becomes of what is asked for.
    fn quiet(&self, ask: &PlanAsk<'_>) -> Option<(Timestamp, Quieted)> {
        let OwnSettings::Notify(settings) = &self.service.capability(ask.capability)?.own else {
            return None;
        };
        let hours = settings.quiet_hours?;
        Some((hours.until(ask.now)?, hours.then))
    }

    fn place(&self) -> Place {
        Place {
            file: self.service.file.clone(),
            line: 1,
            column: 1,
        }
    }
}

/// The decision of a refusal by policy: nothing goes on, and the person reads why.
pub(super) fn refused(refusal: Refusal, ask: &PlanAsk<'_>, rule: Place) -> Decision {
    Decision {
        then: Then::Stop,
        say: said(&refusal.say, ask),
        refusal: Some(refusal.code),
        rule,
    }
}

/// A text of a script, with `{input}` filled in as in YAML.
pub(super) fn said(text: &Text, ask: &PlanAsk<'_>) -> Text {
    render(text, ask.inputs)
}

/// What a script may read before anything is sent.
pub(super) fn facts<'a>(ask: &PlanAsk<'a>) -> Facts<'a> {
    Facts {
        capability: ask.capability,
        channel: ask.channel,
        locale: ask.locale,
        inputs: ask.inputs,
        now: ask.now,
        attempt: ask.attempt,
        step: ask.step.map_or("", |step| step.name),
        earlier: ask.step.and_then(|step| step.earlier),
        outcome: None,
        person: None,
    }
}

fn step_place(service: &Service, step: &StepAsk<'_>) -> Option<Place> {
    let step = service.journey.as_ref()?.steps.get(step.number)?;
    Some(step.place.clone())
}

fn refuse_for(loaded: Option<&LoadedService>, fault: ScriptFault) -> PlanAnswer {
    PlanAnswer::Refuse {
        outcome: Outcome::ErrorPolicy,
        decision: policy_failed(loaded, &fault),
        fault: Some(fault),
    }
}
