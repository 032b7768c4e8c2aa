use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::policy::Organization;
use crate::policy::Service;
use crate::policy::organization_json;
use crate::policy::service_json;

/// A service with the keys of its file, defaults filled in: as rulebooks and `explain` see it, so that no key of the
/// language can be forgotten here. Who signed or approved is told to have changed, and not to whom.
pub(super) fn service(service: &Service) -> Value {
    let mut meant = service_json(service);
    if let Value::Object(keys) = &mut meant {
        // Both are the same in any two files that are compared.
        keys.remove("midflow");
        keys.remove("service");
    }
    without_people(meant)
}

/// The organization with the keys of its file.
pub(super) fn organization(organization: &Organization) -> Value {
    let mut all = Map::new();
    if let Value::Object(parts) = organization_json(organization) {
        for (key, part) in parts {
            match (key.as_str(), part) {
                ("midflow", _) => {}
                ("organization", Value::Object(about)) => all.extend(about),
                (_, part) => {
                    all.insert(key, part);
                }
            }
        }
    }
    if let Some(Value::Object(contacts)) = all.get_mut("contacts") {
        for contact in contacts.values_mut() {
            *contact = hidden(contact);
        }
    }
    without_people(Value::Object(all))
}

/// The same with the names of people where they can be compared and not be read.
fn without_people(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| {
                    let value = if PEOPLE.contains(&key.as_str()) && value.is_string() {
                        hidden(&value)
                    } else {
                        without_people(value)
                    };
                    (key, value)
                })
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(without_people).collect(),
        value => value,
    }
}

fn hidden(value: &Value) -> Value {
    json!({ "hidden": value })
}

/// The keys whose values are names of people.
const PEOPLE: [&str; 2] = ["by", "signed_by"];
