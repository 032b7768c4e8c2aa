use std::borrow::Cow;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::AUTHORIZATION;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret as _;
use serde_json::Map;
use serde_json::Value;
use zeroize::Zeroizing;

use super::contract::Transport;
use super::envelope::Call;
use super::envelope::Parameter;
use super::envelope::Said;
use super::envelope::action;
use super::envelope::read;
use super::https::Https;
use super::https::not_sent;
use super::meaning::coded;
use super::meaning::meaning;
use super::meaning::refused;
use super::multipart;
use super::settings::SoapEncoding;
use super::settings::SoapSettings;
use crate::connector::Outbound;
use crate::connector::PrepareError;
use crate::connector::Reply;
use crate::connector::ReplyMeaning;
use crate::connector::Request;
use crate::connector::kuwait::codes::Codes;
use crate::connector::kuwait::material::Credentials;
use crate::connector::kuwait::material::Material;
use crate::connector::kuwait::model::Answer;
use crate::connector::kuwait::settings::KuwaitSettings;
use crate::connector::kuwait::settings::SettingsError;
use crate::words::Assurance;
use crate::words::Capability;

/// The vendor's SOAP wrapper.
#[derive(Debug)]
pub(super) struct Soap {
    https: Https,
    path: String,
    encoding: SoapEncoding,
    authorization: Option<HeaderValue>,
}

impl Soap {
    pub(super) fn new(
        soap: &SoapSettings,
        settings: &KuwaitSettings,
        material: &Material,
    ) -> Result<Self, SettingsError> {
        let https = Https::new(settings, material)?;
        path("kuwait.transport.soap.path", &soap.path, &https)?;
        Ok(Self {
            https,
            path: soap.path.clone(),
            encoding: soap.encoding,
            authorization: material.login.as_ref().map(basic).transpose()?,
        })
    }
}

#[async_trait]
impl Transport for Soap {
    fn name(&self) -> &'static str {
        "kuwait/soap"
    }

    fn write(&self, asked: Outbound, request: &Request) -> Result<Outbound, PrepareError> {
        let unsupported = || PrepareError::Unsupported {
            connector: self.name().to_owned(),
            capability: request.capability,
        };
        let (operation, level) = operation(request).ok_or_else(unsupported)?;
        let mut members: Map<String, Value> =
            serde_json::from_slice(&asked.body).map_err(|_| PrepareError::Missing("form of the bridge"))?;
        // The wrapper fills in who it is; the level is a parameter of its own.
        members.remove("ServiceProviderId");
        members.remove("AssuranceLevel");
        members.insert("RefId".to_owned(), Value::String(request.flow.to_string()));
        let contract = match request.capability {
            Capability::Notify => "request",
            _ => "authRequestData",
        };
        let mut parameters = vec![Parameter::Contract(contract, &members)];
        parameters.extend(level.map(|level| Parameter::Text("assuranceLevel", level)));
        let call = Call {
            operation,
            parameters,
        };
        let document = call
            .write()
            .ok_or(PrepareError::Missing("text that XML can write"))?;
        let body = match self.encoding {
            SoapEncoding::Text => document.into(),
            SoapEncoding::Mtom => multipart::wrap(
                &document,
                &format!("midflow-{}-{}", request.flow, request.attempt),
            ),
        };
        Ok(Outbound {
            operation,
            body,
            ..asked
        })
    }

    /// Notifications are the only requests that the wrapper answers at once, and all they answer is that they were taken.
    fn in_bridge_form<'b>(&self, body: &'b [u8]) -> Option<Cow<'b, [u8]>> {
        (read(body) == Said::Answer(Answer::Answered)).then_some(Cow::Borrowed(TAKEN))
    }

    async fn send(&self, outbound: Outbound, codes: &Codes) -> Reply {
        let Some(headers) = headers(&outbound, self.authorization.as_ref()) else {
            return not_sent("the headers of the operation can't be made");
        };
        match self.https.post(&self.path, headers, outbound.body).await {
            Ok(complete) => Reply {
                meaning: soap_meaning(complete.status, &complete.body, codes),
                body: Some(complete.body),
            },
            Err(reply) => reply,
        }
    }
}

/// The operation of the wrapper and its level. The wrapper knows no name for the lowest level: the operation without one
/// asks for it, since everybody has it.
const fn operation(request: &Request) -> Option<(&'static str, Option<&'static str>)> {
    let level = match request.assurance {
        Assurance::Low => None,
        Assurance::Medium => Some("Medium"),
        Assurance::High => Some("High"),
    };
    match (request.capability, level) {
        (Capability::AuthPush, None) => Some(("InitiateAuthRequestPN", None)),
        (Capability::AuthPush, level) => Some(("InitiateAuthRequestPNWithAssuranceLevel", level)),
        (Capability::AuthQr, None) => Some(("InitiateAuthRequestQR", None)),
        (Capability::AuthQr, level) => Some(("InitiateAuthRequestQRWithAssuranceLevel", level)),
        (Capability::Notify, _) => Some(("NotifyPerson", None)),
        // The wrapper's answer about a scanned code carries no stamp, and it has no operation to sign.
        (Capability::VerifyQr | Capability::Sign, _) => None,
    }
}

/// What a complete reply means. Faults come with status 500, as SOAP 1.1 has it.
fn soap_meaning(status: reqwest::StatusCode, body: &[u8], codes: &Codes) -> ReplyMeaning {
    match read(body) {
        Said::Answer(Answer::Error(code)) => refused(code, coded(code), codes),
        Said::Answer(answer) => meaning(status, answer, codes),
        Said::RequestFault => refused(None, "a fault that blames the request".to_owned(), codes),
        Said::Fault => ReplyMeaning::Unknown {
            detail: format!("status {status}, a fault without the authority's error"),
        },
    }
}

fn headers(outbound: &Outbound, authorization: Option<&HeaderValue>) -> Option<HeaderMap> {
    let kind = match multipart::boundary(&outbound.body) {
        None => "text/xml; charset=utf-8".to_owned(),
        Some(boundary) => format!(
            "multipart/related; type=\"application/xop+xml\"; start=\"<{}>\"; start-info=\"text/xml\"; boundary=\"{}\"",
            multipart::ROOT_ID,
            std::str::from_utf8(boundary).ok()?
        ),
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&kind).ok()?);
    let action = HeaderValue::from_str(&action(outbound.operation)).ok()?;
    headers.insert(HeaderName::from_static("soapaction"), action);
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization.clone());
    }
    Some(headers)
}

/// HTTP Basic.
pub(super) fn basic(login: &Credentials) -> Result<HeaderValue, SettingsError> {
    let pair = Zeroizing::new(format!(
        "{}:{}",
        login.name.expose_secret(),
        login.password.expose_secret()
    ));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        SettingsError::new(
            "kuwait.transport",
            "name and password can't be sent",
            "check both",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A path below the base, and nothing that leads elsewhere.
pub(super) fn path(setting: &'static str, path: &str, https: &Https) -> Result<(), SettingsError> {
    let base = https.url("");
    let inside = https.url(path).zip(base).is_some_and(|(url, base)| {
        url.origin() == base.origin()
            && url.path().len() > base.path().len()
            && url.path().starts_with(base.path())
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if inside {
        Ok(())
    } else {
        Err(SettingsError::new(
            setting,
            format!("`{path}` is no path below `base_url`"),
            "write it without a slash in front, and without query or fragment",
        ))
    }
}

/// What the bridge would have answered to a notification that was taken.
pub(super) const TAKEN: &[u8] = br#"{"Data":"taken"}"#;
