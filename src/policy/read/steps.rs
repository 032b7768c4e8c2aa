use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::inputs::bounds;
use super::map::Map;
use super::reader::Reader;
use super::texts::TextRules;
use crate::diagnostics::codes;
use crate::policy::AskStep;
use crate::policy::CapabilitySettings;
use crate::policy::Input;
use crate::policy::InputKind;
use crate::policy::Journey;
use crate::policy::JourneyStep;
use crate::policy::Limits;
use crate::policy::OwnSettings;
use crate::policy::StepKind;
use crate::policy::Values;
use crate::policy::When;
use crate::policy::language;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Span;
use crate::policy::yaml::shown;
use crate::words::Assurance;
use crate::words::Capability;
use crate::words::InputName;

/// What steps refer to; `None` where it could not be read, and then nothing is said about it.
pub(super) struct Around<'a> {
    pub(super) inputs: &'a BTreeMap<InputName, Input>,
    pub(super) capabilities: Option<&'a BTreeMap<Capability, CapabilitySettings>>,
    pub(super) limits: Option<&'a Limits>,
}

/// Reads the steps of a service and checks that they make sense together.
pub(super) fn steps(reader: &mut Reader<'_>, entry: &Entry, around: &Around<'_>) -> Option<Journey> {
    let items = reader.list(
        &entry.node,
        "steps",
        "[ { step: sign-in, capability: auth_push } ]",
    )?;
    if items.len() > Journey::MOST {
        reader.error(
            codes::BAD_STEP,
            format!(
                "`steps` has {} steps, and people stay for {}",
                items.len(),
                Journey::MOST
            ),
            entry.key_span,
            "leave steps out, or make two services of it",
        );
        return None;
    }
    let read: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(at, item)| {
            Some((
                step(reader, item, &format!("steps[{}]", at + 1), around)?,
                item.span,
            ))
        })
        .collect();
    let read: Vec<(JourneyStep, Span)> = read.into_iter().collect::<Option<_>>()?;
    let in_order = are_named_apart(reader, &read) & are_in_order(reader, &read, entry.key_span);
    // Steps that change their places would be told a second time.
    let good = in_order && never_ask_for_less(reader, &read, around);
    warn_of_the_rest(reader, entry, &read, around);
    good.then(|| Journey {
        steps: read.into_iter().map(|(step, _)| step).collect(),
    })
}

fn step(reader: &mut Reader<'_>, node: &Node, path: &str, around: &Around<'_>) -> Option<JourneyStep> {
    let map = reader.map(node, path, node.span, language::STEP)?;
    let name = reader
        .required(&map, "step", "sign-in")
        .and_then(|entry| name(reader, entry, &map.path_of("step")));
    let when = match map.get("when") {
        None => Some(None),
        Some(entry) => when(reader, entry, &map.path_of("when"), around.inputs).map(Some),
    };
    let kind = kind(reader, &map, node, around);
    Some(JourneyStep {
        name: name?,
        kind: kind?,
        when: when?,
        place: reader.place(node.span),
    })
}

fn name(reader: &mut Reader<'_>, entry: &Entry, path: &str) -> Option<String> {
    let text = reader.string(&entry.node, path, "sign-in")?;
    if !super::is_slug(text) {
        reader.error(
            codes::BAD_STEP,
            format!("`{}` is not the name of a step", shown(text)),
            entry.node.span,
            "use 1 to 64 lowercase letters, digits and hyphens, beginning with a letter",
        );
        return None;
    }
    Some(text.to_owned())
}

fn kind(reader: &mut Reader<'_>, map: &Map<'_>, node: &Node, around: &Around<'_>) -> Option<StepKind> {
    let filled = |max| TextRules {
        max,
        inputs: Some(around.inputs),
    };
    match (map.get("capability"), map.get("consent")) {
        (Some(entry), None) => {
            let capability = capability(reader, entry, &map.path_of("capability"), around)?;
            let assurance = match map.get("assurance") {
                None => Some(None),
                Some(entry) => assurance(reader, entry, &map.path_of("assurance"), capability).map(Some),
            };
            let reason = match map.get("reason") {
                None => Some(None),
                Some(entry) => reader
                    .text(entry, &map.path_of("reason"), filled(REASON_LENGTH))
                    .map(Some),
            };
            let template = template(reader, map, capability, around);
            Some(StepKind::Ask(AskStep {
                capability,
                assurance: assurance?,
                reason: reason?,
                template: template?,
            }))
        }
        (None, Some(entry)) => {
            let mut good = true;
            for key in ["assurance", "reason", "template"] {
                if let Some(other) = map.get(key) {
                    reader.error(
                        codes::BAD_STEP,
                        format!("`{key}` says nothing in a step that asks for consent"),
                        other.key_span,
                        "remove it; the sentence to agree to stands in `consent`",
                    );
                    good = false;
                }
            }
            let text = reader.text(entry, &map.path_of("consent"), filled(CONSENT_LENGTH))?;
            good.then_some(StepKind::Consent(text))
        }
        (both, _) => {
            let (what, at) = match both {
                Some(entry) => ("has both `capability` and `consent`", entry.key_span),
                None => ("has neither `capability` nor `consent`", node.span),
            };
            reader.error(
                codes::BAD_STEP,
                format!("`{}` {what}", map.path),
                at,
                "write one of the two: what Mobile ID is asked for, or a sentence to agree to; two steps may follow one another",
            );
            None
        }
    }
}

