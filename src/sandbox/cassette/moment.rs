//! Moments in recordings. A stand-in lies as far from one fixed moment as what it stands for lay from its message, and coarser
//! where that would tell of somebody: so a replay can make it a moment of its own day again.

use jiff::SignedDuration;
use jiff::Span;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::words::Timestamp;

/// The stand-in for a moment or a day that was written in a message of `at`; `None` if the text is neither.
pub(super) fn stand_in(name: &str, text: &str, at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
    Some(match Written::read(text)? {
        Written::Nothing => text.to_owned(),
        Written::Unreadable => nonsense_like(text),
        Written::Day { day, rest } => {
            let today = KUWAIT.to_datetime(at).date();
            format!("{}{rest}", from_anchor(coarse(name, days_between(today, day)))?)
        }
        Written::Moment { local, form } => {
            let away = form.offset.to_timestamp(local).ok()?.duration_since(at);
            form.write(if away.abs() <= FINE {
                ANCHOR.checked_add(away).ok()?
            } else {
                let days = i32::try_from(away.as_hours() / 24).ok()?;
                from_anchor(coarse(name, days))?.to_datetime(ANCHOR.time())
            })
        }
        Written::Millis { millis, rest } => {
            let away = millis.checked_sub(at.as_millisecond())?;
            let away = if u128::from(away.unsigned_abs()) <= FINE.unsigned_abs().as_millis() {
                away
            } else {
                let days = i32::try_from(away / DAY_MILLIS).ok()?;
                i64::from(coarse(name, days)) * DAY_MILLIS
            };
            format!("/Date({}{rest}", ANCHOR_MILLIS.checked_add(away)?)
        }
    })
}

/// A stand-in as a moment of the day of `now`, in the form in which it is written; `None` if the text is none.
pub(in crate::sandbox) fn of_today(text: &str, now: Timestamp) -> Option<String> {
    let now = jiff::Timestamp::from_microsecond(now.as_micros()).ok()?;
    match Written::read(text)? {
        Written::Nothing | Written::Unreadable => None,
        Written::Day { day, rest } => {
            let today = KUWAIT.to_datetime(now).date();
            let days = days_between(ANCHOR.date(), day);
            let day = today.checked_add(Span::new().try_days(days).ok()?).ok()?;
            Some(format!("{day}{rest}"))
        }
        Written::Moment { local, form } => {
            let moment = now.checked_add(ANCHOR.duration_until(local)).ok()?;
            Some(form.write(form.offset.to_datetime(moment)))
        }
        Written::Millis { millis, rest } => {
            let away = millis.checked_sub(ANCHOR_MILLIS)?;
            let moment = now.as_millisecond().checked_add(away)?;
            Some(format!("/Date({moment}{rest}"))
        }
    }
}

/// A moment or a day, as it is written.
enum Written<'t> {
    /// That there is none.
    Nothing,
    /// It looks like one and is none.
    Unreadable,
    /// A day, with a midnight or nothing behind it.
    Day { day: Date, rest: &'t str },
    /// A moment.
    Moment { local: DateTime, form: Form<'t> },
    /// `/Date(…)/`.
    Millis { millis: i64, rest: &'t str },
}

/// How a moment is written.
struct Form<'t> {
    between: char,
    decimals: usize,
    zone: &'t str,
    offset: Offset,
}

impl<'t> Written<'t> {
    /// What stands behind a date is written out as it is, so a text that is more than a date is none: it may name somebody.
    fn read(text: &'t str) -> Option<Self> {
        if text.len() > LONGEST || !text.chars().all(is_sign) {
            return None;
        }
        if let Some(inner) = text.strip_prefix("/Date(") {
            let end = inner
                .char_indices()
                .find(|(at, letter)| !letter.is_ascii_digit() && (*at > 0 || *letter != '-'))
                .map_or(inner.len(), |(at, _)| at);
            let (digits, rest) = inner.split_at_checked(end)?;
            if !is_end_of_millis(rest) {
                return None;
            }
            return Some(match digits.parse() {
                Ok(NO_MILLIS) => Self::Nothing,
                Ok(millis) => Self::Millis { millis, rest },
                Err(_) => Self::Unreadable,
            });
        }
        let (day, rest) = text.split_at_checked(10)?;
        let like_a_day = day.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        if !like_a_day {
            return None;
        }
        let is_day = rest.is_empty() || is_midnight(rest);
        if day == NO_DAY {
            return Some(if is_day { Self::Nothing } else { Self::Unreadable });
        }
        let Ok(day) = day.parse::<Date>() else {
            return Some(Self::Unreadable);
        };
        if is_day {
            return Some(Self::Day { day, rest });
        }
        Some(Self::moment(day, rest).unwrap_or(Self::Unreadable))
    }

    fn moment(day: Date, rest: &'t str) -> Option<Self> {
        let between = rest.chars().next().filter(|sign| BETWEEN.contains(sign))?;
        let rest = rest.get(1..)?;
        let zone = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
        let (time, zone) = rest.split_at_checked(zone)?;
        if !is_zone(zone) {
            return None;
        }
        let local: DateTime = format!("{day}T{time}").parse().ok()?;
        let offset = match zone {
            "" => KUWAIT,
            "Z" | "z" => Offset::UTC,
            numbers => {
                let digits: String = numbers.chars().filter(char::is_ascii_digit).collect();
                let hours: i32 = digits.get(..2)?.parse().ok()?;
                let minutes: i32 = digits.get(2..4).unwrap_or("00").parse().ok()?;
                let seconds = hours * 3_600 + minutes * 60;
                Offset::from_seconds(if numbers.starts_with('-') {
                    -seconds
                } else {
                    seconds
                })
                .ok()?
            }
        };
        let decimals = time.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let form = Form {
            between,
            decimals,
            zone,
            offset,
        };
        Some(Self::Moment { local, form })
    }
}

impl Form<'_> {
    fn write(&self, local: DateTime) -> String {
        let (date, between, time) = (local.date(), self.between, local.time());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let whole = format!("{date}{between}{hour:02}:{minute:02}:{second:02}");
        if self.decimals == 0 {
            return format!("{whole}{}", self.zone);
        }
        let nanos = format!("{:09}", time.subsec_nanosecond());
        let decimals: String = nanos
            .chars()
            .chain(std::iter::repeat('0'))
            .take(self.decimals)
            .collect();
        format!("{whole}.{decimals}{}", self.zone)
    }
}

