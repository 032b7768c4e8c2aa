//! A service for tests of this module and the catalog, made by hand: reading YAML is another module's work.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use super::Compiler;
use super::Facts;
use super::Library;
use super::Script;
use crate::diagnostics::Diagnostics;
use crate::policy::Audience;
use crate::policy::CapabilitySettings;
use crate::policy::DeclaredField;
use crate::policy::Input;
use crate::policy::InputKind;
use crate::policy::InputValue;
use crate::policy::Limit;
use crate::policy::Limits;
use crate::policy::Notices;
use crate::policy::Place;
use crate::policy::Response;
use crate::policy::Responses;
use crate::policy::Retention;
use crate::policy::Sensitivity;
use crate::policy::Service;
use crate::policy::Then;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Field;
use crate::words::FieldValue;
use crate::words::InputName;
use crate::words::Locale;
use crate::words::Person;
use crate::words::Pii;
use crate::words::ServiceName;
use crate::words::Text;
use crate::words::Timestamp;

/// A service with inputs `licence`, `amount`, `count` and `flag`, and the fields of [`person`].
pub(crate) fn service() -> Service {
    let text = Text::new("نص", "text");
    let response = |then, line| Response {
        then,
        say: text.clone(),
        place: at(line),
    };
    let limit = Limit {
        count: NonZeroU32::MIN,
        window: Duration::from_secs(1),
    };
    Service {
        id: ServiceName::parse("sample").unwrap(),
        file: FILE.to_owned(),
        name: text.clone(),
        description: None,
        purpose: text.clone(),
        audience: Audience {
            who: text.clone(),
            size: 1,
        },
        sensitivity: Sensitivity::Normal,
        legal_basis: None,
        channels: [Channel::Web].into(),
        capabilities: [(
            Capability::AuthPush,
            CapabilitySettings {
                assurance: Assurance::Medium,
                reason: text.clone(),
                expires_in: Duration::from_secs(300),
                own: crate::policy::OwnSettings::Nothing,
                place: at(5),
            },
        )]
        .into(),
        inputs: [
            (
                "licence",
                InputKind::String {
                    pattern: None,
                    max_length: 100,
                },
            ),
            (
                "amount",
                InputKind::Decimal {
                    min: 0,
                    max: 10_000_000,
                },
            ),
            ("count", InputKind::Integer { min: 0, max: 10 }),
            ("flag", InputKind::Boolean),
        ]
        .map(|(name, kind)| {
            (
                InputName::parse(name).unwrap(),
                Input {
                    kind,
                    optional: true,
                    place: at(1),
                },
            )
        })
        .into(),
        journey: None,
        fields: ["civil_no", "name_ar", "name_en", "age_over_18"]
            .map(|name| DeclaredField {
                field: Field::parse(name).unwrap(),
                reason: text.clone(),
                place: at(1),
            })
            .into(),
        outcomes: Responses {
            approved: response(Then::Continue, 11),
            declined: response(Then::Stop, 12),
            timeout: response(Then::Retry { attempts: 2 }, 13),
            error: response(Then::Retry { attempts: 2 }, 14),
            other: response(Then::Stop, 15),
            codes: BTreeMap::new(),
        },
        notices: Notices {
            data_use: text.clone(),
            liability: text.clone(),
            steps: vec![text.clone()],
            sign_steps: Vec::new(),
            enrol: text.clone(),
            enrol_url: "https://www.paci.gov.kw/".to_owned(),
        }
        .into(),
        script: Some("sample.rhai".to_owned()),
        script_place: Some(at(20)),
        retention: Retention {
            evidence: Duration::from_secs(1),
            personal_data: Duration::from_secs(1),
        },
        limits: Limits {
            per_person: limit,
            per_service: limit,
        },
        approvals: Vec::new(),
        certification: None,
        waivers: Vec::new(),
    }
}

/// A person with the fields that the service declares but for `name_en`, which the authority did not send.
pub(crate) fn person() -> Person {
    let text = |value: &str| FieldValue::Text(value.to_owned());
    Person::new(
        [
            ("civil_no", text("399123100017")),
            ("name_ar", text("فاطمة")),
            ("age_over_18", FieldValue::Flag(true)),
        ]
        .map(|(name, value)| (Field::parse(name).unwrap().name(), Pii::new(value))),
    )
}

/// Inputs as a flow passes them; `flag` was left out.
pub(crate) fn inputs() -> BTreeMap<InputName, InputValue> {
    [
        ("licence", InputValue::String("123456".to_owned())),
        ("amount", InputValue::Decimal(750_500)),
        ("count", InputValue::Integer(3)),
    ]
    .map(|(name, value)| (InputName::parse(name).unwrap(), value))
    .into()
}

/// Thursday 2026-11-26, 09:30 in Kuwait.
pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-26T06:30:00Z").unwrap()
}

/// What a hook reads before anything is sent.
pub(crate) fn facts(inputs: &BTreeMap<InputName, InputValue>) -> Facts<'_> {
    Facts {
        capability: Capability::AuthPush,
        channel: Channel::Web,
        locale: Locale::Ar,
        inputs,
        now: now(),
        attempt: 1,
        step: "",
        earlier: None,
        outcome: None,
        person: None,
    }
}

/// Compiles a script for [`service`], with libraries of name and text.
pub(crate) fn compile(text: &str, libraries: &[(&str, &str)]) -> (Option<Arc<Script>>, Diagnostics) {
    let mut compiler = Compiler::default();
    let mut found = Diagnostics::default();
    let mut known: BTreeMap<String, Arc<Library>> = BTreeMap::new();
    for (name, text) in libraries {
        match compiler.library(&format!("scripts/{name}.rhai"), &(*text).into()) {
            Ok(library) => {
                known.insert((*name).to_owned(), Arc::new(library));
            }
            Err(error) => found.push(error),
        }
    }
    for library in known.values() {
        found.extend(compiler.check_library(library, &known));
    }
    let (script, more) = compiler.script("scripts/sample.rhai", &text.into(), &known, &service());
    found.extend(more);
    let script = script.filter(|_| !found.has_errors()).map(Arc::new);
    (script, found)
}

fn at(line: u32) -> Place {
    Place {
        file: FILE.to_owned(),
        line,
        column: 3,
    }
}

const FILE: &str = "policies/services/sample.yaml";
