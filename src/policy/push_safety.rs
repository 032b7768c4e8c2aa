use std::num::NonZeroU32;
use std::time::Duration;

use super::Limit;
use crate::words::Capability;
use crate::words::Environment;
use crate::words::Outcome;
use crate::words::Timestamp;

/// How an organization protects people from requests that they did not ask for, across all its services (threats B-14,
/// B-16). What is not written has a meaning of its own, see [`PushSafety::rules`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PushSafety {
    /// How many requests of all services go to one person's phone.
    pub per_person: Option<Limit>,
    /// When the next request waits because earlier ones were declined.
    pub cool_off: Option<CoolOff>,
    /// For how long nothing goes to the phone of somebody who has reported a request.
    pub not_me: Option<Duration>,
}

/// When the next request waits because earlier ones were declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoolOff {
    /// How many declines within a day begin it.
    pub declines: NonZeroU32,
    /// How long it lasts after that many; twice as long after each further one.
    pub first: Duration,
    /// The longest it gets; at most a day.
    pub longest: Duration,
}

/// How a person may meet the organization for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstContact {
    /// Also by a request that is pushed to their phone.
    Push,
    /// By scanning a code; a push is for those whom the organization has authenticated before.
    Qr,
}

impl FirstContact {
    /// The word used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Qr => "qr",
        }
    }

    /// Reads the word; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Push, Self::Qr]
            .into_iter()
            .find(|way| way.as_str() == name)
    }
}

/// What holds in one environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushRules {
    /// How many requests of all services go to one person's phone.
    pub per_person: Option<Limit>,
    /// When the next request waits because earlier ones were declined.
    pub cool_off: Option<CoolOff>,
    /// For how long nothing goes to the phone of somebody who has reported a request.
    pub not_me: Duration,
}

/// What the organization remembers of a person when a request to their phone is about to begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonPast {
    /// When they declined requests, in any order.
    pub declines: Vec<Timestamp>,
    /// When they last reported a request that they did not ask for.
    pub reported: Option<Timestamp>,
    /// Whether any service has authenticated them before.
    pub known: bool,
}

impl PushSafety {
    /// What holds in an environment. What is not written means the safe values of [`PushRules::SAFE`]; in development,
    /// where one made-up person is asked all day, only what is written limits and waits.
    pub fn rules(&self, environment: Environment) -> PushRules {
        let unwritten = match environment {
            Environment::Development => PushRules {
                per_person: None,
                cool_off: None,
                ..PushRules::SAFE
            },
            Environment::Production | Environment::Test | Environment::Dr => PushRules::SAFE,
        };
        PushRules {
            per_person: self.per_person.or(unwritten.per_person),
            cool_off: self.cool_off.or(unwritten.cool_off),
            not_me: self.not_me.unwrap_or(unwritten.not_me),
        }
    }
}

impl CoolOff {
    /// What is meant where nothing is written.
    pub const SAFE: Self = Self {
        declines: two(),
        first: Duration::from_secs(5 * 60),
        longest: DAY,
    };

    /// Until when the next request waits after these declines; `None` if it need not.
    fn until(&self, declines: &[Timestamp], now: Timestamp) -> Option<Timestamp> {
        let since = now.minus(DAY);
        let counted = || declines.iter().filter(|at| **at > since && **at <= now);
        let last = *counted().max()?;
        let count = u32::try_from(counted().count()).unwrap_or(u32::MAX);
        let further = count.checked_sub(self.declines.get())?;
        let doubled = 2_u32
            .checked_pow(further)
            .and_then(|times| self.first.checked_mul(times));
        Some(last.plus(doubled.unwrap_or(self.longest).min(self.longest)))
    }
}

impl PushRules {
    /// What is meant where nothing is written, outside development.
    pub const SAFE: Self = Self {
        per_person: Some(Limit {
            count: ten(),
            window: Duration::from_secs(3_600),
        }),
        cool_off: Some(CoolOff::SAFE),
        not_me: DAY,
    };

    /// The longest that a report stops requests.
    pub const LONGEST_STOP: Duration = DAY.saturating_mul(7);

    /// How old a flow may be of which anything is remembered, but that its person is known.
    pub const REACH: Duration = DAY.saturating_mul(31);

