use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error as _;

use super::Timestamp;

/// A day of the Gregorian calendar, as approvals and waivers are dated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: i16,
    month: i8,
    day: i8,
}

impl Day {
    /// Reads `2026-03-01`; `None` for any other form, and for days that no calendar has.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str, length: usize| {
            (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
        };
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        digits(year, 4)?;
        digits(month, 2)?;
        digits(day, 2)?;
        let date = jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        (date.year() >= FIRST_YEAR).then(|| Self {
            year: date.year(),
            month: date.month(),
            day: date.day(),
        })
    }

    /// The same day so many years later; on 29 February the last of the month in years that lack it.
    #[must_use]
    pub fn plus_years(self, years: i16) -> Self {
        let year = self.year.saturating_add(years);
        let day = if jiff::civil::Date::new(year, self.month, self.day).is_ok() {
            self.day
        } else {
            28
        };
        Self { year, day, ..self }
    }

    /// So many days later; the day itself where the calendar ends.
    #[must_use]
    pub fn plus_days(self, days: u16) -> Self {
        let later = jiff::civil::Date::new(self.year, self.month, self.day)
            .and_then(|date| date.checked_add(jiff::Span::new().days(i64::from(days))));
        later.map_or(self, |date| Self {
            year: date.year(),
            month: date.month(),
            day: date.day(),
        })
    }

    /// The day on which a moment falls in Kuwait.
    pub fn in_kuwait(at: Timestamp) -> Self {
        let local = at.in_kuwait();
        Self {
            year: local.year,
            month: local.month,
            day: local.day,
        }
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("this is no day; write it as 2026-11-01"))
    }
}

/// Nothing that a policy dates is older than the civil number.
const FIRST_YEAR: i16 = 1950;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_written_back() {
        for text in ["2026-03-01", "2024-02-29", "1950-01-01", "9999-12-31"] {
            assert_eq!(Day::parse(text).map(|day| day.to_string()).as_deref(), Some(text));
        }
        assert!(Day::parse("2026-03-01") < Day::parse("2026-10-01"));
    }

    #[test]
    fn other_texts_are_no_days() {
        for text in [
            "",
            "2026-3-1",
            "2026-02-29",
            "01-03-2026",
            "2026-13-01",
            "0026-01-01",
            "2026-03-01T00:00",
            "2026/03/01",
            "٢٠٢٦-٠٣-٠١",
            "2026-03-01-",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_day_begins_at_midnight_in_kuwait() {
        let day = |text| Day::in_kuwait(Timestamp::parse(text).unwrap()).to_string();
        assert_eq!(day("2026-02-28T20:59:59Z"), "2026-02-28");
        assert_eq!(day("2026-02-28T21:00:00Z"), "2026-03-01");
    }
}
