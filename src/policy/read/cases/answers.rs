use std::collections::BTreeMap;

use crate::diagnostics::codes;
use crate::diagnostics::suggest;
use crate::policy::Answer;
use crate::policy::AnswerName;
use crate::policy::Journey;
use crate::policy::Step;
use crate::policy::read::reader::Reader;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;
use crate::words::Outcome;
use crate::words::OutcomeClass;

/// Reads what comes back: one answer, or several in order.
pub(super) fn answers(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<Vec<Step>> {
    match &entry.node.value {
        Value::List(_) => {
            let items = reader.list(&entry.node, path, "- approved")?;
            items.iter().map(|item| step(reader, item, path)).collect()
        }
        _ => step(reader, &entry.node, path).map(|step| vec![step]),
    }
}

/// Reads what comes back to each step of a journey.
pub(super) fn answers_of_steps(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    journey: &Journey,
) -> Option<BTreeMap<String, Vec<Step>>> {
    let known: Vec<&str> = journey.names().collect();
    let Value::Map(entries) = &entry.node.value else {
        reader.error(
            codes::WRONG_TYPE,
            format!("`{path}` does not say which step is answered"),
            entry.node.span,
            format!(
                "write `{path}: {{ {}: declined }}`; steps that are not named are approved",
                known.first()?
            ),
        );
        return None;
    };
    let mut read = BTreeMap::new();
    for one in entries {
        if !known.contains(&one.key.as_str()) {
            let message = format!("`{}` is no step that is answered (`{path}`)", shown(&one.key));
            reader.misspelt(codes::UNKNOWN_WORD, message, one.key_span, &one.key, &known);
            return None;
        }
        let path = format!("{path}.{}", one.key);
        read.insert(one.key.clone(), answers(reader, one, &path)?);
    }
    Some(read)
}

fn step(reader: &mut Reader<'_>, node: &Node, path: &str) -> Option<Step> {
    if let Value::Map(entries) = &node.value {
        let [one] = entries.as_slice() else {
            reader.error(
                codes::WRONG_TYPE,
                format!("an entry of `{path}` names one answer"),
                node.span,
                "write `- approved: { after: 90s }`, and each answer as an entry of its own",
            );
            return None;
        };
        let answer = named(reader, &one.key, one.key_span, path);
        let settings = format!("{path}.{}", one.key);
        let map = reader.map(&one.node, &settings, one.key_span, &["after"])?;
        let after = reader
            .required(&map, "after", "90s")
            .and_then(|entry| reader.duration(entry, &map.path_of("after"), "90s"));
        return Some(Step {
            answer: answer?,
            after: Some(after?),
        });
    }
    let text = reader.string(node, path, "approved")?;
    let answer = named(reader, text, node.span, path)?;
    Some(Step { answer, after: None })
}

fn named(reader: &mut Reader<'_>, name: &str, span: crate::policy::yaml::Span, path: &str) -> Option<Answer> {
    if let Some(answer) = AnswerName::from_name(name) {
        return Some(Answer::Named(answer));
    }
    // Classes with a single outcome have its name: those are answers of the list above.
    let leaf = Outcome::from_code(name).filter(|leaf| leaf.class() != OutcomeClass::Approved);
    if let Some(outcome) = leaf {
        return Some(Answer::Ends(outcome));
    }
    let known: Vec<&str> = AnswerName::ALL.iter().map(|answer| answer.as_str()).collect();
    let help = match suggest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!(
            "write one of {}, or a leaf code with which midflow itself ends the flow",
            crate::policy::read::reader::words(&known)
        ),
    };
    let fix = reader.spelling(span, name, &known);
    reader.error_fixed(
        codes::CASE_UNKNOWN_ANSWER,
        format!("`{}` is no answer (`{path}`)", shown(name)),
        span,
        help,
        fix,
    );
    None
}