    /// How a flow ends before anything is sent, because of what the person has done before; `None` if it may begin.
    ///
    /// Only what makes a phone ring by itself is held back: whoever scans a code has the phone in their hand and has asked
    /// for it.
    pub fn refuse(
        &self,
        capability: Capability,
        first_contact: FirstContact,
        past: &PersonPast,
        now: Timestamp,
    ) -> Option<Outcome> {
        if !capability.prompts() {
            return None;
        }
        if past.reported.is_some_and(|at| now < at.plus(self.not_me)) {
            return Some(Outcome::PushesStopped);
        }
        let cooling = self
            .cool_off
            .and_then(|cool_off| cool_off.until(&past.declines, now));
        if cooling.is_some_and(|until| now < until) {
            return Some(Outcome::CoolOff);
        }
        (capability == Capability::AuthPush && first_contact == FirstContact::Qr && !past.known)
            .then_some(Outcome::FirstContact)
    }
}

const fn two() -> NonZeroU32 {
    match NonZeroU32::new(2) {
        Some(two) => two,
        None => NonZeroU32::MIN,
    }
}

const fn ten() -> NonZeroU32 {
    match NonZeroU32::new(10) {
        Some(ten) => ten,
        None => NonZeroU32::MIN,
    }
}

/// Declines count for so long; no cool-off is longer.
pub(super) const DAY: Duration = Duration::from_secs(24 * 3_600);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn ago(seconds: i64) -> Timestamp {
        Timestamp::from_micros((NOW - seconds) * 1_000_000)
    }

    fn past(declines: &[i64]) -> PersonPast {
        PersonPast {
            declines: declines.iter().map(|seconds| ago(*seconds)).collect(),
            ..PersonPast::default()
        }
    }

    fn push(past: &PersonPast, first_contact: FirstContact) -> Option<Outcome> {
        PushRules::SAFE.refuse(Capability::AuthPush, first_contact, past, ago(0))
    }

    // Threat B-16: each decline beyond the second doubles the wait; one alone may be a slip of the finger.
    #[test]
    fn the_wait_grows_with_each_decline() {
        for (declines, seconds) in [
            (1, 0),
            (2, 300),
            (3, 600),
            (4, 1_200),
            (8, 19_200),
            (11, 86_400),
            (60, 86_400),
        ] {
            let at = |last: i64| vec![last; declines];
            if seconds > 0 {
                assert_eq!(
                    push(&past(&at(seconds - 1)), FirstContact::Push),
                    Some(Outcome::CoolOff),
                    "{declines}"
                );
            }
            assert_eq!(push(&past(&at(seconds)), FirstContact::Push), None, "{declines}");
        }
    }

    #[test]
    fn declines_are_forgotten_after_a_day() {
        assert_eq!(
            push(&past(&[10, 86_399]), FirstContact::Push),
            Some(Outcome::CoolOff)
        );
        assert_eq!(push(&past(&[10, 86_400]), FirstContact::Push), None);
        // A clock that was set back: what has not happened yet is not counted.
        assert_eq!(push(&past(&[-5, -5]), FirstContact::Push), None);
    }

    #[test]
    fn nothing_is_pushed_to_whoever_has_reported_a_request() {
        let reported = |seconds| PersonPast {
            reported: Some(ago(seconds)),
            known: true,
            ..PersonPast::default()
        };
        assert_eq!(
            push(&reported(86_399), FirstContact::Push),
            Some(Outcome::PushesStopped)
        );
        assert_eq!(push(&reported(86_400), FirstContact::Push), None);
    }

    #[test]
    fn a_first_contact_by_push_is_refused_where_the_service_says_so() {
        let known = PersonPast {
            known: true,
            ..PersonPast::default()
        };
        assert_eq!(push(&past(&[]), FirstContact::Qr), Some(Outcome::FirstContact));
        assert_eq!(push(&past(&[]), FirstContact::Push), None);
        assert_eq!(push(&known, FirstContact::Qr), None);
    }

    #[test]
    fn only_what_makes_a_phone_ring_is_held_back() {
        let worst = PersonPast {
            declines: vec![ago(1); 9],
            reported: Some(ago(1)),
            known: false,
        };
        for capability in Capability::ALL {
            let refused = PushRules::SAFE
                .refuse(capability, FirstContact::Qr, &worst, ago(0))
                .is_some();
            let rings = matches!(capability, Capability::AuthPush | Capability::Sign);
            assert_eq!(refused, rings, "{capability}");
        }
    }

    #[test]
    fn in_development_only_what_is_written_limits() {
        let nothing = PushSafety::default();
        for environment in [Environment::Production, Environment::Test, Environment::Dr] {
            assert_eq!(nothing.rules(environment), PushRules::SAFE);
        }
        let rules = nothing.rules(Environment::Development);
        assert_eq!(
            (rules.per_person, rules.cool_off, rules.not_me),
            (None, None, DAY)
        );
        let written = PushSafety {
            cool_off: Some(CoolOff::SAFE),
            ..nothing
        };
        assert_eq!(
            written.rules(Environment::Development).cool_off,
            Some(CoolOff::SAFE)
        );
    }
}
