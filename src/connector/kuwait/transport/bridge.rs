use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderValue;

use super::contract::Transport;
use super::https::Https;
use super::meaning::bridge_meaning;
use crate::connector::Outbound;
use crate::connector::PrepareError;
use crate::connector::Reply;
use crate::connector::Request;
use crate::connector::kuwait::codes::Codes;
use crate::connector::kuwait::json::KeyMatching;
use crate::connector::kuwait::material::Material;
use crate::connector::kuwait::prepare::Shape;
use crate::connector::kuwait::settings::KuwaitSettings;
use crate::connector::kuwait::settings::SettingsError;

/// JSON over mutual TLS to whatever hosts the authority's own SDK.
#[derive(Debug)]
pub(in crate::connector::kuwait) struct Bridge {
    https: Https,
    keys: KeyMatching,
}

impl Bridge {
    /// Sets the client up; nothing is connected yet.
    pub(in crate::connector::kuwait) fn new(
        settings: &KuwaitSettings,
        material: &Material,
    ) -> Result<Self, SettingsError> {
        if material.client.is_none() {
            return Err(SettingsError::new(
                "kuwait.client",
                "it is not set, and the bridge asks for the SP client certificate",
                "name the certificate and its key",
            ));
        }
        Ok(Self {
            https: Https::new(settings, material)?,
            keys: settings.keys,
        })
    }

    /// Posts exact bytes once, and says what is known afterwards.
    pub(in crate::connector::kuwait) async fn post(
        &self,
        operation: &str,
        body: Bytes,
        codes: &Codes,
    ) -> Reply {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
        match self.https.post(operation, headers, body).await {
            Ok(complete) => Reply {
                meaning: bridge_meaning(
                    complete.status,
                    &complete.body,
                    Shape::of(operation),
                    codes,
                    self.keys,
                ),
                body: Some(complete.body),
            },
            Err(reply) => reply,
        }
    }

    #[cfg(all(test, feature = "sandbox"))]
    pub(in crate::connector::kuwait) fn set_base(&mut self, base: &str) {
        self.https.set_base(base);
    }
}

#[async_trait]
impl Transport for Bridge {
    fn name(&self) -> &'static str {
        "kuwait/bridge"
    }

    fn write(&self, asked: Outbound, _request: &Request) -> Result<Outbound, PrepareError> {
        Ok(asked)
    }

    async fn send(&self, outbound: Outbound, codes: &Codes) -> Reply {
        self.post(outbound.operation, outbound.body, codes).await
    }
}
