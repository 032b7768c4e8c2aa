use std::collections::HashMap;

use askama::Template;
use axum::Form as Posted;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;

use super::client::ApiFlow;
use super::session::Browser;
use super::session::DemoFlow;
use super::site::DemoState;
use crate::http::brand;
use crate::http::message::Message;
use crate::http::page::Page;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::http::page_events::until_ended;
use crate::http::shown;
use crate::http::ui::Ui;
use crate::http::waiting::Ended;
use crate::http::waiting::PutOff;
use crate::http::waiting::Waiting;
use crate::words::Capability;
use crate::words::OutcomeClass;
use crate::words::QrCode;
use crate::words::Timestamp;

/// The page of a flow: first the wait, then the outcome.
#[derive(Template)]
#[template(path = "http/demo_flow.html")]
struct FlowPage {
    page: Page,
    flow: String,
    token: String,
    waiting: Option<Waiting>,
    put_off: Option<PutOff>,
    /// Whether cards are scanned here, one after another.
    scans: bool,
    outcome: Option<Ended>,
    received: Vec<Received>,
    /// Whether the person may try again.
    retry: bool,
    service: String,
    /// Where the person goes from step to step, as long as the journey runs.
    journey_page: Option<String>,
    /// Where the person reads and confirms what is signed, as long as they have not.
    confirm_page: Option<String>,
    /// Form and digest of the signature that was made.
    signature: Option<(String, String)>,
    /// The flow that has taken the place of this one.
    newer: Option<String>,
    phone_url: Option<String>,
    console_url: Option<String>,
}

/// One declared field with what came. No `Debug`: it is personal.
struct Received {
    label: String,
    value: Option<String>,
}

/// Shows the flow as it stands, to the browser that began it.
pub(super) async fn show(
    State(state): State<DemoState>,
    visitor: Visitor,
    Path(flow): Path<String>,
    headers: HeaderMap,
) -> Response {
    let browser = state.sessions.browser(&headers, &state.site);
    let Some(kept) = state.sessions.flow(&browser, &flow) else {
        return unknown(&visitor);
    };
    match state.api.read(&flow, kept.journey, None).await {
        Ok(answer) => visitor.show(StatusCode::OK, &page(&state, &visitor, &browser, kept, answer)),
        Err(_) => {
            let ui = visitor.ui();
            let message = Message::new(&visitor, SiteName::Demo, ui.something_wrong, ui.error_unavailable);
            visitor.show(StatusCode::BAD_GATEWAY, &message)
        }
    }
}

/// Leads to the flow that this browser began last: where somebody comes back to from another page.
pub(super) async fn latest(State(state): State<DemoState>, visitor: Visitor, headers: HeaderMap) -> Response {
    let browser = state.sessions.browser(&headers, &state.site);
    match state.sessions.latest(&browser) {
        Some(kept) => Redirect::to(&format!("/flows/{}", kept.flow)).into_response(),
        None => unknown(&visitor),
    }
}

/// Tells the end of the flow live.
pub(super) async fn follow(
    State(state): State<DemoState>,
    Path(flow): Path<String>,
    headers: HeaderMap,
) -> Response {
    let browser = state.sessions.browser(&headers, &state.site);
    let Some(kept) = state.sessions.flow(&browser, &flow) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let journey = kept.journey;
    let api = state.api.clone();
    until_ended(move |time| {
        let (api, flow) = (api.clone(), flow.clone());
        async move {
            api.read(&flow, journey, Some(time))
                .await
                .ok()
                .map(|flow| flow.has_ended())
        }
    })
}

/// Cancels the flow.
pub(super) async fn cancel(
    State(state): State<DemoState>,
    visitor: Visitor,
    Path(flow): Path<String>,
    headers: HeaderMap,
    Posted(typed): Posted<HashMap<String, String>>,
) -> Response {
    let browser = state.sessions.browser(&headers, &state.site);
    let sent = browser.sent(typed.get("token").map(String::as_str));
    let kept = state.sessions.flow(&browser, &flow);
    let Some(kept) = kept.filter(|_| sent) else {
        return unknown(&visitor);
    };
    // A flow that has ended meanwhile shows how.
    let _ = state.api.cancel(&flow, kept.journey).await;
    Redirect::to(&format!("/flows/{flow}")).into_response()
}

