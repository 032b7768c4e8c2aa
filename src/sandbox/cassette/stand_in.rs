use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Number;
use serde_json::Value;

use crate::words::CivilNo;
use crate::words::Digest;
use crate::words::Purpose;

/// Stand-ins for what is personal: the same value always gets the same one, in the same format, and nobody who does not have
/// the salt can tell what it stood for.
///
/// Only members that are known to say nothing about anybody are kept; what nobody has heard of is replaced like the rest.
pub struct StandIns {
    salt: [u8; 32],
    numbers: HashMap<String, String>,
    /// The serial of the next made-up civil number.
    next: u16,
}

impl StandIns {
    /// Stand-ins that hang on this salt, which is drawn for one recording and thrown away with it.
    pub fn new(salt: [u8; 32]) -> Self {
        Self {
            salt,
            numbers: HashMap::new(),
            next: 0,
        }
    }

    /// The same value with stand-ins.
    pub fn replace(&mut self, value: Value) -> Value {
        self.in_place("", value)
    }

    fn in_place(&mut self, name: &str, value: Value) -> Value {
        match value {
            Value::Object(members) => {
                let members = members.into_iter().map(|(key, value)| {
                    let value = self.in_place(&key, value);
                    // A key that holds a number is a value in the wrong place.
                    let key = if key.bytes().filter(u8::is_ascii_digit).count() > 4 {
                        self.text(&key)
                    } else {
                        key
                    };
                    (key, value)
                });
                Value::Object(members.collect())
            }
            Value::Array(values) => {
                let values = values.into_iter().map(|value| self.in_place(name, value));
                Value::Array(values.collect())
            }
            kept @ (Value::Null | Value::Bool(_)) => kept,
            kept if is_harmless(name, &kept) => kept,
            Value::Number(number) => {
                let text = self.text(&number.to_string());
                text.parse::<Number>().map_or(Value::Null, Value::Number)
            }
            Value::String(text) => Value::String(self.text(&text)),
        }
    }

    /// A text of the same format.
    fn text(&mut self, text: &str) -> String {
        if text.is_empty() || text.starts_with(NO_MOMENT) {
            return text.to_owned();
        }
        if let Ok(number) = CivilNo::parse(text) {
            return self.civil_no(number.expose(Purpose::Compare), text);
        }
        if let Some(rest) = after_date(text) {
            return format!("2099-12-31{}", time_like(rest));
        }
        if let Some(rest) = text.strip_prefix("/Date(") {
            return format!("/Date({}", digits_like(rest, "4102358400000"));
        }
        if uuid::Uuid::try_parse(text).is_ok() {
            let uuid = uuid::Builder::from_random_bytes(first_16(&self.digest(text))).into_uuid();
            return uuid.to_string();
        }
        if let Some(bytes) = long_base64(text) {
            // The first bytes tell a kind: a certificate, a JPEG, a PNG.
            let kind = bytes.iter().take(2).copied();
            let made: Vec<u8> = kind.chain(std::iter::repeat(0)).take(bytes.len()).collect();
            return STANDARD.encode(made);
        }
        if let Some((scheme, _)) = text.split_once("://").filter(|(scheme, _)| scheme.len() < 16) {
            let path = &Digest::from_bytes(self.digest(text)).to_string()[7..23];
            return format!("{scheme}://stand-in.invalid/{path}");
        }
        self.letters(text)
    }

    fn civil_no(&mut self, number: &str, written: &str) -> String {
        if let Some(known) = self.numbers.get(number) {
            return known.clone();
        }
        let made = loop {
            let made = (0..=9).find_map(|check| {
                let made = format!("3991231{:04}{check}", self.next % 10_000);
                CivilNo::parse(&made).ok().map(|_| made)
            });
            self.next = self.next.wrapping_add(1);
            // Some serials have no number; with all of them used, they begin again.
            if let Some(made) = made.filter(|made| made != written) {
                break made;
            }
        };
        self.numbers.insert(number.to_owned(), made.clone());
        made
    }

