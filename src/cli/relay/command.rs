use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::json;

use super::pages::Inputs;
use super::pages::Pages;
use crate::catalog::Catalog;
use crate::cli::arguments::Common;
use crate::cli::arguments::Format;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::load::input;
use crate::cli::output;
use crate::cli::place::catalog_of;
use crate::cli::ready::Ready;
use crate::sandbox::relay::Attack;
use crate::sandbox::relay::Finding;
use crate::sandbox::relay::Siege;
use crate::sandbox::relay::Verdict;
use crate::sandbox::relay::control_of;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::CivilNo;

/// What the relay attacker is told.
#[derive(Debug, clap::Args)]
pub(crate) struct RelayOptions {
    /// For `relay`: how often what is tried by number is tried
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u8).range(2..=50))]
    tries: u8,

    /// For `relay`: an input of the services; those whose inputs are all given are attacked. May be given several times
    #[arg(long = "input", value_name = "NAME=VALUE", default_value = "licence=1234567", value_parser = input)]
    inputs: Vec<(String, Value)>,
}

/// Lays siege to the running node and tells what held.
pub(crate) async fn relay(options: &RelayOptions, ready: &Ready, common: &Common) -> Result<Ending, Failure> {
    let missing = || {
        Failure::new("the running node is no `midflow dev`").remedy("start `midflow dev` in another terminal")
    };
    let api = ready.api.as_deref().ok_or_else(missing)?;
    let key = ready.key.as_deref().ok_or_else(missing)?;
    let phone = ready.phone.as_deref().ok_or_else(missing)?;
    let catalog = catalog_of(&common.dir.display().to_string(), None).await?;
    let given: BTreeMap<String, Value> = options.inputs.iter().cloned().collect();
    let (services, inputs) = offering(&catalog, Capability::AuthPush, &given);
    let (by_code, of_codes) = offering(&catalog, Capability::AuthQr, &given);
    if services.is_empty() {
        return Err(
            Failure::new("no service offers `auth_push` on `web` with these inputs")
                .remedy("give what one of them declares with --input NAME=VALUE"),
        );
    }
    let pages = Pages::new(api, key, phone, inputs.into_iter().chain(of_codes).collect())?;
    let citizens = pages.citizens().await.map_err(Failure::new)?;
    let somebody = |ending: &str| victim(&citizens, ending);
    let siege = Siege {
        services: services.clone(),
        by_code: by_code.into_iter().next(),
        approves: somebody("approves")?,
        reports: somebody("approves_slowly")?,
        declines: somebody("declines")?,
        silent: somebody("never_answers")?,
        tries: usize::from(options.tries),
    };
    let findings = siege.lay(&pages).await.map_err(Failure::new)?;
    let holds = findings
        .iter()
        .all(|finding| !matches!(finding.verdict, Verdict::NotHeld | Verdict::Unclear));
    output::print(&match common.format {
        Format::Json => json!({ "services": services, "findings": findings, "holds": holds }).to_string(),
        Format::Text => told(&services, &findings, holds),
    });
    Ok(if holds { Ending::Good } else { Ending::Problems })
}

/// The services that offer a capability to whoever comes to their pages, with what each is given of the inputs.
fn offering(
    catalog: &Catalog,
    capability: Capability,
    given: &BTreeMap<String, Value>,
) -> (Vec<String>, Inputs) {
    let offered = catalog
        .services()
        .map(|loaded| &loaded.service)
        .filter(|service| {
            let complete = service
                .inputs
                .iter()
                .all(|(name, input)| input.optional || given.contains_key(name.as_str()));
            complete
                && service.journey.is_none()
                && service.channels.contains(&Channel::Web)
                && service.capability(capability).is_some()
        });
    let mut inputs = Inputs::new();
    let names = offered.map(|service| {
        let own = given.iter().filter(|(name, _)| {
            service
                .inputs
                .keys()
                .any(|declared| declared.as_str() == name.as_str())
        });
        let own = own.map(|(name, value)| (name.clone(), value.clone())).collect();
        inputs.insert(service.id.to_string(), own);
        service.id.to_string()
    });
    let names = names.collect();
    (names, inputs)
}

