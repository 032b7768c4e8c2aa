use std::time::Duration;
use std::time::Instant;

use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::AUTHORIZATION;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use tokio::sync::Mutex;

use super::contract::Transport;
use super::https::Https;
use super::https::not_sent;
use super::meaning::meaning;
use super::pointer::Pointer;
use super::pointer::plain;
use super::polled::ACCEPTED;
use super::polled::PolledRule;
use super::settings::GatewaySettings;
use crate::connector::Outbound;
use crate::connector::Polled;
use crate::connector::Polling;
use crate::connector::PrepareError;
use crate::connector::Reply;
use crate::connector::ReplyMeaning;
use crate::connector::Request;
use crate::connector::kuwait::codes::Codes;
use crate::connector::kuwait::json::KeyMatching;
use crate::connector::kuwait::json::Node;
use crate::connector::kuwait::material::Credentials;
use crate::connector::kuwait::material::Material;
use crate::connector::kuwait::model::Answer;
use crate::connector::kuwait::settings::AssuranceRule;
use crate::connector::kuwait::settings::KuwaitSettings;
use crate::connector::kuwait::settings::Presence;
use crate::connector::kuwait::settings::SettingsError;
use crate::words::Capability;
use crate::words::RequestId;

/// The authority's REST gateway. It sends no callback and takes no challenge, so it is asked for the answer.
pub(super) struct Gateway {
    https: Https,
    login: Credentials,
    token_life: Duration,
    token: Mutex<Option<(HeaderValue, Instant)>>,
    polling: Polling,
    rule: PolledRule,
    keys: KeyMatching,
    returned_user_details: Vec<u16>,
    user_detail: Vec<u16>,
}

impl Gateway {
    pub(super) fn new(
        gateway: &GatewaySettings,
        settings: &KuwaitSettings,
        material: &Material,
    ) -> Result<Self, SettingsError> {
        let rule = PolledRule::new(gateway.answers.as_ref())?;
        fits(&rule, settings)?;
        let poll = gateway.poll;
        if poll.interval_seconds == 0 || poll.calls == 0 || poll.jitter_percent > 50 {
            return Err(SettingsError::new(
                "kuwait.transport.gateway.poll",
                "a request would be asked about without a pause, never, or at any moment",
                "set `interval_seconds` and `calls` to 1 or more, and `jitter_percent` to 50 or less",
            ));
        }
        let login = material.login.clone().ok_or_else(|| {
            SettingsError::new(
                "kuwait.transport.gateway.login",
                "it was not loaded",
                "name where name and password are kept",
            )
        })?;
        Ok(Self {
            https: Https::new(settings, material)?,
            login,
            token_life: Duration::from_secs(gateway.token_seconds.into()),
            token: Mutex::default(),
            polling: Polling {
                interval: Duration::from_secs(poll.interval_seconds.into()),
                jitter_percent: poll.jitter_percent,
                calls: poll.calls,
            },
            rule,
            keys: settings.keys,
            returned_user_details: gateway.returned_user_details.clone(),
            user_detail: gateway.user_detail.clone(),
        })
    }

    /// A token, from before or new. The error says why none is to be had; nothing about a person has left then.
    async fn token(&self) -> Result<HeaderValue, String> {
        let mut kept = self.token.lock().await;
        if let Some((token, since)) = kept.as_ref()
            && since.elapsed() < self.token_life
        {
            return Ok(token.clone());
        }
        let token = self.log_in().await?;
        *kept = Some((token.clone(), Instant::now()));
        Ok(token)
    }

    async fn log_in(&self) -> Result<HeaderValue, String> {
        let wanted = LoginRequest {
            username: self.login.name.expose_secret(),
            password: self.login.password.expose_secret(),
        };
        let body = serde_json::to_vec(&wanted).map_err(|_| "the login can't be written".to_owned())?;
        let sent = self.https.post(LOGIN, json_headers(None), body.into()).await;
        let complete = sent.map_err(|reply| match reply.meaning {
            ReplyMeaning::NotSent { detail } | ReplyMeaning::Unknown { detail } => {
                format!("no login: {detail}")
            }
            _ => "no login".to_owned(),
        })?;
        if !complete.status.is_success() {
            return Err(format!(
                "the gateway's login answered with status {}",
                complete.status
            ));
        }
        token_of(&complete.body, self.keys).ok_or_else(|| "the gateway's login gave no token".to_owned())
    }

