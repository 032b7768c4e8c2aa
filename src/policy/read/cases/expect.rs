use std::collections::BTreeMap;

use crate::diagnostics::Label;
use crate::diagnostics::codes;
use crate::diagnostics::meant as nearest;
use crate::policy::Expect;
use crate::policy::Expected;
use crate::policy::ExpectedOutcome;
use crate::policy::ExpectedPerson;
use crate::policy::ExpectedPlan;
use crate::policy::SentPlan;
use crate::policy::Service;
use crate::policy::Why;
use crate::policy::language;
use crate::policy::read::cases::given::meant;
use crate::policy::read::map::Map;
use crate::policy::read::reader::Reader;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;
use crate::words::Assurance;
use crate::words::Outcome;
use crate::words::OutcomeClass;

/// Reads what a case expects. `None` if nothing is expected at all, which is an error of its own.
pub(super) fn expect(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    service: &Service,
) -> Option<Expect> {
    let map = reader.map(&entry.node, path, entry.key_span, language::EXPECT)?;
    let say = map
        .get("say")
        .map(|entry| text(reader, entry, &map.path_of("say")));
    let (say_ar, say_en) = say.unwrap_or_default();
    let read = Expect {
        turned_away: word_of(reader, &map, "turned_away", &gates(service)),
        at: step(reader, &map, service),
        steps: steps(reader, &map, service),
        plan: plan(reader, &map, service),
        outcome: outcome(reader, &map),
        then: word_of(
            reader,
            &map,
            "then",
            &owned(&["continue", "retry", "step_up", "stop"]),
        ),
        attempts: attempts(reader, &map),
        refusal: map.get("refusal").and_then(|entry| {
            let path = map.path_of("refusal");
            let value = reader.string(&entry.node, &path, "minor")?.to_owned();
            Some(found(reader, &entry.node, value))
        }),
        say_ar,
        say_en,
        person: person(reader, &map, service),
        why: why(reader, &map, service),
        check: word_of(reader, &map, "check", &owned(&CHECKS)),
        notes: notes(reader, &map),
    };
    if read == Expect::default() && !reader.has_error_within(entry.key_span, &entry.node) {
        reader.error(
            codes::CASE_EXPECTS_NOTHING,
            format!("`{path}` expects nothing"),
            entry.key_span,
            "say what shall happen, such as `outcome: approved`; a case that expects nothing can't fail",
        );
        return None;
    }
    Some(read)
}

fn plan(reader: &mut Reader<'_>, map: &Map<'_>, service: &Service) -> Option<ExpectedPlan> {
    let entry = map.get("plan")?;
    if matches!(&entry.node.value, Value::Scalar(scalar) if scalar.text == "none") {
        return Some(ExpectedPlan::Nothing(reader.label_of(entry.node.span)));
    }
    let path = map.path_of("plan");
    let map = reader.map(&entry.node, &path, entry.key_span, language::EXPECTED_PLAN)?;
    let reason = map
        .get("reason")
        .map(|entry| text(reader, entry, &map.path_of("reason")));
    let (reason_ar, reason_en) = reason.unwrap_or_default();
    let assurance = map.get("assurance").and_then(|entry| {
        let known = Assurance::ALL.map(Assurance::as_str);
        let path = map.path_of("assurance");
        let code = codes::UNKNOWN_ASSURANCE;
        let level = reader.word(&entry.node, &path, code, &known, Assurance::from_name)?;
        Some(found(reader, &entry.node, level))
    });
    let expires_in = map.get("expires_in").and_then(|entry| {
        let time = reader.duration(entry, &map.path_of("expires_in"), "5m")?;
        Some(found(reader, &entry.node, time))
    });
    let fields = map.get("fields").and_then(|entry| {
        let names = field_names(reader, &entry.node, &map.path_of("fields"), service)?;
        Some(found(reader, &entry.node, names))
    });
    let sent_at = map.get("sent_at").and_then(|entry| {
        let time = reader.time_of_day(entry, &map.path_of("sent_at"), "\"07:00\"")?;
        Some(found(reader, &entry.node, time))
    });
    Some(ExpectedPlan::Sent(Box::new(SentPlan {
        assurance,
        fields,
        expires_in,
        reason_ar,
        reason_en,
        why: why(reader, &map, service),
        sent_at,
    })))
}

fn field_names(reader: &mut Reader<'_>, node: &Node, path: &str, service: &Service) -> Option<Vec<String>> {
    let items = reader.list(node, path, "[civil_no, name_ar]")?;
    items
        .iter()
        .map(|item| {
            let name = reader.string(item, path, "civil_no")?.to_owned();
            is_declared(reader, item, &name, service).then_some(name)
        })
        .collect()
}

