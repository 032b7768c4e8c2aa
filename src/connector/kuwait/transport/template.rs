use std::borrow::Cow;

use async_trait::async_trait;
use reqwest::header::AUTHORIZATION;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderValue;
use serde_json::Map;
use serde_json::Value;

use super::contract::Transport;
use super::https::Https;
use super::https::not_sent;
use super::meaning::meaning;
use super::pointer::Pointer;
use super::pointer::plain;
use super::settings::TemplateSettings;
use super::soap::TAKEN;
use super::soap::basic;
use super::soap::path;
use crate::connector::Outbound;
use crate::connector::PrepareError;
use crate::connector::Reply;
use crate::connector::Request;
use crate::connector::kuwait::codes::Codes;
use crate::connector::kuwait::json::KeyMatching;
use crate::connector::kuwait::json::Node;
use crate::connector::kuwait::material::Material;
use crate::connector::kuwait::model::Answer;
use crate::connector::kuwait::settings::KuwaitSettings;
use crate::connector::kuwait::settings::SettingsError;
use crate::words::Capability;
use crate::words::QrCode;

/// A JSON wrapper whose form the settings describe. Its callbacks are the authority's own.
#[derive(Debug)]
pub(super) struct Template {
    https: Https,
    form: Box<TemplateSettings>,
    envelope: Pointer,
    reading: Reading,
    authorization: Option<HeaderValue>,
}

/// How replies are read.
#[derive(Debug)]
struct Reading {
    success: Pointer,
    values: Vec<String>,
    request_id: Pointer,
    qr: Option<Pointer>,
    error: Option<Pointer>,
    keys: KeyMatching,
}

impl Template {
    pub(super) fn new(
        template: &TemplateSettings,
        settings: &KuwaitSettings,
        material: &Material,
    ) -> Result<Self, SettingsError> {
        let https = Https::new(settings, material)?;
        check(template, &https)?;
        Ok(Self {
            envelope: pointer("kuwait.transport.template.envelope", &template.envelope)?,
            reading: Reading {
                success: target(
                    "kuwait.transport.template.success.pointer",
                    &template.success.pointer,
                )?,
                values: template.success.values.clone(),
                request_id: target("kuwait.transport.template.request_id", &template.request_id)?,
                qr: template
                    .qr
                    .as_deref()
                    .map(|text| target("kuwait.transport.template.qr", text))
                    .transpose()?,
                error: template
                    .error
                    .as_deref()
                    .map(|text| target("kuwait.transport.template.error", text))
                    .transpose()?,
                keys: settings.keys,
            },
            authorization: material.login.as_ref().map(basic).transpose()?,
            form: Box::new(template.clone()),
            https,
        })
    }

    /// The authority's members in the wrapper's form.
    fn members(&self, asked: &[u8]) -> Result<Map<String, Value>, PrepareError> {
        let members: Map<String, Value> =
            serde_json::from_slice(asked).map_err(|_| PrepareError::Missing("form of the bridge"))?;
        let mut out = Map::new();
        for (name, value) in members {
            if self.form.omit.contains(&name) {
                continue;
            }
            match self.form.names.get(&name) {
                Some(own) => put(&mut out, &steps(own), value),
                None => put(&mut out, &[self.form.casing.write(&name).as_str()], value),
            }
        }
        for (name, value) in &self.form.constants {
            put(&mut out, &steps(name), value.clone());
        }
        Ok(out)
    }
}

#[async_trait]
impl Transport for Template {
    fn name(&self) -> &'static str {
        "kuwait/template"
    }

    fn write(&self, asked: Outbound, request: &Request) -> Result<Outbound, PrepareError> {
        if !self.form.paths.contains_key(&request.capability) {
            return Err(PrepareError::Unsupported {
                connector: self.name().to_owned(),
                capability: request.capability,
            });
        }
        let mut whole = Value::Object(self.members(&asked.body)?);
        for step in self.envelope.steps().iter().rev() {
            whole = Value::Object(Map::from_iter([(step.clone(), whole)]));
        }
        Ok(Outbound {
            operation: request.capability.as_str(),
            body: whole.to_string().into(),
            ..asked
        })
    }

    fn in_bridge_form<'b>(&self, body: &'b [u8]) -> Option<Cow<'b, [u8]>> {
        let taken = self.reading.read(Capability::Notify, body) == Answer::Answered;
        taken.then_some(Cow::Borrowed(TAKEN))
    }

    async fn send(&self, outbound: Outbound, codes: &Codes) -> Reply {
        let asked = Capability::from_name(outbound.operation);
        let Some((asked, path)) = asked.and_then(|asked| Some((asked, self.form.paths.get(&asked)?))) else {
            return not_sent("the settings have no path for the operation");
        };
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        match self.https.post(path, headers, outbound.body).await {
            Ok(complete) => Reply {
                meaning: meaning(complete.status, self.reading.read(asked, &complete.body), codes),
                body: Some(complete.body),
            },
            Err(reply) => reply,
        }
    }
}

