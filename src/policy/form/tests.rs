//! The form becomes policy files and comes back unchanged.

use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::Form;
use crate::policy::read_form;
use crate::policy::read_organization;
use crate::policy::read_service;

const FILE: &str = "form.yaml";

fn read(text: &str) -> Form {
    let (form, found) = read_form(FILE, text);
    form.unwrap_or_else(|| panic!("{found:#?}\n{text}"))
}

/// Form, to files, and back by reading the files as a node would.
fn there_and_back(form: &Form) -> Form {
    let drafted = form.draft("../docs/schema");
    let (organization, found) = read_organization("policies/organization.yaml", &drafted.organization);
    assert!(found.is_empty(), "{found:#?}\n{}", drafted.organization);
    let services: Vec<_> = drafted
        .services
        .iter()
        .map(|(name, text)| {
            let (service, found) = read_service(&format!("policies/services/{name}.yaml"), text);
            assert!(found.is_empty(), "{found:#?}\n{text}");
            service.unwrap()
        })
        .collect();
    Form::of(&organization.unwrap(), &services)
}

fn text() -> impl Strategy<Value = Value> {
    (
        "[ء-ي]{4,8}( [ء-ي]{2,8}){1,3}[.؟]?",
        "[A-Z][a-z]{4,8}q( [a-z0-9]{2,7}q){1,4}[.:;!?'%&-]?( [a-z]{2,6}q)?",
    )
        .prop_map(|(ar, en)| json!({ "ar": ar, "en": en }))
}

fn row() -> impl Strategy<Value = Value> {
    let capability = prop::collection::btree_map(
        prop::sample::select(vec!["verify_qr", "auth_qr", "auth_push", "sign", "notify"]),
        prop::sample::select(vec!["low", "medium", "high"]),
        1..=5,
    );
    let channels = prop::sample::subsequence(
        vec![
            "web",
            "mobile_web",
            "native_app",
            "kiosk",
            "call_center",
            "counter",
        ],
        1..=6,
    );
    let fields = prop::sample::subsequence(
        vec![
            "name_ar",
            "photo",
            "gender",
            "age_over_21",
            "valid_for_30d",
            "resident",
            "address",
        ],
        0..=7,
    );
    let texts = prop::collection::vec(text(), 12);
    (
        capability,
        channels,
        fields,
        texts,
        1_u32..1_000_000,
        prop::sample::select(vec!["normal", "sensitive"]),
    )
        .prop_map(|(capabilities, channels, fields, texts, size, sensitivity)| {
            let capabilities: serde_json::Map<String, Value> = capabilities
                .into_iter()
                .map(|(name, level)| {
                    let settings = match name {
                        "verify_qr" | "notify" => json!({}),
                        "sign" => json!({ "assurance": "high" }),
                        _ => json!({ "assurance": level }),
                    };
                    (name.to_owned(), settings)
                })
                .collect();
            let mut declared = serde_json::Map::new();
            for (index, name) in ["civil_no"].into_iter().chain(fields).enumerate() {
                // The number makes each reason its own.
                let reason = json!({
                    "ar": format!("{} {index}", texts[index]["ar"].as_str().unwrap()),
                    "en": format!("{} {index}", texts[index]["en"].as_str().unwrap()),
                });
                let mut cell = json!({ "reason": reason });
                let from = match name {
                    "age_over_21" => Some("birth_date"),
                    "valid_for_30d" => Some("card_expiry"),
                    "resident" => Some("nationality_en"),
                    _ => None,
                };
                if let Some(from) = from {
                    cell["from"] = json!(from);
                }
                declared.insert(name.to_owned(), cell);
            }
            json!({
                "name": texts[8], "description": texts[9], "purpose": texts[10],
                "audience": { "who": texts[11], "size": size },
                "sensitivity": sensitivity, "channels": channels,
                "capabilities": capabilities, "fields": declared,
            })
        })
}