    /// Digits for digits, letters for letters of the same script and case; anything else stays.
    fn letters(&self, text: &str) -> String {
        let mut block = self.digest(text);
        let mut drawn = Vec::new();
        text.chars()
            .map(|letter| {
                if drawn.is_empty() {
                    drawn = block.to_vec();
                    block = *Digest::of(&block).as_bytes();
                }
                let chance = u32::from(drawn.pop().unwrap_or_default());
                let among = |first: char, count: u32| {
                    char::from_u32(u32::from(first) + chance % count).unwrap_or(first)
                };
                match letter {
                    '0'..='9' => among('0', 10),
                    'a'..='z' => among('a', 26),
                    'A'..='Z' => among('A', 26),
                    '٠'..='٩' => among('٠', 10),
                    'ء'..='غ' | 'ف'..='ي' => among('ف', 10),
                    other if other.is_alphanumeric() => 'x',
                    other => other,
                }
            })
            .collect()
    }

    fn digest(&self, text: &str) -> [u8; 32] {
        let salted = [&self.salt, text.as_bytes()].concat();
        *Digest::of(&salted).as_bytes()
    }
}

/// Hides the salt and everybody.
impl std::fmt::Debug for StandIns {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("StandIns(…)")
    }
}

/// Whether a member is known to say nothing about anybody, and its value looks as it should.
fn is_harmless(name: &str, value: &Value) -> bool {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let short_code = text.len() <= 12 && text.chars().all(|letter| letter.is_ascii_alphanumeric());
    let no_number = text.bytes().filter(u8::is_ascii_digit).count() < 6;
    HARMLESS.contains(&name.trim()) && short_code && no_number
}

