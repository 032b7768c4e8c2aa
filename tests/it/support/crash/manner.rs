use std::time::Duration;

use midflow::sandbox::Scenario;

use super::dice::Dice;

/// How one flow of the load goes, or one journey: what the person or the network does, and what may come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// What the sandbox is told to do; without it the person approves at once.
    pub scenario: Option<Scenario>,
    /// The pause before the answer, where it is not the usual one.
    pub delay: Option<Duration>,
    /// Whether the flow ends by its deadline and had better have a near one.
    pub waits: bool,
    /// Whether the e-service gives up.
    pub cancels: bool,
    /// Whether the e-service wants an outcome notice.
    pub wants_notice: bool,
    /// Where it is a journey, the steps that it has and the one at which the scenario comes; those before it are approved.
    pub journey: Option<Steps>,
}

/// The steps of a journey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// How many there are, if all are approved.
    pub of: usize,
    /// The step at which something else than an approval may come, from 0.
    pub odd: usize,
}

impl Manner {
    pub fn draw(dice: &Dice) -> Self {
        let (scenario, delay, waits) = match dice.below(100) {
            0..34 => (None, None, false),
            34..45 => (Some(Scenario::Declined), None, false),
            45..56 => (Some(Scenario::Approved), Some(dice.up_to(SLOWEST)), false),
            56..63 => (Some(Scenario::Timeout), None, true),
            63..70 => (Some(Scenario::Duplicate), None, false),
            70..76 => (Some(Scenario::Early), None, false),
            76..82 => (Some(Scenario::Conflicting), None, false),
            82..87 => (Some(Scenario::Forged), None, true),
            87..90 => (Some(Scenario::Late), Some(AFTER_THE_DEADLINE), true),
            90..93 => (Some(Scenario::NoReply), None, false),
            93..95 => (Some(Scenario::ServerError), None, true),
            95..97 => (Some(Scenario::ErrorReply), None, false),
            97..99 => (Some(Scenario::WrongPerson), None, true),
            _ => (Some(Scenario::TamperedPerson), None, true),
        };
        Self {
            scenario,
            delay,
            waits,
            cancels: waits && dice.percent(15),
            wants_notice: dice.percent(80),
            journey: dice.percent(JOURNEYS).then(|| Steps::draw(dice)),
        }
    }

    /// The same for one step of the journey, by its number from 0.
    pub fn of_step(self, number: usize) -> Self {
        match self.journey {
            Some(steps) if steps.odd != number => Self {
                scenario: None,
                delay: None,
                ..self
            },
            _ => self,
        }
    }

    /// Whether the journey has the step that only large applications have.
    pub fn is_large(self) -> bool {
        self.journey.is_some_and(|steps| steps.of > 2)
    }

    /// What the e-service passes as `amount`; the script of the victim gives the flow its deadline by it.
    pub const fn amount(self) -> u32 {
        if self.waits { 9_000 } else { 9 }
    }

    /// Whether a flow of this manner may end as approved. What comes after the deadline may not.
    pub fn may_approve(self) -> bool {
        match self.scenario {
            None | Some(Scenario::NoReply) => true,
            Some(Scenario::Late) => false,
            Some(scenario) => scenario.may_approve(),
        }
    }

    /// Whether a flow of this manner may end as declined.
    pub fn may_decline(self) -> bool {
        matches!(self.scenario, Some(Scenario::Declined | Scenario::Conflicting))
    }
}

impl Steps {
    fn draw(dice: &Dice) -> Self {
        let of = if dice.percent(50) { 3 } else { 2 };
        let odd = usize::try_from(dice.below(3)).unwrap_or_default().min(of - 1);
        Self { of, odd }
    }
}

/// So many wishes in a hundred are journeys.
const JOURNEYS: u64 = 30;
/// The deadline of a flow that waits, as the victim's script has it.
pub const NEAR_DEADLINE: Duration = Duration::from_secs(3);
/// The deadline of every other flow.
pub const FAR_DEADLINE: Duration = Duration::from_secs(10);
const AFTER_THE_DEADLINE: Duration = Duration::from_millis(3_400);
const SLOWEST: Duration = Duration::from_millis(1_500);
