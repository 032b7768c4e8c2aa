use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Input;
use super::Journey;
use super::Place;
use super::Service;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Field;
use crate::words::InputName;

/// What a script has to know of its service: what it may read, by name.
///
/// It can be had from a service file with mistakes too, so that the mistakes of its script are found in the same
/// run. What could not be read there is `None`, and nothing is said about it.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// The name of the service, as messages call it.
    pub service: String,
    /// The script, and where it is named.
    pub script: Option<(String, Place)>,
    /// The names of the declared inputs.
    pub inputs: Option<Vec<InputName>>,
    /// The declared fields of the person.
    pub fields: Option<Vec<Field>>,
    /// What is only told of a service that could be read as a whole.
    pub whole: Option<Whole>,
}

/// What a script can compare values with.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The inputs with their kinds.
    pub inputs: BTreeMap<InputName, Input>,
    /// Where the service is offered.
    pub channels: BTreeSet<Channel>,
    /// What the service may ask for.
    pub capabilities: BTreeSet<Capability>,
    /// The names of the steps that go to the authority, if it has steps.
    pub steps: Vec<String>,
}

impl Outline {
    /// The outline of a service that could be read.
    pub fn of(service: &Service) -> Self {
        Self {
            service: service.id.to_string(),
            script: service.script.clone().zip(service.script_place.clone()),
            inputs: Some(service.inputs.keys().cloned().collect()),
            fields: Some(
                service
                    .fields
                    .iter()
                    .map(|declared| declared.field.clone())
                    .collect(),
            ),
            whole: Some(Whole {
                inputs: service.inputs.clone(),
                channels: service.channels.clone(),
                capabilities: service.capabilities.keys().copied().collect(),
                steps: service
                    .journey
                    .iter()
                    .flat_map(Journey::names)
                    .map(str::to_owned)
                    .collect(),
            }),
        }
    }

    /// Whether the service is known not to declare an input.
    pub fn lacks_input(&self, name: &str) -> bool {
        self.inputs
            .as_ref()
            .is_some_and(|inputs| inputs.iter().all(|input| input.as_str() != name))
    }

    /// Whether the service is known not to declare a field.
    pub fn lacks_field(&self, field: &Field) -> bool {
        self.fields.as_ref().is_some_and(|fields| !fields.contains(field))
    }
}
