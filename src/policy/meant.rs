//! A policy as meant, as plain JSON with the keys of the files: for explanations, rules and the subscription form.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Approval;
use super::Contact;
use super::EnvironmentSettings;
use super::Input;
use super::InputKind;
use super::InputValue;
use super::Limit;
use super::Organization;
use super::OrganizationKind;
use super::OwnSettings;
use super::PushSafety;
use super::Response;
use super::Service;
use super::Signed;
use super::Then;
use super::format_duration;
use super::journey::step_json;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::Environment;
use crate::words::Field;
use crate::words::OutcomeClass;
use crate::words::Text;

/// A service as meant.
pub fn service_json(service: &Service) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| {
        out.insert(key.to_owned(), value);
    };
    put("midflow", json!(1));
    put("service", json!(service.id.as_str()));
    put("name", text(&service.name));
    if let Some(description) = &service.description {
        put("description", text(description));
    }
    put("purpose", text(&service.purpose));
    put(
        "audience",
        json!({ "who": text(&service.audience.who), "size": service.audience.size }),
    );
    put("sensitivity", json!(service.sensitivity.as_str()));
    if let Some(basis) = &service.legal_basis {
        put(
            "legal_basis",
            without_null(json!({
                "basis": basis.basis,
                "domain": basis.domain,
                "reference": basis.reference.as_ref().map(text),
            })),
        );
    }
    put(
        "channels",
        service.channels.iter().map(|channel| channel.as_str()).collect(),
    );
    put(
        "capabilities",
        object(
            service
                .capabilities
                .keys()
                .map(|capability| (capability.to_string(), capability_json(service, *capability))),
        ),
    );
    if !service.inputs.is_empty() {
        put(
            "inputs",
            object(
                service
                    .inputs
                    .iter()
                    .map(|(name, declared)| (name.to_string(), input(declared))),
            ),
        );
    }
    if let Some(journey) = &service.journey {
        put(
            "steps",
            journey
                .steps
                .iter()
                .map(|step| step_json(service, step))
                .collect(),
        );
    }
    put(
        "fields",
        object(service.fields.iter().map(|declared| {
            let mut value = json!({ "reason": text(&declared.reason) });
            if !matches!(declared.field, Field::Plain(_)) {
                insert(&mut value, "from", json!(declared.field.source().as_str()));
            }
            (declared.field.name().to_string(), value)
        })),
    );
    put("outcomes", outcomes(service));
    let notices = &service.notices;
    let mut told = json!({
        "data_use": text(&notices.data_use),
        "liability": text(&notices.liability),
        "steps": notices.steps.iter().map(text).collect::<Vec<_>>(),
    });
    if !notices.sign_steps.is_empty() {
        insert(
            &mut told,
            "sign_steps",
            notices.sign_steps.iter().map(text).collect(),
        );
    }
    insert(&mut told, "enrol", text(&notices.enrol));
    insert(&mut told, "enrol_url", json!(notices.enrol_url));
    put("notices", told);
    if let Some(script) = &service.script {
        put("script", json!(script));
    }
    put(
        "retention",
        json!({
            "evidence": format_duration(service.retention.evidence),
            "personal_data": format_duration(service.retention.personal_data),
        }),
    );
    put(
        "limits",
        json!({
            "per_person": limit(service.limits.per_person),
            "per_service": limit(service.limits.per_service),
        }),
    );
    if !service.approvals.is_empty() {
        put("approvals", service.approvals.iter().map(approval).collect());
    }
    if let Some(certification) = &service.certification {
        put(
            "certification",
            without_null(json!({
                "passed_on": certification.passed_on.to_string(),
                "by": certification.by,
                "reference": certification.reference,
                "pack_sha256": certification.pack_sha256,
            })),
        );
    }
    if !service.waivers.is_empty() {
        let waivers = service.waivers.iter().map(|waiver| {
            json!({
                "of": waiver.of,
                "by": waiver.by,
                "on": waiver.on.to_string(),
                "until": waiver.until.to_string(),
                "why": waiver.why,
            })
        });
        put("waivers", waivers.collect());
    }
    Value::Object(out)
}

