use std::collections::BTreeMap;

use super::fields::fields;
use super::map::Map;
use super::onboarding::optional;
use super::organization;
use super::reader::Reader;
use super::service;
use super::texts::TextRules;
use crate::diagnostics::codes;
use crate::policy::Form;
use crate::policy::FormService;
use crate::policy::Organization;
use crate::policy::Sensitivity;
use crate::policy::language;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Span;
use crate::policy::yaml::shown;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::ServiceName;
use crate::words::Text;

/// Reads a subscription form. Every unfilled cell is a problem of its own.
pub(super) fn form(reader: &mut Reader<'_>, root: &Node) -> Option<Form> {
    let map = reader.map(root, "", Span::default_first(), language::FORM)?;
    if let Some(entry) = reader.required(&map, "form", "1")
        && reader.integer(&entry.node, "form", 0, i64::MAX) != Some(1)
        && !reader.has_error_at(entry.node.span)
    {
        reader.error(
            codes::FORMAT_VERSION,
            "the form is of another version",
            entry.node.span,
            "write `form: 1`, the version that this midflow reads",
        );
    }
    let about = organization::about(reader, &map);
    if let Some(about) = &about {
        unfilled(reader, &map, about);
    }
    let services = reader
        .required(&map, "services", "[ { service: …, name: …, … } ]")
        .and_then(|entry| services(reader, entry));
    Some(Form {
        organization: about?,
        services: services?,
    })
}

/// Cells that the organization file may leave open and the form may not.
fn unfilled(reader: &mut Reader<'_>, map: &Map<'_>, about: &Organization) {
    let at = map.get("organization").map_or(map.at, |entry| entry.key_span);
    for (key, empty, example) in [
        ("address", about.address.is_none(), "{ ar: …, en: … }"),
        ("website", about.website.is_none(), "https://…"),
        ("logo", about.logo.is_none(), "{ file: logo.svg }"),
    ] {
        if empty {
            reader.error_about(
                format!("organization.{key}"),
                codes::MISSING_KEY,
                format!("`organization` has no `{key}`"),
                at,
                format!("add `{key}: {example}`"),
            );
        }
    }
}

fn services(reader: &mut Reader<'_>, entry: &Entry) -> Option<Vec<FormService>> {
    let items = reader.list(&entry.node, "services", "[ { service: …, name: …, … } ]")?;
    let mut read: Vec<Option<FormService>> = Vec::new();
    let mut taken: Vec<(ServiceName, Span)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("services[{}]", index + 1);
        read.push(row(reader, item, &path, &mut taken));
    }
    read.into_iter().collect()
}

fn row(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &str,
    taken: &mut Vec<(ServiceName, Span)>,
) -> Option<FormService> {
    let map = reader.map(node, path, node.span, language::FORM_SERVICE)?;
    let id = reader
        .required(&map, "service", "licence-renewal")
        .and_then(|entry| id(reader, entry, &map, taken));
    let name = text(reader, &map, "name", 100);
    let description = text(reader, &map, "description", 2_000);
    let purpose = text(reader, &map, "purpose", 2_000);
    let audience = reader
        .required(&map, "audience", "{ who: { ar: …, en: … }, size: 10000 }")
        .and_then(|entry| service::audience(reader, entry));
    let sensitivity = match map.get("sensitivity") {
        None => Some(Sensitivity::default()),
        Some(entry) => service::sensitivity(reader, entry),
    };
    let channels = reader
        .required(&map, "channels", "[web]")
        .and_then(|entry| service::channels(reader, &entry.node));
    let capabilities = reader
        .required(&map, "capabilities", "{ auth_push: { assurance: medium } }")
        .and_then(|entry| capabilities(reader, entry, &map.path_of("capabilities")));
    let fields = reader
        .required(&map, "fields", "{ civil_no: { reason: { ar: …, en: … } } }")
        .and_then(|entry| fields(reader, entry));
    Some(FormService {
        id: id?,
        name: name?,
        description: Some(description?),
        purpose: purpose?,
        audience: audience?,
        sensitivity: sensitivity?,
        channels: channels?.into_iter().collect(),
        capabilities: capabilities?,
        fields: fields?,
    })
}

fn id(
    reader: &mut Reader<'_>,
    entry: &Entry,
    map: &Map<'_>,
    taken: &mut Vec<(ServiceName, Span)>,
) -> Option<ServiceName> {
    let text = reader.string(&entry.node, &map.path_of("service"), "licence-renewal")?;
    let Ok(name) = ServiceName::parse(text) else {
        reader.error(
            codes::BAD_SERVICE_NAME,
            format!("`{}` is not a service name", shown(text)),
            entry.node.span,
            "use 1 to 64 lowercase letters, digits and hyphens, beginning with a letter",
        );
        return None;
    };
    if let Some((_, first)) = taken.iter().find(|(other, _)| *other == name) {
        reader.error_with(
            codes::SAME_SERVICE_TWICE,
            format!("the service `{name}` is described twice"),
            entry.node.span,
            (*first, "first described here"),
            "give each service a name of its own",
        );
        return None;
    }
    taken.push((name.clone(), entry.node.span));
    Some(name)
}

fn text(reader: &mut Reader<'_>, map: &Map<'_>, key: &str, max: usize) -> Option<Text> {
    let entry = reader.required(map, key, "{ ar: \"…\", en: \"…\" }")?;
    reader.text(entry, &map.path_of(key), TextRules::fixed(max))
}

fn capabilities(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
) -> Option<BTreeMap<Capability, Option<Assurance>>> {
    let map = reader.map(&entry.node, path, entry.key_span, language::FORM_CAPABILITIES)?;
    let mut ticked = BTreeMap::new();
    let mut good = true;
    for capability in Capability::ALL {
        let Some(entry) = map.get(capability.as_str()) else {
            continue;
        };
        match level(reader, entry, &map.path_of(capability.as_str()), capability) {
            Some(level) => {
                ticked.insert(capability, level);
            }
            None => good = false,
        }
    }
    if ticked.is_empty() && good {
        reader.error(
            codes::NO_CAPABILITY,
            "no capability is ticked",
            entry.key_span,
            "tick one, such as `auth_push: { assurance: medium }`",
        );
        return None;
    }
    good.then_some(ticked)
}

fn level(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    capability: Capability,
) -> Option<Option<Assurance>> {
    let keys = match capability {
        Capability::VerifyQr | Capability::Notify => &[],
        Capability::AuthQr | Capability::AuthPush => language::FORM_LEVEL,
        Capability::Sign => language::FORM_SIGN,
    };
    let map = reader.map(&entry.node, path, entry.key_span, keys)?;
    match capability {
        Capability::VerifyQr | Capability::Notify => Some(None),
        Capability::Sign => {
            let level = optional(&map, "assurance", |entry, path| read_level(reader, entry, path))?;
            if level.is_some_and(|level| level != Assurance::High) {
                reader.error(
                    codes::SIGN_NEEDS_HIGH,
                    "`sign` asks for less than `high` assurance; the authority signs only at `high`",
                    map.get("assurance").map_or(map.at, |entry| entry.node.span),
                    "write `assurance: high`",
                );
                return None;
            }
            Some(Some(Assurance::High))
        }
        Capability::AuthQr | Capability::AuthPush => {
            let entry = reader.required(&map, "assurance", "medium")?;
            read_level(reader, entry, &map.path_of("assurance")).map(Some)
        }
    }
}

fn read_level(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Assurance> {
    reader.word(
        &entry.node,
        path,
        codes::UNKNOWN_ASSURANCE,
        language::LEVELS,
        Assurance::from_name,
    )
}
