//! The description of the language against the reader and against the files: neither knows more than the other.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::*;
use crate::diagnostics::Diagnostics;
use crate::policy::read_defaults;
use crate::policy::read_organization;
use crate::policy::read_rulebook;
use crate::policy::read_service;
use crate::policy::read_tests;
use crate::policy::yaml;
use crate::policy::yaml::Node;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;

const SERVICE: &str = include_str!("../read/fixtures/everything.yaml");
const ORGANIZATION: &str = include_str!("../read/fixtures/everything-organization.yaml");
const DEFAULTS: &str = include_str!("../read/fixtures/everything-defaults.yaml");
const TESTED: &str = include_str!("../../../policies/services/licence-renewal.yaml");
const TESTS_FILE: &str = include_str!("../../../policies/services/licence-renewal.test.yaml");
const BOOK: &str = crate::policy::Rulebook::SHIPPED_TEXT;

fn read(document: Document, text: &str) -> Diagnostics {
    match document {
        Document::Organization => read_organization("policies/organization.yaml", text).1,
        Document::Defaults => read_defaults("policies/defaults.yaml", text).1,
        Document::Service => read_service("policies/services/everything.yaml", text).1,
        Document::Rulebook => read_rulebook("policies/rulebooks/paci-onboarding-1.3.yaml", text, true).1,
        Document::Test => {
            let (service, _) = read_service("policies/services/licence-renewal.yaml", TESTED);
            read_tests(
                "policies/services/licence-renewal.test.yaml",
                text,
                &service.unwrap(),
            )
            .1
        }
    }
}

const fn sample(document: Document) -> &'static str {
    match document {
        Document::Organization => ORGANIZATION,
        Document::Defaults => DEFAULTS,
        Document::Service => SERVICE,
        Document::Rulebook => BOOK,
        Document::Test => TESTS_FILE,
    }
}

/// A YAML file as JSON, with the places of its maps.
fn as_json(node: &Node) -> Value {
    match &node.value {
        yaml::Value::Map(entries) => Value::Object(
            entries
                .iter()
                .map(|entry| (entry.key.clone(), as_json(&entry.node)))
                .collect(),
        ),
        yaml::Value::List(items) => items.iter().map(as_json).collect(),
        yaml::Value::Scalar(scalar) if !scalar.quoted => {
            serde_json::from_str(&scalar.text).unwrap_or_else(|_| Value::from(scalar.text.as_str()))
        }
        yaml::Value::Scalar(scalar) => Value::from(scalar.text.as_str()),
        yaml::Value::Broken => Value::Null,
    }
}

fn json_of(text: &str) -> Value {
    as_json(&yaml::parse(text).0.unwrap())
}