/// A field that the service does not declare can never come (law 7), so expecting it is a mistake.
fn is_declared(reader: &mut Reader<'_>, node: &Node, name: &str, service: &Service) -> bool {
    let declared: Vec<String> = service
        .fields
        .iter()
        .map(|one| one.field.name().as_str().to_owned())
        .collect();
    let known = declared.iter().any(|one| one == name);
    if !known {
        let names: Vec<&str> = declared.iter().map(String::as_str).collect();
        let fix = reader.spelling(node.span, name, &names);
        reader.error_fixed(
            codes::CASE_UNDECLARED,
            format!("the service declares no field `{}`", shown(name)),
            node.span,
            meant(name, &names),
            fix,
        );
    }
    known
}

fn outcome(reader: &mut Reader<'_>, map: &Map<'_>) -> Option<Expected<ExpectedOutcome>> {
    let entry = map.get("outcome")?;
    let path = map.path_of("outcome");
    let known: Vec<&str> = OutcomeClass::ALL
        .map(OutcomeClass::as_str)
        .into_iter()
        .chain(
            Outcome::ALL
                .iter()
                .map(|leaf| leaf.code())
                .filter(|code| code.contains('.')),
        )
        .collect();
    let read = |text: &str| {
        let class = OutcomeClass::from_name(text).map(ExpectedOutcome::Class);
        class.or_else(|| Outcome::from_code(text).map(ExpectedOutcome::Leaf))
    };
    let value = reader.word(&entry.node, &path, codes::UNKNOWN_OUTCOME, &known, read)?;
    Some(found(reader, &entry.node, value))
}

fn attempts(reader: &mut Reader<'_>, map: &Map<'_>) -> Option<Expected<u8>> {
    let entry = map.get("attempts")?;
    let number = reader.integer(&entry.node, &map.path_of("attempts"), 2, 10)?;
    Some(found(reader, &entry.node, u8::try_from(number).ok()?))
}

type Texts = (Option<Expected<String>>, Option<Expected<String>>);

