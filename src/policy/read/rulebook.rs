use std::collections::BTreeSet;

use super::map::Map;
use super::onboarding::optional;
use super::reader::Reader;
use super::reader::did_you_mean;
use super::texts::TextRules;
use crate::diagnostics::Severity;
use crate::diagnostics::codes;
use crate::policy::BuiltIn;
use crate::policy::Check;
use crate::policy::Document;
use crate::policy::Holds;
use crate::policy::Rule;
use crate::policy::Rulebook;
use crate::policy::language;
use crate::policy::rulebook::Language;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Span;
use crate::policy::yaml::shown;
use crate::words::Capability;
use crate::words::Environment;

/// Reads a whole rulebook.
pub(super) fn rulebook(reader: &mut Reader<'_>, file: &str, root: &Node, shipped: bool) -> Option<Rulebook> {
    let map = reader.map(root, "", Span::default_first(), language::RULEBOOK)?;
    super::format_version(reader, &map);
    let id = reader
        .required(&map, "rulebook", stem(file))
        .and_then(|entry| id(reader, entry, file));
    let title = reader
        .required(&map, "title", "{ ar: \"…\", en: \"…\" }")
        .and_then(|entry| reader.text(entry, "title", TextRules::fixed(200)));
    let source = reader
        .required(&map, "source", "{ document: …, edition: … }")
        .and_then(|entry| source(reader, entry));
    let rules = reader
        .required(&map, "rules", "{ my-rule: { section: …, check: …, … } }")
        .and_then(|entry| rules(reader, entry, shipped));
    let (document, edition) = source?;
    Some(Rulebook {
        id: id?,
        title: title?,
        document,
        edition,
        rules: rules?,
    })
}

fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(".yaml").unwrap_or(name)
}

fn id(reader: &mut Reader<'_>, entry: &Entry, file: &str) -> Option<String> {
    let text = reader.string(&entry.node, "rulebook", stem(file))?;
    if text != stem(file) {
        reader.error(
            codes::NAME_IS_NOT_FILE,
            format!(
                "the rulebook `{}` stands in a file named `{}`",
                shown(text),
                shown(stem(file))
            ),
            entry.node.span,
            "give both the same name",
        );
        return None;
    }
    Some(text.to_owned())
}

fn source(reader: &mut Reader<'_>, entry: &Entry) -> Option<(String, Option<String>)> {
    let map = reader.map(&entry.node, "source", entry.key_span, language::SOURCE)?;
    let document = reader
        .required(&map, "document", "…")
        .and_then(|entry| reader.line(entry, "source.document", 200));
    let edition = optional(&map, "edition", |entry, path| reader.line(entry, path, 100));
    Some((document?, edition?))
}

fn rules(reader: &mut Reader<'_>, entry: &Entry, shipped: bool) -> Option<Vec<Rule>> {
    let entries = reader.entries(&entry.node, "rules", entry.key_span)?;
    let mut read = Vec::new();
    let mut good = true;
    for one in entries {
        match rule(reader, one, shipped) {
            Some(rule) => read.push(rule),
            None => good = false,
        }
    }
    if entries.is_empty() {
        reader.error(
            codes::EMPTY_LIST,
            "the rulebook has no rule",
            entry.key_span,
            "write at least one, or remove the file",
        );
        return None;
    }
    good.then_some(read)
}

