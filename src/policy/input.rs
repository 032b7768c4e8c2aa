use serde::Deserialize;
use serde::Serialize;

use super::Place;

/// One input that the e-service passes.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its type and what it accepts.
    pub kind: InputKind,
    /// Whether a flow may begin without it.
    pub optional: bool,
    /// Where it is declared.
    pub place: Place,
}

/// The type of an input.
#[derive(Clone, Debug)]
pub enum InputKind {
    /// A text that matches the whole pattern, at most `max_length` characters.
    String {
        /// The pattern, anchored at both ends; `None` accepts any safe text.
        pattern: Option<regex::Regex>,
        /// The most characters.
        max_length: usize,
    },
    /// A whole number within bounds.
    Integer {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// A decimal number with at most three places, within bounds; for amounts in dinars.
    Decimal {
        /// The least value, in thousandths.
        min: i64,
        /// The greatest value, in thousandths.
        max: i64,
    },
    /// True or false.
    Boolean,
    /// One of a few words.
    Choice(Vec<String>),
}

/// A checked value of an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputValue {
    /// A text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A decimal number, in thousandths.
    Decimal(i64),
    /// True or false.
    Boolean(bool),
}

impl InputKind {
    /// The pattern of a text as the file declares it, without the anchors; `None` if there is none.
    pub fn declared_pattern(&self) -> Option<&str> {
        match self {
            Self::String { pattern, .. } => pattern
                .as_ref()
                .map(|pattern| super::inputs::as_declared(pattern.as_str())),
            _ => None,
        }
    }
}

impl InputValue {
    /// The value as an e-service passes it: read again, it is the same value.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::String(text) => text.as_str().into(),
            Self::Integer(number) => (*number).into(),
            Self::Decimal(_) => serde_json::from_str(&self.to_string()).unwrap_or_default(),
            Self::Boolean(flag) => (*flag).into(),
        }
    }
}

/// As people read it: decimals with up to three places and no trailing zeros.
impl std::fmt::Display for InputValue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::String(text) => out.write_str(text),
            Self::Integer(number) => write!(out, "{number}"),
            Self::Decimal(thousandths) => {
                let sign = if *thousandths < 0 { "-" } else { "" };
                let amount = thousandths.unsigned_abs();
                write!(out, "{sign}{}", amount / 1_000)?;
                let places = format!("{:03}", amount % 1_000);
                match places.trim_end_matches('0') {
                    "" => Ok(()),
                    places => write!(out, ".{places}"),
                }
            }
            Self::Boolean(flag) => write!(out, "{flag}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_trimmed() {
        for (value, text) in [
            (0, "0"),
            (12_000, "12"),
            (12_500, "12.5"),
            (12_050, "12.05"),
            (12_005, "12.005"),
            (-1, "-0.001"),
            (i64::MIN, "-9223372036854775.808"),
        ] {
            assert_eq!(InputValue::Decimal(value).to_string(), text);
        }
    }
}
