use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

/// A moment: microseconds since 1970-01-01T00:00:00Z. Shown and sent as RFC 3339 in UTC.
///
/// A value, never read from a clock here: the engine hands time in (law 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The first moment that is represented.
    pub const EPOCH: Self = Self(0);

    /// Wraps microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let moment: jiff::Timestamp = text.parse().ok()?;
        Some(Self(moment.as_microsecond()))
    }

    /// The moment a duration later; stays at the end of time instead of overflowing.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// The moment a duration earlier.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The moment as Kuwait's clocks and calendar show it (UTC+3, no daylight saving).
    pub fn in_kuwait(self) -> LocalTime {
        let offset = jiff::tz::Offset::constant(3);
        let local = offset.to_datetime(self.to_jiff());
        LocalTime {
            year: local.year(),
            month: local.month(),
            day: local.day(),
            hour: local.hour(),
            minute: local.minute(),
            weekday: local.weekday().to_monday_one_offset(),
        }
    }

    fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(jiff::Timestamp::MAX)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:.6}", self.to_jiff())
    }
}

/// A moment as a clock on the wall shows it; what scripts get as `flow.now`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalTime {
    /// The Gregorian year.
    pub year: i16,
    /// The month, 1 to 12.
    pub month: i8,
    /// The day of the month, 1 to 31.
    pub day: i8,
    /// The hour, 0 to 23.
    pub hour: i8,
    /// The minute, 0 to 59.
    pub minute: i8,
    /// The day of the week, Monday 1 to Sunday 7 (ISO 8601).
    pub weekday: i8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kuwait_is_three_hours_ahead_of_utc() {
        let local = Timestamp::parse("2026-02-28T22:30:00Z").unwrap().in_kuwait();
        assert_eq!(
            (local.month, local.day, local.hour, local.minute, local.weekday),
            (3, 1, 1, 30, 7)
        );
    }

    #[test]
    fn the_text_is_rfc_3339_and_is_read_back() {
        let moment = Timestamp::from_micros(1_770_113_742_117_000);
        assert_eq!(moment.to_string(), "2026-02-03T10:15:42.117000Z");
        assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
    }

    #[test]
    fn arithmetic_does_not_overflow() {
        let end = Timestamp::from_micros(i64::MAX);
        assert_eq!(end.plus(Duration::from_secs(1)), end);
        assert_eq!(Timestamp::EPOCH.since(end), Duration::ZERO);
        assert!(!end.to_string().is_empty());
    }
}
