use std::collections::BTreeMap;

use super::clocks::Application;
use super::clocks::Standing;
use super::clocks::Standpoint;
use crate::audit::ApplicationKind;
use crate::audit::ApplicationRecord;
use crate::audit::ApplicationStep;
use crate::audit::Event;
use crate::audit::RequiredCheck;
use crate::store::StoredRecord;
use crate::words::Day;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Timestamp;

/// An application as the records of its steps tell it. Pure: the log and the day in, what may follow out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Registered {
    /// Its number: which opening of the log it is, from 1.
    pub(super) number: u64,
    /// The paper that was filed, by which records know it.
    pub(super) paper: ExchangeId,
    /// Digest of the paper.
    pub(super) digest: Digest,
    /// What is applied for.
    pub(super) kind: ApplicationKind,
    /// What proves a representative's authority.
    pub(super) proof: Option<String>,
    /// What was found in each required check, the newest counts.
    pub(super) checks: BTreeMap<RequiredCheck, (bool, String)>,
    /// The first answer, and the decision on the complaint.
    pub(super) answer: Option<Decision>,
    pub(super) decision: Option<Decision>,
    /// Every step, in the order of the log.
    pub(super) steps: Vec<Step>,
    days: Application,
    /// Which silences are written down: the first answer's, the end.
    noted: (bool, bool),
}

/// A decision that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) by: String,
    pub(super) reason: String,
    pub(super) day: Day,
}

/// A step as it is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) by: String,
    pub(super) step: ApplicationStep,
    /// Whether it changed anything: of two nodes that write the same at once, one comes too late.
    pub(super) counts: bool,
}

/// The register, as the log tells it.
pub(super) fn register(records: &[StoredRecord]) -> Vec<Registered> {
    let mut register: Vec<Registered> = Vec::new();
    for record in records {
        let Event::Application(said) = &record.event else {
            continue;
        };
        let known = register.iter().position(|one| one.paper == said.application);
        match known.and_then(|place| register.get_mut(place)) {
            Some(one) => one.take(record, said),
            None => {
                let number = u64::try_from(register.len())
                    .unwrap_or(u64::MAX)
                    .saturating_add(1);
                register.extend(Registered::open(number, record, said));
            }
        }
    }
    register
}

impl Registered {
    fn open(number: u64, record: &StoredRecord, said: &ApplicationRecord) -> Option<Self> {
        let ApplicationStep::Opened {
            kind,
            day,
            digest,
            proof,
        } = &said.step
        else {
            return None;
        };
        may_open(*kind, proof.as_deref(), *day, Day::in_kuwait(record.at)).ok()?;
        Some(Self {
            number,
            paper: said.application,
            digest: *digest,
            kind: *kind,
            proof: proof.clone(),
            checks: BTreeMap::new(),
            answer: None,
            decision: None,
            steps: vec![Step::of(record, said, true)],
            days: Application {
                received: *day,
                answered: None,
                complained: None,
                decided: None,
            },
            noted: (false, false),
        })
    }

    fn take(&mut self, record: &StoredRecord, said: &ApplicationRecord) {
        let counts = self
            .allows(&said.step, &said.by, Day::in_kuwait(record.at))
            .is_ok();
        self.steps.push(Step::of(record, said, counts));
        if !counts {
            return;
        }
        match &said.step {
            ApplicationStep::Opened { .. } => {}
            ApplicationStep::Checked {
                check,
                passed,
                finding,
            } => {
                self.checks.insert(*check, (*passed, finding.clone()));
            }
            ApplicationStep::Decided { granted, day, reason } => {
                let made = Decision {
                    by: said.by.clone(),
                    reason: reason.clone(),
                    day: *day,
                };
                if self.days.complained.is_some() {
                    (self.days.decided, self.decision) = (Some((*day, *granted)), Some(made));
                } else {
                    (self.days.answered, self.answer) = (Some((*day, *granted)), Some(made));
                }
            }
            ApplicationStep::Complained { day } => self.days.complained = Some(*day),
            ApplicationStep::Lapsed { finally: false } => self.noted.0 = true,
            ApplicationStep::Lapsed { finally: true } => self.noted.1 = true,
        }
    }

    /// Where it stands on a day.
    pub(super) fn on(&self, today: Day) -> Standing {
        self.days.on(today)
    }

    /// The day on which it came in.
    pub(super) const fn received(&self) -> Day {
        self.days.received
    }

    /// When it was opened.
    pub(super) fn opened_at(&self) -> Timestamp {
        self.steps.first().map_or(Timestamp::EPOCH, |step| step.at)
    }

    /// Whether a complaint came in.
    pub(super) const fn complained(&self) -> Option<Day> {
        self.days.complained
    }

