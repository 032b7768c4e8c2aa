use std::time::Duration;

use crate::words::Timestamp;

/// The hours in which no notification is sent, by the clock in Kuwait, and what becomes of one that is asked for then
/// (R002-21).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// The first minute.
    pub from: TimeOfDay,
    /// The first minute after them; on the next day where it is earlier than `from`.
    pub to: TimeOfDay,
    /// What becomes of a notification in between.
    pub then: Quieted,
}

/// What becomes of a notification that is asked for in quiet hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quieted {
    /// It is sent when they end.
    Hold,
    /// It is not sent: the flow ends as `other.quiet_hours`.
    Refuse,
}

/// A minute of the day, `00:00` to `23:59`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl QuietHours {
    /// When they end, if they last at this moment.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let local = now.in_kuwait();
        let minute = TimeOfDay::of(local.hour, local.minute)?;
        let since_start = minute.minutes_since(self.from);
        if since_start >= self.to.minutes_since(self.from) {
            return None;
        }
        let into_minute = now.as_micros().rem_euclid(MICROS_OF_A_MINUTE);
        let left = u64::from(self.to.minutes_since(minute)) * 60;
        let end = now.plus(Duration::from_secs(left));
        Some(end.minus(Duration::from_micros(into_minute.unsigned_abs())))
    }
}

impl Quieted {
    /// The words of the language.
    pub(super) const WORDS: &'static [&'static str] = &["hold", "refuse"];

    /// The word used in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Refuse => "refuse",
        }
    }

    /// Reads the word used in files; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Hold, Self::Refuse]
            .into_iter()
            .find(|then| then.as_str() == name)
    }
}

impl TimeOfDay {
    /// Reads `21:00`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !two_digits(hour) || !two_digits(minute) {
            return None;
        }
        Self::of(hour.parse().ok()?, minute.parse().ok()?)
    }

    /// The time of day of this hour and minute; `None` where no clock shows them.
    pub fn of(hour: i8, minute: i8) -> Option<Self> {
        let (hour, minute) = (u16::try_from(hour).ok()?, u16::try_from(minute).ok()?);
        (hour < 24 && minute < 60).then_some(Self(hour * 60 + minute))
    }

    /// The same, so many minutes later, over midnight where it comes to that.
    #[must_use]
    pub const fn later(self, minutes: u16) -> Self {
        Self((self.0 + minutes % MINUTES_OF_A_DAY) % MINUTES_OF_A_DAY)
    }

    /// How many minutes have passed since the clock last showed `earlier`.
    const fn minutes_since(self, earlier: Self) -> u16 {
        (self.0 + MINUTES_OF_A_DAY - earlier.0) % MINUTES_OF_A_DAY
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

const MINUTES_OF_A_DAY: u16 = 24 * 60;
const MICROS_OF_A_MINUTE: i64 = 60_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: &str, to: &str) -> QuietHours {
        QuietHours {
            from: TimeOfDay::parse(from).unwrap(),
            to: TimeOfDay::parse(to).unwrap(),
            then: Quieted::Hold,
        }
    }

    fn end(hours: QuietHours, now: &str) -> Option<String> {
        let end = hours.until(Timestamp::parse(now).unwrap())?;
        Some(end.to_string())
    }

    // R002-21: 03:00 in Kuwait is midnight in UTC; the night ends at 07:00 on the wall, to the second.
    #[test]
    fn the_night_goes_over_midnight_and_ends_on_the_minute() {
        let night = hours("21:00", "07:00");
        let morning = Some("2026-11-22T04:00:00.000000Z".to_owned());
        assert_eq!(end(night, "2026-11-21T17:59:59.999999Z"), None);
        assert_eq!(end(night, "2026-11-21T18:00:00Z"), morning);
        assert_eq!(end(night, "2026-11-21T21:00:00.5Z"), morning);
        assert_eq!(end(night, "2026-11-22T00:00:17.25Z"), morning);
        assert_eq!(end(night, "2026-11-22T03:59:59.999999Z"), morning);
        assert_eq!(end(night, "2026-11-22T04:00:00Z"), None);
        assert_eq!(end(night, "2026-11-22T12:00:00Z"), None);
    }

    #[test]
    fn hours_within_one_day_end_on_that_day() {
        let noon = hours("13:30", "15:00");
        let three = Some("2026-11-22T12:00:00.000000Z".to_owned());
        assert_eq!(end(noon, "2026-11-22T10:29:00Z"), None);
        assert_eq!(end(noon, "2026-11-22T10:30:00Z"), three);
        assert_eq!(end(noon, "2026-11-22T11:59:00Z"), three);
        assert_eq!(end(noon, "2026-11-22T12:00:00Z"), None);
    }

    #[test]
    fn a_time_of_day_is_two_digits_twice() {
        for good in ["00:00", "07:05", "23:59"] {
            assert_eq!(TimeOfDay::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "",
            "7:00",
            "24:00",
            "12:60",
            "12-00",
            "1200",
            "12:0",
            "١٢:٠٠",
            "12:00:00",
            "-1:00",
            "+1:00",
        ] {
            assert_eq!(TimeOfDay::parse(bad), None, "{bad}");
        }
        assert_eq!(TimeOfDay::parse("23:30").unwrap().later(60).to_string(), "00:30");
    }
}
