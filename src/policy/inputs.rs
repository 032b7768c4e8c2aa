use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;

use super::Input;
use super::InputKind;
use super::InputValue;
use super::Unsafe;
use super::first_unsafe;
use crate::words::InputName;

/// What is wrong with one input that an e-service passed. Never holds the value (law 13).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input `{name}`: {kind}")]
pub struct InputFault {
    /// The name, as declared; an unknown one is cut to plain letters.
    pub name: String,
    /// Why.
    pub kind: InputFaultKind,
}

/// Why an input is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputFaultKind {
    /// The service declares no such input.
    #[error("not declared by the service; it declares {declared}")]
    Unknown {
        /// The declared names, for the developer.
        declared: String,
    },
    /// It is declared, not optional, and was not passed.
    #[error("missing; the service needs it")]
    Missing,
    /// It is of another type.
    #[error("must be {expected}")]
    WrongType {
        /// The declared type, in words.
        expected: &'static str,
    },
    /// It does not match the declared pattern.
    #[error("does not match the pattern `{pattern}`")]
    Pattern {
        /// The pattern as declared.
        pattern: String,
    },
    /// It is empty.
    #[error("empty; leave an optional input out instead")]
    Empty,
    /// It is too long.
    #[error("longer than {max} characters")]
    TooLong {
        /// The most characters.
        max: usize,
    },
    /// It is outside the declared bounds.
    #[error("outside the bounds {min} to {max}")]
    OutOfBounds {
        /// The least value.
        min: String,
        /// The greatest value.
        max: String,
    },
    /// It is none of the declared words.
    #[error("none of {of}")]
    NotAChoice {
        /// The words.
        of: String,
    },
    /// It holds a character that changes what people see.
    #[error("character {position} is {what}; remove it")]
    Unsafe {
        /// Which character, counted from 1.
        position: usize,
        /// What it is.
        what: Unsafe,
    },
}

/// Checks everything that was passed; every fault at once, in the order of names.
pub(super) fn check(
    declared: &BTreeMap<InputName, Input>,
    values: &Map<String, Value>,
) -> Result<BTreeMap<InputName, InputValue>, Vec<InputFault>> {
    let mut checked = BTreeMap::new();
    let mut faults = Vec::new();
    for (name, input) in declared {
        let fault = |kind| InputFault {
            name: name.to_string(),
            kind,
        };
        match values.get(name.as_str()) {
            // An optional input may also be passed as null.
            None | Some(Value::Null) if input.optional => {}
            None => faults.push(fault(InputFaultKind::Missing)),
            Some(value) => match check_one(&input.kind, value) {
                Ok(value) => {
                    checked.insert(name.clone(), value);
                }
                Err(kind) => faults.push(fault(kind)),
            },
        }
    }
    let unknown = values.keys().filter(|name| !declared.contains_key(name.as_str()));
    faults.extend(unknown.map(|name| InputFault {
        name: shown_name(name),
        kind: InputFaultKind::Unknown {
            declared: list(declared.keys().map(InputName::as_str)),
        },
    }));
    if faults.is_empty() {
        Ok(checked)
    } else {
        Err(faults)
    }
}

fn check_one(kind: &InputKind, value: &Value) -> Result<InputValue, InputFaultKind> {
    let wrong_type = |expected| InputFaultKind::WrongType { expected };
    match kind {
        InputKind::String { pattern, max_length } => {
            let text = value.as_str().ok_or(wrong_type("a text"))?;
            check_text(text, pattern.as_ref(), *max_length)?;
            Ok(InputValue::String(text.to_owned()))
        }
        InputKind::Integer { min, max } => {
            let number = value.as_i64().ok_or(wrong_type("a whole number"))?;
            within(number, *min, *max, InputValue::Integer)
        }
        InputKind::Decimal { min, max } => {
            let expected = "a number with at most three places after the point";
            let number = match value {
                Value::Number(number) => thousandths(&number.to_string()),
                _ => None,
            };
            within(
                number.ok_or(wrong_type(expected))?,
                *min,
                *max,
                InputValue::Decimal,
            )
        }
        InputKind::Boolean => value
            .as_bool()
            .map(InputValue::Boolean)
            .ok_or(wrong_type("true or false")),
        InputKind::Choice(of) => {
            let word = value.as_str().ok_or(wrong_type("a text"))?;
            of.iter()
                .find(|allowed| *allowed == word)
                .map(|word| InputValue::String(word.clone()))
                .ok_or_else(|| InputFaultKind::NotAChoice {
                    of: list(of.iter().map(String::as_str)),
                })
        }
    }
}

