use super::Document;
use super::Key;
use super::Names;
use super::Need;
use super::Shape;
use super::schema::about;
use super::schema::join;
use super::schema::rules_of;
use crate::policy::Rule;

/// What a key says and takes, for an editor that shows it on hover; `None` if the language has no such key.
///
/// The path is that of messages, as `capabilities.auth_push.expires_in`; names of the author's own stand as they are.
pub fn describe(document: Document, path: &str) -> Option<String> {
    let (key, pattern) = find(document, path)?;
    Some(format!("{} Takes {}.", about(key, &pattern), takes(&key.shape)))
}

/// Whether the language has a key of this path. Asks no rulebook: reading one asks this.
pub(in crate::policy) fn is_key(document: Document, path: &str) -> bool {
    find(document, path).is_some()
}

/// The rules of the shipped rulebook that are about exactly a key.
pub fn rules_about(document: Document, path: &str) -> Vec<&'static Rule> {
    find(document, path).map_or_else(Vec::new, |(_, pattern)| rules_of(&pattern).collect())
}

/// Whether a key must be there, in a few words; `None` if the language has no such key.
pub fn need(document: Document, path: &str) -> Option<String> {
    let (key, pattern) = find(document, path)?;
    Some(needed(key, &pattern))
}

/// What a key may be left out for; a rule may want what the language does not.
fn needed(key: &Key, pattern: &str) -> String {
    let wanted = || rules_of(pattern).any(|rule| rule.check.present.iter().any(|path| path == pattern));
    match key.need {
        Need::Required => "required".to_owned(),
        Need::Optional if wanted() => "required by the rulebook".to_owned(),
        Need::Optional => "optional".to_owned(),
        Need::BuiltIn(meant) => format!("else `{meant}`"),
        Need::When(case) => format!("required {case}"),
    }
}

/// A key by its path in a file, with its path in the language.
fn find(document: Document, path: &str) -> Option<(&'static Key, String)> {
    let mut keys = document.keys();
    let mut pattern = String::new();
    let mut rest = path;
    loop {
        let key = keys.iter().find(|key| {
            rest.strip_prefix(key.name)
                .is_some_and(|after| after.is_empty() || after.starts_with(['.', '[']))
        })?;
        pattern = join(&pattern, key.name);
        rest = rest.get(key.name.len()..).unwrap_or_default();
        let mut shape = &key.shape;
        // Through lists and names of the author's own to the next keys.
        loop {
            if rest.is_empty() {
                return Some((key, pattern));
            }
            match shape {
                Shape::List(of) => {
                    rest = rest
                        .strip_prefix('[')
                        .and_then(|after| after.split_once(']'))
                        .map_or(rest, |(_, after)| after);
                    shape = of;
                }
                Shape::Named(names, of) => {
                    let after = rest.strip_prefix('.')?;
                    // Leaf codes of outcomes have a point of their own.
                    let parts = if *names == Names::Outcomes && after.matches('.').count() > 1 {
                        2
                    } else {
                        1
                    };
                    let end = after
                        .match_indices('.')
                        .nth(parts - 1)
                        .map_or(after.len(), |(at, _)| at);
                    rest = after.get(end..).unwrap_or_default();
                    pattern = join(&pattern, "*");
                    shape = of;
                }
                Shape::Map(below) => {
                    keys = below;
                    rest = rest.strip_prefix('.')?;
                    break;
                }
                Shape::Either(shapes) => {
                    shape = shapes.iter().find(|shape| matches!(shape, Shape::Map(_)))?;
                }
                _ => return None,
            }
        }
    }
}

/// The tables of every key of a kind of file, in Markdown, for the reference page.
pub fn reference_tables(document: Document) -> String {
    let mut out = String::new();
    table(document.keys(), "", &mut out);
    out
}

fn table(keys: &'static [Key], path: &str, out: &mut String) {
    if !path.is_empty() {
        out.push_str(&format!("**`{path}`**\n\n"));
    }
    out.push_str("| key | | takes | |\n|---|---|---|---|\n");
    for key in keys {
        let below = join(path, key.name);
        let need = needed(key, &below).replace('|', "\\|");
        let need = if need.contains("`\"") {
            "else a fixed sentence".to_owned()
        } else {
            need
        };
        out.push_str(&format!(
            "| `{}` | {need} | {} | {} |\n",
            key.name,
            takes(&key.shape).replace('|', "\\|"),
            about(key, &below).replace('|', "\\|"),
        ));
    }
    out.push('\n');
    for key in keys {
        below(&key.shape, &join(path, key.name), out);
    }
}

fn below(shape: &'static Shape, path: &str, out: &mut String) {
    match shape {
        Shape::Map(keys) => table(keys, path, out),
        Shape::List(of) => below(of, path, out),
        Shape::Named(names, of) => below(of, &join(path, placeholder(*names)), out),
        Shape::Either(shapes) => {
            for one in *shapes {
                below(one, path, out);
            }
        }
        _ => {}
    }
}

const fn placeholder(names: Names) -> &'static str {
    match names {
        Names::Inputs => "<input>",
        Names::Fields => "<field>",
        Names::Outcomes => "<outcome>",
        Names::Slugs | Names::Any => "<name>",
    }
}

fn takes(shape: &Shape) -> String {
    match shape {
        Shape::Map(_) => "keys, below".to_owned(),
        Shape::Named(names, _) => format!(
            "entries, each named by {}",
            match names {
                Names::Inputs => "a name of your own",
                Names::Fields => "a field or a derived claim",
                Names::Outcomes => "a class or a leaf code",
                Names::Slugs => "a name of your own with hyphens",
                Names::Any => "words of your own",
            }
        ),
        Shape::List(of) => format!("a list: {}", takes(of)),
        Shape::Text { max, inputs } => format!(
            "a text in `ar` and `en`, up to {max} characters{}",
            if *inputs { "; may name inputs" } else { "" }
        ),
        Shape::Line { max } => format!("a text up to {max} characters"),
        Shape::Word(words) => words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", "),
        Shape::Form(_, example) => format!("as `{example}`"),
        Shape::Integer { min, max } => format!("a whole number, {min} to {max}"),
        Shape::Number => "a number".to_owned(),
        Shape::Boolean => "`true` or `false`".to_owned(),
        Shape::Duration => "a duration: `30s`, `5m`, `2h`, `90d`, `10y`".to_owned(),
        Shape::Limit => "a limit: `3/10m`, `200/s`".to_owned(),
        Shape::Day => "a day: `2026-03-01`".to_owned(),
        Shape::Url => "an `https` address".to_owned(),
        Shape::Sha256 => "64 hexadecimal digits, in quotes".to_owned(),
        Shape::Any => "a value, or `$column`".to_owned(),
        Shape::Either(shapes) => shapes.iter().map(takes).collect::<Vec<_>>().join("; or "),
    }
}
