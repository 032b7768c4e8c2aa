use std::collections::BTreeMap;

use super::reader::Map;
use super::reader::Reader;
use super::texts::TextRules;
use crate::diagnostics::codes;
use crate::diagnostics::suggest;
use crate::policy::Contact;
use crate::policy::EnvironmentSettings;
use crate::policy::Organization;
use crate::policy::OrganizationKind;
use crate::policy::address::Network;
use crate::policy::address::is_email;
use crate::policy::address::is_kuwait_mobile;
use crate::policy::address::network;
use crate::policy::address::normal_base_url;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Span;
use crate::policy::yaml::shown;
use crate::words::Environment;

/// Reads the whole organization file.
pub(super) fn organization(reader: &mut Reader<'_>, root: &Node) -> Option<Organization> {
    let file = reader.map(
        root,
        "",
        Span::default_first(),
        &["midflow", "organization", "environments"],
    )?;
    super::format_version(reader, &file);
    let about = reader
        .required(&file, "organization", "{ name: …, type: …, contacts: …, … }")
        .and_then(|entry| {
            reader.map(
                &entry.node,
                "organization",
                entry.key_span,
                &["name", "type", "address", "website", "contacts", "third_party"],
            )
        });
    let environments = reader
        .required(&file, "environments", "{ production: …, test: … }")
        .and_then(|entry| environments(reader, entry));
    let about = about?;
    let name = reader
        .required(&about, "name", "{ ar: …, en: … }")
        .and_then(|entry| reader.text(entry, "organization.name", TextRules::fixed(NAME_LENGTH)));
    let kind = reader
        .required(&about, "type", "government")
        .and_then(|entry| kind(reader, entry));
    let address = about
        .get("address")
        .map(|entry| reader.text(entry, "organization.address", TextRules::fixed(ADDRESS_LENGTH)));
    let website = about
        .get("website")
        .map(|entry| reader.https_url(entry, "organization.website", codes::BAD_URL, |_| true));
    let contacts = contacts(reader, &about);
    let third_party = third_party(reader, &about);
    let (primary_contact, technical_contact) = contacts?;
    Some(Organization {
        name: name?,
        kind: kind?,
        address: optional(address)?,
        website: optional(website)?,
        primary_contact,
        technical_contact,
        third_party: third_party?,
        environments: environments?,
    })
}

/// What may be absent but not wrong.
fn optional<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

fn kind(reader: &mut Reader<'_>, entry: &Entry) -> Option<OrganizationKind> {
    let known = ["government", "private"];
    reader.word(
        &entry.node,
        "organization.type",
        codes::UNKNOWN_WORD,
        &known,
        |word| match word {
            "government" => Some(OrganizationKind::Government),
            "private" => Some(OrganizationKind::Private),
            _ => None,
        },
    )
}

fn contacts(reader: &mut Reader<'_>, about: &Map<'_>) -> Option<(Contact, Contact)> {
    let entry = reader.required(about, "contacts", "{ primary: …, technical: … }")?;
    let path = "organization.contacts";
    let map = reader.map(&entry.node, path, entry.key_span, &["primary", "technical"])?;
    let primary = contact(reader, &map, "primary");
    let technical = contact(reader, &map, "technical");
    let (primary, technical) = (primary?, technical?);
    if primary.name == technical.name
        && primary.email == technical.email
        && let Some(entry) = map.get("technical")
    {
        reader.warning(
            codes::SAME_CONTACT,
            "the primary and the technical contact are the same person",
            entry.key_span,
            "name a second person who can answer",
        );
    }
    Some((primary, technical))
}

fn contact(reader: &mut Reader<'_>, contacts: &Map<'_>, which: &str) -> Option<Contact> {
    let example = "{ name: …, title: …, email: …, mobile: \"+965…\" }";
    let entry = reader.required(contacts, which, example)?;
    let path = contacts.path_of(which);
    let map = reader.map(
        &entry.node,
        &path,
        entry.key_span,
        &["name", "title", "email", "mobile"],
    )?;
    let mut line = |key: &str| {
        let path = map.path_of(key);
        reader
            .required(&map, key, "…")
            .and_then(|entry| reader.line(entry, &path, LINE_LENGTH))
    };
    let (name, title) = (line("name"), line("title"));
    let email = checked(
        reader,
        &map,
        "email",
        (codes::BAD_EMAIL, "is not an e-mail address"),
        "name@example.gov.kw",
        is_email,
    );
    let mobile = checked(
        reader,
        &map,
        "mobile",
        (codes::BAD_MOBILE, "is not `+965` and eight digits"),
        "\"+96512345678\"",
        is_kuwait_mobile,
    );
    Some(Contact {
        name: name?,
        title: title?,
        email: email?,
        mobile: mobile?,
    })
}

