use std::collections::BTreeMap;

use super::map::Map;
use super::onboarding::onboarding;
use super::onboarding::optional;
use super::onboarding::signed;
use super::push_safety::push_safety;
use super::reader::Reader;
use super::texts::TextRules;
use crate::diagnostics::codes;
use crate::policy::Contact;
use crate::policy::EnvironmentSettings;
use crate::policy::Logo;
use crate::policy::Organization;
use crate::policy::OrganizationKind;
use crate::policy::PushSafety;
use crate::policy::ThirdParty;
use crate::policy::address::Network;
use crate::policy::address::https_url;
use crate::policy::address::is_email;
use crate::policy::address::is_inner_host;
use crate::policy::address::is_kuwait_mobile;
use crate::policy::address::network;
use crate::policy::address::normal_base_url;
use crate::policy::address::one_address;
use crate::policy::address::repaired_mobile;
use crate::policy::language;
use crate::policy::language::meant_word;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Span;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;
use crate::words::Environment;

/// Reads the whole organization file.
pub(super) fn organization(reader: &mut Reader<'_>, root: &Node) -> Option<Organization> {
    let file = reader.map(root, "", Span::default_first(), language::ORGANIZATION_FILE)?;
    super::format_version(reader, &file);
    let onboarding = onboarding(reader, file.get("onboarding"));
    let push_safety = optional(&file, "push_safety", |entry, _| push_safety(reader, entry));
    let about = about(reader, &file);
    Some(Organization {
        onboarding: onboarding?,
        push_safety: push_safety?.unwrap_or_default(),
        ..about?
    })
}

/// Reads the organization with its environments, from a file that has more than that.
pub(super) fn about(reader: &mut Reader<'_>, file: &Map<'_>) -> Option<Organization> {
    let about = reader
        .required(file, "organization", "{ name: …, type: …, contacts: …, … }")
        .and_then(|entry| {
            reader.map(
                &entry.node,
                "organization",
                entry.key_span,
                language::ORGANIZATION,
            )
        });
    let environments = reader
        .required(file, "environments", "{ production: …, test: … }")
        .and_then(|entry| environments(reader, entry));
    let about = about?;
    let name = reader
        .required(&about, "name", "{ ar: …, en: … }")
        .and_then(|entry| reader.text(entry, "organization.name", TextRules::fixed(NAME_LENGTH)));
    let kind = reader
        .required(&about, "type", "government")
        .and_then(|entry| kind(reader, entry));
    let address = optional(&about, "address", |entry, path| {
        reader.text(entry, path, TextRules::fixed(ADDRESS_LENGTH))
    });
    let website = optional(&about, "website", |entry, path| {
        reader.https_url(entry, path, codes::BAD_URL, |_| true)
    });
    let logo = optional(&about, "logo", |entry, _| logo(reader, entry));
    let contacts = contacts(reader, &about);
    let third_party = third_party(reader, &about);
    let contacts = contacts?;
    Some(Organization {
        name: name?,
        kind: kind?,
        address: address?,
        website: website?,
        logo: logo?,
        primary_contact: contacts.primary,
        technical_contact: contacts.technical,
        data_protection_contact: contacts.data_protection,
        complaints_contact: contacts.complaints,
        third_party: third_party?,
        environments: environments?,
        onboarding: onboarding(reader, None)?,
        push_safety: PushSafety::default(),
    })
}

fn logo(reader: &mut Reader<'_>, entry: &Entry) -> Option<Logo> {
    let map = reader.map(&entry.node, "organization.logo", entry.key_span, language::LOGO)?;
    let file = reader
        .required(&map, "file", "logo.svg")
        .and_then(|entry| logo_file(reader, entry, &map.path_of("file")));
    let sha256 = optional(&map, "sha256", |entry, path| reader.sha256(entry, path));
    Some(Logo {
        file: file?,
        sha256: sha256?,
    })
}