fn check_text(text: &str, pattern: Option<&regex::Regex>, max: usize) -> Result<(), InputFaultKind> {
    // The length comes first, so that nothing below reads an endless text.
    if text.chars().take(max.saturating_add(1)).count() > max {
        return Err(InputFaultKind::TooLong { max });
    }
    if text.trim().is_empty() {
        return Err(InputFaultKind::Empty);
    }
    if let Some((at, what)) = first_unsafe(text) {
        return Err(InputFaultKind::Unsafe {
            position: at + 1,
            what,
        });
    }
    match pattern {
        Some(pattern) if !pattern.is_match(text) => Err(InputFaultKind::Pattern {
            pattern: as_declared(pattern.as_str()).to_owned(),
        }),
        _ => Ok(()),
    }
}

fn within(
    number: i64,
    min: i64,
    max: i64,
    make: impl Fn(i64) -> InputValue,
) -> Result<InputValue, InputFaultKind> {
    if (min..=max).contains(&number) {
        return Ok(make(number));
    }
    Err(InputFaultKind::OutOfBounds {
        min: make(min).to_string(),
        max: make(max).to_string(),
    })
}

/// Anchors a declared pattern at both ends.
pub(super) fn anchored(pattern: &str) -> String {
    format!("{OPEN}{pattern}{CLOSE}")
}

/// The pattern without the anchors.
pub(super) fn as_declared(pattern: &str) -> &str {
    pattern
        .strip_prefix(OPEN)
        .and_then(|rest| rest.strip_suffix(CLOSE))
        .unwrap_or(pattern)
}