/// A text that a rule accepts. The message does not repeat it: contacts are people.
fn checked(
    reader: &mut Reader<'_>,
    map: &Map<'_>,
    key: &str,
    (code, fault): (&'static str, &str),
    example: &str,
    accept: impl Fn(&str) -> bool,
) -> Option<String> {
    let entry = reader.required(map, key, example)?;
    let path = map.path_of(key);
    let text = reader.string(&entry.node, &path, example)?;
    if !accept(text) {
        let help = format!("write it as `{example}`");
        reader.error(code, format!("`{path}` {fault}"), entry.node.span, help);
        return None;
    }
    Some(text.to_owned())
}

/// `Some(None)` where the form says that there is none (R000-013).
fn third_party(reader: &mut Reader<'_>, about: &Map<'_>) -> Option<Option<String>> {
    let help = "write the vendor's name, or `none`";
    let Some(entry) = about.get("third_party") else {
        reader.error(
            codes::THIRD_PARTY_UNDECLARED,
            "nothing is said about a third party",
            about.at,
            "add `third_party: none`, or the vendor's name",
        );
        return None;
    };
    let path = "organization.third_party";
    let text = reader.string(&entry.node, path, "none")?;
    match text.trim().to_lowercase().as_str() {
        "none" => Some(None),
        "" | "no" | "n/a" | "na" | "-" | "unknown" | "unset" | "tbd" | "nobody" | "yes" => {
            reader.error(
                codes::THIRD_PARTY_UNDECLARED,
                format!("`{path}` does not say who it is"),
                entry.node.span,
                help,
            );
            None
        }
        _ => reader.line(entry, path, LINE_LENGTH).map(Some),
    }
}

fn environments(
    reader: &mut Reader<'_>,
    entry: &Entry,
) -> Option<BTreeMap<Environment, EnvironmentSettings>> {
    let entries = reader.entries(&entry.node, "environments", entry.key_span)?;
    let mut read = BTreeMap::new();
    let mut named = Vec::new();
    let mut good = true;
    let mut urls: Vec<(String, Span)> = Vec::new();
    for one in entries {
        let Some(environment) = environment(reader, one) else {
            // One mistake, one message: what was meant is not missing too.
            let known = Environment::ALL.map(Environment::as_str);
            named.extend(suggest(&one.key, known).and_then(Environment::from_name));
            good = false;
            continue;
        };
        named.push(environment);
        match settings(reader, one, environment, &mut urls) {
            Some(settings) => {
                read.insert(environment, settings);
            }
            None => good = false,
        }
    }
    for mandatory in [Environment::Production, Environment::Test] {
        if !named.contains(&mandatory) {
            reader.error(
                codes::ENVIRONMENT_MISSING,
                format!("the environment `{mandatory}` is missing"),
                entry.key_span,
                format!("add `{mandatory}: {{ callback_base_url: https://…, public_ips: [ … ] }}`"),
            );
            good = false;
        }
    }
    good.then_some(read)
}

fn environment(reader: &mut Reader<'_>, entry: &Entry) -> Option<Environment> {
    let environment = Environment::from_name(&entry.key);
    if environment.is_none() {
        let known = Environment::ALL.map(Environment::as_str);
        let message = format!("unknown environment `{}`", shown(&entry.key));
        reader.misspelt(
            codes::UNKNOWN_ENVIRONMENT,
            message,
            entry.key_span,
            &entry.key,
            &known,
        );
    }
    environment
}

fn settings(
    reader: &mut Reader<'_>,
    entry: &Entry,
    environment: Environment,
    urls: &mut Vec<(String, Span)>,
) -> Option<EnvironmentSettings> {
    let path = format!("environments.{environment}");
    let map = reader.map(
        &entry.node,
        &path,
        entry.key_span,
        &["callback_base_url", "public_ips"],
    )?;
    let url = reader
        .required(&map, "callback_base_url", "https://…")
        .and_then(|entry| callback_base_url(reader, entry, &map.path_of("callback_base_url"), urls));
    let ips = reader
        .required(&map, "public_ips", "[ \"203.0.113.10/32\" ]")
        .and_then(|entry| public_ips(reader, &entry.node, &map.path_of("public_ips"), environment));
    Some(EnvironmentSettings {
        callback_base_url: url?,
        public_ips: ips?,
    })
}

fn callback_base_url(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    urls: &mut Vec<(String, Span)>,
) -> Option<String> {
    let text = reader.https_url(entry, path, codes::BAD_CALLBACK_URL, |url| !url.has_query)?;
    let url = normal_base_url(&text);
    if let Some((_, first)) = urls.iter().find(|(other, _)| *other == url) {
        reader.error_with(
            codes::SHARED_CALLBACK_URL,
            format!("`{path}` is the address of another environment"),
            entry.node.span,
            (*first, "used here already"),
            "give each environment an address of its own",
        );
        return None;
    }
    urls.push((url.clone(), entry.node.span));
    Some(url)
}

fn public_ips(
    reader: &mut Reader<'_>,
    node: &Node,
    path: &str,
    environment: Environment,
) -> Option<Vec<String>> {
    let items = reader.list(node, path, "[ \"203.0.113.10/32\" ]")?;
    let mut read: Vec<String> = Vec::new();
    let mut good = true;
    for item in items {
        let Some(text) = reader.string(item, path, "203.0.113.10/32") else {
            good = false;
            continue;
        };
        // A developer's machine has no address of its own.
        let problem = match network(text) {
            Network::Public => None,
            Network::Private if environment == Environment::Development => None,
            Network::Private => Some((
                codes::PRIVATE_NETWORK,
                format!("`{}` is not a public address range", shown(text)),
                "write the address that the authority sees, after translation at the firewall",
            )),
            Network::Invalid => Some((
                codes::BAD_NETWORK,
                format!("`{}` is not an address range", shown(text)),
                "write the address and the number of fixed bits: `203.0.113.10/32` for one address",
            )),
        };
        if let Some((code, message, help)) = problem {
            reader.error(code, message, item.span, help);
            good = false;
        } else if read.iter().any(|other| other == text) {
            reader.error(
                codes::DUPLICATE_ITEM,
                format!("`{}` stands twice in `{path}`", shown(text)),
                item.span,
                "remove one of the two",
            );
            good = false;
        } else {
            read.push(text.to_owned());
        }
    }
    good.then_some(read)
}

const NAME_LENGTH: usize = 100;
const ADDRESS_LENGTH: usize = 300;
const LINE_LENGTH: usize = 100;