fn page(
    state: &DemoState,
    visitor: &Visitor,
    browser: &Browser,
    kept: DemoFlow,
    answer: ApiFlow,
) -> FlowPage {
    let ui = visitor.ui();
    let received = received(&kept, &answer, visitor, ui);
    let retry = answer.decision.as_ref().is_some_and(|decision| {
        !kept.journey
            && matches!(decision.then.as_str(), "retry" | "step_up")
            && decision.attempts.is_some_and(|attempts| kept.attempt < attempts)
    });
    let capability = Capability::from_name(&kept.capability);
    let outcome = answer.outcome.map(|outcome| {
        let class = OutcomeClass::from_name(&outcome.class).unwrap_or(OutcomeClass::Other);
        Ended {
            class: class.as_str(),
            heading: shown::ending(ui, capability, class),
            say: outcome.say,
            service: kept.service_name.clone(),
        }
    });
    let code = answer.qr.and_then(|qr| QrCode::new(qr.text));
    let by_code = capability == Some(Capability::AuthQr);
    let renew = format!("/flows/{}/renew", kept.flow);
    let events = format!("/flows/{}/events", kept.flow);
    let clock = state.settings.clock;
    let sends_at = answer.sends_at.as_deref().and_then(Timestamp::parse);
    let put_off = sends_at
        .filter(|_| outcome.is_none())
        .map(|at| PutOff::new(ui, clock, at, kept.service_name.clone(), events.clone()));
    let journey_page = (kept.journey && outcome.is_none()).then(|| kept.page.clone());
    let waiting = (outcome.is_none() && put_off.is_none() && journey_page.is_none()).then(|| {
        let waiting = Waiting::new(
            (kept.organization, brand::address(&state.catalog())),
            (kept.service_name, capability.unwrap_or(Capability::AuthPush)),
            &kept.challenge,
            kept.times,
            clock,
            kept.steps,
            events,
        )
        .showing(code, None);
        if by_code {
            waiting.renewed_at(renew, browser.token.clone())
        } else {
            waiting
        }
    });
    let title = match (&outcome, &waiting) {
        (Some(ended), _) => ended.heading,
        (None, Some(waiting)) => waiting.heading(ui),
        (None, None) if journey_page.is_some() => ui.journey_heading,
        (None, None) => ui.put_off_heading,
    };
    FlowPage {
        page: Page::new(visitor, SiteName::Demo, title),
        flow: kept.flow,
        token: browser.token.clone(),
        waiting,
        put_off,
        scans: capability == Some(Capability::VerifyQr),
        outcome,
        received,
        retry,
        journey_page,
        confirm_page: (answer.held && !kept.page.is_empty()).then(|| kept.page.clone()),
        signature: answer.signature.map(|made| (made.format, made.digest)),
        newer: answer.superseded_by.map(|flow| format!("/flows/{flow}")),
        service: kept.service,
        phone_url: state.settings.phone_url.clone(),
        console_url: state.settings.console_url.clone(),
    }
}

fn received(kept: &DemoFlow, answer: &ApiFlow, visitor: &Visitor, ui: &'static Ui) -> Vec<Received> {
    let Some(person) = &answer.person else {
        return Vec::new();
    };
    kept.fields
        .iter()
        .map(|(name, label)| Received {
            label: label.in_locale(visitor.locale).to_owned(),
            value: person.get(name).map(|value| match value {
                serde_json::Value::Bool(true) => ui.yes.to_owned(),
                serde_json::Value::Bool(false) => ui.no.to_owned(),
                // A portrait is a long text; that it came is enough here.
                serde_json::Value::String(text) if text.len() > 400 => ui.yes.to_owned(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            }),
        })
        .collect()
}

pub(super) fn unknown(visitor: &Visitor) -> Response {
    let ui = visitor.ui();
    let message = Message::new(visitor, SiteName::Demo, ui.flow_unknown, ui.flow_unknown_hint);
    visitor.show(StatusCode::NOT_FOUND, &message)
}