fn after_date(text: &str) -> Option<&str> {
    let date = text.get(..10)?;
    let mut parts = date.split('-');
    let mut number = |length: usize| {
        let part = parts.next()?;
        (part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
    };
    number(4).and_then(|()| number(2)).and_then(|()| number(2))?;
    text.get(10..)
}

/// The time as it is written, at noon, or at midnight where it was.
fn time_like(rest: &str) -> String {
    let midnight = rest.get(..9).is_some_and(|time| time.ends_with("00:00:00"));
    if rest.is_empty() || midnight {
        return rest.to_owned();
    }
    let (time, zone) = match rest.rfind(['+', 'Z']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    format!("{}{zone}", digits_like(time, "120000"))
}

/// The text with its digits taken from others, as far as they reach, and zeros then.
fn digits_like(text: &str, others: &str) -> String {
    let mut others = others.chars();
    text.chars()
        .map(|letter| match letter {
            '0'..='9' => others.next().unwrap_or('0'),
            other => other,
        })
        .collect()
}

fn long_base64(text: &str) -> Option<Vec<u8>> {
    (text.len() >= SHORTEST_BASE64 && text.len().is_multiple_of(4))
        .then(|| STANDARD.decode(text).ok())
        .flatten()
}

fn first_16(digest: &[u8; 32]) -> [u8; 16] {
    let mut first = [0; 16];
    for (to, from) in first.iter_mut().zip(digest) {
        *to = *from;
    }
    first
}

/// The year 1: how the authority writes that there is no moment.
const NO_MOMENT: &str = "0001-01-01";
const SHORTEST_BASE64: usize = 40;
/// Members whose values are codes, levels and names of algorithms.
const HARMLESS: [&str; 19] = [
    "AssuranceLevel",
    "Code",
    "Gender",
    "HTTPStatus",
    "HasMobileId",
    "HashAlgorithm",
    "RequestStatusId",
    "RequestType",
    "RequestUserDetails",
    "ResultCode",
    "ResultCodeId",
    "SigningDatatype",
    "UserAction",
    "UserActionId",
    "assuranceLevel",
    "errorCode",
    "isUsed",
    "requestType",
    "statusCode",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn replaced(value: Value) -> Value {
        StandIns::new([7; 32]).replace(value)
    }

    // Law 13: nothing personal survives, whatever the member is called.
    #[test]
    fn nothing_of_a_person_is_left() {
        let certificate = STANDARD.encode(
            [
                &[0x30, 0x82][..],
                b"CN=SYNTHETIC TEST PERSON 399123100017 and more",
            ]
            .concat(),
        );
        let answer = json!({ "MIDAuthSignResponse": {
            "RequestDetails": { "CivilNo": "399123100017", "399123100017": 1, "Challenge": "8352" },
            "ResultDetails": {
                "UserCivilNo": 399_123_100_017_u64,
                "ResultCode": "399123100017",
                "UserCertificate": certificate,
                "TransactionDate": "2026-02-03T10:15:42.117",
            },
            "PersonalData": {
                "FullNameEn": "Mariam Salem Synthetic", "FullNameAr": "مريم سالم",
                "BirthDate": "1990-05-17T00:00:00", "MobileNumber": "98765432",
                "Nickname of tomorrow": ["Mimi", { "since": 1990 }],
                "EmailAddress": "mariam@example.kw",
            },
        }});
        let shown = replaced(answer).to_string();
        for personal in [
            "399123100017",
            "8352",
            "Mariam",
            "Salem",
            "مريم",
            "سالم",
            "1990",
            "05-17",
            "98765432",
            "Mimi",
            "mariam",
            "10:15:42",
            "U1lOVEhFVElD",
        ] {
            assert!(!shown.contains(personal), "{personal} in {shown}");
        }
    }

    #[test]
    fn formats_are_kept_and_so_is_who_is_who() {
        let made = replaced(json!({
            "CivilNo": "399123100017", "UserCivilNo": "399123100017", "Other": "399123100025",
            "RequestID": "5b0e7c1a-2f64-4f0e-9a55-3d2b8c6f1e90",
            "BirthDate": "1990-05-17T00:00:00", "TransactionDate": "2026-02-03T10:15:42.117+03:00",
            "Null": "0001-01-01T00:00:00", "Old": "/Date(1770102942117)/",
            "Name": "Fahad-Al 7", "NameAr": "فهد", "SPCallbackURL": "https://mid.example.gov.kw/cb/v1/8f2c",
            "ResultCode": "1", "UserAction": 2, "Gender": "F", "Nothing": null, "Empty": "",
        }));
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        assert!(CivilNo::parse(&text("CivilNo")).is_ok());
        assert_eq!(text("CivilNo"), text("UserCivilNo"));
        assert_ne!(text("CivilNo"), text("Other"));
        assert!(text("CivilNo").starts_with("3991231"));
        assert!(uuid::Uuid::try_parse(&text("RequestID")).is_ok());
        assert_eq!(text("BirthDate"), "2099-12-31T00:00:00");
        assert_eq!(text("TransactionDate"), "2099-12-31T12:00:00.000+03:00");
        assert_eq!(text("Null"), "0001-01-01T00:00:00");
        assert_eq!(text("Old"), "/Date(4102358400000)/");
        let name = text("Name");
        assert!(
            name.len() == 10 && name.as_bytes()[5] == b'-' && name.as_bytes()[0].is_ascii_uppercase(),
            "{name}"
        );
        assert_eq!(text("NameAr").chars().count(), 3);
        assert!(text("SPCallbackURL").starts_with("https://stand-in.invalid/"));
        assert_eq!(
            (made["ResultCode"].clone(), made["UserAction"].clone()),
            (json!("1"), json!(2))
        );
        assert_eq!(
            (made["Gender"].clone(), made["Nothing"].clone()),
            (json!("F"), Value::Null)
        );
        assert_eq!(text("Empty"), "");
    }

    #[test]
    fn another_salt_means_other_stand_ins() {
        let name = || json!({ "FullNameEn": "Mariam Salem Synthetic" });
        let (one, other) = (
            StandIns::new([1; 32]).replace(name()),
            StandIns::new([2; 32]).replace(name()),
        );
        assert_ne!(one, other);
        assert_eq!(one, StandIns::new([1; 32]).replace(name()));
    }
}
