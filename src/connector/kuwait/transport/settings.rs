//! The settings of the transports, as they stand below `kuwait.transport`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::polled::PolledStatus;
use super::polled::Used;
use crate::connector::kuwait::source::Source;
use crate::words::Capability;

/// How the authority is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransportSettings {
    /// JSON to a bridge that hosts the authority's SDK.
    #[default]
    Bridge,
    /// The vendor's SOAP wrapper.
    Soap(SoapSettings),
    /// The authority's REST gateway, which is polled.
    Gateway(GatewaySettings),
    /// Any other JSON wrapper.
    Template(Box<TemplateSettings>),
}

impl TransportSettings {
    /// Whether this transport has a name and a password.
    pub const fn has_login(&self) -> bool {
        self.login().is_some()
    }

    /// The name and password of this transport, where it has them.
    pub(in crate::connector::kuwait) const fn login(&self) -> Option<&Login> {
        match self {
            Self::Bridge => None,
            Self::Soap(soap) => soap.login.as_ref(),
            Self::Gateway(gateway) => Some(&gateway.login),
            Self::Template(template) => template.login.as_ref(),
        }
    }

    pub(in crate::connector::kuwait) const fn login_mut(&mut self) -> Option<&mut Login> {
        match self {
            Self::Bridge => None,
            Self::Soap(soap) => soap.login.as_mut(),
            Self::Gateway(gateway) => Some(&mut gateway.login),
            Self::Template(template) => template.login.as_mut(),
        }
    }
}

/// A name and its password, by reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Where the name is kept.
    pub name: Source,
    /// Where the password is kept. A file must be readable by its owner only.
    pub password: Source,
}

/// The vendor's SOAP wrapper `IMIDWrapper` (protocol notes, section 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoapSettings {
    /// The service's path below `base_url`, such as `MIDWrapper.svc`.
    pub path: String,
    /// How messages are written; either is read.
    #[serde(default)]
    pub encoding: SoapEncoding,
    /// HTTP Basic, where the wrapper asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
}

/// How SOAP messages are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SoapEncoding {
    /// MTOM: the document as the root part of a MIME message. What the wrapper's binding names.
    #[default]
    Mtom,
    /// The document alone.
    Text,
}

/// The authority's REST gateway (protocol notes, section 6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewaySettings {
    /// The name and password that the gateway gives a token for.
    pub login: Login,
    /// How long a token is used, in seconds.
    #[serde(default = "default_token")]
    pub token_seconds: u16,
    /// How accepted requests are asked about.
    #[serde(default)]
    pub poll: PollSettings,
    /// What a poll's answer proves. No default: an answer without a stamp is worth what its channel is worth.
    pub answers: Option<GatewayAnswers>,
    /// The gateway's selectors of personal data. Their meaning is in its guide and nowhere public.
    #[serde(default)]
    pub returned_user_details: Vec<u16>,
    /// Likewise.
    #[serde(default)]
    pub user_detail: Vec<u16>,
}

/// How accepted requests are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PollSettings {
    /// The pause before each call, in seconds.
    pub interval_seconds: u16,
    /// The most calls for one request.
    pub calls: u16,
    /// By how much of itself a pause is longer or shorter, in percent, so that flows that began together do not call
    /// together.
    pub jitter_percent: u8,
}

impl Default for PollSettings {
    fn default() -> Self {
        Self {
            interval_seconds: 5,
            calls: 60,
            jitter_percent: 20,
        }
    }
}

/// What a poll's answer proves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayAnswers {
    /// The answer carries the whole stamped callback at this JSON pointer, as an object or as a text; it is judged as any
    /// other callback.
    Stamped(String),
    /// The answer is not stamped, and is believed because it came over our own connection to the gateway.
    Unstamped(UnstampedAnswers),
}

/// How answers without a stamp are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnstampedAnswers {
    /// What each `requestStatus` means: `waiting`, `approved`, or the code of another outcome.
    pub statuses: BTreeMap<String, PolledStatus>,
    /// Whether an approval that says `isUsed` counts.
    pub used: Used,
}

/// Any other JSON wrapper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateSettings {
    /// The path of each capability below `base_url`; a capability without one is refused.
    pub paths: BTreeMap<Capability, String>,
    /// How the authority's names are written.
    pub casing: TemplateCasing,
    /// Members with names of their own: the authority's name to the wrapper's, with `/` between the steps of an object
    /// within an object.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// Members that the wrapper does not take, by the authority's names.
    #[serde(default)]
    pub omit: Vec<String>,
    /// Members that are always the same, by the wrapper's names.
    #[serde(default)]
    pub constants: BTreeMap<String, Value>,
    /// The JSON pointer of the object that holds the members; empty for the body itself.
    pub envelope: String,
    /// What says that a request was taken.
    pub success: SuccessSettings,
    /// The JSON pointer of the request's id in the reply.
    pub request_id: String,
    /// The JSON pointer of the text of the QR code in the reply; needed with a path for `auth_qr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr: Option<String>,
    /// The JSON pointer of the error's code in the reply; its numbers are read by `codes.error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// HTTP Basic, where the wrapper asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
}

/// What says that a request was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuccessSettings {
    /// The JSON pointer of a text, a number or a boolean in the reply.
    pub pointer: String,
    /// Its values that mean success; every other value, and none, is a refusal.
    pub values: Vec<String>,
}

/// How the authority's names are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateCasing {
    /// As the authority writes them: `PersonCivilNo`.
    Pascal,
    /// As .NET's web services write them: `personCivilNo`.
    Camel,
    /// `person_civil_no`.
    Snake,
}

const fn default_token() -> u16 {
    300
}
