use std::collections::BTreeMap;

use super::map::Map;
use super::reader::Reader;
use super::reader::words;
use super::texts::TextRules;
use crate::diagnostics::codes;
use crate::policy::Input;
use crate::policy::Response;
use crate::policy::Responses;
use crate::policy::Then;
use crate::policy::language;
use crate::policy::language::meant_word;
use crate::policy::yaml::Entry;
use crate::policy::yaml::shown;
use crate::words::InputName;
use crate::words::Outcome;
use crate::words::OutcomeClass;

/// Reads what a service does with every outcome (law 8).
pub(super) fn outcomes(
    reader: &mut Reader<'_>,
    entry: &Entry,
    inputs: &BTreeMap<InputName, Input>,
) -> Option<Responses> {
    let (mut classes, leaves) = answers(reader, entry, inputs)?;
    Some(Responses {
        approved: classes.remove(&OutcomeClass::Approved)?,
        declined: classes.remove(&OutcomeClass::Declined)?,
        timeout: classes.remove(&OutcomeClass::Timeout)?,
        error: classes.remove(&OutcomeClass::Error)?,
        other: classes.remove(&OutcomeClass::Other)?,
        codes: leaves,
    })
}

/// Checks answers that services share; none of them has to be there.
pub(super) fn shared_outcomes(reader: &mut Reader<'_>, entry: &Entry, inputs: &BTreeMap<InputName, Input>) {
    answers(reader, entry, inputs);
}

type Answers = (BTreeMap<OutcomeClass, Response>, BTreeMap<Outcome, Response>);

fn answers(reader: &mut Reader<'_>, entry: &Entry, inputs: &BTreeMap<InputName, Input>) -> Option<Answers> {
    let entries = reader.entries(&entry.node, "outcomes", entry.key_span)?;
    let mut classes: BTreeMap<OutcomeClass, Response> = BTreeMap::new();
    let mut leaves: BTreeMap<Outcome, Response> = BTreeMap::new();
    let mut named: Vec<OutcomeClass> = Vec::new();
    for one in entries {
        if let Some(class) = OutcomeClass::from_name(&one.key) {
            named.push(class);
            if let Some(response) = response(reader, one, class, None, inputs) {
                classes.insert(class, response);
            }
        } else if let Some(leaf) = Outcome::from_code(&one.key) {
            if let Some(response) = response(reader, one, leaf.class(), Some(leaf), inputs) {
                leaves.insert(leaf, response);
            }
        } else if let Some(class) = unknown(reader, one) {
            named.push(class);
        }
    }
    for class in OutcomeClass::ALL {
        if !named.contains(&class) && !reader.is_partial() {
            let then = if class == OutcomeClass::Approved {
                "continue"
            } else {
                "stop"
            };
            reader.error_about(
                format!("outcomes.{class}"),
                codes::OUTCOME_UNHANDLED,
                format!("the outcome `{class}` is not answered"),
                entry.key_span,
                format!("add `{class}: {{ then: {then}, say: {{ ar: \"…\", en: \"…\" }} }}`"),
            );
        }
    }
    Some((classes, leaves))
}

/// Reports an unknown outcome. Gives the class that was probably meant, so that it is not reported as missing
/// too.
fn unknown(reader: &mut Reader<'_>, entry: &Entry) -> Option<OutcomeClass> {
    let classes = OutcomeClass::ALL.map(OutcomeClass::as_str);
    let every: Vec<&str> = classes
        .into_iter()
        .chain(Outcome::ALL.iter().map(|leaf| leaf.code()))
        .collect();
    let meant = meant_outcome(&entry.key, &every);
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "write one of {}, or a leaf code such as `other.not_enrolled`",
            words(&classes)
        ),
    };
    let fix = meant.and_then(|meant| {
        let certain = meant_word(&entry.key, every.iter().copied())
            .is_some_and(|near| near.certain && near.word == meant);
        reader.instead(entry.key_span, &entry.key, meant, certain)
    });
    let message = format!("unknown outcome `{}`", shown(&entry.key));
    reader.error_fixed(codes::UNKNOWN_OUTCOME, message, entry.key_span, help, fix);
    meant.and_then(OutcomeClass::from_name)
}

/// A leaf code without its class, or the class or code that is nearly it.
fn meant_outcome<'k>(word: &str, every: &[&'k str]) -> Option<&'k str> {
    let below = |code: &&&str| code.split_once('.').is_some_and(|(_, leaf)| leaf == word);
    let leaf = every.iter().find(below).copied();
    leaf.or_else(|| meant_word(word, every.iter().copied()).map(|near| near.word))
}

