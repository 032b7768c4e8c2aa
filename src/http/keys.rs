use axum::http::HeaderMap;
use axum::http::header;
use subtle::ConstantTimeEq;

use super::problem::ApiProblem;
use super::problem::HttpCode;
use crate::words::Digest;

/// The API keys that are accepted, as digests: a copy of the settings opens nothing.
#[derive(Clone, Debug, Default)]
pub struct ApiKeys(Vec<ApiKey>);

/// One client's key.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The name of the client; its flows belong to this name.
    pub client: String,
    /// SHA-256 of the key.
    pub digest: Digest,
}

impl ApiKeys {
    /// Puts keys together.
    pub fn new(keys: impl IntoIterator<Item = ApiKey>) -> Self {
        Self(keys.into_iter().collect())
    }

    /// The clients, one entry a key.
    pub(super) fn clients(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.client.as_str())
    }

    /// The client that the request's bearer key belongs to.
    ///
    /// Every key is compared, in constant time, so that the time taken tells nothing.
    pub(super) fn client_of(&self, headers: &HeaderMap) -> Result<String, ApiProblem> {
        let presented = bearer(headers).ok_or_else(|| {
            ApiProblem::http(
                HttpCode::Unauthorized,
                "send the header `Authorization: Bearer …` with an API key",
            )
        })?;
        let presented = Digest::of(presented.as_bytes());
        let mut found = None;
        for key in &self.0 {
            if bool::from(key.digest.as_bytes().ct_eq(presented.as_bytes())) {
                found = Some(key.client.clone());
            }
        }
        found.ok_or_else(|| ApiProblem::http(HttpCode::Unauthorized, "this API key is not accepted here"))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
