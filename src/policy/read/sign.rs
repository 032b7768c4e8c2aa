use std::collections::BTreeMap;

use super::map::Map;
use super::onboarding::optional;
use super::reader::Reader;
use super::texts::TextRules;
use crate::diagnostics::codes;
use crate::policy::Input;
use crate::policy::SignSettings;
use crate::policy::language;
use crate::policy::render::Piece;
use crate::policy::render::pieces;
use crate::policy::yaml::Entry;
use crate::words::InputName;
use crate::words::Text;

/// Reads what only `sign` has (R000-091 to R000-106).
pub(super) fn sign(
    reader: &mut Reader<'_>,
    map: &Map<'_>,
    inputs: &BTreeMap<InputName, Input>,
) -> Option<SignSettings> {
    let document = reader
        .required(map, "document", "contract")
        .and_then(|entry| document(reader, entry, &map.path_of("document")));
    let preview = match map.get("preview") {
        None => Some("document"),
        Some(entry) => reader.one_of(&entry.node, &map.path_of("preview"), language::PREVIEWS),
    };
    let rules = TextRules {
        max: SIGNED_TEXT,
        inputs: Some(inputs),
    };
    let text = match map.get("text") {
        None if preview == Some("text") => reader
            .required(map, "text", "{ ar: \"… {number}\", en: \"… {number}\" }")
            .map(|_| None),
        _ => optional(map, "text", |entry, path| {
            let text = reader.text(entry, path, rules)?;
            is_specific(reader, entry, path, &text).then_some(text)
        }),
    };
    let formats = match map.get("formats") {
        None => Some(vec!["pades"]),
        Some(entry) => formats(reader, entry, &map.path_of("formats")),
    };
    let unsigned = unsigned(reader, map);
    Some(SignSettings {
        document: document?,
        preview: preview?,
        text: text?,
        formats: formats?,
        unsigned: unsigned?,
    })
}

/// What is said after every ending but an approval.
pub(super) fn unsigned(reader: &mut Reader<'_>, map: &Map<'_>) -> Option<Text> {
    match map.get("unsigned") {
        None => Some(Text::new("لم يتم أي توقيع.", "No signature has been made.")),
        Some(entry) => reader.text(entry, &map.path_of("unsigned"), TextRules::fixed(UNSIGNED_TEXT)),
    }
}

/// The law on electronic transactions leaves some kinds of paper out (R003-06 to R003-09).
fn document(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<&'static str> {
    let kind = reader.one_of(&entry.node, path, language::DOCUMENTS)?;
    let excluded = EXCLUDED.iter().find(|(name, _)| *name == kind);
    if let Some((_, law)) = excluded {
        reader.error(
            codes::SIGN_EXCLUDED,
            format!("`{kind}` can't be signed electronically"),
            entry.node.span,
            format!("take such papers by other ways; {law} leaves them out"),
        );
        return None;
    }
    Some(kind)
}

/// A text that is the same for every document says nothing about this one (R000-096).
fn is_specific(reader: &mut Reader<'_>, entry: &Entry, path: &str, text: &Text) -> bool {
    let names_input = |language: &str| {
        pieces(language)
            .iter()
            .any(|piece| matches!(piece, Piece::Placeholder(_)))
    };
    let good = names_input(&text.ar) && names_input(&text.en);
    if !good {
        reader.error(
            codes::SIGN_TEXT_TOO_GENERAL,
            format!("`{path}` reads the same for every document"),
            entry.key_span,
            "name what is signed by an input in both languages, such as `{number}` or `{amount}`",
        );
    }
    good
}

fn formats(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Vec<&'static str>> {
    let mut read = Vec::new();
    let mut good = true;
    for item in reader.list(&entry.node, path, "[pades]")? {
        match reader.one_of(item, path, language::FORMATS) {
            Some(format) if read.contains(&format) => {
                reader.error(
                    codes::DUPLICATE_ITEM,
                    format!("`{format}` stands twice in `{path}`"),
                    item.span,
                    "remove one of the two",
                );
                good = false;
            }
            Some(format) => read.push(format),
            None => good = false,
        }
    }
    good.then_some(read)
}

const EXCLUDED: [(&str, &str); 5] = [
    ("personal_status", "article 2(a) of Law 20 of 2014"),
    ("waqf_or_will", "article 2(a) of Law 20 of 2014"),
    ("title_deed", "article 2(b) of Law 20 of 2014"),
    ("negotiable_instrument", "article 2(c) of Law 20 of 2014"),
    ("notarised", "article 2(d) of Law 20 of 2014"),
];
const SIGNED_TEXT: usize = 1_000;
const UNSIGNED_TEXT: usize = 200;
