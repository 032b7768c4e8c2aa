use std::fmt::Display;
use std::time::Duration;

use serde::Deserialize;

use super::Scenario;
use crate::words::CivilNo;
use crate::words::Digest;

/// A scenario file: what happens to the next requests of which citizens. The same file and seed always mean the same.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// The version of this format; 1.
    midflow: u8,
    /// What chance is drawn from.
    #[serde(default)]
    seed: u64,
    /// In their order: several for one citizen wait in line.
    steps: Vec<Step>,
}

/// One line of the file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// The citizen's number; without it, whoever is asked next.
    #[serde(default)]
    citizen: Option<String>,
    /// What happens; of several, one is drawn each time.
    does: OneOf,
    /// How often.
    #[serde(default = "once")]
    times: u16,
    /// For scenarios that wait, how long, in milliseconds.
    #[serde(default)]
    delay_ms: Option<u64>,
}

/// The names of scenarios; `[any]` for all there are.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
struct OneOf(Vec<String>);

/// One scenario to be armed.
#[derive(Clone, PartialEq, Eq)]
pub struct Planned {
    /// Whose next request; `None` for whoever is asked next.
    pub citizen: Option<CivilNo>,
    /// What happens.
    pub scenario: Scenario,
    /// The pause before the first answer, where it is not the usual one.
    pub delay: Option<Duration>,
}

/// Shows how many steps there are.
impl std::fmt::Debug for ScenarioFile {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ScenarioFile")
            .field("seed", &self.seed)
            .field("steps", &self.steps.len())
            .finish_non_exhaustive()
    }
}

/// Shows nothing of the citizen.
impl std::fmt::Debug for Planned {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Planned")
            .field("scenario", &self.scenario)
            .field("delay", &self.delay)
            .finish_non_exhaustive()
    }
}

/// Why a scenario file can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ScenarioFileError(String);

impl ScenarioFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Names what is wrong, with line and column where it is the form, and with the step where it is the meaning.
    pub fn parse(text: &str) -> Result<Self, ScenarioFileError> {
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        let file: Self = serde_saphyr::from_str_with_options(text, options).map_err(fault)?;
        if file.midflow != 1 {
            return Err(fault(format!(
                "`midflow: {}` is no known version; write `midflow: 1`",
                file.midflow
            )));
        }
        file.plan().map(|_| file)
    }

    /// What is to be armed, in its order.
    ///
    /// # Errors
    /// Names the step whose citizen or scenario is none.
    pub fn plan(&self) -> Result<Vec<Planned>, ScenarioFileError> {
        let mut planned = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            let number = index + 1;
            let citizen = match step.citizen.as_deref().map(CivilNo::parse) {
                None => None,
                Some(Ok(citizen)) => Some(citizen),
                Some(Err(why)) => return Err(fault(format!("step {number}: `citizen`: {why}"))),
            };
            let choices = step
                .does
                .scenarios()
                .map_err(|why| fault(format!("step {number}: {why}")))?;
            for round in 0..step.times {
                let scenario = draw(self.seed, number, round, &choices)
                    .ok_or_else(|| fault(format!("step {number}: `does` names no scenario")))?;
                planned.push(Planned {
                    citizen: citizen.clone(),
                    scenario,
                    delay: step.delay_ms.map(Duration::from_millis),
                });
                if planned.len() > MOST {
                    return Err(fault(format!(
                        "step {number}: more than {MOST} requests are planned"
                    )));
                }
            }
        }
        Ok(planned)
    }
}

impl OneOf {
    fn scenarios(&self) -> Result<Vec<Scenario>, String> {
        if matches!(self.0.as_slice(), [all] if all == "any") {
            return Ok(Scenario::ALL.to_vec());
        }
        self.0
            .iter()
            .map(|name| {
                Scenario::from_name(name).ok_or_else(|| {
                    let near = Scenario::ALL
                        .into_iter()
                        .map(Scenario::as_str)
                        .min_by_key(|known| strsim::levenshtein(known, name))
                        .unwrap_or_default();
                    format!("`{name}` is no scenario; did you mean `{near}`? `midflow trigger --list` shows all of them")
                })
            })
            .collect()
    }
}

/// One of several, by seed and place alone.
fn draw(seed: u64, step: usize, round: u16, choices: &[Scenario]) -> Option<Scenario> {
    let digest = Digest::of(format!("{seed} {step} {round}").as_bytes());
    let [first, second, third, fourth, ..] = *digest.as_bytes();
    let number = u32::from_be_bytes([first, second, third, fourth]);
    let at = usize::try_from(number).ok()?.checked_rem(choices.len())?;
    choices.get(at).copied()
}

fn fault(why: impl Display) -> ScenarioFileError {
    ScenarioFileError(why.to_string())
}

const fn once() -> u16 {
    1
}

/// As many as wait in the longest line of the sandbox.
const MOST: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "midflow: 1\nseed: 7\nsteps:\n\
                        - { citizen: \"399123100017\", does: [late], delay_ms: 2000 }\n\
                        - { does: [forged, replay, wrong-person], times: 50 }\n\
                        - { does: [any], times: 100 }\n";

    #[test]
    fn the_same_seed_plans_the_same() {
        let plan = |text: &str| ScenarioFile::parse(text).unwrap().plan().unwrap();
        let first = plan(FILE);
        assert_eq!(first, plan(FILE));
        assert_ne!(first, plan(&FILE.replace("seed: 7", "seed: 8")));
        assert_eq!(first.len(), 151);
        assert_eq!(first[0].scenario, Scenario::Late);
        assert_eq!(first[0].delay, Some(Duration::from_secs(2)));
        let drawn = &first[1..51];
        for scenario in [Scenario::Forged, Scenario::Replay, Scenario::WrongPerson] {
            assert!(drawn.iter().any(|planned| planned.scenario == scenario));
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (from, to, expected) in [
            ("midflow: 1", "midflow: 2", "no known version"),
            (
                "[late]",
                "[lite]",
                "step 1: `lite` is no scenario; did you mean `late`?",
            ),
            ("399123100017", "399123100018", "step 1: `citizen`"),
            ("times: 50", "times: 2000", "step 2: more than 1000"),
            ("[any]", "[]", "step 3: `does` names no scenario"),
            ("delay_ms", "delay", "line 4"),
        ] {
            let error = ScenarioFile::parse(&FILE.replace(from, to))
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
