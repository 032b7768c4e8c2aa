use super::Pii;
use super::Purpose;

/// A Kuwaiti civil number: twelve digits `C YYMMDD SSSS K` (R000-027, protocol notes section 11).
///
/// Both digit alphabets are accepted (`٠` to `٩`, `۰` to `۹`, and Western digits); Western digits are kept.
/// The number is personal data, so the type hides it; see [`Pii`].
#[derive(Clone, PartialEq, Eq)]
pub struct CivilNo(Pii<String>);

/// Why a text is no civil number. Never carries the text itself (law 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CivilNoError {
    /// Not twelve digits.
    #[error("a civil number has twelve digits")]
    Length,
    /// A character that is no digit.
    #[error("a civil number has digits only, Arabic or Western")]
    Digits,
    /// The first digit names no century.
    #[error("the first digit of a civil number is 1, 2, 3 or 4")]
    Century,
    /// Digits two to seven are no date of the calendar.
    #[error("digits two to seven of a civil number are a date of birth, year, month, day")]
    Date,
    /// The last digit does not match the others.
    #[error("the last digit of the civil number does not match the others; check for a typing mistake")]
    Check,
}

impl CivilNo {
    /// Reads what a person typed: spaces around and between groups are dropped, Arabic digits become Western.
    ///
    /// # Errors
    /// Says which rule the text breaks, without repeating the text.
    pub fn parse(text: &str) -> Result<Self, CivilNoError> {
        let digits = text
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != '-')
            .map(western_digit)
            .collect::<Option<Vec<u8>>>()
            .ok_or(CivilNoError::Digits)?;
        let digits: [u8; 12] = digits.try_into().map_err(|_| CivilNoError::Length)?;
        if !(1..=4).contains(&digits[0]) {
            return Err(CivilNoError::Century);
        }
        if !is_birth_date(&digits) {
            return Err(CivilNoError::Date);
        }
        if check_digit(&digits) != Some(digits[11]) {
            return Err(CivilNoError::Check);
        }
        let kept = digits.iter().map(|digit| char::from(b'0' + digit)).collect();
        Ok(Self(Pii::new(kept)))
    }

    /// The twelve Western digits, for a named purpose.
    pub fn expose(&self, purpose: Purpose) -> &str {
        self.0.expose(purpose)
    }
}

fn western_digit(letter: char) -> Option<u8> {
    let zero = match letter {
        '0'..='9' => '0',
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        _ => return None,
    };
    u8::try_from(u32::from(letter) - u32::from(zero)).ok()
}

fn is_birth_date(digits: &[u8; 12]) -> bool {
    let pair = |at: usize| i16::from(digits[at]) * 10 + i16::from(digits[at + 1]);
    let century = 1700 + i16::from(digits[0]) * 100;
    let (Ok(month), Ok(day)) = (i8::try_from(pair(3)), i8::try_from(pair(5))) else {
        return false;
    };
    jiff::civil::Date::new(century + pair(1), month, day).is_ok()
}

/// The check digit of the first eleven; `None` where the rule gives ten and no number exists.
///
/// Public code disagrees where the remainder is zero: some reject, some take zero. The authority decides in
/// the end, so the lenient reading is kept (protocol notes, section 11).
fn check_digit(digits: &[u8; 12]) -> Option<u8> {
    let sum: u32 = WEIGHTS
        .iter()
        .zip(digits)
        .map(|(weight, digit)| weight * u32::from(*digit))
        .sum();
    match 11 - sum % 11 {
        10 => None,
        11 => Some(0),
        check => u8::try_from(check).ok(),
    }
}

const WEIGHTS: [u32; 11] = [2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = [
        "399123100017",
        "399123100025",
        "399123100033",
        "399123100041",
        "399123100068",
    ];

    #[test]
    fn the_synthetic_numbers_are_valid() {
        for number in KNOWN {
            assert_eq!(
                CivilNo::parse(number).map(|n| n.expose(Purpose::Compare).to_owned()),
                Ok(number.to_owned())
            );
        }
    }

    #[test]
    fn both_digit_alphabets_and_spaces_are_read() {
        for typed in [
            "٣٩٩١٢٣١٠٠٠١٧",
            "۳۹۹۱۲۳۱۰۰۰۱۷",
            " 3991 2310 0017 ",
            "399-123-100-017",
        ] {
            let number = CivilNo::parse(typed).map(|n| n.expose(Purpose::Compare).to_owned());
            assert_eq!(number, Ok("399123100017".to_owned()), "{typed}");
        }
    }

    #[test]
    fn each_rule_has_its_error() {
        for (typed, error) in [
            ("", CivilNoError::Length),
            ("39912310001", CivilNoError::Length),
            ("3991231000177", CivilNoError::Length),
            ("39912310001x", CivilNoError::Digits),
            ("999123100017", CivilNoError::Century),
            ("399133100017", CivilNoError::Date),
            ("399023000017", CivilNoError::Date),
            ("399123100018", CivilNoError::Check),
        ] {
            assert_eq!(CivilNo::parse(typed).err(), Some(error), "{typed}");
        }
    }

    #[test]
    fn a_remainder_of_one_has_no_number() {
        for check in 0..10 {
            assert!(CivilNo::parse(&format!("39912310005{check}")).is_err());
        }
    }

    #[test]
    fn changing_any_one_digit_is_noticed() {
        for at in 0..12 {
            for digit in '0'..='9' {
                let mut typed: Vec<char> = KNOWN[0].chars().collect();
                if typed[at] == digit {
                    continue;
                }
                typed[at] = digit;
                let typed: String = typed.into_iter().collect();
                assert!(CivilNo::parse(&typed).is_err(), "{typed}");
            }
        }
    }
}
