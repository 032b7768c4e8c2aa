use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::StandIns;
use crate::words::Capability;

/// Recorded messages, in the order in which they went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cassette {
    /// The version of this form; 1.
    pub midflow: u8,
    /// The messages.
    pub messages: Vec<Message>,
}

/// One message, with stand-ins in place of everything personal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// What was asked of the authority.
    pub capability: Capability,
    /// Which way it went.
    pub kind: MessageKind,
    /// Its body; of one that is no JSON only the first character is kept, and how long it was.
    pub body: Value,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// To the authority.
    Request,
    /// From the authority, in reply.
    Reply,
    /// From the authority, by itself.
    Callback,
}

impl MessageKind {
    /// The name in cassettes and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Reply => "reply",
            Self::Callback => "callback",
        }
    }
}

/// A text that is no cassette.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no cassette: {0}; `midflow cassette record` makes one")]
pub struct CassetteError(String);

impl Cassette {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            midflow: 1,
            messages: Vec::new(),
        }
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// Says where it is none, never what stands there.
    pub fn parse(text: &str) -> Result<Self, CassetteError> {
        let cassette: Self = serde_json::from_str(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            CassetteError(format!("line {line}, column {column} does not fit"))
        })?;
        if cassette.midflow != 1 {
            return Err(CassetteError(format!(
                "`midflow: {}` is no known version",
                cassette.midflow
            )));
        }
        Ok(cassette)
    }

    /// The written form.
    pub fn to_text(&self) -> String {
        // A tree of texts, numbers and flags can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Takes a message, as it stood on the wire.
    pub fn record(&mut self, capability: Capability, kind: MessageKind, bytes: &[u8], people: &mut StandIns) {
        let body = match serde_json::from_slice(bytes) {
            Ok(body) => people.replace(body),
            Err(_) => serde_json::json!({
                "no_json": { "bytes": bytes.len(), "begins": first_sign(bytes) },
            }),
        };
        self.messages.push(Message {
            capability,
            kind,
            body,
        });
    }
}

/// The first sign of a body, if it tells a form and nothing else: `<` or `{`.
fn first_sign(bytes: &[u8]) -> Option<&'static str> {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'<') => Some("<"),
        Some(b'{') => Some("{"),
        _ => None,
    }
}