fn rule(reader: &mut Reader<'_>, entry: &Entry, shipped: bool) -> Option<Rule> {
    let path = format!("rules.{}", entry.key);
    if !super::is_slug(&entry.key) {
        reader.error(
            codes::BAD_SERVICE_NAME,
            format!("`{}` is not the id of a rule", shown(&entry.key)),
            entry.key_span,
            "use 1 to 64 lowercase letters, digits and hyphens, beginning with a letter",
        );
        return None;
    }
    let map = reader.map(&entry.node, &path, entry.key_span, language::RULE)?;
    let requirements = optional(&map, "requirements", |entry, path| {
        lines(reader, &entry.node, path, "[R000-015]")
    });
    let section = reader
        .required(&map, "section", "…")
        .and_then(|entry| reader.line(entry, &map.path_of("section"), 100));
    let severity = match map.get("severity") {
        None => Some(Severity::Error),
        Some(entry) => reader
            .one_of(&entry.node, &map.path_of("severity"), &["error", "warning"])
            .map(|word| {
                if word == "error" {
                    Severity::Error
                } else {
                    Severity::Warning
                }
            }),
    };
    let environments = match map.get("environments") {
        None => Some([Environment::Production, Environment::Test, Environment::Dr].into()),
        Some(entry) => environments(reader, &entry.node, &map.path_of("environments")),
    };
    let waivable = match map.get("waivable") {
        None => Some(true),
        Some(entry) => reader.boolean(&entry.node, &map.path_of("waivable")),
    };
    let check = reader
        .required(&map, "check", "{ holds: \"…\" }")
        .and_then(|entry| check(reader, entry, &map.path_of("check"), shipped));
    let mut text = |key: &str| {
        let path = map.path_of(key);
        reader
            .required(&map, key, "{ ar: \"…\", en: \"…\" }")
            .and_then(|entry| reader.text(entry, &path, TextRules::fixed(500)))
    };
    let (message, remedy) = (text("message"), text("remedy"));
    Some(Rule {
        id: entry.key.clone(),
        requirements: requirements?.unwrap_or_default(),
        section: section?,
        severity: severity?,
        environments: environments?,
        waivable: waivable?,
        check: check?,
        message: message?,
        remedy: remedy?,
        place: reader.place(entry.key_span),
    })
}

