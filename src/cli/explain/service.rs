use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use crate::policy::Meant;
use crate::policy::Origin;
use crate::policy::Place;

/// Every value of a service, and where it comes from.
pub(super) fn page(name: &str, file: &str, values: &[Meant]) -> String {
    let mut out = format!("{name} as midflow means it; a bare line number is of {file}\n\n");
    let shown: Vec<(String, String)> = values
        .iter()
        .map(|meant| (shown(&meant.value), origin(&meant.origin, file)))
        .collect();
    let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
    let paths = widest(&mut values.iter().map(|meant| meant.path.chars().count()));
    let origins = widest(&mut shown.iter().map(|(_, origin)| origin.chars().count()));
    for (meant, (value, origin)) in values.iter().zip(&shown) {
        // Arabic stands last, so that no terminal turns the rest of the line around.
        let _ = writeln!(out, "{:paths$}  {origin:origins$}  {value}", meant.path);
    }
    out
}

/// The same as data.
pub(super) fn json(name: &str, file: &str, values: &[Meant]) -> Value {
    let values: Vec<Value> = values
        .iter()
        .map(|meant| {
            let (from, place) = match &meant.origin {
                Origin::Service(place) => ("service", Some(place)),
                Origin::Defaults(place) => ("defaults", Some(place)),
                Origin::BuiltIn => ("built_in", None),
            };
            let place = place.map(
                |place: &Place| json!({ "file": place.file, "line": place.line, "column": place.column }),
            );
            json!({ "path": meant.path, "value": meant.value, "origin": { "from": from, "place": place } })
        })
        .collect();
    json!({ "service": name, "file": file, "values": values })
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\n', " "),
        other => other.to_string(),
    }
}

fn origin(origin: &Origin, file: &str) -> String {
    match origin {
        Origin::Service(place) if place.file == file => place.line.to_string(),
        Origin::Service(place) | Origin::Defaults(place) => format!("{}:{}", place.file, place.line),
        Origin::BuiltIn => "built in".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::catalog::Catalog;
    use crate::catalog::Sources;

    #[test]
    fn each_value_says_where_it_comes_from() {
        let sources = Sources::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        let catalog = Catalog::load(&sources, None).0.unwrap();
        let values = catalog.meant("licence-renewal").unwrap();
        let file = "policies/services/licence-renewal.yaml";
        let page = page("licence-renewal", file, &values);
        let line = |path: &str| {
            let mut lines = page
                .lines()
                .filter(|line| line.split_whitespace().next() == Some(path));
            lines
                .next()
                .unwrap_or_else(|| panic!("{path} is missing:\n{page}"))
                .to_owned()
        };
        assert!(
            line("capabilities.auth_push.assurance").ends_with("medium"),
            "{page}"
        );
        assert!(line("sensitivity").contains("normal"), "{page}");
        let data = json("licence-renewal", file, &values);
        assert_eq!(data["values"].as_array().unwrap().len(), values.len());
    }
}
