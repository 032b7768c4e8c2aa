//! What stands before a flow: what the service declares, its limits, and what the person has done before.

use std::collections::BTreeMap;
use std::time::Duration;

use super::happened::TurnedAway;
use crate::catalog::LoadedService;
use crate::policy::Given;
use crate::policy::InputFault;
use crate::policy::InputValue;
use crate::policy::PersonPast;
use crate::policy::PushRules;
use crate::words::InputName;
use crate::words::Outcome;
use crate::words::Timestamp;

/// What stands before a flow: the declared capabilities and channels, the inputs, the limits.
pub(super) fn gate(
    loaded: &LoadedService,
    rules: &PushRules,
    given: &Given,
) -> Result<BTreeMap<InputName, InputValue>, TurnedAway> {
    let service = &loaded.service;
    let away = |rule: &str, detail: String, place| TurnedAway {
        rule: rule.to_owned(),
        detail,
        place,
    };
    if service.capability(given.capability).is_none() {
        let detail = format!("the service does not declare `{}`", given.capability);
        return Err(away("capabilities", detail, None));
    }
    if !service.channels.contains(&given.channel) {
        let detail = format!("the service is not offered on `{}`", given.channel);
        return Err(away("channels", detail, None));
    }
    let inputs = service.check_inputs(&given.inputs).map_err(|faults| {
        let first = faults.first().map_or("", |fault| fault.name.as_str());
        let declared = service.inputs.get(first);
        let rule = match declared {
            Some(_) => format!("inputs.{first}"),
            None => "inputs".to_owned(),
        };
        let told: Vec<String> = faults.iter().map(InputFault::to_string).collect();
        away(&rule, told.join("; "), declared.map(|input| input.place.clone()))
    })?;
    let limits = &service.limits;
    let others = given.others.map_or((0, Duration::ZERO), |others| others);
    let own: Vec<Timestamp> = sorted(given.earlier.iter().map(|ago| given.now.minus(*ago)));
    let of_others = std::iter::repeat_n(given.now.minus(others.1), others.0 as usize);
    let all: Vec<Timestamp> = sorted(own.iter().copied().chain(of_others));
    let elsewhere = given.elsewhere.iter().map(|ago| given.now.minus(*ago));
    let everywhere = sorted(own.iter().copied().chain(elsewhere));
    let prompts = rules.per_person.filter(|_| given.capability.prompts());
    for (rule, limit, starts) in [
        ("limits.per_service", Some(limits.per_service), &all),
        ("limits.per_person", Some(limits.per_person), &own),
        ("push_safety.per_person", prompts, &everywhere),
    ] {
        let limit = limit.map(|limit| limit.wait(starts, given.now));
        if let Some(Some(wait)) = limit {
            let detail = format!(
                "the limit is reached; another flow may begin in {} s",
                wait.as_secs()
            );
            return Err(away(rule, detail, None));
        }
    }
    Ok(inputs)
}

/// How the flow ends before anything is sent, because of what the person has done before.
pub(super) fn refused(loaded: &LoadedService, rules: &PushRules, given: &Given) -> Option<Outcome> {
    let past = PersonPast {
        declines: given.declines.iter().map(|ago| given.now.minus(*ago)).collect(),
        reported: given.reported.map(|ago| given.now.minus(ago)),
        known: given.known,
    };
    rules.refuse(given.capability, loaded.service.first_contact(), &past, given.now)
}

fn sorted(moments: impl Iterator<Item = Timestamp>) -> Vec<Timestamp> {
    let mut moments: Vec<Timestamp> = moments.collect();
    moments.sort_unstable();
    moments
}
