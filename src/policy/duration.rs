use std::num::NonZeroU32;
use std::time::Duration;

use super::Limit;

/// Reads a duration of policy files and scripts: `30s`, `5m`, `2h`, `90d`, `10y`. A year is 365 days and a
/// quarter. `None` for anything else, for zero and for more than a hundred years.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number = text.strip_suffix(unit)?;
    let seconds = whole_number(number)?.checked_mul(unit_seconds(unit)?)?;
    (1..=HUNDRED_YEARS)
        .contains(&seconds)
        .then(|| Duration::from_secs(seconds))
}

/// Writes a duration as policy files do, in the largest unit that needs no fraction.
pub fn format_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let unit = UNITS
        .iter()
        .find(|(_, length)| seconds >= *length && seconds.is_multiple_of(*length));
    match unit {
        Some((letter, length)) => format!("{}{letter}", seconds / length),
        None => format!("{seconds}s"),
    }
}

/// Reads a limit: `3/10m`, `200/s`, `1/d`.
pub(super) fn parse_limit(text: &str) -> Option<Limit> {
    let (count, window) = text.split_once('/')?;
    let count = NonZeroU32::new(u32::try_from(whole_number(count)?).ok()?)?;
    let mut letters = window.chars();
    let window = match (letters.next(), letters.next()) {
        (Some(unit), None) => Duration::from_secs(unit_seconds(unit)?),
        _ => parse_duration(window)?,
    };
    (window <= LONGEST_WINDOW).then_some(Limit { count, window })
}

/// Digits and nothing else: no sign, no spaces, no leading zero.
fn whole_number(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && !text.starts_with('0'))
        .then(|| text.parse().ok())
        .flatten()
}

fn unit_seconds(unit: char) -> Option<u64> {
    UNITS
        .iter()
        .find(|(letter, _)| *letter == unit)
        .map(|(_, seconds)| *seconds)
}

/// Longest first.
const UNITS: [(char, u64); 5] = [
    ('y', 31_557_600),
    ('d', 86_400),
    ('h', 3_600),
    ('m', 60),
    ('s', 1),
];
const HUNDRED_YEARS: u64 = 100 * 31_557_600;
const LONGEST_WINDOW: Duration = Duration::from_secs(366 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_back() {
        for (text, seconds) in [
            ("30s", 30),
            ("5m", 300),
            ("2h", 7_200),
            ("90d", 7_776_000),
            ("10y", 315_576_000),
        ] {
            let duration = parse_duration(text).unwrap();
            assert_eq!(duration.as_secs(), seconds);
            assert_eq!(format_duration(duration), text);
        }
        assert_eq!(format_duration(Duration::from_secs(90)), "90s");
        assert_eq!(format_duration(Duration::ZERO), "0s");
    }

    #[test]
    fn other_texts_are_no_durations() {
        for text in [
            "",
            "s",
            "5",
            "5 m",
            "5M",
            "-5m",
            "+5m",
            "0s",
            "05m",
            "5.5m",
            "5min",
            "5mm",
            "١m",
            "101y",
            "99999999999999999999d",
            "9999999999999999y",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn limits_are_read() {
        let limit = |text: &str| parse_limit(text).map(|limit| (limit.count.get(), limit.window.as_secs()));
        assert_eq!(limit("3/10m"), Some((3, 600)));
        assert_eq!(limit("200/s"), Some((200, 1)));
        assert_eq!(limit("1/d"), Some((1, 86_400)));
        for text in [
            "",
            "3",
            "/m",
            "0/m",
            "3/",
            "3/m/h",
            "3 / m",
            "a/m",
            "3/x",
            "3/0m",
            "4294967296/s",
            "1/2y",
            "-1/s",
        ] {
            assert_eq!(limit(text), None, "{text}");
        }
    }
}
