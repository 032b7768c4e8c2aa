use super::sketch::Step;
use crate::policy::Document;
use crate::policy::Key;
use crate::policy::Names;
use crate::policy::Shape;

/// What the language knows of a place in a file.
#[derive(Clone, Copy, Debug)]
pub(in crate::lsp) enum Takes {
    /// These keys.
    Keys(&'static [Key]),
    /// Names of a kind, each with a value of this shape.
    Names(Names, &'static Shape),
    /// The two languages of a text; `true` if the text may name inputs.
    Languages(bool),
    /// One language of a text; `true` if it may name inputs.
    Language(bool),
    /// Entries of this shape.
    List(&'static Shape),
    /// One value.
    Value(&'static Shape),
}

/// The kind of policy file by its path; `None` if it is none.
pub(in crate::lsp) fn document_of(file: &str) -> Option<Document> {
    let below = file.strip_prefix("policies/")?;
    match below {
        "organization.yaml" => return Some(Document::Organization),
        "defaults.yaml" => return Some(Document::Defaults),
        _ => {}
    }
    let (folder, name) = below.split_once('/')?;
    match folder {
        "services" if name.ends_with(".test.yaml") => Some(Document::Test),
        "services" if name.ends_with(".yaml") => Some(Document::Service),
        "rulebooks" if name.ends_with(".yaml") => Some(Document::Rulebook),
        _ => None,
    }
}

/// What a place takes that these steps lead to; `None` if the language has no such place.
pub(in crate::lsp) fn takes(document: Document, steps: &[&Step]) -> Option<Takes> {
    let mut here = Takes::Keys(document.keys());
    for step in steps {
        here = below(here, step)?;
    }
    Some(here)
}

fn below(here: Takes, step: &Step) -> Option<Takes> {
    match (here, step) {
        (Takes::Keys(keys), Step::Key(name)) => {
            let key = keys.iter().find(|key| key.name == name)?;
            Some(of(&key.shape))
        }
        (Takes::Names(_, shape), Step::Key(_)) | (Takes::List(shape), Step::Entry(_)) => Some(of(shape)),
        (Takes::Languages(inputs), Step::Key(name)) if name == "ar" || name == "en" => {
            Some(Takes::Language(inputs))
        }
        _ => None,
    }
}

fn of(shape: &'static Shape) -> Takes {
    match shape {
        Shape::Map(keys) => Takes::Keys(keys),
        Shape::Named(names, shape) => Takes::Names(*names, shape),
        Shape::List(shape) => Takes::List(shape),
        Shape::Text { inputs, .. } => Takes::Languages(*inputs),
        // What is not a map may be written there too; completing it is left to who knows the place.
        Shape::Either(shapes) => shapes
            .iter()
            .find(|one| matches!(one, Shape::Map(_)))
            .map_or(Takes::Value(shape), of),
        _ => Takes::Value(shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(document: Document, path: &[&str]) -> String {
        let steps: Vec<Step> = path
            .iter()
            .map(|part| match part.parse() {
                Ok(number) => Step::Entry(number),
                Err(_) => Step::Key((*part).to_owned()),
            })
            .collect();
        let steps: Vec<&Step> = steps.iter().collect();
        match takes(document, &steps) {
            None => "nothing".to_owned(),
            Some(Takes::Keys(keys)) => format!("keys {}", keys[0].name),
            Some(Takes::Names(names, _)) => format!("names {names:?}"),
            Some(Takes::Languages(inputs)) => format!("languages {inputs}"),
            Some(Takes::Language(inputs)) => format!("language {inputs}"),
            Some(Takes::List(_)) => "list".to_owned(),
            Some(Takes::Value(_)) => "value".to_owned(),
        }
    }

    #[test]
    fn places_lead_through_maps_lists_and_names() {
        use Document::Service;
        use Document::Test;
        for (document, path, wanted) in [
            (Service, &[][..], "keys midflow"),
            (Service, &["fields"], "names Fields"),
            (Service, &["fields", "name_ar"], "keys reason"),
            (Service, &["fields", "name_ar", "reason"], "languages false"),
            (
                Service,
                &["capabilities", "auth_push", "reason", "ar"],
                "language true",
            ),
            (Service, &["notices", "steps"], "list"),
            (Service, &["notices", "steps", "0"], "languages false"),
            (
                Service,
                &["outcomes", "other.not_enrolled", "say", "en"],
                "language true",
            ),
            (Service, &["channels", "1"], "value"),
            (Service, &["channels", "x"], "nothing"),
            (Service, &["nope"], "nothing"),
            (Test, &["cases", "any words", "expect", "plan"], "keys assurance"),
        ] {
            assert_eq!(at(document, path), wanted, "{path:?}");
        }
    }

    #[test]
    fn files_are_known_by_their_place() {
        for (file, known) in [
            ("policies/organization.yaml", Some(Document::Organization)),
            ("policies/defaults.yaml", Some(Document::Defaults)),
            ("policies/services/a.yaml", Some(Document::Service)),
            ("policies/services/a.test.yaml", Some(Document::Test)),
            ("policies/rulebooks/own.yaml", Some(Document::Rulebook)),
            ("policies/other.yaml", None),
            ("scripts/a.rhai", None),
            ("midflow.yaml", None),
        ] {
            assert_eq!(document_of(file), known, "{file}");
        }
    }
}
