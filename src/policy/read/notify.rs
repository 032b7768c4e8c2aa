use std::collections::BTreeMap;

use super::map::Map;
use super::onboarding::optional;
use super::reader::Reader;
use super::texts::TextRules;
use crate::diagnostics::codes;
use crate::policy::Input;
use crate::policy::InputKind;
use crate::policy::NotifySettings;
use crate::policy::Template;
use crate::policy::address::https_url;
use crate::policy::address::is_host;
use crate::policy::language;
use crate::policy::render::Piece;
use crate::policy::render::pieces;
use crate::policy::yaml::Entry;
use crate::policy::yaml::shown;
use crate::words::InputName;
use crate::words::Text;

/// Reads what only `notify` has: templates and the hosts that they may link to (R000-195).
pub(super) fn notify(
    reader: &mut Reader<'_>,
    map: &Map<'_>,
    inputs: &BTreeMap<InputName, Input>,
) -> Option<NotifySettings> {
    let links = match map.get("links") {
        None => Some(Vec::new()),
        Some(entry) => links(reader, entry, &map.path_of("links")),
    };
    let example = "{ reminder: { title: …, text: … } }";
    let templates = reader
        .required(map, "templates", example)
        .and_then(|entry| templates(reader, entry, &map.path_of("templates"), inputs, links.as_deref()));
    Some(NotifySettings {
        templates: templates?,
        links: links?,
    })
}

fn links(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Vec<String>> {
    let mut read = Vec::new();
    let mut good = true;
    for item in reader.list(&entry.node, path, "[services.example]")? {
        let Some(host) = reader.string(item, path, "services.example") else {
            good = false;
            continue;
        };
        if is_host(host) && host.contains('.') && *host == host.to_ascii_lowercase() {
            read.push(host.to_owned());
        } else {
            reader.error(
                codes::BAD_HOST,
                format!("`{}` is not the name of a host", shown(host)),
                item.span,
                "write it in lowercase without `https://`, path and port, such as `services.example`",
            );
            good = false;
        }
    }
    good.then_some(read)
}

fn templates(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    inputs: &BTreeMap<InputName, Input>,
    links: Option<&[String]>,
) -> Option<BTreeMap<String, Template>> {
    let entries = reader.entries(&entry.node, path, entry.key_span)?;
    if entries.is_empty() {
        reader.error(
            codes::EMPTY_LIST,
            format!("`{path}` holds no template, so nothing can be sent"),
            entry.key_span,
            "write at least one, such as `reminder: { title: …, text: … }`",
        );
        return None;
    }
    let mut read = BTreeMap::new();
    let mut good = true;
    for one in entries {
        let path = format!("{path}.{}", one.key);
        let named = super::is_slug(&one.key);
        if !named {
            reader.error(
                codes::BAD_TEMPLATE,
                format!("`{}` is not the name of a template", shown(&one.key)),
                one.key_span,
                "use 1 to 64 lowercase letters, digits and hyphens, beginning with a letter",
            );
        }
        match template(reader, one, &path, inputs, links).filter(|_| named) {
            Some(template) => {
                read.insert(one.key.clone(), template);
            }
            None => good = false,
        }
    }
    good.then_some(read)
}

fn template(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    inputs: &BTreeMap<InputName, Input>,
    links: Option<&[String]>,
) -> Option<Template> {
    let map = reader.map(&entry.node, path, entry.key_span, language::TEMPLATE)?;
    let title = reader
        .required(&map, "title", "{ ar: \"…\", en: \"…\" }")
        .and_then(|entry| reader.text(entry, &map.path_of("title"), TextRules::fixed(TITLE_LENGTH)));
    let rules = TextRules {
        max: TEXT_LENGTH,
        inputs: Some(inputs),
    };
    let text = reader
        .required(&map, "text", "{ ar: \"…\", en: \"…\" }")
        .and_then(|entry| {
            let path = map.path_of("text");
            let text = reader.text(entry, &path, rules)?;
            holds_no_address(reader, entry, &path, &text, inputs).then_some(text)
        });
    let link = optional(&map, "link", |entry, path| link(reader, entry, path, links));
    Some(Template {
        title: title?,
        text: text?,
        link: link?,
    })
}

/// Neither the text nor what an e-service puts into it may hold an address: only `link` is checked.
fn holds_no_address(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    text: &Text,
    inputs: &BTreeMap<InputName, Input>,
) -> bool {
    for language in [&text.ar, &text.en] {
        let lower = language.to_lowercase();
        if lower.contains("://") || lower.contains("www.") {
            reader.error(
                codes::BAD_TEMPLATE,
                format!("`{path}` holds an address"),
                entry.key_span,
                "put the address into `link`, and its host into `links`",
            );
            return false;
        }
        for piece in pieces(language) {
            let Piece::Placeholder(name) = piece else {
                continue;
            };
            let free = inputs
                .get(name)
                .is_some_and(|input| matches!(&input.kind, InputKind::String { pattern: None, .. }));
            if free {
                reader.error(
                    codes::BAD_TEMPLATE,
                    format!("`{path}` uses the input `{}`, which may be any text", shown(name)),
                    entry.key_span,
                    "give the input a `pattern` that no address matches, such as \"[0-9]{6,9}\"",
                );
                return false;
            }
        }
    }
    true
}

/// The list is `None` where it could not be read; then nothing is said about links.
fn link(reader: &mut Reader<'_>, entry: &Entry, path: &str, links: Option<&[String]>) -> Option<String> {
    let url = reader.https_url(entry, path, codes::BAD_URL, |_| true)?;
    let host = https_url(&url)?.host.to_ascii_lowercase();
    if links.is_some_and(|links| !links.contains(&host)) {
        reader.error(
            codes::LINK_NOT_ALLOWED,
            format!("`{path}` leads to `{host}`, which `links` does not list"),
            entry.node.span,
            format!("add `links: [{host}]` to the capability, if the organization answers for that site"),
        );
        return None;
    }
    Some(url)
}

const TITLE_LENGTH: usize = 100;
const TEXT_LENGTH: usize = 500;