/// Reads a decimal number with at most three places into thousandths; `None` for anything else.
pub(super) fn thousandths(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
    // 12.0000 has no more than three places that say something.
    let places = places.get(..1).map(|first| {
        let rest = places.get(1..).unwrap_or_default().trim_end_matches('0');
        format!("{first}{rest}")
    })?;
    let digits_only = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only(whole) || !digits_only(&places) || places.len() > 3 {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let places: i64 = format!("{places:0<3}").parse().ok()?;
    let value = whole.checked_mul(1_000)?.checked_add(places)?;
    Some(if negative { -value } else { value })
}

/// The name of an undeclared input, cut so that it can't carry personal data or control characters far.
fn shown_name(name: &str) -> String {
    if InputName::parse(name).is_ok() {
        name.to_owned()
    } else {
        "(not a name)".to_owned()
    }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}

const OPEN: &str = r"\A(?:";
const CLOSE: &str = r")\z";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Place;

    fn declared(kinds: Vec<(&str, InputKind, bool)>) -> BTreeMap<InputName, Input> {
        kinds
            .into_iter()
            .map(|(name, kind, optional)| {
                let place = Place::default();
                (
                    InputName::parse(name).unwrap(),
                    Input {
                        kind,
                        optional,
                        place,
                    },
                )
            })
            .collect()
    }

    fn string(pattern: Option<&str>) -> InputKind {
        InputKind::String {
            pattern: pattern.map(|pattern| regex::Regex::new(&anchored(pattern)).unwrap()),
            max_length: 10,
        }
    }

    fn check_json(
        inputs: &BTreeMap<InputName, Input>,
        value: serde_json::Value,
    ) -> Result<BTreeMap<InputName, InputValue>, Vec<InputFault>> {
        match value {
            Value::Object(map) => check(inputs, &map),
            _ => panic!("not an object"),
        }
    }

    fn one(kind: InputKind, value: serde_json::Value) -> Result<InputValue, InputFaultKind> {
        let inputs = declared(vec![("x", kind, false)]);
        let mut values = Map::new();
        values.insert("x".to_owned(), value);
        match check(&inputs, &values) {
            Ok(mut values) => Ok(values.remove("x").unwrap()),
            Err(mut faults) => Err(faults.remove(0).kind),
        }
    }

    #[test]
    fn good_values_are_taken() {
        assert_eq!(
            one(string(Some("[0-9]{3,4}")), json!("123")),
            Ok(InputValue::String("123".into()))
        );
        assert_eq!(
            one(InputKind::Integer { min: 1, max: 5 }, json!(5)),
            Ok(InputValue::Integer(5))
        );
        let decimal = InputKind::Decimal {
            min: -1_000,
            max: 20_000,
        };
        assert_eq!(
            one(decimal.clone(), json!(12.345)),
            Ok(InputValue::Decimal(12_345))
        );
        assert_eq!(one(decimal.clone(), json!(0.1)), Ok(InputValue::Decimal(100)));
        assert_eq!(one(decimal.clone(), json!(-0.5)), Ok(InputValue::Decimal(-500)));
        assert_eq!(one(decimal, json!(20)), Ok(InputValue::Decimal(20_000)));
        assert_eq!(
            one(InputKind::Boolean, json!(true)),
            Ok(InputValue::Boolean(true))
        );
        let choice = InputKind::Choice(vec!["north".into(), "south".into()]);
        assert_eq!(
            one(choice, json!("south")),
            Ok(InputValue::String("south".into()))
        );
    }

    #[test]
    fn a_pattern_is_matched_whole() {
        let pattern = || string(Some("[0-9]{3}|abc"));
        for bad in ["1234", "x123", "abcd", "123\n"] {
            assert!(one(pattern(), json!(bad)).is_err(), "{bad}");
        }
        assert_eq!(
            one(pattern(), json!("1234")),
            Err(InputFaultKind::Pattern {
                pattern: "[0-9]{3}|abc".into()
            })
        );
    }

    #[test]
    fn wrong_types_are_refused() {
        for (kind, value) in [
            (string(None), json!(5)),
            (string(None), json!(null)),
            (InputKind::Integer { min: 0, max: 9 }, json!("5")),
            (InputKind::Integer { min: 0, max: 9 }, json!(5.5)),
            (InputKind::Integer { min: 0, max: 9 }, json!(1e300)),
            (InputKind::Integer { min: 0, max: 9 }, json!(u64::MAX)),
            (InputKind::Decimal { min: 0, max: 9_000 }, json!("5")),
            (InputKind::Decimal { min: 0, max: 9_000 }, json!(0.0001)),
            (
                InputKind::Decimal {
                    min: 0,
                    max: i64::MAX,
                },
                json!(1e300),
            ),
            (InputKind::Boolean, json!("true")),
            (InputKind::Boolean, json!(1)),
            (InputKind::Choice(vec!["a".into()]), json!(["a"])),
        ] {
            let fault = one(kind, value.clone()).unwrap_err();
            assert!(
                matches!(fault, InputFaultKind::WrongType { .. }),
                "{value} {fault}"
            );
        }
    }

    #[test]
    fn bounds_lengths_and_choices_are_held() {
        assert_eq!(
            one(InputKind::Decimal { min: 0, max: 10_500 }, json!(10.501)),
            Err(InputFaultKind::OutOfBounds {
                min: "0".into(),
                max: "10.5".into()
            })
        );
        assert_eq!(
            one(string(None), json!("12345678901")),
            Err(InputFaultKind::TooLong { max: 10 })
        );
        assert!(one(string(None), json!("١٢٣٤٥٦٧٨٩٠")).is_ok());
        assert_eq!(one(string(None), json!("  ")), Err(InputFaultKind::Empty));
        assert_eq!(
            one(InputKind::Choice(vec!["a".into(), "b".into()]), json!("c")),
            Err(InputFaultKind::NotAChoice {
                of: "`a`, `b`".into()
            })
        );
    }

    // R000-079, threat B-02: an e-service can't change what the person reads by direction or invisible
    // characters.
    #[test]
    fn unsafe_characters_are_refused() {
        assert_eq!(
            one(string(Some(".*")), json!("10\u{202E}KD")),
            Err(InputFaultKind::Unsafe {
                position: 3,
                what: Unsafe::Direction
            })
        );
        assert!(one(string(None), json!("a\u{200B}b")).is_err());
        assert!(one(string(None), json!("a\tb")).is_err());
    }

    #[test]
    fn every_fault_is_told_at_once_and_no_value() {
        let inputs = declared(vec![
            ("a", string(None), false),
            ("b", InputKind::Integer { min: 0, max: 9 }, false),
            ("c", InputKind::Boolean, true),
        ]);
        let faults = check_json(&inputs, json!({ "b": 100, "d": 1, "Sara Al-Ali": 1 })).unwrap_err();
        let text: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "input `a`: missing; the service needs it",
                "input `b`: outside the bounds 0 to 9",
                "input `(not a name)`: not declared by the service; it declares `a`, `b`, `c`",
                "input `d`: not declared by the service; it declares `a`, `b`, `c`",
            ]
        );
    }

    #[test]
    fn an_optional_input_may_be_absent_or_null() {
        let inputs = declared(vec![("c", InputKind::Boolean, true)]);
        assert_eq!(check_json(&inputs, json!({})), Ok(BTreeMap::new()));
        assert_eq!(check_json(&inputs, json!({ "c": null })), Ok(BTreeMap::new()));
    }

    #[test]
    fn thousandths_are_exact() {
        for (text, value) in [
            ("0", Some(0)),
            ("12", Some(12_000)),
            ("12.5", Some(12_500)),
            ("12.345", Some(12_345)),
            ("12.3450", Some(12_345)),
            ("12.0", Some(12_000)),
            ("-0.001", Some(-1)),
            ("12.3456", None),
            ("1e3", None),
            ("", None),
            ("-", None),
            (".5", None),
            ("5.", None),
            ("+5", None),
            ("1.٥", None),
            ("9223372036854775807", None),
        ] {
            assert_eq!(thousandths(text), value, "{text}");
        }
    }
}