    /// Whether a step may be taken today; if not, why.
    pub(super) fn allows(&self, step: &ApplicationStep, by: &str, today: Day) -> Result<(), String> {
        match step {
            ApplicationStep::Opened { .. } => Err("it is open already".to_owned()),
            ApplicationStep::Checked { .. } => self.allows_check(today),
            ApplicationStep::Decided { granted, day, .. } => {
                self.allows_day(*day, today)?;
                self.allows_decision(*granted, *day, by)
            }
            ApplicationStep::Complained { day } => {
                self.allows_day(*day, today)?;
                match self.on(*day).state {
                    Standpoint::Refused if !self.noted.1 => Ok(()),
                    Standpoint::Refused | Standpoint::RefusedFinally => Err(
                        "it is refused for good: a complaint has to come within 60 days of the refusal"
                            .to_owned(),
                    ),
                    Standpoint::Complained => Err("a complaint waits already".to_owned()),
                    Standpoint::Open => {
                        Err("it is not refused, so there is nothing to complain about".to_owned())
                    }
                    Standpoint::Granted => Err("it was granted".to_owned()),
                }
            }
            ApplicationStep::Lapsed { finally } => {
                if self.silences(today).contains(finally) {
                    Ok(())
                } else {
                    Err("no period has ended that is not written down already".to_owned())
                }
            }
        }
    }

    /// Whether a step that was recorded so has counted.
    pub(super) fn has_taken(&self, step: &ApplicationStep, by: &str, at: Option<Timestamp>) -> bool {
        let mut taken = self.steps.iter().filter(|one| one.counts);
        taken.any(|one| one.step == *step && one.by == by && Some(one.at) == at)
    }

    fn allows_check(&self, today: Day) -> Result<(), String> {
        if self.kind != ApplicationKind::ThirdParty {
            return Err("only what a third party asks for is checked so".to_owned());
        }
        if self.on(today).state.is_final() {
            return Err("it is closed".to_owned());
        }
        Ok(())
    }

    fn allows_day(&self, day: Day, today: Day) -> Result<(), String> {
        if day > today {
            return Err(format!("{day} has not come yet"));
        }
        let answered = self.days.answered.map(|(day, _)| day);
        let last = [Some(self.days.received), answered, self.days.complained];
        match last.into_iter().flatten().max() {
            Some(last) if day < last => Err(format!(
                "{day} is before {last}, when the step before it was taken"
            )),
            _ => Ok(()),
        }
    }

    fn allows_decision(&self, granted: bool, day: Day, by: &str) -> Result<(), String> {
        let standing = self.on(day);
        match standing.state {
            Standpoint::Granted => return Err("it was granted already".to_owned()),
            Standpoint::RefusedFinally => {
                return Err(
                    "it is refused for good; what is wanted still needs an application of its own".to_owned(),
                );
            }
            // What silence has decided, and was told, no date undoes.
            Standpoint::Refused if !granted => return Err("it is refused already".to_owned()),
            Standpoint::Open if self.noted.0 && !granted => {
                return Err("it was refused by silence, and that is on record".to_owned());
            }
            Standpoint::Open | Standpoint::Refused | Standpoint::Complained => {}
        }
        if self.noted.1 {
            return Err("it was refused for good, and that is on record".to_owned());
        }
        if standing.state == Standpoint::Refused && self.answer.is_some() {
            return Err("it is refused; the applicant can complain to the head of the body".to_owned());
        }
        let same = |first: &Decision| first.by.to_lowercase() == by.to_lowercase();
        if standing.state == Standpoint::Complained && self.answer.as_ref().is_some_and(same) {
            return Err(
                "who refused it can't decide on the complaint: that is for the head of the body".to_owned(),
            );
        }
        if granted && self.kind == ApplicationKind::ThirdParty {
            let lacking = RequiredCheck::ALL
                .into_iter()
                .filter(|check| !matches!(self.checks.get(check), Some((true, _))));
            let lacking: Vec<_> = lacking.map(RequiredCheck::as_str).collect();
            if !lacking.is_empty() {
                return Err(format!(
                    "it can't be granted before every required check is passed; these are not: {}",
                    lacking.join(", ")
                ));
            }
        }
        Ok(())
    }

    /// The silences that a day has brought and nobody has written down: `false` for the first answer, `true` for the end.
    pub(super) fn silences(&self, today: Day) -> Vec<bool> {
        let standing = self.on(today);
        let by_silence = self.days.answered.is_none()
            && matches!(
                standing.state,
                Standpoint::Refused | Standpoint::Complained | Standpoint::RefusedFinally
            );
        let finally = standing.state == Standpoint::RefusedFinally && self.days.decided.is_none();
        let first = (by_silence && !self.noted.0).then_some(false);
        let last = (finally && !self.noted.1).then_some(true);
        first.into_iter().chain(last).collect()
    }
}

impl Step {
    fn of(record: &StoredRecord, said: &ApplicationRecord, counts: bool) -> Self {
        Self {
            seq: record.seq,
            at: record.at,
            by: said.by.clone(),
            step: said.step.clone(),
            counts,
        }
    }
}

/// Whether an application may be opened; if not, why.
pub(super) fn may_open(
    kind: ApplicationKind,
    proof: Option<&str>,
    received: Day,
    today: Day,
) -> Result<(), String> {
    if received > today {
        return Err(format!("{received} has not come yet"));
    }
    if kind == ApplicationKind::Representative && proof.is_none() {
        return Err("a representative has to prove it: name the paper that does with `--proof`".to_owned());
    }
    Ok(())
}

#[cfg(test)]
#[path = "register_tests.rs"]
mod tests;