/// Whether a date may be written with this sign.
fn is_sign(letter: char) -> bool {
    letter.is_ascii_digit() || "-:.+TtZz ()/Date".contains(letter)
}

/// Whether this stands behind a day that has no time: a midnight, in some zone or none.
fn is_midnight(rest: &str) -> bool {
    let Some(end) = rest
        .strip_prefix(BETWEEN)
        .and_then(|rest| rest.strip_prefix("00:00:00"))
    else {
        return false;
    };
    let Some(decimals) = end.strip_prefix('.') else {
        return is_zone(end);
    };
    let zone = decimals.trim_start_matches('0');
    zone.len() < decimals.len() && is_zone(zone)
}

/// Whether this is a zone, as a date ends with it: none, UTC, or hours and minutes.
fn is_zone(text: &str) -> bool {
    match text.strip_prefix(['+', '-']) {
        Some(numbers) => {
            let digits = match numbers.split_at_checked(2) {
                Some((hours, minutes)) => format!("{hours}{}", minutes.strip_prefix(':').unwrap_or(minutes)),
                None => return false,
            };
            are_four_digits(&digits)
        }
        None => matches!(text, "" | "Z" | "z"),
    }
}

/// Whether this stands behind the number in `/Date(…)/`.
fn is_end_of_millis(rest: &str) -> bool {
    rest.strip_suffix(")/")
        .is_some_and(|zone| zone.is_empty() || zone.strip_prefix(['+', '-']).is_some_and(are_four_digits))
}

fn are_four_digits(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Days, as coarse as they have to be to tell of nobody. Of a birth only what decides who is of age is left, at eighteen and at
/// twenty-one; of anything else, whether it is over.
fn coarse(name: &str, days: i32) -> i32 {
    let is_birth = name.to_ascii_lowercase().contains("birth");
    match days {
        0 => 0,
        1.. => 3_650,
        _ if !is_birth => -365,
        ..=-7_671 => -40 * 365,
        -7_670..=-6_575 => -19 * 365 - 180,
        _ => -3_650,
    }
}

fn from_anchor(days: i32) -> Option<Date> {
    ANCHOR.date().checked_add(Span::new().try_days(days).ok()?).ok()
}

fn days_between(from: Date, to: Date) -> i32 {
    from.until(to).map_or(0, |span| span.get_days())
}

/// The same signs, but no moment.
fn nonsense_like(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '0'..='9' => '9',
            letter if letter.is_alphanumeric() => 'x',
            other => other,
        })
        .collect()
}