/// An organization as meant, with the keys `midflow`, `organization`, `environments` and `onboarding`.
pub fn organization_json(organization: &Organization) -> Value {
    let mut about = json!({
        "name": text(&organization.name),
        "type": match organization.kind {
            OrganizationKind::Government => "government",
            OrganizationKind::Private => "private",
        },
    });
    if let Some(address) = &organization.address {
        insert(&mut about, "address", text(address));
    }
    if let Some(website) = &organization.website {
        insert(&mut about, "website", json!(website));
    }
    if let Some(logo) = &organization.logo {
        let value = without_null(json!({ "file": logo.file, "sha256": logo.sha256 }));
        insert(&mut about, "logo", value);
    }
    let contacts = [
        ("primary", Some(&organization.primary_contact)),
        ("technical", Some(&organization.technical_contact)),
        ("data_protection", organization.data_protection_contact.as_ref()),
        ("complaints", organization.complaints_contact.as_ref()),
    ];
    let contacts = contacts
        .into_iter()
        .filter_map(|(key, found)| Some((key.to_owned(), contact(found?))));
    insert(&mut about, "contacts", object(contacts));
    let third_party = match &organization.third_party {
        None => json!("none"),
        Some(vendor) => match &vendor.agreement {
            None => json!(vendor.name),
            Some(agreement) => json!({ "name": vendor.name, "agreement": signed(agreement) }),
        },
    };
    insert(&mut about, "third_party", third_party);
    let onboarding = &organization.onboarding;
    let declaration = onboarding
        .declaration
        .as_ref()
        .map(|(by, on)| json!({ "by": by, "on": on.to_string() }));
    json!({
        "midflow": 1,
        "organization": about,
        "environments": object(organization.environments.iter().map(|(name, settings)| (name.to_string(), environment(settings)))),
        "onboarding": without_null(json!({
            "requirements": onboarding.requirements,
            "request": onboarding.request.as_ref().map(signed),
            "agreement": onboarding.agreement.as_ref().map(signed),
            "declaration": declaration,
        })),
        "push_safety": push_safety(&organization.push_safety),
    })
}

/// What is written, and what is meant outside development where nothing is.
fn push_safety(written: &PushSafety) -> Value {
    let rules = written.rules(Environment::Production);
    without_null(json!({
        "per_person": rules.per_person.map(limit),
        "cool_off": rules.cool_off.map(|cool_off| format_duration(cool_off.first)),
        "declines": rules.cool_off.map(|cool_off| cool_off.declines.get()),
        "longest_cool_off": rules.cool_off.map(|cool_off| format_duration(cool_off.longest)),
        "not_me": format_duration(rules.not_me),
    }))
}

/// The digest of the notifications of a service, as an approval of its texts names it; `None` where it sends none.
pub fn texts_digest(service: &Service) -> Option<Digest> {
    let meant = capability_json(service, Capability::Notify);
    let (templates, links) = (meant.get("templates")?, meant.get("links"));
    Some(Digest::of(json!([templates, links]).to_string().as_bytes()))
}

fn capability_json(service: &Service, capability: Capability) -> Value {
    let Some(settings) = service.capability(capability) else {
        return Value::Null;
    };
    let mut out = json!({});
    if !matches!(capability, Capability::VerifyQr | Capability::Notify) {
        insert(&mut out, "assurance", json!(settings.assurance.as_str()));
    }
    insert(&mut out, "reason", text(&settings.reason));
    if !matches!(capability, Capability::VerifyQr | Capability::Notify) {
        insert(
            &mut out,
            "expires_in",
            json!(format_duration(settings.expires_in)),
        );
    }
    match &settings.own {
        OwnSettings::Nothing => {}
        OwnSettings::Push(first_contact) => {
            insert(&mut out, "first_contact", json!(first_contact.as_str()));
        }
        OwnSettings::Sign(sign) => {
            insert(&mut out, "document", json!(sign.document));
            insert(&mut out, "preview", json!(sign.preview));
            if let Some(signed) = &sign.text {
                insert(&mut out, "text", text(signed));
            }
            insert(&mut out, "formats", json!(sign.formats));
            insert(&mut out, "unsigned", text(&sign.unsigned));
        }
        OwnSettings::Notify(notify) => {
            let templates = notify.templates.iter().map(|(name, template)| {
                let value = without_null(json!({
                    "title": text(&template.title),
                    "text": text(&template.text),
                    "link": template.link,
                }));
                (name.clone(), value)
            });
            insert(&mut out, "templates", object(templates));
            if !notify.links.is_empty() {
                insert(&mut out, "links", json!(notify.links));
            }
            if let Some(quiet) = &notify.quiet_hours {
                let hours = json!({
                    "from": quiet.from.to_string(),
                    "to": quiet.to.to_string(),
                    "then": quiet.then.as_str(),
                });
                insert(&mut out, "quiet_hours", hours);
            }
        }
    }
    out
}

