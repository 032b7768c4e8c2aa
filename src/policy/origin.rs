//! Where each value of a service as meant comes from: its file, the defaults, or the language.

use serde_json::Map;
use serde_json::Value;

use super::Defaults;
use super::Place;
use super::Service;
use super::defaults::merged_tree;
use super::language;
use super::language::Key;
use super::language::Shape;
use super::service_json;
use super::yaml::Layer;
use crate::words::FieldSource;
use crate::words::OutcomeClass;

/// One value of a service as meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Meant {
    /// The key, as `capabilities.auth_push.expires_in`.
    pub path: String,
    /// The value.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The service file says it here.
    Service(Place),
    /// `policies/defaults.yaml` says it here.
    Defaults(Place),
    /// Nobody says it; the language means it.
    BuiltIn,
}

/// Every value of a service, in the order of the reference page, each with its origin.
///
/// The text is the one that the service was read from. It is parsed again, so that services which nobody asks about
/// don't pay for it.
pub fn meant_service(service: &Service, text: &str, defaults: Option<&Defaults>) -> Vec<Meant> {
    let tree = merged_tree(text, defaults);
    let mut out = Vec::new();
    flatten(
        &service_json(service),
        Some(language::SERVICE),
        String::new(),
        &mut |path, value| {
            let at = tree.as_ref().and_then(|tree| tree.find(&path));
            let origin = match at {
                None => Origin::BuiltIn,
                Some(span) => {
                    let place = |file: &str| Place {
                        file: file.to_owned(),
                        line: span.start.line,
                        column: span.start.column,
                    };
                    match (span.layer, defaults) {
                        (Layer::Defaults, Some(defaults)) => Origin::Defaults(place(defaults.file())),
                        _ => Origin::Service(place(&service.file)),
                    }
                }
            };
            out.push(Meant {
                path,
                value: value.clone(),
                origin,
            });
        },
    );
    out
}

/// Goes down to what is one value for people: texts in both languages and lists stay whole.
fn flatten(
    value: &Value,
    keys: Option<&'static [Key]>,
    path: String,
    found: &mut impl FnMut(String, &Value),
) {
    match value {
        Value::Object(map) if !(map.contains_key("ar") && map.contains_key("en")) => {
            for (key, value) in in_order(map, keys) {
                let below = if path.is_empty() {
                    key.to_owned()
                } else {
                    format!("{path}.{key}")
                };
                flatten(value, keys_below(keys, key), below, found);
            }
        }
        value => found(path, value),
    }
}

/// The entries of a map in the order of the language; names of the author's own in their own.
pub(super) fn in_order<'v>(
    map: &'v Map<String, Value>,
    keys: Option<&'static [Key]>,
) -> Vec<(&'v str, &'v Value)> {
    let place = |name: &str| {
        let known = keys.and_then(|keys| keys.iter().position(|key| key.name == name));
        let class = OutcomeClass::ALL.iter().position(|class| class.as_str() == name);
        let field = FieldSource::ALL.iter().position(|source| source.as_str() == name);
        known.or(class).or(field).unwrap_or(usize::MAX)
    };
    let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_by_key(|(key, _)| place(key));
    entries
}

/// The keys of the map that stands below a key; `None` where names are the author's own.
pub(super) fn keys_below(keys: Option<&'static [Key]>, name: &str) -> Option<&'static [Key]> {
    let shape = match keys {
        Some(keys) => &keys.iter().find(|key| key.name == name)?.shape,
        None => return None,
    };
    keys_of(shape)
}

/// The keys that a shape has, through lists.
pub(super) fn keys_of(shape: &'static Shape) -> Option<&'static [Key]> {
    match shape {
        Shape::Map(keys) => Some(keys),
        Shape::List(of) => keys_of(of),
        Shape::Either(shapes) => shapes.iter().find_map(keys_of),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::read_defaults;
    use crate::policy::read_service_with;
    use serde_json::json;

    const FILE: &str = "policies/services/licence-renewal.yaml";
    const SERVICE: &str = include_str!("read/fixtures/licence-renewal.yaml");

    // Each value says where it comes from: the service, the defaults, or the language itself.
    #[test]
    fn every_value_has_its_origin() {
        let text = SERVICE.replace(
            "retention: { evidence: 10y, personal_data: 90d }",
            "retention: { evidence: 10y }",
        );
        let text = text.replace("    expires_in: 5m\n", "");
        let shared = "midflow: 1\ndefaults:\n  retention: { evidence: 2y, personal_data: 30d }\n";
        let (defaults, found) = read_defaults("policies/defaults.yaml", shared);
        assert!(found.is_empty(), "{found:?}");
        let (service, found) = read_service_with(FILE, &text, defaults.as_ref());
        assert!(found.is_empty(), "{found:?}");
        let meant = meant_service(&service.unwrap(), &text, defaults.as_ref());
        let one = |path: &str| {
            let found = meant.iter().find(|meant| meant.path == path).unwrap();
            let origin = match &found.origin {
                Origin::Service(place) => format!("service {}", place.line),
                Origin::Defaults(place) => format!("{}:{}", place.file, place.line),
                Origin::BuiltIn => "built in".to_owned(),
            };
            (found.value.clone(), origin)
        };
        assert_eq!(one("retention.evidence"), (json!("10y"), "service 36".to_owned()));
        assert_eq!(
            one("retention.personal_data"),
            (json!("30d"), "policies/defaults.yaml:3".to_owned())
        );
        assert_eq!(
            one("capabilities.auth_push.expires_in"),
            (json!("5m"), "built in".to_owned())
        );
        assert_eq!(one("outcomes.other.not_enrolled.then").1, "service 26");
        assert_eq!(
            one("name").0,
            json!({ "ar": "تجديد رخصة القيادة", "en": "Driving licence renewal" })
        );
    }
}
