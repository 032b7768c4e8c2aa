//! Every form in which dates have been seen on this wire.

use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::Offset;

use crate::words::Timestamp;

/// A calendar date, such as a birthday or an expiry: what is written before the `T`, with no zone applied,
/// because a zoned conversion moves people's birthdays (protocol notes, section 4.3).
///
/// `None` for what is no date, and for `0001-01-01`, which stands for "none".
pub(super) fn calendar_date(text: &str) -> Option<Date> {
    let text = text.trim();
    if let Some(moment) = epoch_millis(text) {
        // The serializer wrote midnight of some zone as a moment; Kuwait's is the only sensible reading.
        return real(KUWAIT.to_datetime(moment).date());
    }
    let date = text.get(..10)?.parse::<Date>().ok()?;
    match text.as_bytes().get(10) {
        None => {}
        // The rest must be a time of day, or the text is something else.
        Some(b'T' | b't' | b' ') => {
            let local = without_zone(text);
            local.parse::<DateTime>().ok()?;
        }
        Some(_) => return None,
    }
    real(date)
}

/// A moment, such as the time of an answer. Without a zone it is Kuwait's time.
///
/// `None` for what is no moment, and for `0001-01-01T00:00:00`, which stands for "none".
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(moment) = epoch_millis(text) {
        return Some(Timestamp::from_micros(moment.as_microsecond()));
    }
    // A date alone is no moment.
    text.as_bytes()
        .get(10)
        .filter(|byte| matches!(byte, b'T' | b't' | b' '))?;
    let moment = match text.parse::<jiff::Timestamp>() {
        Ok(moment) => moment,
        Err(_) => KUWAIT.to_timestamp(text.parse::<DateTime>().ok()?).ok()?,
    };
    (moment.as_second() > NONE_BEFORE).then(|| Timestamp::from_micros(moment.as_microsecond()))
}

/// Whether a text is one of the forms that stand for "no date".
pub(super) fn means_none(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("0001-01-01") || text.starts_with("/Date(-62135596800000")
}

/// `/Date(1770113742117)/` or `/Date(1770113742117+0300)/`: milliseconds since 1970 in UTC; the offset is for
/// show only.
fn epoch_millis(text: &str) -> Option<jiff::Timestamp> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let digits = match inner.get(1..)?.find(['+', '-']) {
        Some(sign) => {
            let (digits, offset) = inner.split_at(sign + 1);
            let offset = offset.get(1..)?;
            if offset.len() != 4 || !offset.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            digits
        }
        None => inner,
    };
    let moment = jiff::Timestamp::from_millisecond(digits.parse().ok()?).ok()?;
    (moment.as_second() > NONE_BEFORE).then_some(moment)
}

fn without_zone(text: &str) -> &str {
    let zone = text
        .get(11..)
        .and_then(|time| time.find(['Z', 'z', '+', '-']))
        .map_or(text.len(), |at| at + 11);
    text.get(..zone).unwrap_or(text)
}

fn real(date: Date) -> Option<Date> {
    (date.year() > 1).then_some(date)
}

/// Kuwait has no daylight saving.
const KUWAIT: Offset = Offset::constant(3);

/// 0002-01-01T00:00:00Z: everything before stands for "none", in whatever zone it was written.
const NONE_BEFORE: i64 = -62_104_060_800;

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Option<String> {
        calendar_date(text).map(|date| date.to_string())
    }

    fn at(text: &str) -> Option<String> {
        moment(text).map(|moment| moment.to_string())
    }

    #[test]
    fn a_birthday_does_not_move() {
        for text in [
            "1990-05-17",
            "1990-05-17T00:00:00",
            "1990-05-17T00:00:00Z",
            "1990-05-17T23:59:59+03:00",
            "1990-05-17T00:00:00-11:00",
            "1990-05-17T00:00:00.0000000+03:00",
            "1990-05-17 00:00:00",
            " 1990-05-17 ",
            "/Date(642891600000)/",
            "/Date(642891600000+0300)/",
        ] {
            assert_eq!(date(text).as_deref(), Some("1990-05-17"), "{text}");
        }
        assert_eq!(date("/Date(-86400000)/").as_deref(), Some("1969-12-31"));
    }

    #[test]
    fn none_is_none() {
        for text in [
            "",
            "0001-01-01T00:00:00",
            "0001-01-01",
            "/Date(-62135596800000)/",
            "1990-02-30",
            "17/05/1990",
            "1990-05-17x",
            "1990-05-17Tnoon",
            "/Date()/",
            "/Date(1+03)/",
            "/Date(99999999999999999999)/",
            "١٩٩٠-٠٥-١٧",
        ] {
            assert_eq!(date(text), None, "{text}");
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_without_a_zone_is_kuwaits() {
        for text in [
            "2026-02-03T10:15:42.117",
            "2026-02-03T07:15:42.117Z",
            "2026-02-03T10:15:42.1170000+03:00",
            "2026-02-03 10:15:42.117",
            "/Date(1770102942117)/",
        ] {
            assert_eq!(at(text).as_deref(), Some("2026-02-03T07:15:42.117000Z"), "{text}");
        }
        assert_eq!(at("2026-02-03"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = (calendar_date(&text), moment(&text));
        }

        #[test]
        fn no_near_miss_panics(text in r"(/Date\()?[0-9TZ:+.\-]{0,30}(\)/)?") {
            let _ = (calendar_date(&text), moment(&text));
        }
    }
}
