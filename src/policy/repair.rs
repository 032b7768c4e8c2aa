//! What was meant by values that are written another way than policy files do. A value that can mean two things is not
//! repaired.

use crate::words::Day;

/// The duration that a text means: `5 minutes`, `5min`, `5 M`, `1h30m`, `٥m`.
pub fn repaired_duration(text: &str) -> Option<String> {
    let text = plain(text);
    let seconds = seconds(&text).or_else(|| iso_seconds(&text))?;
    let written = super::format_duration(std::time::Duration::from_secs(seconds));
    super::parse_duration(&written).map(|_| written)
}

/// The limit that a text means: `3 / 10m`, `3 per 10 minutes`, `200/sec`.
pub(super) fn repaired_limit(text: &str) -> Option<String> {
    let text = plain(text);
    let (count, window) = text.split_once('/').or_else(|| text.split_once("per"))?;
    let count: u32 = count.trim().parse().ok()?;
    let window = window.trim();
    // A unit alone is one of it.
    let window = match unit(window) {
        Some((letter, _)) => letter.to_string(),
        None => repaired_duration(window)?,
    };
    let written = format!("{count}/{window}");
    super::duration::parse_limit(&written).map(|_| written)
}

/// The truth value that a word means.
pub(super) fn repaired_boolean(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "on" => Some(true),
        "false" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

/// The whole number that a text means: digits of either script, with underscores between thousands. A comma or a point
/// can separate thousands or decimals, so those are left alone.
pub(super) fn repaired_integer(text: &str) -> Option<i64> {
    let text = plain(text);
    let groups: Vec<&str> = text.split('_').collect();
    let (first, others) = groups.split_first()?;
    let grouped = others.iter().all(|group| group.len() == 3) && (others.is_empty() || first.len() <= 4);
    let digits = groups.concat();
    let plain = digits
        .strip_prefix('-')
        .unwrap_or(&digits)
        .bytes()
        .all(|byte| byte.is_ascii_digit());
    (grouped && plain && !digits.is_empty())
        .then(|| digits.parse().ok())
        .flatten()
}

/// The day that a text means: digits of either script, with other signs between year, month and day. Where the year does
/// not stand first, month and day can't be told apart.
pub(super) fn repaired_day(text: &str) -> Option<String> {
    let text = plain(text).replace(['/', '.', '–', '−'], "-");
    Day::parse(&text).map(|_| text)
}

/// In lowercase, with digits as the file format takes them, without spaces at the ends.
fn plain(text: &str) -> String {
    text.trim()
        .chars()
        .map(|letter| match letter {
            '٠'..='٩' => western(letter, '٠'),
            '۰'..='۹' => western(letter, '۰'),
            other => other,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

fn western(digit: char, zero: char) -> char {
    let value = u32::from(digit).saturating_sub(u32::from(zero));
    char::from_digit(value, 10).unwrap_or(digit)
}

/// The seconds of numbers and units in a row, the larger unit first.
fn seconds(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut last = u64::MAX;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let after = after.trim_start();
        let letters = after
            .find(|letter: char| !letter.is_alphabetic())
            .unwrap_or(after.len());
        let (word, after) = after.split_at(letters);
        let (_, length) = unit(word)?;
        if length >= last {
            return None;
        }
        last = length;
        total = total.checked_add(number.parse::<u64>().ok()?.checked_mul(length)?)?;
        rest = after.trim_start();
    }
    Some(total)
}

/// The seconds of one part of a duration as ISO 8601 writes it, in lowercase: `pt5m`, `p90d`. Months could be several
/// lengths.
fn iso_seconds(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('p')?;
    match rest.strip_prefix('t') {
        Some(time) if time.ends_with(['s', 'm', 'h']) => seconds(time),
        None if rest.ends_with(['d', 'w', 'y']) => seconds(rest),
        _ => None,
    }
}

/// The letter and the length of a unit by any of its names.
fn unit(word: &str) -> Option<(char, u64)> {
    UNITS
        .iter()
        .find(|(names, ..)| names.contains(&word))
        .map(|(_, letter, seconds)| (*letter, *seconds))
}

const UNITS: [(&[&str], char, u64); 6] = [
    (
        &["s", "sec", "secs", "second", "seconds", "ثانية", "ثوان", "ثواني"],
        's',
        1,
    ),
    (
        &["m", "min", "mins", "minute", "minutes", "دقيقة", "دقائق"],
        'm',
        60,
    ),
    (&["h", "hr", "hrs", "hour", "hours", "ساعة", "ساعات"], 'h', 3_600),
    (&["d", "day", "days", "يوم", "أيام"], 'd', 86_400),
    (&["w", "week", "weeks"], 'w', 7 * 86_400),
    (
        &["y", "yr", "yrs", "year", "years", "سنة", "سنوات"],
        'y',
        31_557_600,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_other_words_are_known() {
        for (text, meant) in [
            ("5 minutes", "5m"),
            ("5min", "5m"),
            ("5 M", "5m"),
            ("05m", "5m"),
            ("1h30m", "90m"),
            ("1 hour 30 minutes", "90m"),
            ("90 Days", "90d"),
            ("10 years", "10y"),
            ("2 weeks", "14d"),
            ("٥m", "5m"),
            ("5 دقائق", "5m"),
            ("PT5M", "5m"),
            ("P90D", "90d"),
        ] {
            assert_eq!(repaired_duration(text).as_deref(), Some(meant), "{text}");
        }
    }

    // A number without a unit, a fraction or a month could be several lengths.
    #[test]
    fn what_can_mean_several_things_is_left_alone() {
        for text in [
            "",
            "5",
            "m",
            "5.5m",
            "-5m",
            "soon",
            "1 month",
            "5mm",
            "30m 1h",
            "5m5m",
            "0s",
            "200 years",
            "99999999999999999999d",
            "5 6 m",
            "P5M",
            "PT5D",
            "P1Y2M",
        ] {
            assert_eq!(repaired_duration(text), None, "{text}");
        }
        for text in [
            "",
            "3",
            "3/",
            "/m",
            "0/m",
            "many/day",
            "3/soon",
            "3 10m",
            "1/2 years",
        ] {
            assert_eq!(repaired_limit(text), None, "{text}");
        }
        for text in ["", "maybe", "1", "0"] {
            assert_eq!(repaired_boolean(text), None, "{text}");
        }
        for text in ["", "-", "1,000", "1.0", "1e3", "12_00", "x", "1_00"] {
            assert_eq!(repaired_integer(text), None, "{text}");
        }
    }

    #[test]
    fn limits_numbers_and_truths_in_other_words_are_known() {
        for (text, meant) in [
            ("3 / 10m", "3/10m"),
            ("3 per 10 minutes", "3/10m"),
            ("200/sec", "200/s"),
            ("200 per second", "200/s"),
            ("1/day", "1/d"),
        ] {
            assert_eq!(repaired_limit(text).as_deref(), Some(meant), "{text}");
        }
        assert_eq!(repaired_integer("1_200_000"), Some(1_200_000));
        assert_eq!(repaired_day("٢٠٢٦-٠٢-٢٠").as_deref(), Some("2026-02-20"));
        assert_eq!(repaired_day("2026/02/20").as_deref(), Some("2026-02-20"));
        assert_eq!(repaired_day("20/02/2026"), None);
        assert_eq!(repaired_day("2026-02-30"), None);
        assert_eq!(repaired_integer("٣"), Some(3));
        assert_eq!(repaired_integer(" -5 "), Some(-5));
        assert_eq!(repaired_boolean("Yes"), Some(true));
        assert_eq!(repaired_boolean("FALSE"), Some(false));
    }
}
