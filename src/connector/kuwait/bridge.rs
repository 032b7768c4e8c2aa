//! The transport `bridge`: JSON over mutual TLS to whatever hosts the authority's own SDK.

use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderValue;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::codes::Codes;
use super::json::KeyMatching;
use super::material::Material;
use super::model::Answer;
use super::prepare::Shape;
use super::settings::KuwaitSettings;
use super::settings::SettingsError;
use crate::connector::Reply;
use crate::connector::ReplyMeaning;
use crate::words::RequestId;

/// One kept-alive client over mutual TLS. Follows no redirect, uses no proxy, repeats nothing.
pub(super) struct Bridge {
    client: reqwest::Client,
    base: reqwest::Url,
    keys: KeyMatching,
}

impl Bridge {
    /// Sets the client up; nothing is connected yet.
    pub(super) fn new(settings: &KuwaitSettings, material: &Material) -> Result<Self, SettingsError> {
        let base = base_url(&settings.base_url)?;
        let mut identity = Zeroizing::new(material.client_key.expose_secret().as_bytes().to_vec());
        identity.push(b'\n');
        identity.extend_from_slice(&material.client_certificate);
        let identity = reqwest::Identity::from_pem(&identity).map_err(|_| {
            SettingsError::new(
                "kuwait.client",
                "certificate and key are no PEM, or one of them is missing",
                "give the certificate and its unencrypted private key (PKCS#8, PKCS#1 or SEC1) as PEM",
            )
        })?;
        let authorities = reqwest::Certificate::from_pem_bundle(&material.server_ca)
            .ok()
            .filter(|found| !found.is_empty())
            .ok_or_else(|| {
                SettingsError::new(
                    "kuwait.server_ca",
                    "it holds no certificate",
                    "give the certificate authority of the bridge as PEM",
                )
            })?;
        let client = reqwest::Client::builder()
            .tls_backend_rustls()
            .tls_certs_only(authorities)
            .identity(identity)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(settings.connect_timeout_seconds.into()))
            .timeout(Duration::from_secs(settings.reply_timeout_seconds.into()))
            .build()
            .map_err(|error| {
                SettingsError::new(
                    "kuwait.client",
                    format!("TLS can't be set up with it: {}", causes(&error)),
                    "check that the key belongs to the certificate and that both and the server's authority are whole",
                )
            })?;
        Ok(Self {
            client,
            base,
            keys: settings.keys,
        })
    }

    /// Posts exact bytes once, and says what is known afterwards.
    pub(super) async fn post(&self, operation: &'static str, body: Bytes, codes: &Codes) -> Reply {
        let Ok(url) = self.base.join(operation) else {
            return not_sent("the address of the operation can't be made");
        };
        let sent = self
            .client
            .post(url)
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/json; charset=utf-8"),
            )
            .body(body)
            .send()
            .await;
        let mut response = match sent {
            Ok(response) => response,
            // The connection never stood, so no byte of the request left.
            Err(error) if error.is_connect() || error.is_builder() => {
                return not_sent(format!("no connection: {}", causes(&error.without_url())));
            }
            Err(error) => {
                return unknown(None, format!("no reply came: {}", causes(&error.without_url())));
            }
        };
        let status = response.status();
        let mut gathered = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if gathered.len() + chunk.len() > MAX_REPLY_BYTES => {
                    return unknown(None, format!("the reply is larger than {MAX_REPLY_BYTES} bytes"));
                }
                Ok(Some(chunk)) => gathered.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    return unknown(
                        None,
                        format!("the reply broke off: {}", causes(&error.without_url())),
                    );
                }
            }
        }
        let body = gathered.freeze();
        Reply {
            meaning: meaning(status, &body, Shape::of(operation), codes, self.keys),
            body: Some(body),
        }
    }

    #[cfg(all(test, feature = "sandbox"))]
    pub(super) fn set_base(&mut self, base: &str) {
        if let Ok(base) = reqwest::Url::parse(base) {
            self.base = base;
        }
    }
}

/// What a complete reply means. Pure.
pub(super) fn meaning(
    status: reqwest::StatusCode,
    body: &[u8],
    shape: Shape,
    codes: &Codes,
    keys: KeyMatching,
) -> ReplyMeaning {
    let answer = Answer::parse(body, shape, keys);
    let refused = |code: Option<i64>, detail: String| ReplyMeaning::Refused {
        outcome: codes.error(code),
        code,
        detail,
    };
    if status.is_success() {
        match answer {
            Answer::Accepted(id) => ReplyMeaning::Accepted {
                request_id: Some(RequestId::new(id)),
            },
            Answer::Shown(qr) => ReplyMeaning::Shown(qr),
            Answer::Answered => ReplyMeaning::Answered,
            Answer::Error(code) => refused(code, coded(code)),
            Answer::Unreadable(why) => ReplyMeaning::Unknown {
                detail: why.to_owned(),
            },
        }
    } else if status.is_client_error() {
        match answer {
            Answer::Error(code) => refused(code, format!("status {status}, {}", coded(code))),
            _ => refused(None, format!("status {status}")),
        }
    } else {
        ReplyMeaning::Unknown {
            detail: format!("status {status}"),
        }
    }
}

impl std::fmt::Debug for Bridge {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Bridge")
            .field("base", &self.base.as_str())
            .finish()
    }
}

fn base_url(text: &str) -> Result<reqwest::Url, SettingsError> {
    const REMEDY: &str = "write https://, a host and a path, without user, query or fragment";
    let wrong = |problem: &str| SettingsError::new("kuwait.base_url", problem, REMEDY);
    let mut url = reqwest::Url::parse(text).map_err(|_| wrong("it is no URL"))?;
    if url.scheme() != "https" {
        return Err(wrong("it is not https"));
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(wrong("it carries more than host and path"));
    }
    // `join` replaces what follows the last slash.
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn not_sent(detail: impl Into<String>) -> Reply {
    Reply {
        body: None,
        meaning: ReplyMeaning::NotSent {
            detail: detail.into(),
        },
    }
}

const fn unknown(body: Option<Bytes>, detail: String) -> Reply {
    Reply {
        body,
        meaning: ReplyMeaning::Unknown { detail },
    }
}

fn coded(code: Option<i64>) -> String {
    match code {
        Some(code) => format!("the authority answered with error {code}"),
        None => "the authority answered with an error without a code".to_owned(),
    }
}

/// The chain of causes. Transport errors name hosts and reasons, never bodies.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

/// Replies of these operations are a few hundred bytes.
const MAX_REPLY_BYTES: usize = 64 * 1024;
