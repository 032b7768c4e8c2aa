use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use crate::catalog::LoadedService;
use crate::catalog::StepAsk;
use crate::connector::MadeSignature;
use crate::engine::detail::DocumentRef;
use crate::policy::InputValue;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::FieldName;
use crate::words::FieldValue;
use crate::words::FlowId;
use crate::words::InputName;
use crate::words::Person;
use crate::words::Pii;
use crate::words::Timestamp;

/// What a flow knows of the journey that it is a step of. Part of its detail, so it is sealed where that is; holds personal
/// data and has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct JourneyPart {
    /// The journey, by the id of its first flow.
    pub(crate) journey: FlowId,
    /// Which step of the service file it is, from 0.
    pub(crate) step: usize,
    /// The name of the step.
    pub(crate) name: String,
    /// The steps before it, all approved, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) passed: Vec<PassedStep>,
    /// The flow of the next step; known with the ending, and from then on it begins, whatever happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<FlowId>,
    /// What that step is, for whoever can't ask the catalog any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owed: Option<OwedStep>,
    /// Whether the journey has ended with the outcome of this flow; known with the ending.
    #[serde(default)]
    pub(crate) ends: bool,
    /// What a later step signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<DocumentRef>,
    /// The signature that an earlier step made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<MadeSignature>,
    /// The declared fields that earlier steps brought.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    earlier: BTreeMap<FieldName, FieldValue>,
}

/// The step that follows a flow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwedStep {
    /// Its number in the service file, from 0.
    pub(crate) step: usize,
    /// Its name.
    pub(crate) name: String,
    /// What it asks for.
    pub(crate) capability: Capability,
}

impl OwedStep {
    /// What is known of the step after another where nobody has written it down: that it comes after it.
    pub(super) fn after(part: &JourneyPart, capability: Capability) -> Self {
        Self {
            step: part.step + 1,
            name: "unknown".to_owned(),
            capability,
        }
    }
}

/// A step that was approved.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PassedStep {
    /// Its number in the service file, from 0.
    pub(crate) step: usize,
    /// Its flow.
    pub(crate) flow: FlowId,
}

impl JourneyPart {
    /// The first step.
    pub(crate) fn first(journey: FlowId, (step, name): (usize, &str), document: Option<DocumentRef>) -> Self {
        Self {
            journey,
            step,
            name: name.to_owned(),
            passed: Vec::new(),
            next: None,
            owed: None,
            ends: false,
            document,
            signature: None,
            earlier: BTreeMap::new(),
        }
    }

    /// The step after this one, whose flow was approved and brought these fields.
    pub(crate) fn then(
        &self,
        flow: FlowId,
        (step, name): (usize, &str),
        person: Option<&BTreeMap<FieldName, FieldValue>>,
        signature: Option<&MadeSignature>,
    ) -> Self {
        let mut earlier = self.earlier.clone();
        earlier.extend(
            person
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        let mut passed = self.passed.clone();
        passed.push(PassedStep {
            step: self.step,
            flow,
        });
        Self {
            journey: self.journey,
            step,
            name: name.to_owned(),
            passed,
            next: None,
            owed: None,
            ends: false,
            document: self.document.clone(),
            signature: signature.or(self.signature.as_ref()).cloned(),
            earlier,
        }
    }

    /// The step as a catalog is asked about it; `earlier` is [`JourneyPart::earlier`].
    pub(crate) fn ask<'a>(&'a self, earlier: Option<&'a Person>) -> StepAsk<'a> {
        StepAsk {
            number: self.step,
            name: &self.name,
            earlier,
        }
    }

    /// What earlier steps brought of the person.
    pub(crate) fn earlier(&self) -> Person {
        let fields = self.earlier.iter();
        Person::new(fields.map(|(name, value)| (name.clone(), Pii::new(value.clone()))))
    }
}

/// The id of the flow that follows in a journey. It is made from the one before and the moment of its ending, so that whoever
/// begins the step begins the same flow; it tells nobody anything, since the address of a page needs more than the id.
pub(crate) fn id_of_next(flow: FlowId, ended_at: Timestamp) -> FlowId {
    let digest = Digest::of(format!("next step of {flow} at {}", ended_at.as_micros()).as_bytes());
    let mut random = [0; 10];
    for (to, from) in random.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    FlowId::from_parts(ended_at, random)
}

/// Whether the person has to agree to something before the step asks them.
pub(crate) fn has_consents(
    service: &LoadedService,
    part: Option<&JourneyPart>,
    inputs: &BTreeMap<InputName, InputValue>,
) -> bool {
    let journey = service.service.journey.as_ref().zip(part);
    journey.is_some_and(|(journey, part)| !journey.consents_before(part.step, inputs).is_empty())
}

/// The key under which a step of a journey begins once, whoever begins it. No client has an empty name, so it is nobody's.
pub(crate) fn step_key(part: &JourneyPart) -> String {
    format!("\n{}/{}", part.journey, part.step)
}
