use serde::Serialize;

use crate::policy::Place;

/// What the scripts of one piece of work compared, in the order in which they did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Each comparison.
    pub tests: Vec<Tested>,
    /// Whether there were more than are kept.
    pub cut: bool,
}

/// One comparison, or one condition that is no comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tested {
    /// Where it stands.
    pub place: Place,
    /// What stands before the sign.
    pub left: Side,
    /// `==`, `!=`, `<`, `<=`, `>` or `>=`; `in`; `switch`; empty for a condition that is only a value.
    pub sign: String,
    /// What stands behind the sign.
    pub right: Option<Side>,
    /// Whether it held; `None` where it can't be told without running something twice.
    pub held: Option<bool>,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// As the script writes it, shortened.
    pub written: String,
    /// What the script read it from, as `flow.inputs.amount`; `None` for what is written out or computed.
    pub origin: Option<String>,
    /// What it was.
    pub value: Seen,
}

/// A value as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// The value.
    Value(String),
    /// Nothing: an optional input that was not passed, a claim that was not proved.
    Nothing,
    /// A text of so many characters that could be anybody's.
    Text(usize),
    /// A number so long that it could be somebody's.
    LongNumber,
    /// Of the person, or made from something of the person.
    Personal,
    /// A value that only running the script a second time would tell, or one that has no short form.
    Untold,
}

/// `flow.inputs.amount 600 > 500`.
impl std::fmt::Display for Tested {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.right, self.sign.as_str()) {
            (Some(right), sign) => write!(out, "{} {sign} {right}", self.left),
            (None, "") => self.left.fmt(out),
            (None, sign) => write!(out, "{sign} {}", self.left),
        }
    }
}

impl std::fmt::Display for Side {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.origin, &self.value) {
            (Some(origin), value) => write!(out, "{origin} {value}"),
            (None, Seen::Value(value)) if *value == self.written => out.write_str(value),
            (None, Seen::Nothing) => out.write_str("()"),
            (None, value) => write!(out, "{} {value}", self.written),
        }
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(value) => out.write_str(value),
            Self::Nothing => out.write_str("()"),
            Self::Text(length) => write!(out, "(text, {length} characters)"),
            Self::LongNumber => out.write_str("(long number)"),
            Self::Personal => out.write_str("(of the person)"),
            Self::Untold => out.write_str("(not shown)"),
        }
    }
}
