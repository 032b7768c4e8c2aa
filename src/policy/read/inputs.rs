use std::collections::BTreeMap;

use regex::RegexBuilder;

use super::map::Map;
use super::reader::Reader;
use super::reader::words;
use crate::diagnostics::codes;
use crate::policy::Input;
use crate::policy::InputKind;
use crate::policy::first_unsafe;
use crate::policy::inputs::anchored;
use crate::policy::inputs::thousandths;
use crate::policy::language;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;
use crate::words::InputName;

/// Reads the declared inputs. One that is wrong is still there, so that texts which use it are not reported
/// too; the service does not load anyway.
pub(super) fn inputs(reader: &mut Reader<'_>, entry: &Entry) -> BTreeMap<InputName, Input> {
    let mut read = BTreeMap::new();
    let Some(entries) = reader.entries(&entry.node, "inputs", entry.key_span) else {
        return read;
    };
    for one in entries {
        let Ok(name) = InputName::parse(&one.key) else {
            reader.error(
                codes::BAD_INPUT_NAME,
                format!("`{}` is not an input name", shown(&one.key)),
                one.key_span,
                "use 1 to 64 lowercase letters, digits and underscores, beginning with a letter",
            );
            continue;
        };
        let place = reader.place(one.key_span);
        let (kind, optional) = input(reader, one).unwrap_or((InputKind::Boolean, false));
        read.insert(
            name,
            Input {
                kind,
                optional,
                place,
            },
        );
    }
    read
}

fn input(reader: &mut Reader<'_>, entry: &Entry) -> Option<(InputKind, bool)> {
    let path = format!("inputs.{}", entry.key);
    let map = reader.map(&entry.node, &path, entry.key_span, language::INPUT)?;
    let optional = match map.get("optional") {
        None => Some(false),
        Some(entry) => reader.boolean(&entry.node, &map.path_of("optional")),
    };
    let of_type = reader.required(&map, "type", "string")?;
    let name = reader.word(
        &of_type.node,
        &map.path_of("type"),
        codes::UNKNOWN_INPUT_TYPE,
        language::INPUT_TYPES,
        |word| language::INPUT_TYPES.iter().copied().find(|name| *name == word),
    )?;
    let own: &[&str] = match name {
        "string" => &["pattern", "max_length"],
        "integer" | "decimal" => &["min", "max"],
        "choice" => &["of"],
        _ => &[],
    };
    refuse_settings_of_others(reader, &map, name, own);
    let kind = match name {
        "string" => string(reader, &map),
        "integer" => integer(reader, &map),
        "decimal" => decimal(reader, &map),
        "choice" => choice(reader, &map),
        _ => Some(InputKind::Boolean),
    };
    Some((kind?, optional?))
}

fn refuse_settings_of_others(reader: &mut Reader<'_>, map: &Map<'_>, name: &str, own: &[&str]) {
    for key in language::INPUT.iter().map(|key| key.name) {
        let general = matches!(key, "type" | "optional");
        if general || own.contains(&key) {
            continue;
        }
        if let Some(entry) = map.get(key) {
            let help = if own.is_empty() {
                format!("remove it; a `{name}` has no settings of its own")
            } else {
                format!("remove it; a `{name}` takes {}", words(own))
            };
            reader.error(
                codes::SETTING_OF_OTHER_TYPE,
                format!("`{key}` is no setting of a `{name}`"),
                entry.key_span,
                help,
            );
        }
    }
}

fn string(reader: &mut Reader<'_>, map: &Map<'_>) -> Option<InputKind> {
    let pattern = match map.get("pattern") {
        None => Some(None),
        Some(entry) => pattern(reader, entry, &map.path_of("pattern")).map(Some),
    };
    let max_length = match map.get("max_length") {
        None => Some(DEFAULT_LENGTH),
        Some(entry) => reader.integer(&entry.node, &map.path_of("max_length"), 1, LONGEST_VALUE),
    };
    Some(InputKind::String {
        pattern: pattern?,
        max_length: usize::try_from(max_length?).ok()?,
    })
}

fn pattern(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<regex::Regex> {
    let text = reader.string(&entry.node, path, "\"[0-9]{6,9}\"")?;
    let compile = |pattern: &str| {
        RegexBuilder::new(pattern)
            .size_limit(PATTERN_BYTES)
            .dfa_size_limit(PATTERN_BYTES)
            .nest_limit(PATTERN_DEPTH)
            .build()
    };
    let compiled = if text.chars().count() > PATTERN_LENGTH {
        Err(format!("it has more than {PATTERN_LENGTH} characters"))
    } else {
        // A pattern such as `a)|(b` would break out of the anchors, so it has to be one alone too. Without a `)` it can't
        // close what it has not opened, and one look is enough.
        let alone = || compile(text).map(drop);
        let alone_first = if text.contains(')') { alone() } else { Ok(()) };
        alone_first
            .and_then(|()| compile(&anchored(text)).map_err(|error| alone().err().unwrap_or(error)))
            .map_err(|error| why(&error))
    };
    match compiled {
        Ok(pattern) => Some(pattern),
        Err(why) => {
            reader.error(
                codes::BAD_PATTERN,
                format!("`{path}` is not a pattern that can be used: {why}"),
                entry.node.span,
                "write a regular expression such as \"[0-9]{6,9}\", in quotes",
            );
            None
        }
    }
}

/// The last line of the pattern compiler's message is the sentence; the others draw a picture.
fn why(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "it allows too many different texts".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            let why = last.trim().trim_start_matches("error: ");
            let ours = WHYS.iter().find(|(theirs, _)| *theirs == why);
            ours.map_or_else(
                || "it holds a sign in a place where it means nothing".to_owned(),
                |(_, ours)| (*ours).to_owned(),
            )
        }
    }
}

