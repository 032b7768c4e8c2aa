use super::reader::Reader;
use crate::policy::Outline;
use crate::policy::language;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Value;
use crate::words::Field;
use crate::words::InputName;

/// Reads off a file with mistakes what its script has to know. Nothing is reported here: that has been done.
pub(super) fn outline(reader: &Reader<'_>, service: &str, root: &Node) -> Outline {
    let Value::Map(entries) = &root.value else {
        return Outline {
            service: service.to_owned(),
            ..Outline::default()
        };
    };
    // A key that is misspelt may be any of those that are missing, so what is missing is unknown then.
    let all_known = entries
        .iter()
        .all(|entry| language::SERVICE.iter().any(|key| key.name == entry.key));
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    let names = |key: &str| match find(key).map(|entry| &entry.node.value) {
        Some(Value::Map(entries)) => Some(entries.as_slice()),
        None if all_known => Some(&[][..]),
        _ => None,
    };
    let script = find("script").and_then(|entry| match &entry.node.value {
        Value::Scalar(scalar) if scalar.text.ends_with(".rhai") && !scalar.text.contains('/') => {
            Some((scalar.text.clone(), reader.place(entry.node.span)))
        }
        _ => None,
    });
    let input = |entry: &Entry| InputName::parse(&entry.key).ok();
    let field = |entry: &Entry| Field::parse(&entry.key).ok();
    Outline {
        service: service.to_owned(),
        script,
        inputs: names("inputs").and_then(|entries| entries.iter().map(input).collect()),
        fields: names("fields").and_then(|entries| entries.iter().map(field).collect()),
        whole: None,
    }
}