/// Whether a value is as a schema says: the few words of JSON Schema that ours uses, and a panic on any other.
fn valid(schema: &Value, value: &Value) -> Result<(), String> {
    let of = |key: &str| schema.get(key);
    for key in schema.as_object().unwrap().keys() {
        let known = [
            "$schema",
            "title",
            "description",
            "default",
            "examples",
            "type",
            "properties",
            "required",
            "additionalProperties",
            "patternProperties",
            "propertyNames",
            "minProperties",
            "items",
            "minItems",
            "enum",
            "const",
            "pattern",
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "anyOf",
        ];
        assert!(known.contains(&key.as_str()), "{key}");
    }
    let fail = |what: &str| Err(format!("{what}: {value}"));
    if let Some(kind) = of("type").and_then(Value::as_str) {
        let good = match kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            other => panic!("{other}"),
        };
        if !good {
            return fail(kind);
        }
    }
    if of("const").is_some_and(|wanted| wanted != value) {
        return fail("const");
    }
    if of("enum").is_some_and(|words| !words.as_array().unwrap().contains(value)) {
        return fail("enum");
    }
    if let Some(text) = value.as_str() {
        let pattern = of("pattern").and_then(Value::as_str);
        if pattern.is_some_and(|pattern| !regex::Regex::new(pattern).unwrap().is_match(text)) {
            return fail(pattern.unwrap());
        }
        let length = text.chars().count() as u64;
        if of("minLength")
            .and_then(Value::as_u64)
            .is_some_and(|least| length < least)
            || of("maxLength")
                .and_then(Value::as_u64)
                .is_some_and(|most| length > most)
        {
            return fail("length");
        }
    }
    if let Some(number) = value.as_i64()
        && (of("minimum")
            .and_then(Value::as_i64)
            .is_some_and(|least| number < least)
            || of("maximum")
                .and_then(Value::as_i64)
                .is_some_and(|most| number > most))
    {
        return fail("bounds");
    }
    if let Some(shapes) = of("anyOf").and_then(Value::as_array)
        && !shapes.iter().any(|shape| valid(shape, value).is_ok())
    {
        return fail("anyOf");
    }
    if let Some(items) = value.as_array() {
        if of("minItems").is_some() && items.is_empty() {
            return fail("empty");
        }
        if let Some(schema) = of("items") {
            items.iter().try_for_each(|item| valid(schema, item))?;
        }
    }
    let Some(map) = value.as_object() else {
        return Ok(());
    };
    if of("minProperties").is_some() && map.is_empty() {
        return fail("empty");
    }
    let required = of("required").and_then(Value::as_array);
    for key in required.into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(key) {
            return fail(&format!("no {key}"));
        }
    }
    for (key, value) in map {
        if let Some(names) = of("propertyNames") {
            valid(names, &Value::from(key.as_str()))?;
        }
        let by_pattern = of("patternProperties")
            .and_then(Value::as_object)
            .and_then(|patterns| {
                patterns
                    .iter()
                    .find(|(pattern, _)| regex::Regex::new(pattern).unwrap().is_match(key))
                    .map(|(_, schema)| schema)
            });
        let schema = of("properties").and_then(|all| all.get(key)).or(by_pattern);
        match (schema, of("additionalProperties")) {
            (Some(schema), _) => valid(schema, value)?,
            (None, Some(Value::Bool(false))) => return fail(&format!("unknown {key}")),
            (None, Some(schema)) => valid(schema, value)?,
            (None, None) => {}
        }
    }
    Ok(())
}