fn capability(reader: &mut Reader<'_>, entry: &Entry, path: &str, around: &Around<'_>) -> Option<Capability> {
    let known = language::STEP_CAPABILITIES;
    let capability = reader.word(&entry.node, path, codes::UNKNOWN_CAPABILITY, known, |word| {
        Capability::from_name(word).filter(|_| known.contains(&word))
    })?;
    let declared = around.capabilities?;
    if !declared.contains_key(&capability) {
        reader.error(
            codes::BAD_STEP,
            format!("`{path}` names `{capability}`, which the service does not declare"),
            entry.node.span,
            format!("declare `{capability}` under `capabilities`, or name one of those that are there"),
        );
        return None;
    }
    Some(capability)
}

fn assurance(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    capability: Capability,
) -> Option<Assurance> {
    if !matches!(capability, Capability::AuthPush | Capability::AuthQr) {
        reader.error(
            codes::BAD_STEP,
            format!("`{path}` says nothing with `{capability}`"),
            entry.key_span,
            "remove it; only the steps that authenticate ask for a level",
        );
        return None;
    }
    reader.word(
        &entry.node,
        path,
        codes::UNKNOWN_ASSURANCE,
        language::LEVELS,
        Assurance::from_name,
    )
}

fn template(
    reader: &mut Reader<'_>,
    map: &Map<'_>,
    capability: Capability,
    around: &Around<'_>,
) -> Option<Option<String>> {
    let path = map.path_of("template");
    if capability != Capability::Notify {
        let Some(entry) = map.get("template") else {
            return Some(None);
        };
        reader.error(
            codes::BAD_STEP,
            format!("`{path}` says nothing with `{capability}`"),
            entry.key_span,
            "remove it; templates are for `notify`",
        );
        return None;
    }
    let known: Vec<&str> = match around
        .capabilities?
        .get(&Capability::Notify)
        .map(|settings| &settings.own)
    {
        Some(OwnSettings::Notify(settings)) => settings.templates.keys().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    let entry = reader.required(map, "template", known.first().copied().unwrap_or("reminder"))?;
    let read = |word: &str| known.contains(&word).then(|| word.to_owned());
    reader
        .word(&entry.node, &path, codes::BAD_STEP, &known, read)
        .map(Some)
}

fn when(
    reader: &mut Reader<'_>,
    entry: &Entry,
    path: &str,
    inputs: &BTreeMap<InputName, Input>,
) -> Option<When> {
    let map = reader.map(&entry.node, path, entry.key_span, language::WHEN)?;
    let named = reader.required(&map, "input", "amount")?;
    let known: Vec<&str> = inputs.keys().map(InputName::as_str).collect();
    let of = map.path_of("input");
    let input = reader.word(&named.node, &of, codes::BAD_STEP, &known, |word| {
        InputName::parse(word)
            .ok()
            .filter(|name| inputs.contains_key(name))
    })?;
    let kind = &inputs.get(&input)?.kind;
    let own: &[&str] = match kind {
        InputKind::Integer { .. } | InputKind::Decimal { .. } => &["min", "max"],
        InputKind::Boolean | InputKind::Choice(_) => &["is"],
        InputKind::String { .. } => &[],
    };
    let others = ["min", "max", "is"].into_iter().filter(|key| !own.contains(key));
    for key in others {
        if let Some(other) = map.get(key) {
            let help = match own {
                [] => "choose an input that is a number, a choice or true or false".to_owned(),
                own => format!("write one of {}", super::reader::words(own)),
            };
            let message = format!("`{key}` does not fit the input `{input}`");
            reader.error(codes::BAD_STEP, message, other.key_span, help);
            return None;
        }
    }
    if own.iter().all(|key| map.get(key).is_none()) {
        reader.error(
            codes::BAD_STEP,
            format!("`{path}` does not say which values of `{input}` lead to the step"),
            entry.key_span,
            match own {
                [] => "choose an input that is a number, a choice or true or false".to_owned(),
                own => format!("write one of {}", super::reader::words(own)),
            },
        );
        return None;
    }
    let at = |key: &str| map.get(key).map(|entry| (entry, map.path_of(key)));
    let values = match kind {
        InputKind::Boolean => {
            let (entry, path) = at("is")?;
            Values::Flag(reader.boolean(&entry.node, &path)?)
        }
        InputKind::Choice(words) => {
            let (entry, path) = at("is")?;
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let read = |word: &str| words.contains(&word).then(|| word.to_owned());
            Values::Word(reader.word(&entry.node, &path, codes::BAD_STEP, &words, read)?)
        }
        kind => {
            let (min, max) = bounds(reader, &map, matches!(kind, InputKind::Decimal { .. }))?;
            Values::Between(min, max)
        }
    };
    Some(When { input, values })
}

fn are_named_apart(reader: &mut Reader<'_>, steps: &[(JourneyStep, Span)]) -> bool {
    let mut seen = BTreeSet::new();
    let mut good = true;
    for (step, at) in steps {
        if !seen.insert(step.name.as_str()) {
            reader.error(
                codes::DUPLICATE_ITEM,
                format!("`{}` stands twice in `steps`", step.name),
                *at,
                "give one of the two another name; scripts and records tell steps by it",
            );
            good = false;
        }
    }
    good
}

/// The first step that asks knows who it is, a consent is held open with a step that the person approves, and what is told is
/// told at the end.
fn are_in_order(reader: &mut Reader<'_>, steps: &[(JourneyStep, Span)], list: Span) -> bool {
    let mut good = true;
    let mut refuse = |message: String, at: Span, help: &str| {
        reader.error(codes::STEP_ORDER, message, at, help);
        good = false;
    };
    let first = steps
        .iter()
        .find_map(|(step, at)| Some((step, step.as_ask()?, *at)));
    match first {
        None => refuse(
            "`steps` only asks for consent, and a tick on a page shows nothing of who made it".to_owned(),
            list,
            "add a step that authenticates, such as `{ step: sign-in, capability: auth_push }`",
        ),
        Some((step, ask, at)) => {
            if !matches!(ask.capability, Capability::AuthPush | Capability::AuthQr) {
                refuse(
                    format!("the step `{}` comes before anybody is authenticated", step.name),
                    at,
                    "put a step with `auth_push` or `auth_qr` before it",
                );
            } else if step.when.is_some() {
                refuse(
                    format!(
                        "the step `{}` may be left out, and then nobody is authenticated",
                        step.name
                    ),
                    at,
                    "remove `when` from the first step that authenticates",
                );
            }
        }
    }
    for (index, (step, at)) in steps.iter().enumerate() {
        let next = steps.get(index + 1).map(|(next, _)| next);
        if step.only_tells() && next.is_some() {
            refuse(
                format!(
                    "the step `{}` tells the person before the rest has happened",
                    step.name
                ),
                *at,
                "move it to the end",
            );
        }
        if step.as_ask().is_none() {
            let is_held =
                next.is_some_and(|next| next.as_ask().is_none() || !next.only_tells() && next.when.is_none());
            if !is_held {
                refuse(
                    format!("nobody approves what the step `{}` asks to agree to", step.name),
                    *at,
                    "put a step after it that asks the person, without `when`: `auth_push`, `auth_qr` or `sign`",
                );
            }
        }
    }
    good
}

/// Neither less than the capability asks for in general nor less than a step before it.
fn never_ask_for_less(reader: &mut Reader<'_>, steps: &[(JourneyStep, Span)], around: &Around<'_>) -> bool {
    let Some(capabilities) = around.capabilities else {
        return true;
    };
    let mut good = true;
    let mut highest = Assurance::Low;
    for (step, at) in steps {
        let Some(ask) = step.as_ask() else {
            continue;
        };
        if ask.capability == Capability::Notify {
            continue;
        }
        let general = capabilities
            .get(&ask.capability)
            .map_or(Assurance::Low, |settings| settings.assurance);
        let asked = ask.assurance.unwrap_or(general);
        let (least, whose) = if highest > general {
            (highest, "a step before it")
        } else {
            (general, "the capability")
        };
        if asked < least {
            reader.error(
                codes::STEP_LOWERS,
                format!(
                    "the step `{}` asks for `{}`, and {whose} for `{}`",
                    step.name,
                    asked.as_str(),
                    least.as_str()
                ),
                *at,
                format!(
                    "write `assurance: {}`, or change the order of the steps",
                    least.as_str()
                ),
            );
            good = false;
        }
        highest = highest.max(asked);
    }
    good
}

/// What loads and can't be what was meant: a capability that no step uses, and steps that the limit breaks off.
fn warn_of_the_rest(
    reader: &mut Reader<'_>,
    entry: &Entry,
    steps: &[(JourneyStep, Span)],
    around: &Around<'_>,
) {
    let used: BTreeSet<Capability> = steps
        .iter()
        .filter_map(|(step, _)| Some(step.as_ask()?.capability))
        .collect();
    for capability in around.capabilities.into_iter().flat_map(BTreeMap::keys) {
        if !used.contains(capability) {
            reader.warning(
                codes::CAPABILITY_IN_NO_STEP,
                format!("no step uses `{capability}`, and a service with steps begins no other flows"),
                entry.key_span,
                format!("add a step with `{capability}`, or remove it from `capabilities`"),
            );
        }
    }
    let asks = steps.iter().filter(|(step, _)| step.as_ask().is_some()).count();
    if let Some(limits) = around.limits
        && usize::try_from(limits.per_person.count.get()).is_ok_and(|most| most < asks)
    {
        reader.warning(
            codes::LIMITS_CONTRADICT,
            format!("`steps` begins {asks} flows, more than `limits.per_person` lets one person begin"),
            entry.key_span,
            "raise `limits.per_person`; each step that asks is a flow and counts",
        );
    }
}

const REASON_LENGTH: usize = 220;
const CONSENT_LENGTH: usize = 1_000;
