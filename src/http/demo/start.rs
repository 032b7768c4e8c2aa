use std::collections::HashMap;

use axum::Form as Posted;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;

use super::client::ApiFault;
use super::client::ApiFlow;
use super::form::Filled;
use super::form::Form;
use super::service_page::show_form;
use super::session::DemoFlow;
use super::site::DemoState;
use crate::http::message::Message;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::http::ui::Ui;
use crate::policy::Service;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::Locale;
use crate::words::Purpose;
use crate::words::Text;
use crate::words::Timestamp;

/// Takes the form of a service page; begins a flow if everything is in order and the notices were read.
pub(super) async fn start(
    State(state): State<DemoState>,
    visitor: Visitor,
    Path(name): Path<String>,
    headers: HeaderMap,
    Posted(typed): Posted<HashMap<String, String>>,
) -> Response {
    let browser = state.sessions.browser(&headers, &state.site);
    let catalog = state.catalog();
    let Some(loaded) = catalog.service(&name) else {
        return visitor.show(
            StatusCode::NOT_FOUND,
            &Message::not_found(&visitor, SiteName::Demo),
        );
    };
    let service = &loaded.service;
    let ui = visitor.ui();
    let mut form = Form::with(service, visitor.locale, &typed);
    if !browser.sent(typed.get("token").map(String::as_str)) {
        form.fault = Some(ui.error_form_old);
        return show_form(&state, &visitor, &browser, service, form);
    }
    let Some(filled) = form.check(service, ui) else {
        return show_form(&state, &visitor, &browser, service, form);
    };
    let once = browser.once(typed.get("once").map(String::as_str).unwrap_or_default());
    let organization = catalog.organization().name.clone();
    match begin(&state, service, organization, filled, visitor.locale, &once).await {
        Ok(flow) => {
            let path = format!("/flows/{}", flow.flow);
            state.sessions.keep(&browser, flow);
            Redirect::to(&path).into_response()
        }
        Err(fault) => {
            blame(&mut form, &fault, ui);
            show_form(&state, &visitor, &browser, service, form)
        }
    }
}

/// Begins the same once more, where the decision of the policy lets the person.
pub(super) async fn retry(
    State(state): State<DemoState>,
    visitor: Visitor,
    Path(flow): Path<String>,
    headers: HeaderMap,
    Posted(typed): Posted<HashMap<String, String>>,
) -> Response {
    let browser = state.sessions.browser(&headers, &state.site);
    let ui = visitor.ui();
    let refuse = |hint: &str| {
        let message = Message::new(&visitor, SiteName::Demo, ui.something_wrong, hint);
        visitor.show(StatusCode::CONFLICT, &message)
    };
    if !browser.sent(typed.get("token").map(String::as_str)) {
        return refuse(ui.error_form_old);
    }
    let Some(kept) = state.sessions.flow(&browser, &flow) else {
        return refuse(ui.flow_unknown_hint);
    };
    let body = request(&kept, visitor.locale, Some(&kept.flow));
    match state
        .api
        .start(&body, &browser.once(&format!("retry {}", kept.flow)))
        .await
    {
        Ok(answer) => {
            let path = format!("/flows/{}", answer.flow);
            let attempt = kept.attempt.saturating_add(1);
            if let Some(flow) = taken_over(DemoFlow { attempt, ..kept }, answer) {
                state.sessions.keep(&browser, flow);
            }
            Redirect::to(&path).into_response()
        }
        Err(fault) => refuse(words_for(&fault, ui)),
    }
}

async fn begin(
    state: &DemoState,
    service: &Service,
    organization: Text,
    filled: Filled,
    locale: Locale,
    once: &str,
) -> Result<DemoFlow, ApiFault> {
    let capability = [Capability::AuthPush]
        .into_iter()
        .chain(service.capabilities.keys().copied())
        .find(|capability| service.capabilities.contains_key(capability))
        .unwrap_or(Capability::AuthPush);
    let wanted = DemoFlow {
        flow: String::new(),
        service: service.id.to_string(),
        service_name: service.name.clone(),
        organization,
        capability: capability.to_string(),
        fields: service
            .fields
            .iter()
            .map(|declared| (declared.field.name().to_string(), declared.field.label()))
            .collect(),
        steps: Vec::new(),
        challenge: Challenge::from_random([0; 8]),
        times: (Timestamp::EPOCH, Timestamp::EPOCH),
        civil_no: filled.civil_no,
        inputs: filled.inputs,
        attempt: 1,
    };
    let answer = state.api.start(&request(&wanted, locale, None), once).await?;
    taken_over(wanted, answer).ok_or(ApiFault::Unavailable)
}

fn request(flow: &DemoFlow, locale: Locale, retry_of: Option<&str>) -> serde_json::Value {
    serde_json::json!({
        "service": flow.service,
        "capability": flow.capability,
        "channel": "web",
        "locale": locale.as_str(),
        "person": { "civil_no": flow.civil_no.expose(Purpose::Wire) },
        "inputs": flow.inputs,
        "retry_of": retry_of,
    })
}

/// What the API answered, beside what was asked.
fn taken_over(wanted: DemoFlow, answer: ApiFlow) -> Option<DemoFlow> {
    let challenge = serde_json::from_value(serde_json::Value::String(answer.challenge)).ok()?;
    Some(DemoFlow {
        flow: answer.flow,
        challenge,
        times: (
            Timestamp::parse(&answer.created_at)?,
            Timestamp::parse(&answer.expires_at)?,
        ),
        steps: answer.notices.map(|notices| notices.steps).unwrap_or_default(),
        ..wanted
    })
}

fn blame(form: &mut Form, fault: &ApiFault, ui: &'static Ui) {
    match fault {
        ApiFault::Problem(code) if code == "invalid_civil_no" => {
            form.civil_no.error = Some(ui.error_civil_no);
        }
        other => form.fault = Some(words_for(other, ui)),
    }
}

fn words_for(fault: &ApiFault, ui: &'static Ui) -> &'static str {
    match fault {
        ApiFault::Unavailable => ui.error_unavailable,
        ApiFault::Problem(code) => match code.as_str() {
            "invalid_input" => ui.error_inputs,
            "too_many_requests" => ui.error_too_many,
            "store_unavailable" | "shutting_down" => ui.error_unavailable,
            "retry_not_allowed" => ui.error_no_retry,
            _ => ui.error_other,
        },
    }
}