    /// The gateway does not know the token any more; the next call asks for another.
    async fn forget_token(&self, status: StatusCode) {
        if status == StatusCode::UNAUTHORIZED {
            *self.token.lock().await = None;
        }
    }
}

#[async_trait]
impl Transport for Gateway {
    fn name(&self) -> &'static str {
        "kuwait/gateway"
    }

    fn write(&self, asked: Outbound, request: &Request) -> Result<Outbound, PrepareError> {
        // It has one call, which asks one person.
        if request.capability != Capability::AuthPush {
            return Err(PrepareError::Unsupported {
                connector: self.name().to_owned(),
                capability: request.capability,
            });
        }
        let members: Map<String, Value> =
            serde_json::from_slice(&asked.body).map_err(|_| PrepareError::Missing("form of the bridge"))?;
        let text = |name: &'static str| {
            let text = members.get(name).and_then(Value::as_str);
            text.ok_or(PrepareError::Missing("texts of the bridge's form"))
        };
        let (reason_en, reason_ar) = (text("AuthenticationReasonEn")?, text("AuthenticationReasonAr")?);
        let call = CallRequest {
            civil_id: text("PersonCivilNo")?,
            request_type: 1,
            assurance_level: request.assurance.wire_level(),
            subject_en: text("ServiceDescriptionEN")?,
            subject_ar: text("ServiceDescriptionAR")?,
            // Which of the two the phone shows is not known, and the digits to compare stand in the reason alone.
            message_en: reason_en,
            message_ar: reason_ar,
            authentication_reason_en: reason_en,
            authentication_reason_ar: reason_ar,
            request_user_details: request.wants_person,
            returned_user_details: &self.returned_user_details,
            user_detail: &self.user_detail,
        };
        let body =
            serde_json::to_vec(&call).map_err(|_| PrepareError::Missing("form that JSON can write"))?;
        Ok(Outbound {
            operation: CALL,
            body: body.into(),
            ..asked
        })
    }

    async fn send(&self, outbound: Outbound, codes: &Codes) -> Reply {
        let token = match self.token().await {
            Ok(token) => token,
            Err(why) => return not_sent(why),
        };
        match self
            .https
            .post(CALL, json_headers(Some(token)), outbound.body)
            .await
        {
            Ok(complete) => {
                self.forget_token(complete.status).await;
                Reply {
                    meaning: meaning(complete.status, taken(&complete.body, self.keys), codes),
                    body: Some(complete.body),
                }
            }
            Err(reply) => reply,
        }
    }

    fn polling(&self) -> Option<Polling> {
        Some(self.polling)
    }

    async fn poll(&self, request_id: &RequestId) -> Polled {
        let failed = |detail: String| Polled::Failed { detail };
        let Some(url) = self.https.url(CHECK).and_then(|mut url| {
            url.path_segments_mut()
                .ok()?
                .pop_if_empty()
                .push(request_id.as_str());
            Some(url)
        }) else {
            return failed("the address of the poll can't be made".to_owned());
        };
        let token = match self.token().await {
            Ok(token) => token,
            Err(why) => return failed(why),
        };
        let headers = HeaderMap::from_iter([(AUTHORIZATION, token)]);
        match self.https.get(url, headers).await {
            Ok(complete) if complete.status.is_success() => match self.rule.mark(&complete.body, self.keys) {
                None => Polled::Waiting,
                Some(mark) => Polled::Answered {
                    body: complete.body,
                    mark,
                },
            },
            Ok(complete) => {
                self.forget_token(complete.status).await;
                failed(format!("status {}", complete.status))
            }
            Err(reply) => match reply.meaning {
                ReplyMeaning::NotSent { detail } | ReplyMeaning::Unknown { detail } => failed(detail),
                _ => failed("no answer".to_owned()),
            },
        }
    }

    fn polled_rule(&self) -> Option<&PolledRule> {
        Some(&self.rule)
    }
}

/// Hides the token and the login.
impl std::fmt::Debug for Gateway {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Gateway")
            .field("https", &self.https)
            .field("polling", &self.polling)
            .finish_non_exhaustive()
    }
}

