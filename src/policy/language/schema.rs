use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Key;
use super::Names;
use super::Need;
use super::Shape;
use crate::policy::Rule;
use crate::policy::rulebook;
use crate::words::FieldSource;
use crate::words::Outcome;
use crate::words::OutcomeClass;

/// The kinds of policy files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `policies/organization.yaml`.
    Organization,
    /// `policies/defaults.yaml`.
    Defaults,
    /// `policies/services/<service>.yaml`.
    Service,
    /// `policies/rulebooks/<rulebook>.yaml`.
    Rulebook,
    /// `policies/services/<service>.test.yaml`.
    Test,
}

impl Document {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Organization,
        Self::Defaults,
        Self::Service,
        Self::Rulebook,
        Self::Test,
    ];

    /// The name on the command line, and of the schema file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Defaults => "defaults",
            Self::Service => "service",
            Self::Rulebook => "rulebook",
            Self::Test => "test",
        }
    }

    /// The keys at the top of the file.
    pub const fn keys(self) -> &'static [Key] {
        match self {
            Self::Organization => super::ORGANIZATION_FILE,
            Self::Defaults => super::DEFAULTS_FILE,
            Self::Service => super::SERVICE,
            Self::Rulebook => super::RULEBOOK,
            Self::Test => super::TESTS,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Organization => "midflow organization",
            Self::Defaults => "midflow defaults",
            Self::Service => "midflow service",
            Self::Rulebook => "midflow rulebook",
            Self::Test => "midflow tests of a service",
        }
    }
}

/// The JSON Schema (draft 2020-12) of a kind of file, for editors. Ends with a line break.
pub fn json_schema(document: Document) -> String {
    let required = document != Document::Defaults;
    let mut schema = map(document.keys(), "", required);
    insert(
        &mut schema,
        "$schema",
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    insert(&mut schema, "title", json!(document.title()));
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn map(keys: &'static [Key], path: &str, complete: bool) -> Value {
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let below = join(path, key.name);
            let mut value = shape(&key.shape, &below, complete);
            insert(&mut value, "description", json!(about(key, &below)));
            if let Need::BuiltIn(meant) = key.need
                && let Some(meant) = default_value(&key.shape, meant)
            {
                insert(&mut value, "default", meant);
            }
            (key.name.to_owned(), value)
        })
        .collect();
    let required: Vec<&str> = keys
        .iter()
        .filter(|key| key.need == Need::Required && (complete || path.is_empty()))
        .map(|key| key.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        insert(&mut schema, "required", json!(required));
    }
    schema
}

/// What a key says, with the requirements that it holds.
pub(super) fn about(key: &Key, path: &str) -> String {
    let mut text = key.about.to_owned();
    if let Need::When(case) = key.need {
        text.push_str(&format!(" Required {case}."));
    }
    let held = requirements(path);
    if !held.is_empty() {
        text.push_str(&format!(" ({})", held.join(", ")));
    }
    text
}

/// The requirements that are about exactly this key.
fn requirements(path: &str) -> Vec<String> {
    let mut ids: Vec<String> = rules_of(path).flat_map(Rule::ids).collect();
    ids.dedup();
    ids
}

/// The rules that are about exactly this key.
pub(super) fn rules_of(path: &str) -> impl Iterator<Item = &'static Rule> {
    rulebook::shipped().rules.iter().filter(move |rule| {
        let Some(language) = &rule.check.language else {
            return false;
        };
        let named = language.keys.iter().any(|key| key == path) && language.capability.is_none();
        named || rule.check.present.iter().any(|key| key == path)
    })
}