fn response(
    reader: &mut Reader<'_>,
    entry: &Entry,
    class: OutcomeClass,
    leaf: Option<Outcome>,
    inputs: &BTreeMap<InputName, Input>,
) -> Option<Response> {
    let path = format!("outcomes.{}", entry.key);
    let map = reader.map(&entry.node, &path, entry.key_span, language::OUTCOME)?;
    let then = then(reader, &map, class, leaf);
    let rules = TextRules {
        max: SAY_LENGTH,
        inputs: Some(inputs),
    };
    let say = reader
        .required(&map, "say", "{ ar: \"…\", en: \"…\" }")
        .and_then(|entry| reader.text(entry, &map.path_of("say"), rules));
    Some(Response {
        then: then?,
        say: say?,
        place: reader.place(entry.key_span),
    })
}

fn then(reader: &mut Reader<'_>, map: &Map<'_>, class: OutcomeClass, leaf: Option<Outcome>) -> Option<Then> {
    let fitting = if class == OutcomeClass::Approved {
        "continue"
    } else {
        "stop"
    };
    let entry = reader.required(map, "then", fitting)?;
    let word = reader.one_of(&entry.node, &map.path_of("then"), language::NEXT_STEPS)?;
    let attempts = attempts(reader, map, word);
    // Only a verified approval goes on (law 4), and it always does: a script refuses, the outcome does not.
    if (class == OutcomeClass::Approved) != (word == "continue") {
        let fits = if class == OutcomeClass::Approved {
            "`continue`"
        } else {
            "`retry` or `stop`"
        };
        reader.error(
            codes::WRONG_NEXT_STEP,
            format!("`{word}` does not fit the outcome `{class}`"),
            entry.node.span,
            format!("write {fits}"),
        );
        return None;
    }
    // Only who lacks assurance can mend it by raising theirs.
    if word == "step_up" && leaf != Some(Outcome::AssuranceInsufficient) {
        reader.error(
            codes::WRONG_NEXT_STEP,
            format!(
                "`step_up` does not fit the outcome `{}`",
                leaf.map_or(class.as_str(), Outcome::code)
            ),
            entry.node.span,
            "write `retry` or `stop`; `step_up` belongs to `other.assurance_insufficient`",
        );
        return None;
    }
    if word == "retry"
        && let Some(leaf) = leaf
        && !leaf.retryable()
    {
        reader.warning(
            codes::POINTLESS_RETRY,
            format!("after `{leaf}` another attempt ends the same way"),
            entry.node.span,
            "write `then: stop`, and tell the person what to do first",
        );
    }
    match word {
        "continue" => Some(Then::Continue),
        "retry" => Some(Then::Retry { attempts: attempts? }),
        "step_up" => Some(Then::StepUp { attempts: attempts? }),
        _ => Some(Then::Stop),
    }
}

/// The attempts of a retry, the first included.
fn attempts(reader: &mut Reader<'_>, map: &Map<'_>, then: &str) -> Option<u8> {
    let entry = map.get("attempts");
    if !matches!(then, "retry" | "step_up") {
        if let Some(entry) = entry {
            reader.error(
                codes::BAD_ATTEMPTS,
                format!("`{}` has attempts but no retry", map.path),
                entry.key_span,
                "remove `attempts`, or write `then: retry`",
            );
        }
        return None;
    }
    let Some(entry) = entry else {
        reader.error(
            codes::BAD_ATTEMPTS,
            format!("`{}` does not say how many attempts there are", map.path),
            map.get("then").map_or(map.at, |then| then.node.span),
            "add `attempts: 2`; the first attempt counts",
        );
        return None;
    };
    let path = map.path_of("attempts");
    let number = reader.integer(&entry.node, &path, i64::MIN, i64::MAX)?;
    let read = u8::try_from(number)
        .ok()
        .filter(|number| (2..=MOST_ATTEMPTS).contains(number));
    if read.is_none() {
        reader.error(
            codes::BAD_ATTEMPTS,
            format!("`{path}` makes no sense"),
            entry.node.span,
            format!("write a number from 2 to {MOST_ATTEMPTS}; the first attempt counts"),
        );
    }
    read
}

const SAY_LENGTH: usize = 500;
const MOST_ATTEMPTS: u8 = 10;
