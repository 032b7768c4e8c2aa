use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::sandbox::draws::Draws;

/// The name and password that the faces with a login take of one provider, made anew with each sandbox, and the tokens given out for them.
pub(in crate::sandbox) struct Logins {
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) password: String,
    tokens: Mutex<HashSet<String>>,
    draws: Arc<Draws>,
}

impl Logins {
    pub(in crate::sandbox) fn new(draws: Arc<Draws>) -> Self {
        Self {
            name: "midflow".to_owned(),
            password: draws.id().to_string(),
            tokens: Mutex::default(),
            draws,
        }
    }

    /// A token for the right name and password.
    pub(super) fn token(&self, name: &str, password: &str) -> Option<String> {
        let right = name == self.name && password == self.password;
        right.then(|| {
            let token = self.draws.id().simple().to_string();
            self.tokens().insert(token.clone());
            token
        })
    }

    /// Whether a request carries a token that was given out.
    pub(super) fn has_token(&self, headers: &HeaderMap) -> bool {
        credential(headers, "Bearer ").is_some_and(|token| self.tokens().contains(token))
    }

    /// Whether a request carries name and password (HTTP Basic).
    pub(super) fn has_basic(&self, headers: &HeaderMap) -> bool {
        let right = STANDARD.encode(format!("{}:{}", self.name, self.password));
        credential(headers, "Basic ").is_some_and(|given| given == right)
    }

    /// Takes every token back, as a gateway does that was started anew.
    pub(in crate::sandbox) fn forget_tokens(&self) {
        self.tokens().clear();
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn credential<'h>(headers: &'h HeaderMap, scheme: &str) -> Option<&'h str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}
