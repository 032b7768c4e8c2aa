use serde_json::Value;
use serde_json::json;

use crate::audit::FlowRow;
use crate::catalog::Catalog;
use crate::catalog::LoadedService;
use crate::connector::MadeSignature;
use crate::engine::FlowView;
use crate::engine::StepPlace;
use crate::engine::detail::Detail;
use crate::engine::inner::Inner;
use crate::engine::view::person_json;
use crate::policy::Journey;
use crate::policy::StepKind;
use crate::policy::render;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::Person;
use crate::words::ServiceName;
use crate::words::Text;

/// A journey as its client may see it.
#[derive(Clone)]
pub struct JourneyView {
    /// The id: that of its first flow.
    pub journey: FlowId,
    /// The client it belongs to.
    pub client: String,
    /// The service.
    pub service: ServiceName,
    /// The catalog that every step is pinned to.
    pub catalog: Digest,
    /// Whether it has ended, durably.
    pub ended: bool,
    /// Its steps that go to the authority, in order.
    pub steps: Vec<StepView>,
    /// The flow that runs, or the one with whose outcome the journey has ended.
    pub flow: FlowView,
    /// The declared fields that all steps together brought; only once the journey has ended approved.
    pub person: Option<Person>,
    /// The signature, where a step signed; under the same condition.
    pub signature: Option<MadeSignature>,
}

/// A step of a journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepView {
    /// Its name.
    pub step: String,
    /// What it asks of Mobile ID.
    pub capability: Capability,
    /// Its flow, once it has begun.
    pub flow: Option<FlowId>,
    /// How far it is.
    pub state: StepState,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// How far a step of a journey is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It has not begun.
    Ahead,
    /// It runs.
    Waiting,
    /// It has ended.
    Ended,
}

impl StepState {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Waiting => "waiting",
            Self::Ended => "ended",
        }
    }
}

impl Inner {
    /// The journey as one of its flows knows it: what came before, itself, and what is ahead. `None` for a flow by itself.
    pub(crate) fn journey_of(
        &self,
        row: &FlowRow,
        detail: &Detail,
        catalog: Option<&Catalog>,
    ) -> Option<JourneyView> {
        let part = detail.journey.as_ref()?;
        let service = catalog.and_then(|catalog| catalog.service(row.service.as_str()));
        let ended = part.ends && row.state.has_ended();
        let approved = ended && row.outcome == Some(Outcome::Approved);
        let person = approved.then(|| together(&part.earlier(), detail.person().as_ref()));
        let signature = detail.signature.as_ref().or(part.signature.as_ref());
        Some(JourneyView {
            journey: part.journey,
            client: detail.client.clone(),
            service: row.service.clone(),
            catalog: row.catalog,
            ended,
            steps: steps(
                row,
                detail,
                service.and_then(|loaded| loaded.service.journey.as_ref()),
            ),
            flow: self.view_of(row, detail, catalog),
            person,
            signature: signature.filter(|_| approved).cloned(),
        })
    }
}

impl JourneyView {
    /// How it ended.
    pub fn outcome(&self) -> Option<Outcome> {
        self.flow.outcome.filter(|_| self.ended)
    }

    /// The journey as JSON, as the API answers it and as the notice of its outcome carries it.
    ///
    /// Holds the declared fields of the person in clear: for the client that asked, and nobody else.
    pub fn to_json(&self) -> Value {
        let flow = self.flow.to_json();
        let of_flow = |key: &str| match self.ended {
            true => flow.get(key).cloned().unwrap_or_default(),
            false => Value::Null,
        };
        json!({
            "journey": self.journey,
            "service": self.service,
            "state": if self.ended { "ended" } else { "waiting" },
            "catalog": self.catalog,
            "steps": self.steps.iter().map(StepView::to_json).collect::<Vec<_>>(),
            "outcome": of_flow("outcome"),
            "decision": of_flow("decision"),
            "receipt": of_flow("receipt"),
            "person": self.person.as_ref().map(person_json),
            "signature": self.signature,
            "flow": self.flow.flow,
        })
    }
}

impl StepView {
    fn to_json(&self) -> Value {
        json!({
            "step": self.step,
            "capability": self.capability,
            "flow": self.flow,
            "state": self.state.as_str(),
            "outcome": self.outcome.map(Outcome::code),
        })
    }
}

/// Where a flow stands, counted over all steps that the person sees.
pub(crate) fn step_place(
    detail: &Detail,
    service: Option<&std::sync::Arc<LoadedService>>,
) -> Option<StepPlace> {
    let part = detail.journey.as_ref()?;
    let asks = service
        .and_then(|loaded| loaded.service.journey.as_ref())
        .map_or(0, |journey| {
            let asks = journey.asks(&detail.inputs).into_iter();
            asks.filter(|at| !journey.only_tells(*at)).count()
        });
    Some(StepPlace {
        journey: part.journey,
        name: part.name.clone(),
        number: part.passed.len() + 1,
        of: asks.max(part.passed.len() + 1),
        goes_on: part.next.is_some() && !part.ends,
    })
}

/// What the person has to agree to before the step asks them, by the names of the steps.
pub(crate) fn consents(
    detail: &Detail,
    service: Option<&std::sync::Arc<LoadedService>>,
) -> Vec<(String, Text)> {
    let journey = service.and_then(|loaded| loaded.service.journey.as_ref());
    let Some((journey, part)) = journey.zip(detail.journey.as_ref()) else {
        return Vec::new();
    };
    let inputs = &detail.inputs;
    journey
        .consents_before(part.step, inputs)
        .into_iter()
        .map(|(name, text)| (name.to_owned(), render(text, inputs)))
        .collect()
}

fn together(earlier: &Person, last: Option<&Person>) -> Person {
    let fields = earlier.fields().chain(last.into_iter().flat_map(Person::fields));
    Person::new(
        fields
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Vec<_>>(),
    )
}

fn steps(row: &FlowRow, detail: &Detail, journey: Option<&Journey>) -> Vec<StepView> {
    let Some((part, journey)) = detail.journey.as_ref().zip(journey) else {
        return Vec::new();
    };
    let of = |at: usize| -> Option<StepView> {
        let step = journey.steps.get(at)?;
        let StepKind::Ask(ask) = &step.kind else {
            return None;
        };
        let passed = part.passed.iter().find(|passed| passed.step == at);
        let (flow, state, outcome) = match passed {
            Some(passed) => (Some(passed.flow), StepState::Ended, Some(Outcome::Approved)),
            None if at == part.step && row.state.has_ended() => (Some(row.id), StepState::Ended, row.outcome),
            None if at == part.step => (Some(row.id), StepState::Waiting, None),
            None => (None, StepState::Ahead, None),
        };
        Some(StepView {
            step: step.name.clone(),
            capability: ask.capability,
            flow,
            state,
            outcome,
        })
    };
    journey.asks(&detail.inputs).into_iter().filter_map(of).collect()
}

/// What a notification told after the end belongs to the steps and to nothing else of the view.
pub(super) fn with_told(mut view: JourneyView, told: &JourneyView) -> JourneyView {
    view.steps.clone_from(&told.steps);
    view
}
