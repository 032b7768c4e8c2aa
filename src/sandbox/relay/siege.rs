use std::time::Duration;

use super::Attack;
use super::Attempts;
use super::Front;
use super::FrontError;
use super::after_a_report;
use super::attack::control_of;
use super::codes_relayed;
use super::page_elsewhere;
use super::pushes_again_and_again;
use super::pushes_to_each;
use crate::words::CivilNo;

/// All attacks against one node. The victims are different people: what one attack does to its victim must not help the next.
#[derive(Clone)]
pub struct Siege {
    /// Services that offer a sign-in by push.
    pub services: Vec<String>,
    /// A service that offers a sign-in by code; without one, nobody can be shown one.
    pub by_code: Option<String>,
    /// Somebody who approves whatever comes, and was never here.
    pub approves: CivilNo,
    /// Somebody who approves, and will report.
    pub reports: CivilNo,
    /// Somebody who declines.
    pub declines: CivilNo,
    /// Somebody who does not look.
    pub silent: CivilNo,
    /// How often the attacks by number are tried.
    pub tries: usize,
}

/// What an attack came to, and what that means.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What was tried.
    pub attack: Attack,
    /// How far it got.
    #[serde(flatten)]
    pub attempts: Attempts,
    /// What that means.
    pub verdict: Verdict,
    /// Where the control is set.
    pub setting: Option<&'static str>,
}

/// What the outcome of an attack means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A control stopped it.
    Held,
    /// There is a control, and it stopped nothing.
    NotHeld,
    /// There is no control that could.
    Beyond,
    /// Something else was in the way, so that nothing is known of the control.
    Unclear,
    /// The services offer nothing that could be attacked so.
    Untried,
}

impl Siege {
    /// Tries every attack, one after another.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn lay(&self, front: &dyn Front) -> Result<Vec<Finding>, FrontError> {
        let mut findings = Vec::new();
        for attack in Attack::ALL {
            // What can't be tried is told: silence would be taken for a control that holds.
            let attempts = self.attempt(front, attack).await?.unwrap_or_default();
            findings.push(Finding::of(attack, attempts));
        }
        Ok(findings)
    }

    /// `None` where the node offers nothing that could be attacked so.
    async fn attempt(&self, front: &dyn Front, attack: Attack) -> Result<Option<Attempts>, FrontError> {
        let Some(service) = self.services.first() else {
            return Ok(None);
        };
        let one = std::slice::from_ref(&self.approves);
        let in_a_row = (self.tries, Duration::ZERO);
        Ok(match attack {
            Attack::PushToAStranger => Some(pushes_to_each(front, service, one).await?),
            Attack::PageElsewhere => {
                let mut attempts = page_elsewhere(front, service, &self.silent).await?;
                // A page is there where a request is on its way.
                for other in self.services.iter().skip(1) {
                    if attempts.rings == 0 {
                        attempts = page_elsewhere(front, other, &self.silent).await?;
                    }
                }
                Some(attempts)
            }
            Attack::PushesAfterDeclines => {
                let first = std::slice::from_ref(service);
                Some(pushes_again_and_again(front, first, &self.declines, in_a_row).await?)
            }
            Attack::PushesOverServices if self.services.len() < 2 => None,
            Attack::PushesOverServices => {
                Some(pushes_again_and_again(front, &self.services, &self.approves, in_a_row).await?)
            }
            Attack::CodeRelayed => match &self.by_code {
                Some(by_code) => Some(codes_relayed(front, by_code, one).await?),
                None => None,
            },
            Attack::PushToAnAcquaintance => Some(pushes_to_each(front, service, one).await?),
            Attack::PushAfterAReport => {
                Some(after_a_report(front, service, &self.reports, self.tries).await?)
            }
        })
    }
}

impl Finding {
    /// Judges an attack by how far it got.
    pub fn of(attack: Attack, attempts: Attempts) -> Self {
        let succeeded = match attack {
            // Nobody gets in here: what counts is how often a phone rings.
            Attack::PushesAfterDeclines | Attack::PushesOverServices => attempts.rings == attempts.tries,
            Attack::PushAfterAReport => attempts.rings > 0,
            _ => attempts.inside > 0,
        };
        let by_control = attempts.stopped_by.as_deref().and_then(control_of).is_some();
        let verdict = match attack.setting() {
            _ if attempts.tries == 0 => Verdict::Untried,
            _ if !succeeded && by_control => Verdict::Held,
            _ if !succeeded => Verdict::Unclear,
            Some(_) => Verdict::NotHeld,
            None => Verdict::Beyond,
        };
        Self {
            attack,
            attempts,
            verdict,
            setting: attack.setting(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(attack: Attack, [tries, rings, inside]: [usize; 3], stopped_by: Option<&str>) -> Verdict {
        let attempts = Attempts {
            tries,
            rings,
            inside,
            stopped_by: stopped_by.map(str::to_owned),
        };
        Finding::of(attack, attempts).verdict
    }

    #[test]
    fn each_attack_is_judged_by_what_it_wants() {
        let (cool_off, strange) = (Some("other.cool_off"), Some("other.first_contact"));
        assert_eq!(judged(Attack::PushToAStranger, [1, 1, 1], None), Verdict::NotHeld);
        assert_eq!(judged(Attack::PushToAStranger, [1, 0, 0], strange), Verdict::Held);
        assert_eq!(
            judged(Attack::PushesAfterDeclines, [6, 6, 0], None),
            Verdict::NotHeld
        );
        assert_eq!(
            judged(Attack::PushesAfterDeclines, [6, 2, 0], cool_off),
            Verdict::Held
        );
        // Who has reported wants no further ring at all.
        assert_eq!(
            judged(Attack::PushAfterAReport, [6, 1, 1], cool_off),
            Verdict::NotHeld
        );
        assert_eq!(judged(Attack::CodeRelayed, [1, 1, 1], None), Verdict::Beyond);
    }

    // A service that is closed at night stopped everything, and each control was said to hold.
    #[test]
    fn what_something_else_has_stopped_says_nothing_of_a_control() {
        let closed = Some("other.refused");
        assert_eq!(
            judged(Attack::PushToAStranger, [1, 0, 0], closed),
            Verdict::Unclear
        );
        assert_eq!(judged(Attack::PushToAStranger, [1, 1, 0], None), Verdict::Unclear);
        assert_eq!(
            judged(Attack::PushAfterAReport, [6, 0, 0], closed),
            Verdict::Unclear
        );
    }

    #[test]
    fn every_attack_has_a_control_or_says_what_remains() {
        for attack in Attack::ALL {
            assert_ne!(
                attack.setting().is_some(),
                attack.remains().is_some(),
                "{attack:?}"
            );
        }
    }
}
