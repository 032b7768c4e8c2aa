use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use serde_json::json;

use super::*;
use crate::catalog::Catalog;
use crate::catalog::Sources;
use crate::policy;
use crate::policy::Document;
use crate::policy::Key;
use crate::policy::Shape;

static OWN: LazyLock<Sources> =
    LazyLock::new(|| Sources::read(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap());

fn load(sources: &Sources) -> Catalog {
    let (catalog, found) = Catalog::load(sources, None);
    catalog.unwrap_or_else(|| panic!("{found:#?}"))
}

/// The differences after replacing texts in files.
fn after(edits: &[(&str, &str, &str)]) -> CatalogDiff {
    let texts = OWN.iter().map(|(path, text)| {
        let mut text = text.to_string();
        for (_, from, to) in edits.iter().filter(|(file, ..)| *file == path) {
            assert!(text.contains(from), "{path} has no {from:?}");
            text = text.replacen(from, to, 1);
        }
        (path.to_owned(), text)
    });
    CatalogDiff::between(&load(&OWN), &load(&Sources::from_texts(texts)))
}

const RENEWAL: &str = "policies/services/licence-renewal.yaml";

#[test]
fn equal_catalogs_have_no_difference() {
    let diff = after(&[]);
    assert!(diff.is_empty() && diff.to_text().is_empty());
    assert_eq!(diff.from, diff.to);
}

#[test]
fn differences_are_said_in_plain_words() {
    let diff = after(&[
        (RENEWAL, "assurance: medium", "assurance: high"),
        (
            RENEWAL,
            "fields:\n",
            "fields:\n  nationality_en: { reason: { ar: \"جنسية مقدم الطلب\", en: \"Nationality of the applicant\" } }\n",
        ),
    ]);
    assert_eq!(
        diff.to_text(),
        "licence-renewal: assurance medium to high; one field added: nationality_en"
    );
    assert_eq!(diff.parts[0].changes[0].path, "capabilities.auth_push.assurance");
}

#[test]
fn scripts_and_what_they_import_are_told() {
    let diff = after(&[("scripts/licence-renewal.rhai", "amount > 500.0", "amount > 600.0")]);
    let text = diff.to_text();
    assert!(
        text.starts_with("licence-renewal: script licence-renewal.rhai (line "),
        "{text}"
    );
    let hours = OWN.text("scripts/lib/hours.rhai").unwrap();
    let first = hours.lines().next().unwrap();
    let diff = after(&[("scripts/lib/hours.rhai", first, &format!("{first} //"))]);
    let parts: Vec<&str> = diff.parts.iter().map(|part| part.part.as_str()).collect();
    assert_eq!(
        parts,
        [
            "sim-replacement",
            "university-transcript",
            "scripts/lib/hours.rhai"
        ]
    );
}

#[test]
fn a_comment_changes_no_meaning() {
    let diff = after(&[(RENEWAL, "midflow: 1", "midflow: 1 # the first version")]);
    assert_eq!(
        diff.to_text(),
        "licence-renewal: no meaning changed in licence-renewal.yaml (line 7)"
    );
}

// Law 13: the contacts of the organization are people.
#[test]
fn contacts_are_not_told() {
    let organization = OWN.text("policies/organization.yaml").unwrap();
    let email = organization.lines().find(|line| line.contains("email:")).unwrap();
    let start = email.find("email:").unwrap();
    let name = email[start..]
        .split_once(": ")
        .unwrap()
        .1
        .split([',', ' ', '}'])
        .next()
        .unwrap();
    let diff = after(&[("policies/organization.yaml", name, "someone.else@example.gov.kw")]);
    assert_eq!(diff.to_text(), "organization: primary contact changed");
    let json = serde_json::to_string(&diff).unwrap();
    assert!(!json.contains("someone.else"), "{json}");
}

/// Every key of the language below these, as a path; names of the author's own are `*`.
fn keys_below(keys: &'static [Key], path: &str, found: &mut Vec<String>) {
    for key in keys {
        let path = match path {
            "" => key.name.to_owned(),
            path => format!("{path}.{}", key.name),
        };
        shape_below(&key.shape, &path, found);
        found.push(path);
    }
}

fn shape_below(shape: &'static Shape, path: &str, found: &mut Vec<String>) {
    match shape {
        Shape::Map(keys) => keys_below(keys, path, found),
        Shape::Named(_, below) => shape_below(below, &format!("{path}.*"), found),
        Shape::List(below) => shape_below(below, path, found),
        Shape::Either(shapes) => shapes.iter().for_each(|one| shape_below(one, path, found)),
        _ => {}
    }
}

/// Changes the first value that a path leads to; whether there is one.
fn changed(value: &mut Value, path: &[&str]) -> bool {
    match (value, path) {
        (Value::Array(items), path) if items.iter().any(Value::is_object) => {
            items.iter_mut().any(|item| changed(item, path))
        }
        // What is hidden is compared as a whole.
        (Value::Object(map), [_, ..]) if map.contains_key("hidden") => {
            map.insert("hidden".to_owned(), json!("another"));
            true
        }
        (Value::Object(map), ["*", rest @ ..]) => map.values_mut().any(|value| changed(value, rest)),
        (Value::Object(map), [key, rest @ ..]) => map.get_mut(*key).is_some_and(|value| changed(value, rest)),
        (_, [_, ..]) => false,
        (value, []) => {
            *value = match value {
                Value::Object(_) => json!({}),
                Value::Array(_) => json!(["another"]),
                _ => json!("another"),
            };
            true
        }
    }
}

// The diff knows what the language knows: a key that is added there and forgotten where a service is written down as
// meant, fails here.
#[test]
fn every_key_of_the_language_shows_in_a_diff() {
    let service = include_str!("../../policy/read/fixtures/everything.yaml");
    let service = service.replace("\nfields:\n", &format!("\n{STEPS}fields:\n"));
    let (service, found) = policy::read_service("policies/services/everything.yaml", &service);
    let service = meant::service(&service.unwrap_or_else(|| panic!("{found:#?}")));
    let organization = include_str!("../../policy/read/fixtures/everything-organization.yaml");
    // The digests of papers that are signed are rare.
    let digest = format!(", reference: SR-1, sha256: \"{}\" }}", "0a".repeat(32));
    let organization = organization
        .replace(
            "signed_by: Noura Example }",
            &format!("signed_by: Noura Example{digest}"),
        )
        .replace(", reference: SA-1 }", &digest);
    let (organization, found) = policy::read_organization("policies/organization.yaml", &organization);
    let organization = meant::organization(&organization.unwrap_or_else(|| panic!("{found:#?}")));
    let mut missing = Vec::new();
    for (document, meant) in [
        (Document::Service, &service),
        (Document::Organization, &organization),
    ] {
        let mut keys = Vec::new();
        keys_below(document.keys(), "", &mut keys);
        for key in keys {
            let path = key.strip_prefix("organization.").unwrap_or(&key);
            if matches!(path, "midflow" | "service" | "organization") {
                continue;
            }
            // Environments take the same keys; that one of them has a key will do.
            let parts: Vec<&str> = match path.split('.').collect::<Vec<_>>().as_slice() {
                ["environments", _, rest @ ..] => ["environments", "*"].iter().chain(rest).copied().collect(),
                parts => parts.to_vec(),
            };
            let mut other = meant.clone();
            if !changed(&mut other, &parts) || compare::compare(meant, &other).is_empty() {
                missing.push(path.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "no diff tells of {missing:#?}");
}

/// Every key of a step once.
const STEPS: &str = "\
steps:
  - { step: agree, consent: { ar: أوافق على الشروط, en: I agree to the terms } }
  - { step: sign-in, capability: auth_push, assurance: high, reason: { ar: الدخول للخدمة, en: Sign in to the service } }
  - { step: again, capability: auth_push, assurance: high, when: { input: amount, min: 1, max: 5 } }
  - { step: urgent, capability: auth_push, assurance: high, when: { input: urgent, is: true } }
  - { step: tell, capability: notify, template: ready }
";

// Law 13: who approved and who signed are people too.
#[test]
fn names_of_people_are_in_no_diff() {
    let text = include_str!("../../policy/read/fixtures/everything.yaml");
    let read = |text: &str| {
        let (service, found) = policy::read_service("policies/services/everything.yaml", text);
        meant::service(&service.unwrap_or_else(|| panic!("{found:#?}")))
    };
    let one = read(text);
    let people: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once("by: ")?.1.split([',', '}']).next())
        .map(str::trim)
        .collect();
    assert!(!people.is_empty());
    let other = people
        .iter()
        .fold(text.to_owned(), |text, name| text.replace(name, "Somebody Else"));
    let other = read(&other);
    for (before, after) in [(&one, &other), (&one, &json!({})), (&json!({}), &one)] {
        let changes = serde_json::to_string(&compare::compare(before, after)).unwrap();
        assert!(changes.contains("words"), "{changes}");
        for name in people.iter().copied().chain(["Somebody Else"]) {
            assert!(!changes.contains(name.trim_matches('"')), "{name}: {changes}");
        }
    }
}

#[test]
fn services_come_and_go() {
    let without = |name: &str| {
        Sources::from_texts(
            OWN.iter()
                .filter(|(path, _)| !path.contains(name))
                .map(|(path, text)| (path.to_owned(), text.clone())),
        )
    };
    let less = load(&without("lab-results"));
    let all = load(&OWN);
    let gone = CatalogDiff::between(&all, &less).to_text();
    assert!(gone.contains("lab-results: removed"), "{gone}");
    let new = CatalogDiff::between(&less, &all).to_text();
    assert!(new.contains("lab-results: added (auth_push on "), "{new}");
}