/// The paths of every map in a file; lists by number.
fn maps(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.push(path.to_owned());
            for (key, value) in map {
                maps(
                    value,
                    &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                maps(item, &format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_good_file_is_good_by_the_schema() {
    for document in Document::ALL {
        let schema: Value = serde_json::from_str(&json_schema(document)).unwrap();
        let text = sample(document);
        let found = read(document, text);
        assert!(found.is_empty(), "{document:?} {found:#?}");
        assert_eq!(valid(&schema, &json_of(text)), Ok(()), "{document:?}");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let schema: Value = serde_json::from_str(&json_schema(Document::Service)).unwrap();
    for entry in std::fs::read_dir(root.join("services")).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().ends_with(".test.yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(valid(&schema, &json_of(&text)), Ok(()), "{}", path.display());
    }
    let schema: Value = serde_json::from_str(&json_schema(Document::Organization)).unwrap();
    let text = std::fs::read_to_string(root.join("organization.yaml")).unwrap();
    assert_eq!(valid(&schema, &json_of(&text)), Ok(()));
}

// A key that the reader does not know is refused by the schema too, in every map, and the other way round.
#[test]
fn no_file_with_an_unknown_key_is_good() {
    for document in Document::ALL {
        let schema: Value = serde_json::from_str(&json_schema(document)).unwrap();
        let good = json_of(sample(document));
        let mut places = Vec::new();
        maps(&good, "", &mut places);
        assert!(places.len() > 10, "{document:?}");
        // What a table holds is free until it is used.
        let free = |place: &str| {
            place.contains("/table/")
                || document == Document::Test && !KNOWN.iter().any(|end| place.ends_with(end))
        };
        for place in places.into_iter().filter(|place| !free(place)) {
            let mut bad = good.clone();
            let map = bad.pointer_mut(&place).and_then(Value::as_object_mut).unwrap();
            map.insert("Nonsense Key".to_owned(), Value::from("x"));
            assert!(valid(&schema, &bad).is_err(), "{document:?} {place}");
            let found = read(document, &bad.to_string());
            assert!(found.has_errors(), "{document:?} {place}");
        }
    }
}

/// The maps of a test file whose keys are those of the language.
const KNOWN: [&str; 4] = ["/given", "/expect", "/plan", "/cases/somebody approves"];

// What the schema requires the reader requires, and what it does not the reader does not.
#[test]
fn both_require_the_same() {
    for document in [Document::Organization, Document::Service] {
        let schema: Value = serde_json::from_str(&json_schema(document)).unwrap();
        let good = json_of(sample(document));
        let mut places = Vec::new();
        maps(&good, "", &mut places);
        let mut tried = 0;
        for place in places {
            let keys: Vec<String> = good
                .pointer(&place)
                .and_then(Value::as_object)
                .unwrap()
                .keys()
                .cloned()
                .collect();
            for key in keys {
                let mut less = good.clone();
                less.pointer_mut(&place)
                    .and_then(Value::as_object_mut)
                    .unwrap()
                    .remove(&key);
                let by_schema = valid(&schema, &less).is_err();
                let found = read(document, &less.to_string());
                let missing = found.iter().any(|one| {
                    [
                        "E0010", "E0013", "E2020", "E2022", "E1005", "E1009", "E2005", "E0023",
                    ]
                    .contains(&one.code)
                });
                let by_case = [
                    ("/fields", "from"),
                    ("/outcomes", "attempts"),
                    ("/notices", "sign_steps"),
                    ("/capabilities/sign", "text"),
                    ("/inputs", "of"),
                ];
                // What is required in a case only, the schema can't say. The list is that of `Need::When`.
                if by_case
                    .iter()
                    .any(|(at, name)| place.starts_with(at) && *name == key)
                {
                    assert!(!by_schema, "{place} {key}");
                    continue;
                }
                tried += 1;
                assert_eq!(by_schema, missing, "{document:?} {place} {key}: {found:#?}");
            }
        }
        assert!(tried > 40, "{tried}");
    }
}

// The words of the description are those of the vocabulary.
#[test]
fn words_are_those_of_the_vocabulary() {
    assert_eq!(CHANNELS, Channel::ALL.map(Channel::as_str));
    assert_eq!(LEVELS, Assurance::ALL.map(Assurance::as_str));
    let capabilities: Vec<_> = CAPABILITIES.iter().map(|key| key.name).collect();
    assert_eq!(capabilities, Capability::ALL.map(Capability::as_str));
    let environments: BTreeSet<_> = ENVIRONMENTS.iter().map(|key| key.name).collect();
    let known = crate::words::Environment::ALL.map(crate::words::Environment::as_str);
    assert_eq!(environments, BTreeSet::from(known));
}

/// The committed copies. `make generate` writes them again.
#[test]
fn generated_schemas_are_current() {
    for document in Document::ALL {
        let path = format!("docs/schema/{}.json", document.as_str());
        current(&path, &json_schema(document));
    }
}

/// The tables of the reference page. `make generate` writes them again.
#[test]
fn generated_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policies.md");
    let mut page = std::fs::read_to_string(path).unwrap();
    for document in Document::ALL
        .into_iter()
        .filter(|document| *document != Document::Test)
    {
        let (begin, end) = (
            format!("<!-- generated: {} -->\n", document.as_str()),
            format!("<!-- end of {} -->", document.as_str()),
        );
        let (before, rest) = page
            .split_once(&begin)
            .expect("the page has a place for each kind");
        let (_, after) = rest.split_once(&end).expect("the place ends");
        page = format!("{before}{begin}\n{}{end}{after}", reference_tables(document));
    }
    current("docs/policies.md", &page);
}

fn current(path: &str, text: &str) {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("MIDFLOW_GENERATE").is_some() {
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(&full, text).unwrap();
    }
    let committed = std::fs::read_to_string(&full).unwrap_or_default();
    assert!(committed == text, "{path} is not current: run `make generate`");
}

#[test]
fn keys_are_described_by_their_path() {
    for (document, path, part) in [
        (Document::Service, "capabilities.auth_push.expires_in", "answer"),
        (Document::Service, "outcomes.other.not_enrolled.say", "told"),
        (Document::Service, "outcomes.timeout.attempts", "attempts"),
        (Document::Service, "fields.name_ar.reason", "why"),
        (Document::Service, "approvals[2].by", "by name"),
        (Document::Service, "audience", "R000-015"),
        (
            Document::Organization,
            "organization.contacts.primary.email",
            "e-mail",
        ),
        (Document::Rulebook, "rules.my-rule.check.holds", "Rhai"),
    ] {
        let text = describe(document, path).unwrap_or_default().to_lowercase();
        assert!(text.contains(&part.to_lowercase()), "{path}: {text}");
    }
    assert_eq!(describe(Document::Service, "nothing"), None);
    assert_eq!(describe(Document::Service, "capabilities.nothing"), None);
}
