use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::words::Assurance;
use crate::words::Capability;

/// Recorded messages, in the order in which they went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cassette {
    /// The version of this form: 2, or 1, which kept no exact bytes and can only be compared.
    pub midflow: u8,
    /// How they went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<CassetteTransport>,
    /// The stand-in of the id under which the recorded node was registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The messages.
    pub messages: Vec<Message>,
}

/// One message, with stand-ins in place of everything personal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Of which flow of the recording, from 1.
    pub flow: u32,
    /// What was asked of the authority.
    pub capability: Capability,
    /// Which way it went.
    pub kind: MessageKind,
    /// The operation of the authority's contract, of a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// How long after its request it came, in milliseconds.
    #[serde(default)]
    pub after_ms: u64,
    /// The status of HTTP, of a reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The stand-in of the request's id, as the reply gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Whether the node has asked for it, instead of being called.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub polled: bool,
    /// What the node has found of what has no stand-in.
    #[serde(default, skip_serializing_if = "Found::is_nothing")]
    pub found: Found,
    /// Its body; `None` of a reply that never came.
    pub body: Option<String>,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// To the authority.
    Request,
    /// From the authority, in reply.
    Reply,
    /// From the authority, by itself, or when it was asked for it.
    Callback,
}

/// What a node has found of an answer's signatures, which no stand-in can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// Whether the authority's stamp was believed; `None` where nobody has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<bool>,
    /// What the person's certificate was; `None` where nobody has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateFound>,
    /// Whether the person's signature over a document was believed; `None` where nobody has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<bool>,
}

/// What a person's certificate was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateFound {
    /// In force, at this level.
    Level(Assurance),
    /// No longer in force.
    Expired,
    /// Revoked.
    Revoked,
    /// Somebody else's.
    Foreign,
    /// None that could be read.
    Unreadable,
}

/// The ways to an authority, as far as what goes over them can be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CassetteTransport {
    /// JSON, each operation at the address of its name.
    Bridge,
    /// SOAP 1.1, with MTOM or without.
    Soap,
    /// The gateway, which is asked for its answers.
    Gateway,
    /// A JSON wrapper of another form.
    Template,
}

impl Found {
    /// Whether nobody has looked at anything.
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl CassetteTransport {
    /// The transport behind the name of a connector, such as `kuwait/soap`; `None` of one that is not known here.
    pub fn of_connector(name: &str) -> Option<Self> {
        match name {
            "kuwait/bridge" => Some(Self::Bridge),
            "kuwait/soap" => Some(Self::Soap),
            "kuwait/gateway" => Some(Self::Gateway),
            "kuwait/template" => Some(Self::Template),
            _ => None,
        }
    }
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

/// A text that is no cassette, or none that can be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CassetteError {
    /// It is none.
    #[error("it is no cassette: {0}; `midflow cassette record` makes one")]
    None(String),
    /// A later midflow made it.
    #[error(
        "it is of version {0}, and this midflow knows versions up to {VERSION}; use the one that recorded it"
    )]
    Newer(u64),
    /// It is a cassette, and there is nothing that could be replayed.
    #[error("it can be compared and not replayed: {0}")]
    NotReplayable(String),
}

impl Cassette {
    /// An empty one.
    pub const fn new(transport: Option<CassetteTransport>) -> Self {
        Self {
            midflow: VERSION,
            transport,
            provider: None,
            messages: Vec::new(),
        }
    }

    /// Reads the written form.
    ///
    /// # Errors
    /// Says where it is none, never what stands there.
    pub fn parse(text: &str) -> Result<Self, CassetteError> {
        let misfit = |error: serde_json::Error| {
            let (line, column) = (error.line(), error.column());
            CassetteError::None(format!("line {line}, column {column} does not fit"))
        };
        let version: Version = serde_json::from_str(text).map_err(misfit)?;
        match version.midflow {
            1 => serde_json::from_str::<First>(text)
                .map(First::read)
                .map_err(misfit),
            now if now == u64::from(VERSION) => serde_json::from_str(text).map_err(misfit),
            0 => Err(CassetteError::None("`midflow: 0` is no version".to_owned())),
            newer => Err(CassetteError::Newer(newer)),
        }
    }

    /// The written form.
    pub fn to_text(&self) -> String {
        // A tree of texts, numbers and flags can always be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Message {
    /// What a body looks like: its tree; of one that is no JSON, how long it is and how it begins.
    pub(super) fn tree(&self) -> Option<Value> {
        let body = self.body.as_deref()?;
        Some(serde_json::from_str(body).unwrap_or_else(
            |_| serde_json::json!({ "no_json": { "bytes": body.len(), "begins": first_sign(body) } }),
        ))
    }
}

/// The first sign of a body, if it tells a form and nothing else: `<` or `{`.
fn first_sign(body: &str) -> Option<&'static str> {
    match body.trim_start().chars().next() {
        Some('<') => Some("<"),
        Some('{') => Some("{"),
        _ => None,
    }
}

#[derive(Deserialize)]
struct Version {
    midflow: u64,
}

/// The first version: bodies as trees, without their bytes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    #[serde(rename = "midflow")]
    _version: u8,
    messages: Vec<FirstMessage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstMessage {
    capability: Capability,
    kind: MessageKind,
    body: Value,
}

impl First {
    fn read(self) -> Cassette {
        let mut flow = 0;
        let messages = self.messages.into_iter().map(|message| {
            flow += u32::from(message.kind == MessageKind::Request);
            Message {
                flow: flow.max(1),
                capability: message.capability,
                kind: message.kind,
                operation: None,
                after_ms: 0,
                status: None,
                request_id: None,
                polled: false,
                found: Found::default(),
                body: Some(message.body.to_string()),
            }
        });
        Cassette {
            midflow: 1,
            transport: None,
            provider: None,
            messages: messages.collect(),
        }
    }
}

const VERSION: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        Cassette::parse(text).err().unwrap().to_string()
    }

    #[test]
    fn what_is_no_cassette_says_where_and_never_what() {
        let broken = "{\n \"midflow\": 2,\n \"messages\": [ { \"flow\": \"Mariam\" } ]\n}";
        assert!(
            why(broken).contains("line 3") && !why(broken).contains("Mariam"),
            "{}",
            why(broken)
        );
        assert!(why("").contains("line 1, column 0"), "{}", why(""));
        assert!(why("{}").contains("`midflow cassette record` makes one"));
        assert!(why(r#"{"midflow":0,"messages":[]}"#).contains("no version"));
    }

    #[test]
    fn a_later_version_is_told_from_a_broken_one() {
        let later = r#"{"midflow":3,"tracks":[]}"#;
        assert_eq!(Cassette::parse(later).err(), Some(CassetteError::Newer(3)));
        assert!(why(later).contains("this midflow knows versions up to 2"));
    }

    // The first version is somebody's only recording of a real authority: it can still be compared.
    #[test]
    fn the_first_version_is_read() {
        let first = r#"{"midflow":1,"messages":[
            {"capability":"auth_push","kind":"request","body":{"CivilNo":"399123100017"}},
            {"capability":"auth_push","kind":"reply","body":{"no_json":{"bytes":3,"begins":"<"}}},
            {"capability":"auth_push","kind":"request","body":{}}]}"#;
        let cassette = Cassette::parse(first).unwrap();
        let flows: Vec<u32> = cassette.messages.iter().map(|message| message.flow).collect();
        assert_eq!((cassette.midflow, flows), (1, vec![1, 1, 2]));
        assert_eq!(cassette.messages[1].tree().unwrap()["no_json"]["bytes"], 3);
    }
}