/// What the gateway can't carry must not be demanded of its answers, or nobody could ever sign in.
fn fits(rule: &PolledRule, settings: &KuwaitSettings) -> Result<(), SettingsError> {
    if let PolledRule::Unstamped(_) = rule {
        return match &settings.assurance {
            Some(AssuranceRule::AsRequested) | None => Ok(()),
            Some(AssuranceRule::CertificatePolicy(_)) => Err(SettingsError::new(
                "kuwait.assurance",
                "an answer without a stamp carries no certificate to tell the level",
                "set `as_requested` if the gateway enforces the level it is asked for; else it can't be used unstamped",
            )),
        };
    }
    for (setting, presence, what) in [
        ("kuwait.challenge", settings.challenge, "challenge"),
        (
            "kuwait.additional_data",
            settings.additional_data,
            "additional data",
        ),
    ] {
        if presence == Presence::Required {
            return Err(SettingsError::new(
                setting,
                format!("the gateway takes no {what}, so no answer could echo it"),
                "set `when_present`: with this transport it is the request id, asked about over our own connection, that \
                 binds the answer",
            ));
        }
    }
    Ok(())
}

/// What the reply to a call says.
fn taken(body: &[u8], keys: KeyMatching) -> Answer {
    let Ok(root) = Node::parse(body, keys) else {
        return Answer::Unreadable("the reply is no JSON");
    };
    let member =
        |name: &str| Pointer::parse(name).and_then(|pointer| pointer.find(&root, keys).and_then(plain));
    let code = |name| member(name).and_then(|code| code.parse().ok());
    match member("/statusCode") {
        Some(ACCEPTED) => member("/requestId")
            .and_then(Answer::request_id)
            .unwrap_or(Answer::Unreadable("the reply names no request id")),
        Some(_) => Answer::Error(code("/errorCode").or_else(|| code("/statusCode"))),
        None => Answer::Unreadable("the reply has no status code"),
    }
}

fn token_of(body: &[u8], keys: KeyMatching) -> Option<HeaderValue> {
    let root = Node::parse(body, keys).ok()?;
    let token = Pointer::parse("/accessToken")?
        .find(&root, keys)
        .and_then(plain)?;
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn json_headers(token: Option<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    if let Some(token) = token {
        headers.insert(AUTHORIZATION, token);
    }
    headers
}

#[derive(Serialize)]
struct LoginRequest<'r> {
    username: &'r str,
    password: &'r str,
}

/// The gateway's own form of a push. Holds personal data.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallRequest<'r> {
    civil_id: &'r str,
    request_type: u8,
    assurance_level: u8,
    subject_en: &'r str,
    subject_ar: &'r str,
    message_en: &'r str,
    message_ar: &'r str,
    authentication_reason_en: &'r str,
    authentication_reason_ar: &'r str,
    request_user_details: bool,
    returned_user_details: &'r [u16],
    user_detail: &'r [u16],
}

const LOGIN: &str = "paci/login";
const CALL: &str = "mobile-id/call";
const CHECK: &str = "mobile-id/check/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nine_hundred_with_an_id_was_taken() {
        let read = |body: &str| taken(body.as_bytes(), KeyMatching::Exact);
        assert!(
            read(r#"{"statusCode":900,"errorCode":null,"requestId":"b7a1"}"#)
                == Answer::Accepted("b7a1".to_owned())
        );
        assert!(read(r#"{"statusCode":901,"errorCode":1003}"#) == Answer::Error(Some(1003)));
        assert!(
            read(r#"{"statusCode":901,"errorCode":null,"requestId":"b7a1"}"#) == Answer::Error(Some(901))
        );
        for unclear in [
            "",
            "{}",
            r#"{"statusCode":900}"#,
            r#"{"statusCode":900,"requestId":"a b"}"#,
            "[900]",
        ] {
            assert!(matches!(read(unclear), Answer::Unreadable(_)), "{unclear}");
        }
    }

    #[test]
    fn a_token_is_a_text_that_a_header_can_carry() {
        let token = |body: &str| token_of(body.as_bytes(), KeyMatching::Exact);
        assert_eq!(token(r#"{"accessToken":"abc"}"#).unwrap(), "Bearer abc");
        for bad in ["", "{}", r#"{"accessToken":""}"#, r#"{"accessToken":"a\nb"}"#] {
            assert!(token(bad).is_none(), "{bad}");
        }
        assert!(!format!("{:?}", token(r#"{"accessToken":"abc"}"#)).contains("abc"));
    }
}