fn input(declared: &Input) -> Value {
    let decimal = |thousandths: i64| {
        let text = InputValue::Decimal(thousandths).to_string();
        text.parse::<serde_json::Number>()
            .map_or(Value::Null, Value::Number)
    };
    let bound = |value: i64, open: i64| (value != open).then_some(value);
    let mut out = match &declared.kind {
        InputKind::String { max_length, .. } => json!({
            "type": "string",
            "pattern": declared.kind.declared_pattern(),
            "max_length": max_length,
        }),
        InputKind::Integer { min, max } => json!({
            "type": "integer",
            "min": bound(*min, i64::MIN),
            "max": bound(*max, i64::MAX),
        }),
        InputKind::Decimal { min, max } => json!({
            "type": "decimal",
            "min": bound(*min, i64::MIN).map(decimal),
            "max": bound(*max, i64::MAX).map(decimal),
        }),
        InputKind::Boolean => json!({ "type": "boolean" }),
        InputKind::Choice(of) => json!({ "type": "choice", "of": of }),
    };
    insert(&mut out, "optional", json!(declared.optional));
    without_null(out)
}

fn outcomes(service: &Service) -> Value {
    let mut out = Map::new();
    for class in OutcomeClass::ALL {
        let response = service.outcomes.of_class(class);
        out.insert(class.to_string(), response_json(response));
    }
    for (leaf, response) in &service.outcomes.codes {
        out.insert(leaf.code().to_owned(), response_json(response));
    }
    Value::Object(out)
}

fn response_json(response: &Response) -> Value {
    let attempts = match response.then {
        Then::Retry { attempts } | Then::StepUp { attempts } => Some(attempts),
        Then::Continue | Then::Stop => None,
    };
    without_null(json!({
        "then": response.then.as_str(),
        "attempts": attempts,
        "say": text(&response.say),
    }))
}

fn approval(approval: &Approval) -> Value {
    without_null(json!({
        "of": approval.of.as_str(),
        "state": approval.state.as_str(),
        "by": approval.by,
        "for": if approval.by_authority { "authority" } else { "organization" },
        "on": approval.on.to_string(),
        "reference": approval.reference,
        "sha256": approval.sha256,
    }))
}

fn contact(contact: &Contact) -> Value {
    json!({
        "name": contact.name,
        "title": contact.title,
        "email": contact.email,
        "mobile": contact.mobile,
    })
}

fn environment(settings: &EnvironmentSettings) -> Value {
    let mut out = json!({
        "callback_base_url": settings.callback_base_url,
        "public_ips": settings.public_ips,
    });
    if !settings.nodes.is_empty() {
        insert(&mut out, "nodes", json!(settings.nodes));
    }
    if let Some(certificate) = &settings.client_certificate {
        insert(&mut out, "client_certificate", json!(certificate));
    }
    out
}

fn signed(signed: &Signed) -> Value {
    without_null(json!({
        "signed_on": signed.signed_on.to_string(),
        "signed_by": signed.signed_by,
        "reference": signed.reference,
        "sha256": signed.sha256,
    }))
}

fn limit(limit: Limit) -> String {
    let window = format_duration(limit.window);
    let unit = window.strip_prefix('1').filter(|unit| unit.len() == 1);
    format!("{}/{}", limit.count, unit.unwrap_or(&window))
}

fn text(text: &Text) -> Value {
    json!({ "ar": text.ar, "en": text.en })
}

fn object(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(entries.into_iter().collect())
}

fn insert(value: &mut Value, key: &str, entry: Value) {
    if let Value::Object(map) = value {
        map.insert(key.to_owned(), entry);
    }
}

fn without_null(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        value => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "policies/services/licence-renewal.yaml";
    const SERVICE: &str = include_str!("read/fixtures/licence-renewal.yaml");

    // What is meant, written down and read again, means the same.
    #[test]
    fn what_is_meant_is_a_service_again() {
        let (service, _) = crate::policy::read_service(FILE, SERVICE);
        let meant = service_json(&service.unwrap());
        let (again, found) = crate::policy::read_service(FILE, &meant.to_string());
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(service_json(&again.unwrap()), meant);
    }
}
