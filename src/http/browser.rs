//! Whose page a flow's page is (threat B-15): the first browser that opens it keeps it, by a random value in a cookie. To any
//! other the page says nothing of the flow, whatever it was sent.

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;

use super::api::ApiState;
use super::citizen::view;
use super::nothing::Nothing;
use super::other_browser::OtherBrowser;
use super::page::Visitor;
use super::page::cookie;
use crate::engine::FlowView;
use crate::words::Digest;

/// The browser that sent a request, known by its cookie or new.
pub(super) struct Browser {
    value: String,
    is_new: bool,
}

impl Browser {
    fn of(headers: &HeaderMap, state: &ApiState) -> Self {
        let kept = cookie(headers, cookie_name(state)).filter(|value| is_value(value));
        Self {
            is_new: kept.is_none(),
            // 122 random bits.
            value: kept.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string()),
        }
    }

    fn digest(&self) -> Digest {
        Digest::of(self.value.as_bytes())
    }

    /// Whether a flow may be shown to this browser: it is its own, or nobody's.
    fn may_see(&self, flow: &FlowView) -> bool {
        flow.browser
            .is_none_or(|owner| !self.is_new && owner == self.digest())
    }

    /// Gives a new browser its cookie.
    pub(super) fn greet(&self, mut response: Response, state: &ApiState) -> Response {
        if self.is_new {
            let secure = if is_https(state) { "; Secure" } else { "" };
            let text = format!(
                "{}={}; Path=/; Max-Age={LIFE}; HttpOnly; SameSite=Lax{secure}",
                cookie_name(state),
                self.value
            );
            if let Ok(text) = HeaderValue::from_str(&text) {
                response.headers_mut().append(header::SET_COOKIE, text);
            }
        }
        response
    }
}

/// The flow of a page, its client and the browser, if the page is this browser's; it becomes so if it is nobody's yet.
///
/// # Errors
/// The page to show instead.
pub(super) async fn opened(
    state: &ApiState,
    visitor: &Visitor,
    handle: &str,
    headers: &HeaderMap,
) -> Result<(String, FlowView, Browser), Box<Response>> {
    let nothing = |nothing: Nothing| Box::new(nothing.page(visitor, handle));
    let (client, flow) = view(state, handle).await.map_err(nothing)?;
    let browser = Browser::of(headers, state);
    if flow.browser.is_some() || flow.ended {
        return if browser.may_see(&flow) {
            Ok((client, flow, browser))
        } else {
            Err(Box::new(other_browser(visitor, handle, &flow)))
        };
    }
    match state.flows.opened(&client, flow.flow, browser.digest()).await {
        // Two may have opened it at the same moment: then it is the other's. A flow that has ended meanwhile is nobody's.
        Ok(flow) if flow.browser.is_none_or(|owner| owner == browser.digest()) => Ok((client, flow, browser)),
        Ok(flow) => Err(Box::new(other_browser(visitor, handle, &flow))),
        // What failed may be on record all the same: then the page is this browser's.
        Err(problem) => {
            let page = Nothing::of(&problem).page(visitor, handle);
            Err(Box::new(browser.greet(page, state)))
        }
    }
}

/// The same for what a page that was opened before sends or fetches: nothing becomes anybody's by it.
///
/// # Errors
/// The page to show instead.
pub(super) async fn owned(
    state: &ApiState,
    visitor: &Visitor,
    handle: &str,
    headers: &HeaderMap,
) -> Result<(String, FlowView), Box<Response>> {
    let nothing = |nothing: Nothing| Box::new(nothing.page(visitor, handle));
    let (client, flow) = view(state, handle).await.map_err(nothing)?;
    if Browser::of(headers, state).may_see(&flow) {
        Ok((client, flow))
    } else {
        Err(Box::new(other_browser(visitor, handle, &flow)))
    }
}

fn other_browser(visitor: &Visitor, handle: &str, flow: &FlowView) -> Response {
    let page = OtherBrowser::new(visitor, handle, flow.final_outcome().is_some());
    visitor.show(StatusCode::FORBIDDEN, &page)
}

fn is_https(state: &ApiState) -> bool {
    state.settings.public_base.starts_with("https://")
}

/// The prefix binds the cookie to this host and to TLS; plain HTTP exists on loopback only.
fn cookie_name(state: &ApiState) -> &'static str {
    if is_https(state) {
        "__Host-midflow-browser"
    } else {
        "midflow-browser"
    }
}

fn is_value(value: &str) -> bool {
    value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A day: longer than any flow runs, and long enough to look at its ending once more.
const LIFE: u32 = 86_400;
