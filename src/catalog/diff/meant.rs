use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::policy::InputKind;
use crate::policy::Limit;
use crate::policy::Organization;
use crate::policy::Sensitivity;
use crate::policy::Service;
use crate::policy::Then;
use crate::policy::format_duration;
use crate::words::OutcomeClass;
use crate::words::Text;

/// A service with the keys of its file, defaults filled in.
pub(super) fn service(service: &Service) -> Value {
    let capabilities = service.capabilities.iter().map(|(capability, settings)| {
        let value = json!({
            "assurance": settings.assurance.to_string(),
            "reason": text(&settings.reason),
            "expires_in": format_duration(settings.expires_in),
        });
        (capability.to_string(), value)
    });
    let fields = service.fields.iter().map(|declared| {
        (
            declared.field.name().to_string(),
            json!({ "reason": text(&declared.reason) }),
        )
    });
    let inputs = service.inputs.iter().map(|(name, input)| {
        let value = json!({ "type": kind(&input.kind), "optional": input.optional });
        (name.to_string(), value)
    });
    let classes =
        OutcomeClass::ALL.map(|class| (class.as_str().to_owned(), service.outcomes.of_class(class)));
    let codes = service.outcomes.codes.iter();
    let outcomes = classes
        .into_iter()
        .chain(codes.map(|(outcome, response)| (outcome.code().to_owned(), response)))
        .map(|(name, response)| {
            let value = json!({ "then": then(response.then), "say": text(&response.say) });
            (name, value)
        });
    let notices = &service.notices;
    json!({
        "name": text(&service.name),
        "purpose": text(&service.purpose),
        "audience": { "who": text(&service.audience.who), "size": service.audience.size },
        "sensitivity": match service.sensitivity {
            Sensitivity::Normal => "normal",
            Sensitivity::Sensitive => "sensitive",
            Sensitivity::Critical => "critical",
        },
        "channels": service.channels.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "capabilities": capabilities.collect::<Map<_, _>>(),
        "inputs": inputs.collect::<Map<_, _>>(),
        "fields": fields.collect::<Map<_, _>>(),
        "outcomes": outcomes.collect::<Map<_, _>>(),
        "notices": {
            "data_use": text(&notices.data_use),
            "liability": text(&notices.liability),
            "steps": notices.steps.iter().map(text).collect::<Vec<_>>(),
            "enrol": text(&notices.enrol),
            "enrol_url": notices.enrol_url,
        },
        "script": service.script,
        "retention": {
            "evidence": format_duration(service.retention.evidence),
            "personal_data": format_duration(service.retention.personal_data),
        },
        "limits": { "per_person": limit(&service.limits.per_person), "per_service": limit(&service.limits.per_service) },
    })
}

/// The organization with the keys of its file. Contacts are people: that they changed is told, and not to what.
pub(super) fn organization(organization: &Organization) -> Value {
    let environments = organization.environments.iter().map(|(environment, settings)| {
        let value =
            json!({ "callback_base_url": settings.callback_base_url, "public_ips": settings.public_ips });
        (environment.to_string(), value)
    });
    let contact = |contact| json!({ "hidden": format!("{contact:?}") });
    json!({
        "name": text(&organization.name),
        "type": format!("{:?}", organization.kind).to_lowercase(),
        "address": organization.address.as_ref().map(text),
        "website": organization.website,
        "contacts": {
            "primary": contact(&organization.primary_contact),
            "technical": contact(&organization.technical_contact),
        },
        "third_party": organization.third_party.as_ref().map(|vendor| &vendor.name),
        "environments": environments.collect::<Map<_, _>>(),
    })
}

fn text(text: &Text) -> Value {
    json!({ "ar": text.ar, "en": text.en })
}

fn then(then: Then) -> String {
    match then {
        Then::Continue => "continue".to_owned(),
        Then::Retry { attempts } => format!("retry ({attempts} attempts)"),
        Then::StepUp { attempts } => format!("step_up ({attempts} attempts)"),
        Then::Stop => "stop".to_owned(),
    }
}

fn limit(limit: &Limit) -> String {
    format!("{}/{}", limit.count, format_duration(limit.window))
}

fn kind(kind: &InputKind) -> String {
    let places = |thousandths: i64| {
        let sign = if thousandths < 0 { "-" } else { "" };
        let (whole, rest) = (
            thousandths.unsigned_abs() / 1_000,
            thousandths.unsigned_abs() % 1_000,
        );
        match rest {
            0 => format!("{sign}{whole}"),
            _ => format!("{sign}{whole}.{rest:03}"),
        }
    };
    match kind {
        InputKind::String { pattern, max_length } => match pattern {
            Some(pattern) => format!("string like {}, at most {max_length}", pattern.as_str()),
            None => format!("string, at most {max_length}"),
        },
        InputKind::Integer { min, max } => format!("integer from {min} to {max}"),
        InputKind::Decimal { min, max } => format!("decimal from {} to {}", places(*min), places(*max)),
        InputKind::Boolean => "boolean".to_owned(),
        InputKind::Choice(words) => format!("choice of {}", words.join(", ")),
    }
}