fn environments(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<BTreeSet<Environment>> {
    let names: Vec<_> = reader
        .list(node, path, "[production, test]")?
        .iter()
        .map(|item| {
            reader
                .one_of(item, path, &["production", "test", "dr", "development"])
                .and_then(Environment::from_name)
        })
        .collect();
    names.into_iter().collect()
}

fn lines(reader: &mut Reader<'_>, node: &Node, path: &str, example: &str) -> Option<Vec<String>> {
    let read: Vec<_> = reader
        .list(node, path, example)?
        .iter()
        .map(|item| reader.string(item, path, example).map(str::to_owned))
        .collect();
    read.into_iter().collect()
}

fn check(reader: &mut Reader<'_>, entry: &Entry, path: &str, shipped: bool) -> Option<Check> {
    let map = reader.map(&entry.node, path, entry.key_span, language::CHECK)?;
    let holds = holds(reader, &map);
    let present = optional(&map, "present", |entry, path| present(reader, entry, path));
    let built_in = optional(&map, "built_in", |entry, path| built_in(reader, entry, path));
    let of_language = optional(&map, "language", |entry, path| of_language(reader, entry, path));
    let check = Check {
        holds: holds?,
        present: present?.unwrap_or_default(),
        built_in: built_in?,
        language: of_language?,
    };
    let says_nothing = check.holds.is_none()
        && check.present.is_empty()
        && check.built_in.is_none()
        && check.language.is_none();
    let fault = if says_nothing {
        Some((
            "names no way to find a breach",
            "add `holds` with an expression, `present` with keys, or `built_in` with a name",
        ))
    } else if check.language.is_some() && !shipped {
        Some((
            "speaks of faults of the language",
            "say it with `holds`, `present` or `built_in`; only the rulebook that comes with midflow uses `language`",
        ))
    } else if check.holds.is_none() && (map.get("each").is_some() || map.get("at").is_some()) {
        Some((
            "has `each` or `at` without `holds`",
            "add `holds`, or remove them",
        ))
    } else {
        None
    };
    if let Some((what, help)) = fault {
        reader.error(codes::BAD_CHECK, format!("`{path}` {what}"), entry.key_span, help);
        return None;
    }
    Some(check)
}

fn holds(reader: &mut Reader<'_>, map: &Map<'_>) -> Option<Option<Holds>> {
    let each = optional(map, "each", |entry, path| {
        reader.one_of(&entry.node, path, language::EACH)
    });
    let part = each.flatten();
    let at = optional(map, "at", |entry, path| {
        let at = reader.string(&entry.node, path, "retention.evidence")?;
        let below = |name: &str| part.map_or_else(|| at.to_owned(), |part| format!("{part}.{name}.{at}"));
        // What the entries of a part are called decides which keys they have; of names of the author's own any will do.
        let names = Capability::ALL.map(Capability::as_str);
        let is_key = names
            .into_iter()
            .chain(["approved", "declined"])
            .any(|name| is_of_service(&below(name)));
        let whole = part.map_or("a service file".to_owned(), |part| {
            format!("the entries of `{part}`")
        });
        is_named(reader, entry.node.span, path, at, is_key, &whole).then(|| at.to_owned())
    });
    let holds = optional(map, "holds", |entry, path| {
        let expression = reader.string(&entry.node, path, "service.audience.size > 0")?;
        if expression.trim().is_empty() {
            reader.error(
                codes::BAD_CHECK,
                format!("`{path}` is empty"),
                entry.node.span,
                "write an expression that is true where the rule is kept",
            );
            return None;
        }
        Some((expression.to_owned(), reader.place(entry.node.span)))
    });
    let (each, at, holds) = (each?, at?, holds?);
    Some(holds.map(|(expression, place)| Holds {
        expression,
        each,
        at,
        place,
    }))
}

fn present(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Vec<String>> {
    let example = "[legal_basis]";
    let read: Vec<_> = reader
        .list(&entry.node, path, example)?
        .iter()
        .map(|item| {
            let named = reader.string(item, path, example)?;
            let is_key = is_of_service(named) || language::is_key(Document::Organization, named);
            let whole = "a service file or of the organization file";
            is_named(reader, item.span, path, named, is_key, whole).then(|| named.to_owned())
        })
        .collect();
    read.into_iter().collect()
}

fn is_of_service(path: &str) -> bool {
    language::is_key(Document::Service, path)
}

/// Says so where a path names no key: a rule would refuse everything, or point at nothing.
fn is_named(reader: &mut Reader<'_>, span: Span, path: &str, named: &str, is_key: bool, whole: &str) -> bool {
    if !is_key {
        reader.error(
            codes::BAD_CHECK,
            format!("`{path}` names `{}`, which is no key of {whole}", shown(named)),
            span,
            "write the path of a key as in the file, such as `retention.evidence`",
        );
    }
    is_key
}

fn built_in(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<BuiltIn> {
    let name = reader.string(&entry.node, path, "certified")?;
    let found = BuiltIn::from_name(name);
    if found.is_none() {
        let known = BuiltIn::ALL.map(BuiltIn::as_str);
        reader.error(
            codes::UNKNOWN_BUILT_IN,
            format!("there is no built-in check `{}`", shown(name)),
            entry.node.span,
            did_you_mean(name, &known),
        );
    }
    found
}

fn of_language(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Language> {
    let map = reader.map(&entry.node, path, entry.key_span, language::LANGUAGE)?;
    let keys = optional(&map, "keys", |entry, path| {
        lines(reader, &entry.node, path, "[audience]")
    });
    let codes = optional(&map, "codes", |entry, path| {
        lines(reader, &entry.node, path, "[E2020]")
    });
    let capability = optional(&map, "capability", |entry, path| {
        reader.one_of(
            &entry.node,
            path,
            &["verify_qr", "auth_qr", "auth_push", "sign", "notify"],
        )
    });
    Some(Language {
        keys: keys?.unwrap_or_default(),
        codes: codes?.unwrap_or_default(),
        capability: capability?,
    })
}