fn victim(citizens: &Value, ending: &str) -> Result<CivilNo, Failure> {
    let all = citizens.as_array().into_iter().flatten();
    let mut like = all.filter(|citizen| citizen["ending"] == ending && citizen["crowd"] != true);
    let number = like.next().and_then(|citizen| citizen["civil_no"].as_str());
    number
        .and_then(|number| CivilNo::parse(number).ok())
        .ok_or_else(|| Failure::new(format!("the sandbox has no citizen who `{ending}`")))
}

fn told(services: &[String], findings: &[Finding], holds: bool) -> String {
    let mut lines = vec![format!(
        "An attacker knows the civil numbers of some citizens of the sandbox, and begins sign-ins at {} in a browser of \
         their own.\n",
        services.join(", ")
    )];
    for finding in findings {
        lines.push(format!("{:9} {}", word(finding.verdict), finding.attack.tried()));
        lines.push(format!("          {}", reached(finding)));
        let stopped_by = finding.attempts.stopped_by.as_deref().and_then(control_of);
        let (what, more) = match finding.verdict {
            Verdict::Held => ("by", stopped_by),
            Verdict::NotHeld => ("turn on", finding.setting),
            Verdict::Beyond => ("remains", finding.attack.remains()),
            Verdict::Unclear => ("unknown", finding.setting),
            Verdict::Untried => ("needs", Some(NEEDS)),
        };
        if let Some(more) = more {
            lines.push(format!("          {what}: {more}"));
        }
        if finding.verdict == Verdict::NotHeld && finding.attack == Attack::PushToAStranger {
            lines.push(
                "          if it is on: this citizen is known here from earlier; a new store knows nobody"
                    .to_owned(),
            );
        }
    }
    lines.push(String::new());
    lines.push(
        if holds {
            "Every control that can stop an attacker has done so."
        } else if findings.iter().any(|finding| finding.verdict == Verdict::NotHeld) {
            "Not every control has stopped the attacker; see above what turns it on."
        } else {
            "Of some controls nothing is known, since something else stopped the attacker; see above."
        }
        .to_owned(),
    );
    // One try is the request that was to be reported, and was refused.
    let reported =
        |finding: &&Finding| finding.attack == Attack::PushAfterAReport && finding.attempts.tries > 1;
    if findings.iter().any(|finding| reported(&finding)) {
        lines.push(
            "The citizen who has reported a request gets none for a day now, unless `push_safety.not_me` says otherwise."
                .to_owned(),
        );
    }
    lines.join("\n")
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "held",
        Verdict::NotHeld => "NOT HELD",
        Verdict::Beyond => "no control",
        Verdict::Unclear => "unclear",
        Verdict::Untried => "untried",
    }
}

/// How far an attack got.
fn reached(finding: &Finding) -> String {
    let attempts = &finding.attempts;
    if attempts.tries == 0 {
        return "nothing that is offered can be attacked so".to_owned();
    }
    let (tries, rings, inside) = (attempts.tries, attempts.rings, attempts.inside);
    let stopped = attempts
        .stopped_by
        .as_ref()
        .map_or_else(String::new, |code| format!(", stopped by `{code}`"));
    format!("{rings} of {tries} reached a phone, {inside} got through{stopped}")
}

/// What an attack needs that could not be tried.
const NEEDS: &str = "two services with `auth_push`, or one with `auth_qr`, whose inputs are all given with --input NAME=VALUE";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::relay::Attempts;

    #[test]
    fn an_officer_reads_what_held_by_what_and_what_to_turn_on() {
        let finding = |attack, rings, inside, stopped_by: Option<&str>| {
            let attempts = Attempts {
                tries: 6,
                rings,
                inside,
                stopped_by: stopped_by.map(str::to_owned),
            };
            Finding::of(attack, attempts)
        };
        let findings = [
            finding(Attack::PushesAfterDeclines, 2, 0, Some("other.cool_off")),
            finding(Attack::PushToAStranger, 6, 6, None),
            finding(Attack::CodeRelayed, 6, 6, None),
        ];
        let text = told(&["portal".to_owned()], &findings, false);
        for part in [
            "held      one push after another",
            "2 of 6 reached a phone, 0 got through, stopped by `other.cool_off`",
            "by: `push_safety.cool_off`: whoever has declined",
            "NOT HELD  a push to the number",
            "turn on: `first_contact: qr` of `auth_push`",
            "no control the QR code of the attacker's own",
            "remains: no control can tell whose screen",
            "Not every control",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }
}
