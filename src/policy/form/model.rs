use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::policy::Audience;
use crate::policy::DeclaredField;
use crate::policy::Organization;
use crate::policy::Sensitivity;
use crate::policy::Service;
use crate::policy::language;
use crate::policy::organization_json;
use crate::policy::write;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::ServiceName;
use crate::words::Text;

/// The subscription form, filled (R000-010 to R000-043).
#[derive(Clone, Debug)]
pub struct Form {
    /// The organization with its environments.
    pub organization: Organization,
    /// The e-services, one row each.
    pub services: Vec<FormService>,
}

/// One row of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormService {
    /// The name in files and the API.
    pub id: ServiceName,
    /// The name that citizens read.
    pub name: Text,
    /// What the service does; an unfilled cell is `None`.
    pub description: Option<Text>,
    /// What Mobile ID is integrated for.
    pub purpose: Text,
    /// Whom it is for.
    pub audience: Audience,
    /// How grave a mistake would be.
    pub sensitivity: Sensitivity,
    /// Where it is offered.
    pub channels: Vec<Channel>,
    /// The ticked capabilities, with the assurance of those that have one.
    pub capabilities: BTreeMap<Capability, Option<Assurance>>,
    /// The data of the person, each with its reason.
    pub fields: Vec<DeclaredField>,
}

impl Form {
    /// The form that describes these policies.
    pub fn of<'a>(organization: &Organization, services: impl IntoIterator<Item = &'a Service>) -> Self {
        Self {
            organization: organization.clone(),
            services: services.into_iter().map(FormService::of).collect(),
        }
    }

    /// The cells that nobody has filled, by the keys of the form.
    pub fn unfilled(&self) -> Vec<String> {
        let about = &self.organization;
        let mut cells: Vec<String> = [
            ("organization.address", about.address.is_none()),
            ("organization.website", about.website.is_none()),
            ("organization.logo", about.logo.is_none()),
        ]
        .into_iter()
        .filter(|(_, empty)| *empty)
        .map(|(cell, _)| cell.to_owned())
        .collect();
        cells.extend(
            self.services
                .iter()
                .filter(|service| service.description.is_none())
                .map(|service| format!("services.{}.description", service.id)),
        );
        cells
    }

    /// The form as JSON.
    pub fn to_json(&self) -> Value {
        let whole = organization_json(&self.organization);
        let part = |key: &str| whole.get(key).cloned().unwrap_or_default();
        json!({
            "form": 1,
            "organization": part("organization"),
            "environments": part("environments"),
            "services": self.services.iter().map(FormService::to_json).collect::<Vec<_>>(),
        })
    }

    /// The form as YAML, keys in the order of the form.
    pub fn to_yaml(&self) -> String {
        write::yaml(&self.to_json(), Some(language::FORM))
    }
}

impl FormService {
    /// The row that describes a service.
    pub fn of(service: &Service) -> Self {
        Self {
            id: service.id.clone(),
            name: service.name.clone(),
            description: service.description.clone(),
            purpose: service.purpose.clone(),
            audience: service.audience.clone(),
            sensitivity: service.sensitivity,
            channels: service.channels.iter().copied().collect(),
            capabilities: service
                .capabilities
                .iter()
                .map(|(capability, settings)| {
                    let has_level = !matches!(capability, Capability::VerifyQr | Capability::Notify);
                    (*capability, has_level.then_some(settings.assurance))
                })
                .collect(),
            fields: service.fields.clone(),
        }
    }

    fn to_json(&self) -> Value {
        let text = |text: &Text| json!({ "ar": text.ar, "en": text.en });
        let mut row = Map::new();
        row.insert("service".to_owned(), json!(self.id.as_str()));
        row.insert("name".to_owned(), text(&self.name));
        if let Some(description) = &self.description {
            row.insert("description".to_owned(), text(description));
        }
        row.insert("purpose".to_owned(), text(&self.purpose));
        row.insert(
            "audience".to_owned(),
            json!({ "who": text(&self.audience.who), "size": self.audience.size }),
        );
        row.insert("sensitivity".to_owned(), json!(self.sensitivity.as_str()));
        row.insert(
            "channels".to_owned(),
            self.channels.iter().map(|channel| channel.as_str()).collect(),
        );
        let capabilities: Map<String, Value> = self
            .capabilities
            .iter()
            .map(|(capability, level)| {
                let settings = match level {
                    Some(level) => json!({ "assurance": level.as_str() }),
                    None => json!({}),
                };
                (capability.to_string(), settings)
            })
            .collect();
        row.insert("capabilities".to_owned(), Value::Object(capabilities));
        let fields: Map<String, Value> = self
            .fields
            .iter()
            .map(|declared| {
                let mut cell = json!({ "reason": text(&declared.reason) });
                if !matches!(declared.field, crate::words::Field::Plain(_))
                    && let Some(cell) = cell.as_object_mut()
                {
                    cell.insert("from".to_owned(), json!(declared.field.source().as_str()));
                }
                (declared.field.name().to_string(), cell)
            })
            .collect();
        row.insert("fields".to_owned(), Value::Object(fields));
        Value::Object(row)
    }
}