/// The moment at which every recorded message went, as its stand-ins have it.
const ANCHOR: DateTime = jiff::civil::date(2099, 12, 31).at(12, 0, 0, 0);
/// The same in UTC, in milliseconds since 1970.
const ANCHOR_MILLIS: i64 = 4_102_401_600_000;
const DAY_MILLIS: i64 = 86_400_000;
/// Nearer to its message than this, a moment is one of the exchange and not of anybody's life.
const FINE: SignedDuration = SignedDuration::from_hours(24);
/// What stands between a day and its time.
const BETWEEN: [char; 3] = ['T', 't', ' '];
/// No date is longer.
const LONGEST: usize = 40;
/// The year 1: how the authority writes that there is no moment.
const NO_DAY: &str = "0001-01-01";
const NO_MILLIS: i64 = -62_135_596_800_000;
/// Kuwait has no daylight saving.
const KUWAIT: Offset = Offset::constant(3);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn stood(name: &str, text: &str) -> String {
        stand_in(name, text, at("2026-02-03T07:15:42Z")).unwrap()
    }

    #[test]
    fn a_moment_of_the_exchange_keeps_its_distance() {
        for (text, expected) in [
            ("2026-02-03T10:15:42.117", "2099-12-31T12:00:00.117"),
            ("2026-02-03T10:15:32", "2099-12-31T11:59:50"),
            ("2026-02-03T10:15:42.117+03:00", "2099-12-31T12:00:00.117+03:00"),
            ("2026-02-03T07:16:42.1170000Z", "2099-12-31T12:01:00.1170000Z"),
            ("/Date(1770102942117+0300)/", "/Date(4102401600117+0300)/"),
        ] {
            assert_eq!(stood("TransactionDate", text), expected);
        }
    }

    // Law 13: a date of birth leaves who is of age, and nothing else.
    #[test]
    fn a_life_leaves_only_what_decides() {
        let year = |name, text| stood(name, text).get(..4).unwrap().to_owned();
        assert_eq!(year("BirthDate", "1990-05-17T00:00:00"), "2060");
        assert_eq!(year("BirthDate", "1955-01-01"), "2060");
        assert_eq!(year("birthDate", "1990-05-16T21:00:00Z"), "2060");
        assert_eq!(year("BirthDate", "2006-12-31T00:00:00"), "2080");
        assert_eq!(year("BirthDate", "2012-12-31T00:00:00"), "2090");
        assert_eq!(year("CardExpiryDate", "2027-05-05T00:00:00"), "2109");
        assert_eq!(year("CardExpiryDate", "2025-05-05T00:00:00"), "2098");
        assert_eq!(
            stood("BirthDate", "/Date(642891600000)/"),
            "/Date(2840961600000)/"
        );
    }

    #[test]
    fn what_is_none_stays_none() {
        for none in ["0001-01-01T00:00:00", "/Date(-62135596800000)/"] {
            assert_eq!(stood("x", none), none);
            assert_eq!(of_today(none, at("2026-02-03T07:15:42Z")), None);
        }
        assert_eq!(stood("x", "2026-02-03T25:61:00"), "9999-99-99x99:99:99");
        assert_eq!(stand_in("x", "no date at all", at("2026-02-03T07:15:42Z")), None);
    }

    // Law 13: what stood behind a date was kept as it was, names and all.
    #[test]
    fn more_than_a_date_is_none() {
        for text in [
            "2026-02-03T10:15:42+03:00 person 285051712345 (Mariam Salem) not found",
            "1990-05-17 00:00:00 Mariam",
            "0001-01-01 Mariam",
            "/Date(1)/ Mariam",
            "/Date(1)/285051712345",
            "/Date(1+285051712345)/",
        ] {
            assert_eq!(stand_in("x", text, at("2026-02-03T07:15:42Z")), None, "{text}");
        }
        for text in [
            "1990-05-17T00:00:00 285051712345",
            "1990-05-17T00:00:00.0285051712345",
            "2026-02-03T10:15:42+285051712345",
            "0001-01-01 285051712345",
        ] {
            let made = stood("x", text);
            assert!(!made.contains("2850517"), "{made}");
        }
        for text in [
            "0001-01-01",
            "0001-01-01T00:00:00.000Z",
            "0001-01-01T00:00:00+03:00",
        ] {
            assert_eq!(stood("x", text), text);
        }
        assert_eq!(
            stood("x", "2025-05-05T00:00:00.000+03:00"),
            "2098-12-31T00:00:00.000+03:00"
        );
        let least = format!("/Date({})/", i64::MIN);
        assert_eq!(of_today(&least, at("2026-02-03T07:15:42Z")), None);
    }

    #[test]
    fn a_replay_makes_it_a_moment_of_its_day() {
        let now = at("2027-06-01T05:00:00Z");
        let again = |text: &str| of_today(&stood("TransactionDate", text), now).unwrap();
        assert_eq!(again("2026-02-03T10:15:42.117"), "2027-06-01T08:00:00.117");
        assert_eq!(again("2026-02-03T10:15:32+03:00"), "2027-06-01T07:59:50+03:00");
        assert_eq!(again("2026-02-03T07:15:42Z"), "2027-06-01T05:00:00Z");
        assert_eq!(again("/Date(1770102942117)/"), "/Date(1811826000117)/");
        let birth = of_today(&stood("BirthDate", "2012-12-31T00:00:00"), now).unwrap();
        assert_eq!(birth, "2017-06-03T00:00:00");
        assert_eq!(of_today("9999-99-99x99:99:99", now), None);
    }
}
