use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::connector::IDLE_CONNECTION;
use crate::connector::Reply;
use crate::connector::ReplyMeaning;
use crate::connector::kuwait::MAX_CALLBACK_BYTES;
use crate::connector::kuwait::material::Material;
use crate::connector::kuwait::settings::KuwaitSettings;
use crate::connector::kuwait::settings::SettingsError;

/// One kept-alive client over TLS, mutual where the settings have a client certificate. Trusts one authority, follows no
/// redirect, uses no proxy, repeats nothing.
pub(super) struct Https {
    client: reqwest::Client,
    base: reqwest::Url,
}

/// A reply that came whole.
pub(super) struct Complete {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Https {
    /// Sets the client up; nothing is connected yet.
    pub(super) fn new(settings: &KuwaitSettings, material: &Material) -> Result<Self, SettingsError> {
        let base = base_url(&settings.base_url)?;
        let authorities = reqwest::Certificate::from_pem_bundle(&material.server_ca)
            .ok()
            .filter(|found| !found.is_empty())
            .ok_or_else(|| {
                SettingsError::new(
                    "kuwait.server_ca",
                    "it holds no certificate",
                    "give the certificate authority of the server as PEM",
                )
            })?;
        let mut builder = reqwest::Client::builder()
            .tls_backend_rustls()
            .tls_certs_only(authorities)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .pool_idle_timeout(IDLE_CONNECTION)
            .retry(reqwest::retry::never())
            .connect_timeout(Duration::from_secs(settings.connect_timeout_seconds.into()))
            .timeout(Duration::from_secs(settings.reply_timeout_seconds.into()));
        if let Some(identity) = identity(material)? {
            builder = builder.identity(identity);
        }
        let client = builder.build().map_err(|error| {
            SettingsError::new(
                "kuwait.client",
                format!("TLS can't be set up with it: {}", causes(&error)),
                "check that the key belongs to the certificate and that both and the server's authority are whole",
            )
        })?;
        Ok(Self { client, base })
    }

    /// The address of a path below the base.
    pub(super) fn url(&self, path: &str) -> Option<reqwest::Url> {
        self.base.join(path).ok()
    }

    /// Posts exact bytes once. The error is the reply that says what is known.
    pub(super) async fn post(&self, path: &str, headers: HeaderMap, body: Bytes) -> Result<Complete, Reply> {
        let Some(url) = self.url(path) else {
            return Err(not_sent("the address of the operation can't be made"));
        };
        gather(self.client.post(url).headers(headers).body(body), MAX_REPLY_BYTES).await
    }

    /// Gets an answer once.
    pub(super) async fn get(&self, url: reqwest::Url, headers: HeaderMap) -> Result<Complete, Reply> {
        gather(self.client.get(url).headers(headers), MAX_ANSWER_BYTES).await
    }

    #[cfg(all(test, feature = "sandbox"))]
    pub(super) fn set_base(&mut self, base: &str) {
        if let Ok(base) = reqwest::Url::parse(base) {
            self.base = base;
        }
    }
}

impl std::fmt::Debug for Https {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Https").field(&self.base.as_str()).finish()
    }
}

async fn gather(request: reqwest::RequestBuilder, most: usize) -> Result<Complete, Reply> {
    let mut response = match request.send().await {
        Ok(response) => response,
        // The connection never stood, so no byte of the request left.
        Err(error) if error.is_connect() || error.is_builder() => {
            return Err(not_sent(format!(
                "no connection: {}",
                causes(&error.without_url())
            )));
        }
        Err(error) => {
            return Err(unknown(format!(
                "no reply came: {}",
                causes(&error.without_url())
            )));
        }
    };
    let status = response.status();
    let mut gathered = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if gathered.len() + chunk.len() > most => {
                return Err(unknown(format!("the reply is larger than {most} bytes")));
            }
            Ok(Some(chunk)) => gathered.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => {
                let why = causes(&error.without_url());
                return Err(unknown(format!("the reply broke off: {why}")));
            }
        }
    }
    Ok(Complete {
        status,
        body: gathered.freeze(),
    })
}

/// The client certificate with its key, where there is one.
fn identity(material: &Material) -> Result<Option<reqwest::Identity>, SettingsError> {
    let Some(client) = &material.client else {
        return Ok(None);
    };
    let mut pem = Zeroizing::new(client.key.expose_secret().as_bytes().to_vec());
    pem.push(b'\n');
    pem.extend_from_slice(&client.certificate);
    reqwest::Identity::from_pem(&pem).map(Some).map_err(|_| {
        SettingsError::new(
            "kuwait.client",
            "certificate and key are no PEM, or one of them is missing",
            "give the certificate and its unencrypted private key (PKCS#8, PKCS#1 or SEC1) as PEM",
        )
    })
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

pub(super) fn not_sent(detail: impl Into<String>) -> Reply {
    Reply {
        body: None,
        meaning: ReplyMeaning::NotSent {
            detail: detail.into(),
        },
    }
}

const fn unknown(detail: String) -> Reply {
    Reply {
        body: None,
        meaning: ReplyMeaning::Unknown { detail },
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

/// Replies of these operations are a few hundred bytes; a QR code's picture takes some thousands.
const MAX_REPLY_BYTES: usize = 64 * 1024;
/// An answer that is asked for may carry a whole callback, as a text in which every quote is escaped.
const MAX_ANSWER_BYTES: usize = MAX_CALLBACK_BYTES + MAX_CALLBACK_BYTES / 2;
