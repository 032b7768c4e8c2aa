//! The plan, value by value: where the service says it, and what the script made of it.

use super::case::Case;
use super::model::Planned;
use super::model::PlannedValue;
use super::policy::rule_line;
use crate::engine::replay::Answers;
use crate::policy::Meant;
use crate::policy::Origin;
use crate::policy::Place;
use crate::policy::Plan;
use crate::policy::format_duration;

impl Case<'_> {
    /// The recorded plan beside what the service says; `answers` is what the catalog answers.
    pub(super) fn planned(&self, answers: Option<&Answers>) -> Planned {
        let service = &self.loaded.service;
        let declared = service.plan(self.row.capability, &self.detail.inputs);
        let meant = self.catalog.meant(self.row.service.as_str()).unwrap_or_default();
        let rule = answers.map(|answers| match &answers.plan {
            Ok((_, place)) => place.clone().unwrap_or_default(),
            Err((_, decision)) => decision.rule.clone(),
        });
        Planned {
            sent: self.detail.plan.is_some(),
            values: declared
                .map(|declared| self.values(&declared, self.detail.plan.as_ref(), &meant))
                .unwrap_or_default(),
            rule: rule.and_then(|place| rule_line(&place, Some(self.catalog))),
            compared: self.traced_plan(),
        }
    }

    /// Each value as it was sent. A flow that was refused before has only what the service says.
    fn values(&self, declared: &Plan, sent: Option<&Plan>, meant: &[Meant]) -> Vec<PlannedValue> {
        let sent = sent.unwrap_or(declared);
        let capability = format!("capabilities.{}", self.row.capability);
        let place = |key: &str| place(meant, &format!("{capability}.{key}"));
        let value = |what: &str, was: String, now: String, declared: Option<Place>| PlannedValue {
            what: what.to_owned(),
            before: (was != now).then_some(was),
            value: now,
            declared,
        };
        let mut values = vec![
            value(
                "assurance",
                declared.assurance.to_string(),
                sent.assurance.to_string(),
                place("assurance"),
            ),
            value(
                "expires_in",
                format_duration(declared.expires_in),
                format_duration(sent.expires_in),
                place("expires_in"),
            ),
            value("reason", String::new(), String::new(), place("reason")),
        ];
        values.extend(self.loaded.service.fields.iter().map(|field| {
            let kept = sent.fields.contains(&field.field);
            PlannedValue {
                what: field.field.name().to_string(),
                value: if kept { "asked" } else { "dropped" }.to_owned(),
                before: (!kept).then(|| "asked".to_owned()),
                declared: Some(field.place.clone()),
            }
        }));
        values
    }
}

/// Where a key stands; a text in two languages stands where its first language does.
fn place(meant: &[Meant], path: &str) -> Option<Place> {
    let found = meant.iter().find(|meant| meant.path == path)?;
    match &found.origin {
        Origin::Service(place) | Origin::Defaults(place) => Some(place.clone()),
        Origin::BuiltIn => None,
    }
}
