//! What a message looks like: its members, their types and formats, and the values of its codes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::words::CivilNo;

/// The members of messages of one kind, by their path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) members: BTreeMap<String, Member>,
    /// How many messages it is of.
    pub(super) messages: usize,
}

/// What was seen of one member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Member {
    /// In how many messages it stood, null or not.
    pub(super) seen: usize,
    /// Types and formats, without null.
    pub(super) formats: BTreeSet<&'static str>,
    /// The values, where they are codes.
    pub(super) codes: BTreeSet<String>,
}

impl Shape {
    /// Adds one message.
    pub(super) fn add(&mut self, body: &Value) {
        self.messages += 1;
        let mut paths = BTreeMap::new();
        walk("", body, &mut paths);
        for (path, values) in paths {
            let member = self.members.entry(path.clone()).or_default();
            member.seen += 1;
            for value in values {
                member.formats.extend(format(value));
                if is_code(&path)
                    && let Some(code) = code(value)
                {
                    member.codes.insert(code);
                }
            }
        }
    }
}

/// Every member of a tree, by its path; elements of a list stand under one.
fn walk<'v>(path: &str, value: &'v Value, paths: &mut BTreeMap<String, Vec<&'v Value>>) {
    if !path.is_empty() {
        paths.entry(path.to_owned()).or_default().push(value);
    }
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                walk(&format!("{path}/{key}"), value, paths);
            }
        }
        Value::Array(values) => {
            for value in values {
                walk(&format!("{path}/*"), value, paths);
            }
        }
        _ => {}
    }
}

fn format(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => "flag",
        Value::Number(_) => "number",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
        Value::String(text) => of_text(text),
    })
}

fn of_text(text: &str) -> &'static str {
    let date = text.get(..10).is_some_and(|date| {
        date.bytes().filter(u8::is_ascii_digit).count() == 8 && date.matches('-').count() == 2
    });
    if CivilNo::parse(text).is_ok() {
        "civil number"
    } else if date {
        match text.get(10..).unwrap_or_default() {
            "" => "date",
            rest if rest.ends_with('Z') || rest.contains('+') => "moment with a zone",
            _ => "moment without a zone",
        }
    } else if text.starts_with("/Date(") {
        "moment as /Date()/"
    } else if uuid::Uuid::try_parse(text).is_ok() {
        "uuid"
    } else if text.len() >= 40 && STANDARD.decode(text).is_ok() {
        "base64"
    } else if text.contains("://") {
        "address"
    } else if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        "digits"
    } else {
        "text"
    }
}

/// Whether a member's value is a code, whose every value has a meaning.
pub(super) fn is_code(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().trim();
    CODES.contains(&name)
}

fn code(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

const CODES: [&str; 8] = [
    "Code",
    "HashAlgorithm",
    "RequestStatusId",
    "RequestType",
    "ResultCode",
    "ResultCodeId",
    "SigningDatatype",
    "UserAction",
];