fn form() -> impl Strategy<Value = Value> {
    (prop::collection::vec(row(), 1..10), text(), text(), any::<bool>()).prop_map(
        |(mut rows, name, address, vendor)| {
            for (index, row) in rows.iter_mut().enumerate() {
                row["service"] = json!(format!("service-{index}"));
            }
            let contact = |name: &str| {
                json!({ "name": name, "title": "Head", "email": "head@x.example", "mobile": "+96512345678" })
            };
            json!({
                "form": 1,
                "organization": {
                    "name": name, "type": "private", "address": address,
                    "website": "https://x.example/about", "logo": { "file": "logo.svg" },
                    "contacts": { "primary": contact("One"), "technical": contact("Two") },
                    "third_party": if vendor { "Vendor & Sons: Kuwait" } else { "none" },
                },
                "environments": {
                    "production": { "callback_base_url": "https://a.example/cb", "public_ips": ["203.0.113.10/32"] },
                    "test": { "callback_base_url": "https://b.example/cb", "public_ips": ["198.51.100.0/24", "203.0.113.11/32"] },
                },
                "services": rows,
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    // R000-010 to R000-043; R000-019: more rows than one page of the form holds are all there.
    #[test]
    fn a_form_becomes_files_and_comes_back_unchanged(json in form()) {
        let form = read(&json.to_string());
        prop_assert_eq!(form.to_json(), json);
        let again = there_and_back(&form);
        prop_assert_eq!(again.to_json(), form.to_json());
        prop_assert!(form.unfilled().is_empty());
        // As YAML it is the same form.
        prop_assert_eq!(read(&form.to_yaml()).to_json(), form.to_json());
    }
}

const FORM: &str = include_str!("../read/fixtures/form.yaml");

// R000-001: a blank cell is named, by the key of the form and the requirement that asks for it.
#[test]
fn every_blank_cell_is_named() {
    let good: Value = read(FORM).to_json();
    let mut cells = Vec::new();
    paths(&good, "", &mut cells);
    assert!(cells.len() > 40, "{}", cells.len());
    for cell in cells {
        // What the form itself gives a meaning to when it is left out.
        let optional = ["/sensitivity", "/sign/assurance", "/form", "/dr", "/logo/sha256"];
        if optional.iter().any(|end| cell.ends_with(end)) {
            continue;
        }
        let (parent, key) = cell.rsplit_once('/').unwrap();
        let mut blank = good.clone();
        let Some(map) = blank.pointer_mut(parent).and_then(Value::as_object_mut) else {
            continue;
        };
        map.remove(key);
        // A whole field or capability may be taken out; then another form is meant.
        if parent.ends_with("/fields") && key != "civil_no" || parent.ends_with("/capabilities") {
            continue;
        }
        let (form, found) = read_form(FILE, &blank.to_string());
        assert!(form.is_none(), "{cell}");
        let named = found.iter().any(|one| {
            one.message.contains(&format!("`{key}`"))
                || key == "ar"
                || key == "en"
                || one.message.contains("civil number")
                || one.message.contains(key)
                || one.message.contains("third party")
        });
        assert!(named, "{cell}: {found:#?}");
        let with_rule = found.iter().any(|one| !one.rules.is_empty());
        assert!(with_rule, "{cell}: {found:#?}");
    }
}

fn paths(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let below = format!("{path}/{key}");
                found.push(below.clone());
                paths(value, &below, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                paths(item, &format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn cells_that_policies_leave_open_are_named() {
    let (organization, _) = read_organization(
        "policies/organization.yaml",
        &include_str!("../read/fixtures/organization.yaml")
            .replace("  website: https://traffic.example.gov.kw\n", ""),
    );
    let (service, _) = read_service(
        "policies/services/licence-renewal.yaml",
        include_str!("../read/fixtures/licence-renewal.yaml"),
    );
    let form = Form::of(&organization.unwrap(), [&service.unwrap()]);
    assert_eq!(
        form.unfilled(),
        [
            "organization.website",
            "organization.logo",
            "services.licence-renewal.description"
        ]
    );
}
