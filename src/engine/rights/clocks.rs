use serde::Serialize;

use crate::words::Day;

/// The days of an application for data, on which something happened to it (law 20/2014, article 34; R003-69, R003-70).
/// Days count in Kuwait, and a period that ends on a day ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application {
    /// When it came in.
    pub received: Day,
    /// When the applicant was told in writing, and whether it was granted.
    pub answered: Option<(Day, bool)>,
    /// When the applicant complained to the head of the body about a refusal.
    pub complained: Option<Day>,
    /// When the head of the body decided on the complaint, and whether for the applicant.
    pub decided: Option<(Day, bool)>,
}

/// Where an application stands, and until when the next step can be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// What it is.
    pub state: Standpoint,
    /// Whether silence has brought it there.
    pub by_silence: bool,
    /// The last day of the step that comes next; none where there is none.
    pub until: Option<Day>,
}

/// What an application can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standpoint {
    /// It waits for an answer in writing.
    Open,
    /// It was granted, at once or on the complaint.
    Granted,
    /// It is refused; the applicant can complain.
    Refused,
    /// The complaint waits for the head of the body.
    Complained,
    /// It is refused for good.
    RefusedFinally,
}

impl Standpoint {
    /// The name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Complained => "complained",
            Self::RefusedFinally => "refused_finally",
        }
    }

    /// Whether it is the provider that has to do something.
    pub const fn waits_for_us(self) -> bool {
        matches!(self, Self::Open | Self::Complained)
    }

    /// Whether nothing more can happen to it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Granted | Self::RefusedFinally)
    }
}

impl Application {
    /// Where it stands on a day. Nothing has to be done for a period to end: silence is an answer.
    pub fn on(&self, today: Day) -> Standing {
        let answer_by = self.received.plus_days(ANSWER);
        // An answer that comes too late finds the application refused.
        let answer = self
            .answered
            .filter(|(day, granted)| *granted || *day <= answer_by);
        let (refused, by_silence) = match answer {
            Some((_, true)) => return standing(Standpoint::Granted, false, None),
            Some((day, false)) => (day, false),
            None if today <= answer_by => return standing(Standpoint::Open, false, Some(answer_by)),
            None => (answer_by, true),
        };
        let complain_by = refused.plus_days(COMPLAINT);
        let Some(complained) = self.complained.filter(|day| *day <= complain_by) else {
            return if today <= complain_by {
                standing(Standpoint::Refused, by_silence, Some(complain_by))
            } else {
                standing(Standpoint::RefusedFinally, by_silence, None)
            };
        };
        let decide_by = complained.plus_days(DECISION);
        match self.decided {
            Some((_, true)) => standing(Standpoint::Granted, false, None),
            Some((_, false)) => standing(Standpoint::RefusedFinally, false, None),
            None if today <= decide_by => standing(Standpoint::Complained, false, Some(decide_by)),
            None => standing(Standpoint::RefusedFinally, true, None),
        }
    }
}

fn standing(state: Standpoint, by_silence: bool, until: Option<Day>) -> Standing {
    Standing {
        state,
        by_silence,
        until,
    }
}

/// Days to answer an application in writing.
const ANSWER: u16 = 30;
/// Days to complain about a refusal.
const COMPLAINT: u16 = 60;
/// Days to decide on a complaint.
const DECISION: u16 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn application() -> Application {
        Application {
            received: day("2026-11-01"),
            answered: None,
            complained: None,
            decided: None,
        }
    }

    fn check(application: &Application, today: &str, state: Standpoint, silent: bool, until: Option<&str>) {
        let found = application.on(day(today));
        assert_eq!(
            (found.state, found.by_silence, found.until),
            (state, silent, until.map(day)),
            "{today}"
        );
    }

    // R003-69: 30 days to answer, and silence is a refusal.
    #[test]
    fn silence_refuses_after_thirty_days() {
        let open = application();
        check(&open, "2026-11-01", Standpoint::Open, false, Some("2026-12-01"));
        check(&open, "2026-12-01", Standpoint::Open, false, Some("2026-12-01"));
        check(&open, "2026-12-02", Standpoint::Refused, true, Some("2027-01-30"));
        let late = Application {
            answered: Some((day("2026-12-05"), false)),
            ..open
        };
        check(&late, "2026-12-06", Standpoint::Refused, true, Some("2027-01-30"));
        let granted = Application {
            answered: Some((day("2026-12-05"), true)),
            ..open
        };
        check(&granted, "2026-12-06", Standpoint::Granted, false, None);
    }

    // R003-70: 60 days to complain, 30 to decide, and silence is final.
    #[test]
    fn a_complaint_has_its_own_clocks() {
        let refused = Application {
            answered: Some((day("2026-11-10"), false)),
            ..application()
        };
        check(
            &refused,
            "2027-01-09",
            Standpoint::Refused,
            false,
            Some("2027-01-09"),
        );
        check(&refused, "2027-01-10", Standpoint::RefusedFinally, false, None);
        let too_late = Application {
            complained: Some(day("2027-01-10")),
            ..refused
        };
        check(&too_late, "2027-01-10", Standpoint::RefusedFinally, false, None);
        let complained = Application {
            complained: Some(day("2027-01-09")),
            ..refused
        };
        check(
            &complained,
            "2027-02-08",
            Standpoint::Complained,
            false,
            Some("2027-02-08"),
        );
        check(&complained, "2027-02-09", Standpoint::RefusedFinally, true, None);
        for (granted, state) in [(true, Standpoint::Granted), (false, Standpoint::RefusedFinally)] {
            let decided = Application {
                decided: Some((day("2027-01-20"), granted)),
                ..complained
            };
            check(&decided, "2027-03-01", state, false, None);
        }
    }
}
