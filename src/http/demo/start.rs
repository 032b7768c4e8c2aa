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
use super::form::capability;
use super::labels;
use super::service_page::show_form;
use super::session::DemoFlow;
use super::site::DemoState;
use crate::http::message::Message;
use crate::http::page::SiteName;
use crate::http::page::Visitor;
use crate::http::ui::Ui;
use crate::policy::OwnSettings;
use crate::policy::Service;
use crate::words::Capability;
use crate::words::Challenge;
use crate::words::Channel;
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
            // What is signed is read and confirmed on the page of the flow, where it can be proved that it was. The way there
            // is a link: no form of this site may lead to another (`form-action`).
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
    let body = request(&state, &kept, visitor.locale, Some(&kept.flow));
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

/// Asks for a new code in the place of the one that is shown.
pub(super) async fn renew(
    State(state): State<DemoState>,
    visitor: Visitor,
    Path(flow): Path<String>,
    headers: HeaderMap,
    Posted(typed): Posted<HashMap<String, String>>,
) -> Response {
    let browser = state.sessions.browser(&headers, &state.site);
    let ui = visitor.ui();
    let kept = state.sessions.flow(&browser, &flow);
    let Some(kept) = kept.filter(|_| browser.sent(typed.get("token").map(String::as_str))) else {
        let message = Message::new(&visitor, SiteName::Demo, ui.something_wrong, ui.flow_unknown_hint);
        return visitor.show(StatusCode::CONFLICT, &message);
    };
    let once = browser.once(&format!("renew {}", kept.flow));
    let renewed = state.api.renew(&kept.flow, &once).await.ok();
    let path = match renewed.and_then(|answer| taken_over(kept, answer)) {
        Some(newer) => {
            let path = format!("/flows/{}", newer.flow);
            state.sessions.keep(&browser, newer);
            path
        }
        // Somebody has answered meanwhile: the page says how it ended.
        None => format!("/flows/{flow}"),
    };
    Redirect::to(&path).into_response()
}

async fn begin(
    state: &DemoState,
    service: &Service,
    organization: Text,
    filled: Filled,
    locale: Locale,
    once: &str,
) -> Result<DemoFlow, ApiFault> {
    let capability = capability(service);
    let signs = service.journey.as_ref().is_some_and(|journey| {
        journey.steps.iter().any(|step| {
            step.as_ask()
                .is_some_and(|ask| ask.capability == Capability::Sign)
        })
    });
    let channel = [Channel::Web]
        .into_iter()
        .chain(service.channels.iter().copied())
        .find(|channel| service.channels.contains(channel))
        .unwrap_or(Channel::Web);
    let wanted = DemoFlow {
        flow: String::new(),
        journey: service.journey.is_some(),
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
        matter: matter(
            state,
            service,
            if signs { Capability::Sign } else { capability },
            &filled,
            locale,
        )
        .await?,
        civil_no: filled.civil_no,
        channel,
        page: String::new(),
        inputs: filled.inputs,
        attempt: 1,
    };
    let body = request(state, &wanted, locale, None);
    let answer = state.api.start(&body, once).await?;
    taken_over(wanted, answer).ok_or(ApiFault::Unavailable)
}

/// What only one capability is asked with.
async fn matter(
    state: &DemoState,
    service: &Service,
    capability: Capability,
    filled: &Filled,
    locale: Locale,
) -> Result<serde_json::Map<String, serde_json::Value>, ApiFault> {
    let mut matter = serde_json::Map::new();
    match (
        capability,
        &service.capability(capability).map(|settings| &settings.own),
    ) {
        (Capability::VerifyQr, _) => {
            matter.insert("qr_data".to_owned(), filled.scanned.clone().into());
        }
        (Capability::Sign, _) => {
            let text = paper(service, &filled.inputs, locale);
            let token = state
                .api
                .keep_document(&paper_name(service, locale), &text)
                .await?;
            matter.insert("document".to_owned(), token.into());
        }
        (Capability::Notify, Some(OwnSettings::Notify(settings))) => {
            let first = settings.templates.keys().next();
            matter.insert("template".to_owned(), first.cloned().into());
        }
        _ => {}
    }
    Ok(matter)
}

/// The paper that the demo has signed: what was typed, over what the service is for. A real e-service has its own.
fn paper(service: &Service, inputs: &serde_json::Map<String, serde_json::Value>, locale: Locale) -> String {
    let mut text = format!(
        "{}\n\n{}\n",
        service.name.in_locale(locale),
        service.purpose.in_locale(locale)
    );
    for (name, value) in inputs {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.push_str(&format!("\n{}: {value}", labels::input(name, locale).text));
    }
    text.push('\n');
    text
}

fn paper_name(service: &Service, locale: Locale) -> String {
    format!("{}.txt", service.name.in_locale(locale))
}

fn request(state: &DemoState, flow: &DemoFlow, locale: Locale, retry_of: Option<&str>) -> serde_json::Value {
    let person = flow
        .civil_no
        .as_ref()
        .map(|number| serde_json::json!({ "civil_no": number.expose(Purpose::Wire) }));
    let mut body = serde_json::json!({
        "service": flow.service,
        "channel": flow.channel.as_str(),
        "locale": locale.as_str(),
        "person": person,
        "inputs": flow.inputs,
        "return_url": format!("{}/flows/latest", state.settings.public_base),
    });
    if let Some(members) = body.as_object_mut() {
        if !flow.journey {
            members.insert("capability".to_owned(), flow.capability.as_str().into());
            members.insert("retry_of".to_owned(), retry_of.into());
        }
        members.extend(flow.matter.clone());
    }
    body
}

/// What the API answered, beside what was asked.
fn taken_over(wanted: DemoFlow, answer: ApiFlow) -> Option<DemoFlow> {
    if let Some(journey) = answer.journey {
        // Numbers and times belong to its steps, and those are shown on its page.
        return Some(DemoFlow {
            flow: journey,
            page: answer.page.unwrap_or_default(),
            ..wanted
        });
    }
    let challenge = serde_json::from_value(serde_json::Value::String(answer.challenge)).ok()?;
    Some(DemoFlow {
        flow: answer.flow,
        challenge,
        times: (
            Timestamp::parse(&answer.created_at)?,
            Timestamp::parse(&answer.expires_at)?,
        ),
        steps: answer.notices.map(|notices| notices.steps).unwrap_or_default(),
        page: answer.page.unwrap_or_default(),
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
            "unknown_template" | "invalid_document" => ui.error_inputs,
            "store_unavailable" | "shutting_down" => ui.error_unavailable,
            "retry_not_allowed" => ui.error_no_retry,
            _ => ui.error_other,
        },
    }
}
