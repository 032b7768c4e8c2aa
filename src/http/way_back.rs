//! The way back from the app on the same device: an address of its own for each opening, bound to the browser that opened
//! the app, and used once (F34, F35).
//!
//! The browser keeps a random value in a cookie; the address carries a proof over that value. Whoever has the address and
//! not the cookie gets nowhere, and the cookie goes with the first arrival.

use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;

use super::api::ApiState;
use super::citizen::view;
use super::message::Message;
use super::page::SiteName;
use super::page::Visitor;
use super::page::cookie;
use crate::connector::AppLink;

/// A link that opens the app, with the way back that belongs to this browser.
pub(super) struct OpenedApp {
    pub(super) href: String,
    handle: String,
    /// The value for the cookie.
    value: String,
}

/// Makes the link for the browser that sent these headers.
pub(super) fn open(link: &AppLink, state: &ApiState, handle: &str, headers: &HeaderMap) -> OpenedApp {
    let kept = cookie(headers, &cookie_name(handle)).filter(|value| is_value(value));
    let value = kept.unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    let proof = state.settings.page_key.way_back(handle, &value);
    let back = format!("{}/f/{handle}/back/{proof}", state.settings.public_base);
    OpenedApp {
        href: link.returning_to(&back),
        handle: handle.to_owned(),
        value,
    }
}

impl OpenedApp {
    /// Gives the browser its cookie, anew each time: the steps of a journey may take longer than one cookie lives.
    pub(super) fn keep(&self, mut response: Response, state: &ApiState) -> Response {
        set(&mut response, state, &self.handle, &self.value, LIFE);
        response
    }
}

/// Takes in a browser that comes back from the app: once, and only the one that left.
pub(super) async fn arrive(
    State(state): State<ApiState>,
    visitor: Visitor,
    Path((handle, proof)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let (_, flow) = match view(&state, &handle).await {
        Ok(found) => found,
        Err(nothing) => return nothing.page(&visitor, &handle),
    };
    let visitor = visitor.in_language(flow.locale);
    let kept = cookie(&headers, &cookie_name(&handle)).filter(|value| is_value(value));
    let own = kept.is_some_and(|value| state.settings.page_key.is_way_back(&handle, &value, &proof));
    if !own {
        let ui = visitor.ui();
        let message = Message::new(
            &visitor,
            SiteName::Citizen,
            ui.other_browser,
            ui.other_browser_hint,
        );
        return visitor.show(StatusCode::FORBIDDEN, &message);
    }
    let mut response = Redirect::to(&format!("/f/{handle}")).into_response();
    set(&mut response, &state, &handle, "", 0);
    response
}

fn set(response: &mut Response, state: &ApiState, handle: &str, value: &str, life: u32) {
    let secure = if state.settings.public_base.starts_with("https://") {
        "; Secure"
    } else {
        ""
    };
    let text = format!(
        "{}={value}; Path=/f/{handle}; Max-Age={life}; HttpOnly; SameSite=Lax{secure}",
        cookie_name(handle)
    );
    if let Ok(text) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, text);
    }
}

/// Each flow has a cookie of its own, so that two tabs don't take each other's way.
fn cookie_name(handle: &str) -> String {
    let short: String = handle.chars().rev().take(8).collect();
    format!("midflow-back-{short}")
}

fn is_value(value: &str) -> bool {
    value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// As long as any flow lives, in seconds.
const LIFE: u32 = 900;