/// A text in either language or both; `…` in it stands for anything.
fn text(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Texts {
    let Some(map) = reader.map(&entry.node, path, entry.key_span, &["ar", "en"]) else {
        return (None, None);
    };
    let mut language = |key: &str| {
        let entry = map.get(key)?;
        let text = reader
            .string(&entry.node, &map.path_of(key), "\"…\"")?
            .trim()
            .to_owned();
        if text.trim_matches('…').trim().is_empty() {
            reader.error(
                codes::CASE_EXPECTS_NOTHING,
                format!("`{}` expects any text", map.path_of(key)),
                entry.node.span,
                "write some words of the text; `…` stands for what may be anything",
            );
            return None;
        }
        Some(found(reader, &entry.node, text))
    };
    (language("ar"), language("en"))
}

fn person(reader: &mut Reader<'_>, map: &Map<'_>, service: &Service) -> Option<Expected<ExpectedPerson>> {
    let entry = map.get("person")?;
    let path = map.path_of("person");
    let value = match &entry.node.value {
        Value::Scalar(scalar) if scalar.text == "none" => ExpectedPerson::Nobody,
        Value::Map(entries) => {
            let mut values = BTreeMap::new();
            for one in entries {
                let name_node = Node {
                    span: one.key_span,
                    value: Value::Broken,
                };
                if !is_declared(reader, &name_node, &one.key, service) {
                    return None;
                }
                let Value::Scalar(scalar) = &one.node.value else {
                    let name = format!("{path}.{}", one.key);
                    reader.wrong_type(
                        &one.node,
                        &name,
                        "one value",
                        one.node.span,
                        "write `name: value`",
                    );
                    return None;
                };
                values.insert(one.key.clone(), scalar.text.clone());
            }
            ExpectedPerson::Values(values)
        }
        _ => ExpectedPerson::Names(field_names(reader, &entry.node, &path, service)?),
    };
    Some(found(reader, &entry.node, value))
}

/// The rule that decided, in one of its three forms.
fn why(reader: &mut Reader<'_>, map: &Map<'_>, service: &Service) -> Option<Expected<Why>> {
    let entry = map.get("why")?;
    let path = map.path_of("why");
    let text = reader.string(&entry.node, &path, "outcomes.approved")?;
    let value = if let Some(name) = text.strip_prefix("fn ") {
        let hooks: Vec<&str> = std::iter::once("plan")
            .chain(OutcomeClass::ALL.map(OutcomeClass::as_str))
            .collect();
        if !hooks.contains(&name) {
            let message = format!("`{}` is no hook", shown(text));
            let near = nearest(name, hooks.iter().copied());
            let fix = near.and_then(|near| {
                let hook = format!("fn {}", near.word);
                reader.instead(entry.node.span, text, &hook, near.certain)
            });
            reader.error_fixed(
                codes::CASE_UNKNOWN_RULE,
                message,
                entry.node.span,
                meant(name, &hooks),
                fix,
            );
            return None;
        }
        Why::Hook(name.to_owned())
    } else if let Some(why) = line_of(text) {
        why
    } else {
        let known = rules(service);
        if !known.iter().any(|key| key == text) {
            let names: Vec<&str> = known.iter().map(String::as_str).collect();
            let message = format!("`{}` is no rule of the service", shown(text));
            let help = format!(
                "{} (a hook such as `fn plan`, and `file:line`, will do too)",
                meant(text, &names)
            );
            let fix = reader.spelling(entry.node.span, text, &names);
            reader.error_fixed(codes::CASE_UNKNOWN_RULE, message, entry.node.span, help, fix);
            return None;
        }
        Why::Key(text.to_owned())
    };
    Some(found(reader, &entry.node, value))
}

fn line_of(text: &str) -> Option<Why> {
    let is_file = |name: &str| name.ends_with(".rhai") || name.ends_with(".yaml");
    if is_file(text) {
        return Some(Why::Line(text.to_owned(), None));
    }
    let (file, line) = text.rsplit_once(':')?;
    let line = line.parse::<u32>().ok()?;
    is_file(file).then(|| Why::Line(file.to_owned(), Some(line)))
}

fn notes(reader: &mut Reader<'_>, map: &Map<'_>) -> Option<Expected<Vec<String>>> {
    let entry = map.get("notes")?;
    let path = map.path_of("notes");
    let items = match &entry.node.value {
        Value::List(items) => items.as_slice(),
        _ => reader.list(&entry.node, &path, "[late]")?,
    };
    let names: Option<Vec<String>> = items
        .iter()
        .map(|item| {
            reader.word(item, &path, codes::UNKNOWN_WORD, &NOTES, |word| {
                NOTES.contains(&word).then(|| word.to_owned())
            })
        })
        .collect();
    Some(found(reader, &entry.node, names?))
}

fn step(reader: &mut Reader<'_>, map: &Map<'_>, service: &Service) -> Option<Expected<String>> {
    let entry = map.get("at")?;
    let name = step_name(reader, &entry.node, &map.path_of("at"), service)?;
    Some(found(reader, &entry.node, name))
}

fn steps(reader: &mut Reader<'_>, map: &Map<'_>, service: &Service) -> Option<Expected<Vec<String>>> {
    let entry = map.get("steps")?;
    let path = map.path_of("steps");
    let items = reader.list(&entry.node, &path, "[sign-in]")?;
    let names: Option<Vec<String>> = items
        .iter()
        .map(|item| step_name(reader, item, &path, service))
        .collect();
    Some(found(reader, &entry.node, names?))
}

fn step_name(reader: &mut Reader<'_>, node: &Node, path: &str, service: &Service) -> Option<String> {
    let steps = service.journey.iter().flat_map(|journey| &journey.steps);
    let known: Vec<&str> = steps.map(|step| step.name.as_str()).collect();
    reader.word(node, path, codes::UNKNOWN_WORD, &known, |word| {
        known.contains(&word).then(|| word.to_owned())
    })
}

fn word_of(reader: &mut Reader<'_>, map: &Map<'_>, key: &str, known: &[String]) -> Option<Expected<String>> {
    let entry = map.get(key)?;
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    let path = map.path_of(key);
    let value = reader.word(&entry.node, &path, codes::UNKNOWN_WORD, &names, |word| {
        names.contains(&word).then(|| word.to_owned())
    })?;
    Some(found(reader, &entry.node, value))
}

/// What can turn an e-service away before a flow begins.
fn gates(service: &Service) -> Vec<String> {
    let inputs = service.inputs.keys().map(|name| format!("inputs.{name}"));
    owned(&[
        "limits.per_person",
        "limits.per_service",
        "push_safety.per_person",
        "channels",
        "capabilities",
        "inputs",
    ])
    .into_iter()
    .chain(inputs)
    .collect()
}

/// The keys of the service file that can decide.
fn rules(service: &Service) -> Vec<String> {
    let capabilities = service
        .capabilities
        .keys()
        .map(|capability| format!("capabilities.{capability}"));
    let classes = OutcomeClass::ALL.map(|class| format!("outcomes.{class}"));
    let leaves = service
        .outcomes
        .codes
        .keys()
        .map(|leaf| format!("outcomes.{leaf}"));
    capabilities.chain(classes).chain(leaves).collect()
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn found<T>(reader: &Reader<'_>, node: &Node, value: T) -> Expected<T> {
    let at: Label = reader.label_of(node.span);
    Expected { value, at }
}

/// The checks of the approval rule, in the order they are made.
const CHECKS: [&str; 12] = [
    "readable",
    "stamp",
    "request",
    "challenge",
    "unexpired",
    "fresh",
    "request_type",
    "code",
    "action",
    "person",
    "certificate",
    "assurance",
];
const NOTES: [&str; 6] = [
    "duplicate",
    "late",
    "conflicting",
    "rejected",
    "stray_reply",
    "ignored",
];