fn logo_file(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<String> {
    let name = reader.string(&entry.node, path, "logo.svg")?;
    let stem = name.strip_suffix(".svg").or_else(|| name.strip_suffix(".png"));
    let plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
    let good = stem.is_some_and(|stem| {
        (1..=63).contains(&stem.len()) && stem.chars().all(plain) && !stem.starts_with(['-', '_'])
    });
    if !good {
        reader.error(
            codes::BAD_LOGO,
            format!("`{}` is not the name of a logo", shown(name)),
            entry.node.span,
            "name an SVG or PNG file beside the organization file, in lowercase, such as `logo.svg`",
        );
    }
    good.then(|| name.to_owned())
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

struct Contacts {
    primary: Contact,
    technical: Contact,
    data_protection: Option<Contact>,
    complaints: Option<Contact>,
}

fn contacts(reader: &mut Reader<'_>, about: &Map<'_>) -> Option<Contacts> {
    let entry = reader.required(about, "contacts", "{ primary: …, technical: … }")?;
    let path = "organization.contacts";
    let map = reader.map(&entry.node, path, entry.key_span, language::CONTACTS)?;
    let primary = required_contact(reader, &map, "primary");
    let technical = required_contact(reader, &map, "technical");
    let data_protection = optional(&map, "data_protection", |entry, path| {
        contact(reader, entry, path)
    });
    let complaints = optional(&map, "complaints", |entry, path| contact(reader, entry, path));
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
    Some(Contacts {
        primary,
        technical,
        data_protection: data_protection?,
        complaints: complaints?,
    })
}

fn required_contact(reader: &mut Reader<'_>, contacts: &Map<'_>, which: &str) -> Option<Contact> {
    let example = "{ name: …, title: …, email: …, mobile: \"+965…\" }";
    let entry = reader.required(contacts, which, example)?;
    contact(reader, entry, &contacts.path_of(which))
}

fn contact(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Contact> {
    let map = reader.map(&entry.node, path, entry.key_span, language::CONTACT)?;
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
        let fix = (code == codes::BAD_MOBILE)
            .then(|| repaired_mobile(text))
            .flatten()
            .and_then(|right| reader.rewritten(entry.node.span, &format!("\"{right}\"")));
        reader.error_fixed(code, format!("`{path}` {fault}"), entry.node.span, help, fix);
        return None;
    }
    Some(text.to_owned())
}

/// `Some(None)` where the form says that there is none (R000-013).
fn third_party(reader: &mut Reader<'_>, about: &Map<'_>) -> Option<Option<ThirdParty>> {
    let help = "write the vendor's name, or `none`";
    let Some(entry) = about.get("third_party") else {
        reader.error_about(
            "organization.third_party".to_owned(),
            codes::THIRD_PARTY_UNDECLARED,
            "nothing is said about a third party",
            about.at,
            "add `third_party: none`, or the vendor's name",
        );
        return None;
    };
    let path = "organization.third_party";
    if matches!(entry.node.value, Value::Map(_)) {
        return vendor(reader, entry, path).map(Some);
    }
    let plain = match &entry.node.value {
        Value::Scalar(scalar) if !scalar.quoted => scalar.text.to_lowercase(),
        _ => String::new(),
    };
    // Quoted, these would be the name of a vendor.
    if matches!(plain.as_str(), "false" | "true" | "~" | "null" | "0") {
        reader.error(
            codes::THIRD_PARTY_UNDECLARED,
            format!("`{path}` does not say who it is"),
            entry.node.span,
            help,
        );
        return None;
    }
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
        _ => {
            let name = reader.line(entry, path, LINE_LENGTH)?;
            Some(Some(ThirdParty {
                name,
                agreement: None,
            }))
        }
    }
}

fn vendor(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<ThirdParty> {
    let map = reader.map(&entry.node, path, entry.key_span, language::THIRD_PARTY)?;
    let name = reader
        .required(&map, "name", "…")
        .and_then(|entry| reader.line(entry, &map.path_of("name"), LINE_LENGTH));
    let agreement = optional(&map, "agreement", |entry, path| signed(reader, entry, path));
    Some(ThirdParty {
        name: name?,
        agreement: agreement?,
    })
}

fn environments(
    reader: &mut Reader<'_>,
    entry: &Entry,
) -> Option<BTreeMap<Environment, EnvironmentSettings>> {
    let entries = reader.entries(&entry.node, "environments", entry.key_span)?;
    let mut read = BTreeMap::new();
    let mut named = Vec::new();
    let mut good = true;
    let mut taken = Taken::default();
    for one in entries {
        let Some(environment) = environment(reader, one) else {
            // One mistake, one message: what was meant is not missing too.
            let known = Environment::ALL.map(Environment::as_str);
            named.extend(meant_word(&one.key, known).and_then(|near| Environment::from_name(near.word)));
            good = false;
            continue;
        };
        named.push(environment);
        match settings(reader, one, environment, &mut taken) {
            Some(settings) => {
                read.insert(environment, settings);
            }
            None => good = false,
        }
    }
    for mandatory in [Environment::Production, Environment::Test] {
        if !named.contains(&mandatory) {
            reader.error_about(
                format!("environments.{mandatory}"),
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
    taken: &mut Taken,
) -> Option<EnvironmentSettings> {
    let path = format!("environments.{environment}");
    let map = reader.map(&entry.node, &path, entry.key_span, language::ENVIRONMENT)?;
    let url = reader
        .required(&map, "callback_base_url", "https://…")
        .and_then(|entry| {
            let path = map.path_of("callback_base_url");
            callback_base_url(reader, entry, &path, environment, &mut taken.urls)
        });
    let ips = reader
        .required(&map, "public_ips", "[ \"203.0.113.10/32\" ]")
        .and_then(|entry| public_ips(reader, &entry.node, &map.path_of("public_ips"), environment));
    let nodes = optional(&map, "nodes", |entry, path| nodes(reader, &entry.node, path));
    let certificate = optional(&map, "client_certificate", |entry, path| {
        certificate(reader, entry, path, &mut taken.certificates)
    });
    Some(EnvironmentSettings {
        callback_base_url: url?,
        public_ips: ips?,
        nodes: nodes?.unwrap_or_default(),
        client_certificate: certificate?,
    })
}

/// What one environment has and no other may have.
#[derive(Default)]
struct Taken {
    urls: Vec<(String, Span)>,
    certificates: Vec<(String, Span)>,
}

fn nodes(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Vec<String>> {
    let mut read: Vec<String> = Vec::new();
    let mut good = true;
    for item in reader.list(node, path, "[node-1, node-2]")? {
        let Some(name) = reader.string(item, path, "node-2") else {
            good = false;
            continue;
        };
        if !super::is_slug(name) {
            reader.error(
                codes::BAD_NODE_NAME,
                format!("`{}` is not the name of a node", shown(name)),
                item.span,
                "use 1 to 64 lowercase letters, digits and hyphens, beginning with a letter",
            );
            good = false;
        } else if read.iter().any(|other| other == name) {
            reader.error(
                codes::DUPLICATE_ITEM,
                format!("`{name}` stands twice in `{path}`"),
                item.span,
                "remove one of the two",
            );
            good = false;
        } else {
            read.push(name.to_owned());
        }
    }
    good.then_some(read)
}

/// The authority's certificates are of one environment each (R000-003).
fn certificate(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    taken: &mut Vec<(String, Span)>,
) -> Option<String> {
    let digest = reader.sha256(entry, path)?;
    if let Some((_, first)) = taken.iter().find(|(other, _)| *other == digest) {
        reader.error_with(
            codes::SHARED_CERTIFICATE,
            format!("`{path}` is the certificate of another environment"),
            entry.node.span,
            (*first, "used here already"),
            "give each environment the fingerprint of its own certificate",
        );
        return None;
    }
    taken.push((digest.clone(), entry.node.span));
    Some(digest)
}

fn callback_base_url(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    environment: Environment,
    urls: &mut Vec<(String, Span)>,
) -> Option<String> {
    let text = reader.https_url(entry, path, codes::BAD_CALLBACK_URL, |url| !url.has_query)?;
    let is_inner = https_url(&text).is_some_and(|url| is_inner_host(url.host));
    if is_inner && environment != Environment::Development {
        reader.error(
            codes::BAD_CALLBACK_URL,
            format!("`{path}` leads to this machine or an inner network, where the authority can't reach it"),
            entry.node.span,
            "write the host under which the authority reaches this environment from outside",
        );
        return None;
    }
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
                "write the address that the authority sees, after translation at the firewall".to_owned(),
            )),
            Network::TooPrecise(range) => Some((
                codes::BAD_NETWORK,
                format!("`{}` names one address and a range at once", shown(text)),
                format!(
                    "write `{range}` for the range, or end it in `/32` (IPv6: `/128`) for the one address"
                ),
            )),
            Network::Invalid => Some((
                codes::BAD_NETWORK,
                format!("`{}` is not an address range", shown(text)),
                "write the address and the number of fixed bits: `203.0.113.10/32` for one address"
                    .to_owned(),
            )),
        };
        if let Some((code, message, help)) = problem {
            let right = one_address(text).map(|range| format!("\"{range}\""));
            let fix = right.and_then(|right| reader.rewritten(item.span, &right));
            reader.error_fixed(code, message, item.span, help, fix);
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
