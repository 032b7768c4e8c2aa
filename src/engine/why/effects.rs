use super::model::Effect;
use crate::engine::replay::Answers;
use crate::policy::Decision;
use crate::policy::Place;
use crate::policy::Plan;
use crate::policy::format_duration;
use crate::words::Outcome;

/// What one set of answers changes against another, and the rule that would decide.
pub(super) fn effects(was: &Answers, would_be: &Answers) -> (Vec<Effect>, Option<Place>) {
    let mut found = Vec::new();
    let mut by = None;
    match (&was.plan, &would_be.plan) {
        (Ok((old, _)), Ok((new, place))) => {
            of_plans(&mut found, old, new);
            if !found.is_empty() {
                by.clone_from(place);
            }
        }
        (_, Err((outcome, decision)))
            if refusal(&was.plan) != Some((*outcome, decision.refusal.as_deref())) =>
        {
            found.push(Effect::Refused {
                outcome: *outcome,
                code: decision.refusal.clone(),
            });
            by = Some(decision.rule.clone());
        }
        (Err(_), Ok((new, place))) => {
            found.push(Effect::Sent(new.assurance));
            by.clone_from(place);
        }
        (Err((_, old)), Err((_, new))) => {
            if old.say != new.say {
                found.push(Effect::Say);
                by = Some(new.rule.clone());
            }
        }
        (Ok(_), Err(_)) => {}
    }
    if let (Some(old), Some(new)) = (&was.ending, &would_be.ending) {
        let before = found.len();
        of_endings(&mut found, old, new);
        if found.len() > before {
            by = Some(new.1.rule.clone());
        }
    }
    (found, by.filter(|place| !place.file.is_empty()))
}

fn of_plans(found: &mut Vec<Effect>, old: &Plan, new: &Plan) {
    if old.assurance != new.assurance {
        found.push(Effect::Assurance(new.assurance));
    }
    if old.expires_in != new.expires_in {
        found.push(Effect::ExpiresIn(format_duration(new.expires_in)));
    }
    let names =
        |plan: &Plan| -> Vec<String> { plan.fields.iter().map(|field| field.name().to_string()).collect() };
    if names(old) != names(new) {
        found.push(Effect::Fields(names(new)));
    }
}

fn of_endings(found: &mut Vec<Effect>, old: &(Outcome, Decision), new: &(Outcome, Decision)) {
    if old.0 != new.0 || old.1.refusal != new.1.refusal {
        found.push(Effect::Outcome {
            outcome: new.0,
            code: new.1.refusal.clone(),
        });
    }
    if old.1.then != new.1.then {
        found.push(Effect::Then(new.1.then));
    }
    if found.is_empty() && old.1.rule != new.1.rule {
        found.push(Effect::Say);
    }
}

fn refusal<T>(plan: &Result<T, (Outcome, Decision)>) -> Option<(Outcome, Option<&str>)> {
    plan.as_ref()
        .err()
        .map(|(outcome, decision)| (*outcome, decision.refusal.as_deref()))
}
