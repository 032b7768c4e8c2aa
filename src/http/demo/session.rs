use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::Response;
use subtle::ConstantTimeEq;

use crate::http::headers::Site;
use crate::http::page::cookie;
use crate::words::Challenge;
use crate::words::Channel;
use crate::words::CivilNo;
use crate::words::Text;
use crate::words::Timestamp;

/// The browsers that use the demo; kept in memory, the oldest is forgotten first.
#[derive(Default)]
pub(super) struct Sessions(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    sessions: HashMap<String, Session>,
    turn: u64,
}

struct Session {
    token: String,
    flows: Vec<DemoFlow>,
    used: u64,
}

/// A browser that is known, by its cookie.
pub(super) struct Browser {
    id: String,
    /// What a form has to send back, so that no other site can send it.
    pub(super) token: String,
    fresh: bool,
}

/// A flow that a browser began.
#[derive(Clone)]
pub(super) struct DemoFlow {
    /// The id of the flow, or of the journey.
    pub(super) flow: String,
    /// Whether it has several steps.
    pub(super) journey: bool,
    pub(super) service: String,
    pub(super) service_name: Text,
    pub(super) organization: Text,
    pub(super) capability: String,
    pub(super) fields: Vec<(String, Text)>,
    pub(super) steps: Vec<Text>,
    pub(super) challenge: Challenge,
    pub(super) times: (Timestamp, Timestamp),
    pub(super) civil_no: Option<CivilNo>,
    /// What only this capability is asked with: a scanned code, a preview token, the name of a template.
    pub(super) matter: serde_json::Map<String, serde_json::Value>,
    pub(super) channel: Channel,
    /// The page to send the person to, where the demo has none of its own.
    pub(super) page: String,
    pub(super) inputs: serde_json::Map<String, serde_json::Value>,
    pub(super) attempt: u8,
}

impl Sessions {
    /// The browser that sent these headers; a new one if it is not known.
    pub(super) fn browser(&self, headers: &HeaderMap, site: &Site) -> Browser {
        let mut inner = self.lock();
        inner.turn += 1;
        let turn = inner.turn;
        if let Some(id) = cookie(headers, cookie_name(site))
            && let Some(session) = inner.sessions.get_mut(&id)
        {
            session.used = turn;
            return Browser {
                token: session.token.clone(),
                id,
                fresh: false,
            };
        }
        inner.make_room();
        let (id, token) = (random(), random());
        inner.sessions.insert(
            id.clone(),
            Session {
                token: token.clone(),
                flows: Vec::new(),
                used: turn,
            },
        );
        Browser {
            id,
            token,
            fresh: true,
        }
    }

    /// Remembers a flow as begun by this browser.
    pub(super) fn keep(&self, browser: &Browser, flow: DemoFlow) {
        if let Some(session) = self.lock().sessions.get_mut(&browser.id) {
            session.flows.retain(|kept| kept.flow != flow.flow);
            if session.flows.len() == MOST_FLOWS {
                session.flows.remove(0);
            }
            session.flows.push(flow);
        }
    }

    /// The flow that this browser began last.
    pub(super) fn latest(&self, browser: &Browser) -> Option<DemoFlow> {
        let inner = self.lock();
        inner.sessions.get(&browser.id)?.flows.last().cloned()
    }

    /// A flow, if this browser began it (threat B-15).
    pub(super) fn flow(&self, browser: &Browser, flow: &str) -> Option<DemoFlow> {
        let inner = self.lock();
        let session = inner.sessions.get(&browser.id)?;
        session.flows.iter().find(|kept| kept.flow == flow).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn make_room(&mut self) {
        while self.sessions.len() >= MOST_SESSIONS {
            let oldest = self.sessions.iter().min_by_key(|(_, session)| session.used);
            let Some(id) = oldest.map(|(id, _)| id.clone()) else {
                return;
            };
            self.sessions.remove(&id);
        }
    }
}

impl Browser {
    /// Whether a form came from a page of this browser.
    pub(super) fn sent(&self, token: Option<&str>) -> bool {
        !self.fresh && bool::from(self.token.as_bytes().ct_eq(token.unwrap_or_default().as_bytes()))
    }

    /// Makes a key of what the form carries and who sends it, so that no browser repeats another's flow.
    pub(super) fn once(&self, nonce: &str) -> String {
        crate::words::Digest::of(format!("{}\0{nonce}", self.id).as_bytes()).to_string()
    }

    /// Gives a new browser its cookie.
    pub(super) fn greet(&self, mut response: Response, site: &Site) -> Response {
        if self.fresh {
            let secure = if site.is_https() { "; Secure" } else { "" };
            let text = format!(
                "{}={}; Path=/; HttpOnly; SameSite=Lax{secure}",
                cookie_name(site),
                self.id
            );
            if let Ok(value) = HeaderValue::from_str(&text) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        response
    }
}

/// 122 random bits.
pub(super) fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The prefix binds the cookie to this host and to TLS; plain HTTP exists on loopback only.
const fn cookie_name(site: &Site) -> &'static str {
    if site.is_https() {
        "__Host-midflow-demo"
    } else {
        "midflow-demo"
    }
}

const MOST_SESSIONS: usize = 4_096;
const MOST_FLOWS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers
    }

    // Threat B-15: a cookie that somebody planted names no session.
    #[test]
    fn a_planted_cookie_is_replaced() {
        let (sessions, site) = (Sessions::default(), Site::of_base("http://localhost:1"));
        let planted = sessions.browser(&headers("midflow-demo=planted"), &site);
        assert!(planted.fresh && planted.id != "planted");
        let again = sessions.browser(&headers(&format!("a=b; midflow-demo={}", planted.id)), &site);
        assert!(!again.fresh && again.token == planted.token);
        assert!(again.sent(Some(&planted.token)) && !again.sent(None) && !again.sent(Some("")));
    }

    #[test]
    fn the_oldest_browser_makes_room() {
        let (sessions, site) = (Sessions::default(), Site::of_base("https://demo.test"));
        let first = sessions.browser(&HeaderMap::new(), &site);
        for _ in 0..MOST_SESSIONS {
            sessions.browser(&HeaderMap::new(), &site);
        }
        assert_eq!(sessions.lock().sessions.len(), MOST_SESSIONS);
        assert!(!sessions.lock().sessions.contains_key(&first.id));
    }
}
