use super::map::Map;
use super::reader::Reader;
use super::texts::TextRules;
use crate::diagnostics::codes;
use crate::policy::DeclaredField;
use crate::policy::language;
use crate::policy::language::meant_word;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Span;
use crate::policy::yaml::shown;
use crate::words::Field;
use crate::words::FieldSource;
use crate::words::Text;

/// Reads the fields of the person, each with its reason (R000-027 to R000-036).
pub(super) fn fields(reader: &mut Reader<'_>, entry: &Entry) -> Option<Vec<DeclaredField>> {
    let entries = reader.entries(&entry.node, "fields", entry.key_span)?;
    let mut read = Vec::new();
    let mut reasons: Vec<(Text, &Entry)> = Vec::new();
    let mut good = true;
    for one in entries {
        let Ok(field) = Field::parse(&one.key) else {
            unknown(reader, one);
            good = false;
            continue;
        };
        let Some(reason) = declaration(reader, one, &field) else {
            good = false;
            continue;
        };
        good &= is_own_reason(reader, one, &reason, &reasons);
        reasons.push((reason.clone(), one));
        read.push(DeclaredField {
            field,
            reason,
            place: reader.place(one.key_span),
        });
    }
    let civil_no = FieldSource::CivilNo.as_str();
    let is_civil_no = |one: &Entry| {
        let is_unknown = || Field::parse(&one.key).is_err();
        one.key == civil_no || is_unknown() && meant_field(&one.key) == Some(civil_no)
    };
    if !entries.iter().any(is_civil_no) {
        reader.error_about(
            "fields.civil_no".to_owned(),
            codes::CIVIL_NO_MISSING,
            "`fields` does not declare the civil number",
            entry.key_span,
            "add `civil_no: { reason: { ar: \"…\", en: \"…\" } }`; who approved is known by it",
        );
        good = false;
    }
    good.then_some(read)
}

fn unknown(reader: &mut Reader<'_>, entry: &Entry) {
    let known = known();
    let message = format!("unknown field `{}`", shown(&entry.key));
    if entry.key == "*" {
        let help = "name each field that the service needs; there is no way to ask for all";
        reader.error(codes::UNKNOWN_FIELD, message, entry.key_span, help);
        return;
    }
    reader.misspelt(codes::UNKNOWN_FIELD, message, entry.key_span, &entry.key, &known);
}

fn known() -> Vec<&'static str> {
    let mut known: Vec<&str> = FieldSource::ALL.iter().map(|source| source.as_str()).collect();
    known.extend(CLAIMS);
    known
}

/// The field that a word was meant to be.
fn meant_field(word: &str) -> Option<&'static str> {
    meant_word(word, known()).map(|near| near.word)
}

fn declaration(reader: &mut Reader<'_>, entry: &Entry, field: &Field) -> Option<Text> {
    let path = format!("fields.{}", entry.key);
    let map = reader.map(&entry.node, &path, entry.key_span, language::FIELD)?;
    let source = check_source(reader, &map, field, entry.key_span);
    let reason = reader
        .required(&map, "reason", "{ ar: \"…\", en: \"…\" }")
        .and_then(|entry| reader.text(entry, &map.path_of("reason"), TextRules::fixed(REASON_LENGTH)));
    source?;
    reason
}

/// A derived claim names its source; a plain field has none.
fn check_source(reader: &mut Reader<'_>, map: &Map<'_>, field: &Field, at: Span) -> Option<()> {
    let derived = !matches!(field, Field::Plain(_));
    let source = field.source().as_str();
    let Some(entry) = map.get("from") else {
        if derived {
            reader.error(
                codes::WRONG_SOURCE,
                format!("`{}` does not say what it is derived from", map.path),
                at,
                format!("add `from: {source}`"),
            );
            return None;
        }
        return Some(());
    };
    if !derived {
        reader.error(
            codes::WRONG_SOURCE,
            format!("`{}` is not derived from anything", map.path),
            entry.key_span,
            "remove `from`",
        );
        return None;
    }
    let named = reader.string(&entry.node, &map.path_of("from"), source)?;
    if named != source {
        let fix = reader.instead(entry.node.span, named, source, true);
        reader.error_fixed(
            codes::WRONG_SOURCE,
            format!("`{}` is not derived from `{}`", map.path, shown(named)),
            entry.node.span,
            format!("write `from: {source}`"),
            fix,
        );
        return None;
    }
    Some(())
}

/// A reason that was copied from another field explains neither (R000-036).
fn is_own_reason(reader: &mut Reader<'_>, entry: &Entry, reason: &Text, others: &[(Text, &Entry)]) -> bool {
    let same = |a: &str, b: &str| letters(a) == letters(b);
    let Some((_, other)) = others
        .iter()
        .find(|(other, _)| same(&other.ar, &reason.ar) || same(&other.en, &reason.en))
    else {
        return true;
    };
    reader.error_with(
        codes::DUPLICATE_REASON,
        format!("`{}` gives the same reason as `{}`", entry.key, other.key),
        entry.key_span,
        (other.key_span, "the same reason"),
        "say what this field is used for",
    );
    false
}

fn letters(text: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// Claims as the help line offers them.
const CLAIMS: [&str; 6] = [
    "age_over_18",
    "age_over_21",
    "card_valid",
    "valid_for_90d",
    "is_kuwaiti",
    "resident",
];
const REASON_LENGTH: usize = 250;