fn integer(reader: &mut Reader<'_>, map: &Map<'_>) -> Option<InputKind> {
    let (min, max) = bounds(reader, map, false)?;
    Some(InputKind::Integer { min, max })
}

fn decimal(reader: &mut Reader<'_>, map: &Map<'_>) -> Option<InputKind> {
    let (min, max) = bounds(reader, map, true)?;
    Some(InputKind::Decimal { min, max })
}

/// Reads `min` and `max`; those of decimals in thousandths.
pub(super) fn bounds(reader: &mut Reader<'_>, map: &Map<'_>, decimal: bool) -> Option<(i64, i64)> {
    let mut bound = |key: &str, default: i64| match map.get(key) {
        None => Some(default),
        Some(entry) if decimal => decimal_bound(reader, &entry.node, &map.path_of(key)),
        Some(entry) => reader.integer(&entry.node, &map.path_of(key), i64::MIN, i64::MAX),
    };
    let (min, max) = (bound("min", i64::MIN), bound("max", i64::MAX));
    in_order(reader, map, min?, max?)
}

fn decimal_bound(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<i64> {
    let read = match &node.value {
        Value::Scalar(scalar) if !scalar.quoted => thousandths(&scalar.text),
        Value::Broken => return None,
        _ => None,
    };
    if read.is_none() {
        reader.error(
            codes::BAD_BOUNDS,
            format!("`{path}` needs a number with at most three places after the point"),
            node.span,
            "write it as `10000` or `0.250`, without quotes",
        );
    }
    read
}

fn in_order(reader: &mut Reader<'_>, map: &Map<'_>, min: i64, max: i64) -> Option<(i64, i64)> {
    if min > max {
        let at = map
            .get("min")
            .or_else(|| map.get("max"))
            .map_or(map.at, |entry| entry.node.span);
        reader.error(
            codes::BAD_BOUNDS,
            format!("`{}` is greater than `max`, so no value fits", map.path_of("min")),
            at,
            "exchange `min` and `max`, or correct one of them",
        );
        return None;
    }
    Some((min, max))
}

fn choice(reader: &mut Reader<'_>, map: &Map<'_>) -> Option<InputKind> {
    let path = map.path_of("of");
    let entry = reader.required(map, "of", "[north, south]")?;
    let mut read: Vec<String> = Vec::new();
    let mut good = true;
    for item in reader.list(&entry.node, &path, "[north, south]")? {
        let Some(word) = reader.string(item, &path, "north") else {
            good = false;
            continue;
        };
        let plain =
            (1..=64).contains(&word.chars().count()) && word.trim() == word && first_unsafe(word).is_none();
        if !plain {
            reader.error(
                codes::BAD_CHOICE,
                if word.is_empty() {
                    "an empty text can't be a word to choose".to_owned()
                } else {
                    format!("`{}` can't be a word to choose", shown(word))
                },
                item.span,
                "write 1 to 64 visible characters without spaces at the ends",
            );
            good = false;
        } else if read.iter().any(|other| other == word) {
            reader.error(
                codes::DUPLICATE_ITEM,
                format!("`{}` stands twice in `{path}`", shown(word)),
                item.span,
                "remove one of the two",
            );
            good = false;
        } else {
            read.push(word.to_owned());
        }
    }
    good.then_some(InputKind::Choice(read))
}

/// What the compiler of patterns says, and what we do.
const WHYS: [(&str, &str); 9] = [
    ("unclosed character class", "a `[` is never closed"),
    ("unclosed group", "a `(` is never closed"),
    ("unopened group", "a `)` closes nothing"),
    (
        "repetition operator missing expression",
        "`*`, `+`, `?` or `{…}` has nothing before it to repeat",
    ),
    ("unclosed counted repetition", "a `{` is never closed"),
    (
        "repetition quantifier expects a valid decimal",
        "the braces hold no number, such as `{6,9}`",
    ),
    (
        "invalid repetition count range, the start must be <= the end",
        "in the braces the first number is greater than the second",
    ),
    (
        "invalid character class range, the start must be <= the end",
        "a range in square brackets runs backwards",
    ),
    (
        "unrecognized escape sequence",
        "a backslash stands before a letter that needs none",
    ),
];
const DEFAULT_LENGTH: i64 = 100;
const LONGEST_VALUE: i64 = 1_000;
const PATTERN_LENGTH: usize = 500;
const PATTERN_BYTES: usize = 256 * 1024;
const PATTERN_DEPTH: u32 = 32;