impl Reading {
    /// What a reply says: taken with its id, or refused with its code; never something between.
    fn read(&self, asked: Capability, body: &[u8]) -> Answer {
        let Ok(root) = Node::parse(body, self.keys) else {
            return Answer::Unreadable("the reply is no JSON");
        };
        let at = |pointer: &Pointer| pointer.find(&root, self.keys).and_then(plain);
        let Some(said) = at(&self.success) else {
            return match self.error.as_ref().and_then(at) {
                Some(code) => Answer::Error(code.parse().ok()),
                None => Answer::Unreadable("the reply does not say whether it was taken"),
            };
        };
        if !self.values.iter().any(|value| value == said) {
            let code = self.error.as_ref().and_then(at);
            return Answer::Error(code.and_then(|code| code.parse().ok()));
        }
        match asked {
            Capability::AuthQr => self.qr.as_ref().and_then(at).and_then(QrCode::new).map_or(
                Answer::Unreadable("the reply has no text of a code"),
                Answer::Shown,
            ),
            Capability::Notify => Answer::Answered,
            _ => at(&self.request_id)
                .and_then(Answer::request_id)
                .unwrap_or(Answer::Unreadable("the reply names no request id")),
        }
    }
}

/// What is incomplete or leads nowhere is refused before anybody is asked.
fn check(template: &TemplateSettings, https: &Https) -> Result<(), SettingsError> {
    let wrong = |setting, problem: &str, remedy| Err(SettingsError::new(setting, problem, remedy));
    if template.paths.is_empty() {
        return wrong(
            "kuwait.transport.template.paths",
            "it names no capability",
            "give each capability that the wrapper offers its path",
        );
    }
    if template.paths.contains_key(&Capability::VerifyQr) {
        return wrong(
            "kuwait.transport.template.paths",
            "it offers `verify_qr`, whose stamp covers bytes that a wrapper writes anew",
            "take `verify_qr` out, and use a transport that hands the authority's own bytes on",
        );
    }
    for own in template.paths.values() {
        path("kuwait.transport.template.paths", own, https)?;
    }
    if template.success.values.is_empty() {
        return wrong(
            "kuwait.transport.template.success.values",
            "no value means success, so nothing could ever be taken",
            "name the values that the wrapper writes for a request that was taken",
        );
    }
    if template.paths.contains_key(&Capability::AuthQr) && template.qr.is_none() {
        return wrong(
            "kuwait.transport.template.qr",
            "it is not set, and `paths` offers `auth_qr`",
            "give the JSON pointer of the text of the QR code",
        );
    }
    let targets = template.names.values().chain(template.constants.keys());
    if targets.flat_map(|own| own.split('/')).any(str::is_empty) {
        return wrong(
            "kuwait.transport.template.names",
            "a name is empty",
            "write the wrapper's name, with `/` between the steps; leave a member out with `omit`",
        );
    }
    Ok(())
}

fn pointer(setting: &'static str, text: &str) -> Result<Pointer, SettingsError> {
    Pointer::parse(text).ok_or_else(|| {
        SettingsError::new(
            setting,
            format!("`{text}` is no JSON pointer"),
            "write a slash before each name, such as `/data/id`",
        )
    })
}

/// A pointer at something within the reply.
fn target(setting: &'static str, text: &str) -> Result<Pointer, SettingsError> {
    pointer(setting, text).and_then(|pointer| {
        if pointer.steps().is_empty() {
            Err(SettingsError::new(
                setting,
                "it points at the whole reply",
                "write a slash before each name, such as `/data/id`",
            ))
        } else {
            Ok(pointer)
        }
    })
}

fn steps(own: &str) -> Vec<&str> {
    own.split('/').collect()
}

/// Puts a value below its steps; what stands in the way makes room.
fn put(object: &mut Map<String, Value>, steps: &[&str], value: Value) {
    match steps {
        [] => {}
        [last] => {
            object.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let below = object.entry(*first).or_insert(Value::Null);
            if !below.is_object() {
                *below = Value::Object(Map::new());
            }
            if let Value::Object(below) = below {
                put(below, rest, value);
            }
        }
    }
}
