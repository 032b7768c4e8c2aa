//! What is wrong with, or odd about, a callback: edits before its stamp is made, and to its bytes afterwards.

use serde_json::Map;
use serde_json::Value;

use super::callback::Order;
use super::personal::Oddities;
use super::personal::PersonalData;
use super::stamp::Members;
use crate::words::Purpose;
use crate::words::Timestamp;

/// An edit of one member before the stamp is made: the authority itself is odd, or has another's key in its hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// A member of `RequestDetails`; `None` for null.
    Request(&'static str, Option<&'static str>),
    /// A member of `ResultDetails`; `None` for null.
    Result(&'static str, Option<&'static str>),
    /// The number of whom the request was for is another person's.
    ForAnother,
    /// The data is another person's.
    DataOfAnother,
    /// There is no data.
    NoPerson,
    /// The moment of the answer, so many seconds from now.
    Moment(i64),
    /// The moment with Kuwait's zone.
    ZonedMoment,
    /// Codes as the names of the enumerations.
    NamedCodes,
    /// Members that no list has.
    NewMembers,
}

/// What is done to the bytes once they are stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    NotJson,
    Cut,
    Empty,
    WrongRoot,
    SmallKeys,
    Deep,
    DuplicateKey,
    Reordered,
    Spaced,
}

impl Edit {
    /// Whether an approval stays true and in a form that a provider has to take. `signing` says whether a document is
    /// signed.
    pub(super) fn is_harmless(self, signing: bool) -> bool {
        match self {
            Self::NoPerson | Self::ZonedMoment | Self::NamedCodes | Self::NewMembers => true,
            Self::Request("RequestType", Some("2")) => signing,
            Self::Result(MOMENT, Some(none)) => none == NO_MOMENT,
            _ => false,
        }
    }

    /// Edits the members of a callback.
    pub(super) fn apply(self, order: &Order<'_>, members: Members) -> Result<Members, serde_json::Error> {
        let Members {
            mut request,
            mut result,
            mut person,
        } = members;
        match self {
            Self::Request(name, value) => request = with(&request, &[(name, text(value))])?,
            Self::Result(name, value) => result = with(&result, &[(name, text(value))])?,
            Self::ForAnother => {
                let other = order.stranger.civil_no.expose(Purpose::Wire);
                request = with(&request, &[("CivilNo", other.into())])?;
            }
            Self::DataOfAnother => {
                person = serde_json::to_string(&PersonalData::of(order.stranger, Oddities::default()))?;
            }
            Self::NoPerson => "null".clone_into(&mut person),
            Self::Moment(seconds) => {
                let moment = moved(order.now, seconds);
                result = with(&result, &[(MOMENT, super::callback::local_time(moment).into())])?;
            }
            Self::ZonedMoment => {
                let zoned = format!("{}+03:00", super::callback::local_time(order.now));
                result = with(&result, &[(MOMENT, zoned.into())])?;
            }
            Self::NamedCodes => {
                let names = [
                    ("ResultCode", "Authenticated".into()),
                    ("UserAction", "Accepted".into()),
                ];
                result = with(&result, &names)?;
            }
            Self::NewMembers => {
                request = with(&request, &[("Purpose", "x".into())])?;
                result = with(&result, &[("AssuranceLevel", 30.into())])?;
                person = with(&person, &[("Nickname", "x".into())])?;
            }
        }
        Ok(Members {
            request,
            result,
            person,
        })
    }
}

impl Shape {
    /// Reshapes a body. The values of its parts stay as they were stamped.
    pub(super) fn apply(self, body: &str, members: &Members) -> String {
        let Members {
            request,
            result,
            person,
        } = members;
        match self {
            Self::NotJson => "<html><body>502</body></html>".to_owned(),
            Self::Cut => body.chars().take(body.chars().count() / 2).collect(),
            Self::Empty => String::new(),
            Self::WrongRoot => body.replacen("MIDAuthSignResponse", "MIDResponse", 1),
            Self::SmallKeys => body
                .replacen("MIDAuthSignResponse", "midAuthSignResponse", 1)
                .replacen("RequestDetails", "requestDetails", 1)
                .replacen("ResultDetails", "resultDetails", 1),
            Self::Deep => {
                let deep = format!("{}1{}", "[".repeat(64), "]".repeat(64));
                body.replacen('{', &format!("{{\"More\":{deep},"), 1)
            }
            // Two readers that take another of the two would be deceived.
            Self::DuplicateKey => body.replacen(
                "{\"RequestDetails\":",
                "{\"ResultDetails\":{\"ResultCode\":\"1\",\"UserAction\":\"1\"},\"RequestDetails\":",
                1,
            ),
            Self::Reordered | Self::Spaced => {
                let signature = body
                    .rsplit_once(",\"Signature\":")
                    .and_then(|(_, rest)| rest.strip_suffix("}}"))
                    .unwrap_or("null");
                if self == Self::Reordered {
                    format!(
                        "{{\"MIDAuthSignResponse\":{{\"Signature\":{signature},\"PersonalData\":{person},\
                         \"ResultDetails\":{result},\"RequestDetails\":{request}}}}}"
                    )
                } else {
                    format!(
                        "{{\n \"MIDAuthSignResponse\" : {{\n  \"RequestDetails\" : {request} ,\n  \"ResultDetails\" : {result} \
                         ,\n  \"PersonalData\" : {person} ,\n  \"Signature\" : {signature}\n }}\n}}\n"
                    )
                }
            }
        }
    }
}

/// Every letter beyond ASCII as an escape, surrogates included.
pub(super) fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// An object with other values for some members, the new ones last.
fn with(object: &str, changes: &[(&str, Value)]) -> Result<String, serde_json::Error> {
    let mut members: Map<String, Value> = serde_json::from_str(object)?;
    for (name, value) in changes {
        members.insert((*name).to_owned(), value.clone());
    }
    serde_json::to_string(&members)
}

fn text(value: Option<&'static str>) -> Value {
    value.map_or(Value::Null, Into::into)
}

fn moved(moment: Timestamp, seconds: i64) -> Timestamp {
    let distance = std::time::Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        moment.minus(distance)
    } else {
        moment.plus(distance)
    }
}

/// The year 1: how the authority writes that there is no moment.
pub(super) const NO_MOMENT: &str = "0001-01-01T00:00:00";
const MOMENT: &str = "TransactionDate";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_the_same() {
        let json = "{\"a\":\"ف 𝄞 x\"}";
        let escaped = escaped(json);
        assert!(escaped.is_ascii());
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(read(&escaped), read(json));
    }
}
