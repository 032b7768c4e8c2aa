use std::time::Duration;

use axum::Form;
use axum::Json;
use axum::extract::FromRequest;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use crate::sandbox::handle::PersonAct;
use crate::sandbox::handle::PhoneError;
use crate::sandbox::handle::SandboxHandle;
use crate::sandbox::scenario::Scenario;
use crate::words::CivilNo;
use crate::words::Locale;

/// What may come with a tap, as a form or as JSON; all of it may be missing.
#[derive(Default, Deserialize)]
pub(super) struct Tap {
    /// The request that the person saw; the newest open one if missing.
    request: Option<String>,
    civil_no: Option<String>,
    delay_ms: Option<u64>,
    /// The text of a code that the person scans.
    text: Option<String>,
    /// Where the person came from, to go back there.
    back: Option<String>,
    lang: Option<String>,
}

/// `POST /citizens/{civil_no}/approve|decline|ignore|revoke|disarm`.
pub(super) async fn act(
    State(sandbox): State<SandboxHandle>,
    Path((civil_no, act)): Path<(String, String)>,
    headers: HeaderMap,
    tap: Tap,
) -> Response {
    let Ok(citizen) = CivilNo::parse(&civil_no) else {
        return fault(StatusCode::NOT_FOUND, &PhoneError::NoSuchCitizen.to_string());
    };
    let done = match act.as_str() {
        "approve" => sandbox.act(PersonAct::Approve, &citizen, tap.request.as_deref()),
        "decline" => sandbox.act(PersonAct::Decline, &citizen, tap.request.as_deref()),
        "ignore" => sandbox.act(PersonAct::Ignore, &citizen, tap.request.as_deref()),
        "revoke" => sandbox.revoke(&citizen).map(|()| String::new()),
        "disarm" => {
            sandbox.disarm(&citizen);
            Ok(String::new())
        }
        _ => {
            return fault(
                StatusCode::NOT_FOUND,
                "the acts are approve, decline, ignore, revoke and disarm",
            );
        }
    };
    if wants_page(&headers) {
        // The page itself shows what has become of the request, even if somebody was quicker.
        return back_to(&civil_no, tap.lang.as_deref());
    }
    match done {
        Ok(request) => Json(json!({ "act": act, "request": request })).into_response(),
        Err(PhoneError::NoSuchCitizen) => {
            fault(StatusCode::NOT_FOUND, &PhoneError::NoSuchCitizen.to_string())
        }
        Err(other) => fault(StatusCode::CONFLICT, &other.to_string()),
    }
}

/// `POST /authority/change-stamp-key|revoke-stamp-key|stop-responder|start-responder|stop-time-stamper|start-time-stamper`: what
/// the authority itself does.
pub(super) async fn of_authority(State(sandbox): State<SandboxHandle>, Path(act): Path<String>) -> Response {
    match act.as_str() {
        "change-stamp-key" => sandbox.change_stamp_key(),
        "revoke-stamp-key" => sandbox.revoke_stamp_key(),
        "stop-responder" => sandbox.serve_responder(false),
        "start-responder" => sandbox.serve_responder(true),
        "stop-time-stamper" => sandbox.serve_time_stamper(false),
        "start-time-stamper" => sandbox.serve_time_stamper(true),
        _ => {
            return fault(
                StatusCode::NOT_FOUND,
                "the authority's acts are change-stamp-key, revoke-stamp-key, and stop- or start- with responder or \
                 time-stamper",
            );
        }
    }
    Json(json!({ "act": act })).into_response()
}

/// `POST /scan` with the civil number and the text of the code: the person scans it, and answers as they are.
pub(super) async fn scan(State(sandbox): State<SandboxHandle>, headers: HeaderMap, tap: Tap) -> Response {
    let civil_no = tap.civil_no.unwrap_or_default();
    let citizen = match CivilNo::parse(&civil_no) {
        Ok(citizen) => citizen,
        Err(reason) => return fault(StatusCode::UNPROCESSABLE_ENTITY, &reason.to_string()),
    };
    let text = tap.text.unwrap_or_default();
    let scanned = sandbox.scan(text.trim(), &citizen);
    if wants_page(&headers) {
        let said = match &scanned {
            Ok(_) => "",
            Err(PhoneError::LevelTooLow) => "&said=level",
            Err(_) => "&said=code",
        };
        let back = tap.back.as_deref().filter(|back| is_page(back));
        let back = back.map_or_else(String::new, |back| format!("&back={}", escaped(back)));
        let digits: String = civil_no.chars().filter(char::is_ascii_digit).collect();
        let locale = tap
            .lang
            .as_deref()
            .and_then(Locale::from_name)
            .unwrap_or_default();
        return Redirect::to(&format!("/as/{digits}?lang={locale}{said}{back}")).into_response();
    }
    match scanned {
        Ok(request) => Json(json!({ "act": "scan", "request": request })).into_response(),
        Err(reason @ PhoneError::LevelTooLow) => fault(StatusCode::CONFLICT, &reason.to_string()),
        Err(reason) => fault(StatusCode::NOT_FOUND, &reason.to_string()),
    }
}

/// Whether somebody can be led there: a page, and nothing that runs.
pub(super) fn is_page(url: &str) -> bool {
    url.len() <= 2_048 && (url.starts_with("https://") || url.starts_with("http://"))
}

fn escaped(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

/// `POST /trigger/{scenario}` with the civil number, or without one for whoever is asked next.
pub(super) async fn trigger(
    State(sandbox): State<SandboxHandle>,
    Path(name): Path<String>,
    headers: HeaderMap,
    tap: Tap,
) -> Response {
    let Some(scenario) = Scenario::from_name(&name) else {
        return fault(
            StatusCode::NOT_FOUND,
            "there is no such scenario; GET /scenarios lists them",
        );
    };
    let citizen = match tap.civil_no.as_deref().map(CivilNo::parse) {
        Some(Err(reason)) => return fault(StatusCode::UNPROCESSABLE_ENTITY, &reason.to_string()),
        Some(Ok(citizen)) => Some(citizen),
        None => None,
    };
    let delay = tap.delay_ms.map(Duration::from_millis);
    if let Err(reason) = sandbox.arm(scenario, citizen.as_ref(), delay) {
        return fault(StatusCode::NOT_FOUND, &reason.to_string());
    }
    match tap.civil_no {
        Some(civil_no) if wants_page(&headers) => back_to(&civil_no, tap.lang.as_deref()),
        civil_no => {
            Json(json!({ "armed": name, "civil_no": civil_no, "delay_ms": tap.delay_ms })).into_response()
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Tap {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/x-www-form-urlencoded") {
            let form = Form::<Self>::from_request(request, state).await;
            return form.map(|Form(tap)| tap).map_err(IntoResponse::into_response);
        }
        let body = axum::body::Bytes::from_request(request, state).await;
        let body = body.map_err(IntoResponse::into_response)?;
        if body.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(&body).map_err(|_| {
            fault(
                StatusCode::UNPROCESSABLE_ENTITY,
                "the body is JSON with `civil_no`, `delay_ms`, `request` or `text`, each optional",
            )
        })
    }
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|kinds| kinds.contains("text/html"))
}

/// Post, redirect, get: reloading the page repeats nothing. Only digits and a known language go into the URL.
fn back_to(civil_no: &str, lang: Option<&str>) -> Response {
    let locale = lang.and_then(Locale::from_name).unwrap_or_default();
    let digits: String = civil_no.chars().filter(char::is_ascii_digit).collect();
    Redirect::to(&format!("/as/{digits}?lang={locale}")).into_response()
}

fn fault(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({ "error": reason }))).into_response()
}
