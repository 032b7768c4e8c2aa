use super::Catalog;
use super::DecideAsk;
use super::Decided;
use super::LoadedService;
use super::planning::facts;
use super::planning::refused;
use super::planning::said;
use crate::flow::State;
use crate::policy::Decision;
use crate::policy::Place;
use crate::policy::Then;
use crate::script::Answer;
use crate::script::Facts;
use crate::script::Hook;
use crate::script::Ruling;
use crate::script::ScriptFault;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::Text;

impl Catalog {
    /// Decides what follows from an outcome: what the YAML says, unless the script tightens it. Pure and quick.
    ///
    /// Nothing here turns anything into an approval, and anything that goes wrong is `error.policy` and a stop
    /// (laws 5 and 6).
    pub fn decide(&self, ask: &DecideAsk<'_>) -> Decided {
        match self.service(ask.plan.service) {
            Some(loaded) => loaded.decide(ask),
            None => failed(
                None,
                ScriptFault::new(Place::default(), "the catalog has no such service"),
            ),
        }
    }
}

impl LoadedService {
    /// Decides for this service; see [`Catalog::decide`].
    pub(crate) fn decide(&self, ask: &DecideAsk<'_>) -> Decided {
        let decision = self.by_yaml(ask);
        let asked = Decided {
            outcome: ask.outcome,
            decision,
            fault: None,
        };
        // A fault of the policy itself is not handed to the policy again, and trying again would fail again.
        if ask.outcome == Outcome::ErrorPolicy {
            let (then, say) = (Then::Stop, failure_text(Some(self)));
            let decision = Decision {
                then,
                say,
                ..asked.decision
            };
            return Decided { decision, ..asked };
        }
        let Some(script) = &self.script else {
            return asked;
        };
        let class = ask.outcome.class();
        let read = Facts {
            outcome: Some(ask.outcome),
            person: (class == OutcomeClass::Approved).then_some(ask.person).flatten(),
            ..facts(&ask.plan)
        };
        match script.call(Hook::Ending(class), &read) {
            Ok(None) => asked,
            Ok(Some(answer)) => self.tightened(&asked, answer, ask),
            Err(fault) => failed(Some(self), fault),
        }
    }

    /// What the YAML says, made safe whatever it says: only an approval goes on, and attempts come to an end.
    fn by_yaml(&self, ask: &DecideAsk<'_>) -> Decision {
        let mut decision = self.service.decide(ask.outcome, ask.plan.inputs);
        let approved = ask.outcome.class() == OutcomeClass::Approved;
        decision.then = match decision.then {
            Then::Continue if approved => Then::Continue,
            again @ (Then::Retry { attempts } | Then::StepUp { attempts })
                if !approved && ask.plan.attempt < attempts =>
            {
                again
            }
            _ => Then::Stop,
        };
        decision
    }

    fn tightened(&self, asked: &Decided, answer: Answer, ask: &DecideAsk<'_>) -> Decided {
        let Answer { ruling, place } = answer;
        let with = |then, text| Decided {
            outcome: asked.outcome,
            decision: Decision {
                then,
                say: said(&text, &ask.plan),
                refusal: None,
                rule: place.clone(),
            },
            fault: None,
        };
        match ruling {
            Ruling::Say(text) => with(asked.decision.then, text),
            Ruling::Stop(text) => with(Then::Stop, text),
            Ruling::Refuse(refusal) => Decided {
                outcome: Outcome::Refused,
                decision: refused(refusal, &ask.plan, place),
                fault: None,
            },
            Ruling::Tighten(_) => failed(
                Some(self),
                ScriptFault::new(place, "there is nothing to tighten once a flow has an outcome"),
            ),
        }
    }
}

impl Decided {
    /// The machine has the last word on the outcome; if it had to object, the decision is a refusal (law 6).
    #[must_use]
    pub fn agreed(self, state: &State) -> Self {
        match &state.ending {
            Some(ending) if ending.outcome != self.outcome => Self {
                outcome: ending.outcome,
                ..Self::stopped(Outcome::ErrorPolicy)
            },
            _ => self,
        }
    }

    /// The catalog of a flow is gone: nothing can be decided, so nothing is allowed (law 5). What has ended without an approval
    /// has ended so.
    pub fn without_catalog(outcome: Outcome) -> Self {
        Self::stopped(match outcome {
            Outcome::Approved => Outcome::ErrorCatalogLost,
            other => other,
        })
    }

    fn stopped(outcome: Outcome) -> Self {
        Self {
            outcome,
            decision: Decision {
                then: Then::Stop,
                say: outcome.text(),
                refusal: None,
                rule: Place::default(),
            },
            fault: None,
        }
    }
}

fn failed(loaded: Option<&LoadedService>, fault: ScriptFault) -> Decided {
    Decided {
        outcome: Outcome::ErrorPolicy,
        decision: policy_failed(loaded, &fault),
        fault: Some(fault),
    }
}

/// The decision when the policy itself failed.
pub(super) fn policy_failed(loaded: Option<&LoadedService>, fault: &ScriptFault) -> Decision {
    Decision {
        then: Then::Stop,
        say: failure_text(loaded),
        refusal: None,
        rule: fault.place.clone(),
    }
}

/// The service's own words for `error.policy`, or ours. Those for the class `error` may invite to try again.
fn failure_text(loaded: Option<&LoadedService>) -> Text {
    loaded
        .and_then(|loaded| loaded.service.outcomes.codes.get(&Outcome::ErrorPolicy))
        .map_or_else(|| Outcome::ErrorPolicy.text(), |response| response.say.clone())
}