fn shape(shape_of: &'static Shape, path: &str, complete: bool) -> Value {
    match shape_of {
        Shape::Map(keys) => {
            let mut schema = map(keys, path, complete);
            if path == "capabilities" {
                insert(&mut schema, "minProperties", json!(1));
            }
            schema
        }
        Shape::Named(names, value) => named(*names, value, path, complete),
        Shape::List(of) => json!({
            "type": "array",
            "minItems": 1,
            "items": shape(of, path, complete),
        }),
        Shape::Text { max, inputs } => {
            let line = json!({ "type": "string", "minLength": 1, "maxLength": if *inputs { max * 4 } else { *max } });
            json!({
                "type": "object",
                "properties": { "ar": line, "en": line },
                "required": ["ar", "en"],
                "additionalProperties": false,
            })
        }
        Shape::Line { max } => json!({ "type": "string", "minLength": 1, "maxLength": max }),
        Shape::Word(["1"]) => json!({ "const": 1 }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Form(pattern, example) => {
            json!({ "type": "string", "pattern": pattern, "examples": [example.trim_matches('"')] })
        }
        Shape::Integer { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Number => json!({ "type": "number" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Duration => json!({ "type": "string", "pattern": DURATION, "examples": ["5m", "90d", "10y"] }),
        Shape::Limit => json!({ "type": "string", "pattern": LIMIT, "examples": ["3/10m", "200/s"] }),
        Shape::Day => json!({ "type": "string", "pattern": DAY, "examples": ["2026-03-01"] }),
        Shape::Url => json!({ "type": "string", "pattern": "^https://[^\\s]+$" }),
        Shape::Sha256 => json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{64}$" }),
        Shape::Any => json!({}),
        Shape::Either(shapes) => {
            json!({ "anyOf": shapes.iter().map(|one| shape(one, path, complete)).collect::<Vec<_>>() })
        }
    }
}

fn named(names: Names, value: &'static Shape, path: &str, complete: bool) -> Value {
    let value = shape(value, &join(path, "*"), complete);
    match names {
        Names::Inputs => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[a-z][a-z0-9_]{0,63}$" },
            "additionalProperties": value,
        }),
        Names::Any => json!({ "type": "object", "minProperties": 1, "additionalProperties": value }),
        Names::Slugs => json!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "pattern": super::SLUG },
            "additionalProperties": value,
        }),
        Names::Fields => {
            let plain: Map<String, Value> = FieldSource::ALL
                .iter()
                .map(|source| {
                    let (ar, en) = source.label();
                    let mut value = value.clone();
                    insert(&mut value, "description", json!(format!("{en} · {ar}")));
                    (source.as_str().to_owned(), value)
                })
                .chain(["card_valid", "is_kuwaiti", "resident"].map(|name| (name.to_owned(), value.clone())))
                .collect();
            json!({
                "type": "object",
                "properties": plain,
                "patternProperties": {
                    "^age_over_[1-9][0-9]{0,2}$": value,
                    "^valid_for_[1-9][0-9]{0,3}d$": value,
                },
                "required": ["civil_no"],
                "additionalProperties": false,
            })
        }
        Names::Outcomes => {
            let all = OutcomeClass::ALL
                .iter()
                .map(|class| class.as_str())
                .chain(Outcome::ALL.iter().map(|leaf| leaf.code()));
            let properties: Map<String, Value> = all.map(|name| (name.to_owned(), value.clone())).collect();
            let mut schema = json!({
                "type": "object",
                "properties": properties,
                "additionalProperties": false,
            });
            if complete {
                insert(
                    &mut schema,
                    "required",
                    json!(OutcomeClass::ALL.map(OutcomeClass::as_str)),
                );
            }
            schema
        }
    }
}

/// What is meant, as JSON, where it is a value and no description of one.
fn default_value(shape: &Shape, meant: &str) -> Option<Value> {
    match shape {
        Shape::Text { .. } => None,
        Shape::Boolean | Shape::Integer { .. } => serde_json::from_str(meant).ok(),
        Shape::List(_) => {
            let inner = meant.strip_prefix('[')?.strip_suffix(']')?;
            Some(inner.split(", ").map(str::to_owned).collect())
        }
        _ => Some(json!(meant)),
    }
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn insert(value: &mut Value, key: &str, entry: Value) {
    if let Value::Object(map) = value {
        map.insert(key.to_owned(), entry);
    }
}

const DURATION: &str = "^[1-9][0-9]*[smhdy]$";
const LIMIT: &str = "^[1-9][0-9]*/([1-9][0-9]*)?[smhdy]$";
const DAY: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";
