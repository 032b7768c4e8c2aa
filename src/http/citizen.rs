use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;

use super::api::ApiState;
use super::brand;
use super::browser;
use super::clock::PageClock;
use super::confirm;
use super::confirm::Confirm;
use super::headers::Site;
use super::headers::document_headers;
use super::headers::page_headers;
use super::nothing::Nothing;
use super::page::Page;
use super::page::SiteName;
use super::page::Visitor;
use super::page_events;
use super::waiting::BetweenSteps;
use super::waiting::Ended;
use super::waiting::PutOff;
use super::waiting::Waiting;
use super::way_back;
use crate::engine::FlowView;
use crate::policy::OwnSettings;
use crate::policy::Service;
use crate::words::Capability;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::Text;

/// The page of a flow, for the person who was asked: `/f/{handle}`. Shows no personal data.
pub(super) fn pages(state: ApiState) -> Router {
    let site = Site::of_base(&state.settings.public_base);
    let documents = Router::new()
        .route("/f/{handle}/document", get(confirm::document))
        .layer(document_headers());
    Router::new()
        .route("/brand/{name}", get(logo))
        .route("/f/{handle}", get(show))
        .route("/f/{handle}/events", get(page_events::follow))
        .route("/f/{handle}/renew", post(renew))
        .route("/f/{handle}/not-me", post(not_me))
        .route("/f/{handle}/back/{proof}", get(way_back::arrive))
        .route("/f/{handle}/confirm", post(confirm::confirm))
        .route("/f/{handle}/withdraw", post(confirm::withdraw))
        .layer(middleware::from_fn_with_state(site, page_headers))
        .merge(documents)
        .with_state(state)
}

#[derive(Template)]
#[template(path = "http/citizen.html")]
struct CitizenPage {
    page: Page,
    organization: Text,
    logo: Option<String>,
    waiting: Option<Waiting>,
    put_off: Option<PutOff>,
    between: Option<BetweenSteps>,
    confirm: Option<Confirm>,
    outcome: Option<Ended>,
    /// That nothing has been signed (R000-106).
    unsigned: Option<Text>,
    /// The page of the flow that has taken the place of this one.
    newer: Option<String>,
    /// Where another code is asked for, once this one has run out.
    renew: Option<String>,
    return_url: Option<String>,
}

async fn show(
    State(state): State<ApiState>,
    visitor: Visitor,
    Path(handle): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (_, view, browser) = match browser::opened(&state, &visitor, &handle, &headers).await {
        Ok(opened) => opened,
        Err(instead) => return *instead,
    };
    // The e-service has told which language the person reads.
    let visitor = visitor.in_language(view.locale);
    let confirm = match view.held {
        true => match Confirm::of(&state, &view, &handle).await {
            Ok(confirm) => Some(confirm),
            // The page may have become this browser's just now.
            Err(nothing) => return browser.greet(nothing.page(&visitor, &handle), &state),
        },
        false => None,
    };
    let response = show_flow(&state, &visitor, &handle, &headers, (view, confirm));
    browser.greet(response, &state)
}

/// Ends a flow that somebody disowns: the person who reads the page, or whoever was sent its address and knows nothing of it.
async fn not_me(State(state): State<ApiState>, visitor: Visitor, Path(handle): Path<String>) -> Response {
    let (client, flow) = match view(&state, &handle).await {
        Ok(found) => found,
        Err(nothing) => return nothing.page(&visitor, &handle),
    };
    // A flow that has ended meanwhile shows how, to whom it belongs.
    let _ = state.flows.disown(&client, flow.flow).await;
    Redirect::to(&format!("/f/{handle}")).into_response()
}

/// Shows a flow as it stands.
pub(super) fn show_flow(
    state: &ApiState,
    visitor: &Visitor,
    handle: &str,
    headers: &HeaderMap,
    (view, confirm): (FlowView, Option<Confirm>),
) -> Response {
    let ui = visitor.ui();
    let path = format!("/f/{handle}");
    let catalog = state.flows.catalog();
    let organization = catalog.organization().name.clone();
    let service = catalog.service(view.service.as_str());
    let events = page_events::address(&format!("{path}/events"), &view);
    let outcome = Ended::of(ui, &view);
    let link = view
        .app_link
        .as_ref()
        .map(|link| way_back::open(link, state, handle, headers));
    let between = BetweenSteps::of(&view, &events);
    let put_off = PutOff::of(ui, &view, &events);
    let logo = brand::address(&catalog);
    let waits = outcome.is_none() && between.is_none() && confirm.is_none() && put_off.is_none();
    let waiting = waits.then(|| {
        let waiting = Waiting::new(
            (organization.clone(), logo.clone()),
            (view.service_name.clone(), view.capability),
            &view.challenge,
            (view.created_at, view.expires_at),
            PageClock::system(),
            service
                .map(|loaded| steps(&loaded.service, view.capability))
                .unwrap_or_default(),
            events,
        )
        .showing(view.qr.clone(), link.as_ref().map(|link| link.href.clone()))
        .disowned_at(format!("{path}/not-me"));
        let waiting = waiting.at_step(view.step.as_ref());
        match view.capability {
            // A step of a journey is not renewed: the journey begins again.
            Capability::AuthQr if view.step.is_none() => {
                waiting.renewed_at(format!("{path}/renew"), String::new())
            }
            _ => waiting,
        }
    });
    let title = match (&outcome, &confirm, &waiting) {
        (Some(ended), ..) => ended.heading,
        (None, Some(confirm), _) => confirm.heading(ui),
        (None, None, Some(waiting)) => waiting.heading(ui),
        (None, None, None) if between.is_some() => ui.between_steps_heading,
        (None, None, None) => ui.put_off_heading,
    };
    let missing = confirm.as_ref().is_some_and(|confirm| confirm.missing);
    let ran_out = view.outcome == Some(Outcome::TimeoutNoAnswer)
        && view.capability == Capability::AuthQr
        && view.step.is_none();
    let page = CitizenPage {
        page: Page::new(visitor, SiteName::Citizen, title),
        organization,
        unsigned: service.and_then(|loaded| nothing_signed(&loaded.service, &view)),
        newer: view.superseded_by.map(|flow| {
            let handle = state.settings.page_key.handle(&view.client, flow);
            format!("/f/{handle}")
        }),
        renew: ran_out.then(|| format!("{path}/renew")),
        return_url: view.return_url.clone().filter(|_| view.ended),
        logo,
        waiting,
        put_off,
        between,
        confirm,
        outcome,
    };
    let status = if missing {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    let response = visitor.show(status, &page);
    match link {
        Some(link) => link.keep(response, state),
        None => response,
    }
}

async fn logo(State(state): State<ApiState>, Path(name): Path<String>) -> Response {
    brand::serve(&state.flows.catalog(), &name)
}

/// R000-106: whatever the ending of a flow to sign is, but an approval, it says that nothing has been signed.
pub(super) fn nothing_signed(service: &Service, view: &FlowView) -> Option<Text> {
    let failed = view
        .outcome
        .is_some_and(|outcome| outcome.class() != OutcomeClass::Approved);
    match &service.capability(Capability::Sign)?.own {
        OwnSettings::Sign(settings) if failed && view.capability == Capability::Sign => {
            Some(settings.unsigned.clone())
        }
        _ => None,
    }
}

/// What to do, step by step; signing has steps of its own (R000-091).
fn steps(service: &Service, capability: Capability) -> Vec<Text> {
    if capability == Capability::Sign && !service.notices.sign_steps.is_empty() {
        service.notices.sign_steps.clone()
    } else {
        service.notices.steps.clone()
    }
}

/// Asks for a new code, and leads to its page.
async fn renew(
    State(state): State<ApiState>,
    visitor: Visitor,
    Path(handle): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (client, view) = match browser::owned(&state, &visitor, &handle, &headers).await {
        Ok(owned) => owned,
        Err(instead) => return *instead,
    };
    let handle = match state.flows.renew(&client, view.flow, None).await {
        Ok(started) => state.settings.page_key.handle(&client, started.view.flow),
        // Somebody was quicker, or a limit is reached: the page says how things stand.
        Err(_) => handle,
    };
    Redirect::to(&format!("/f/{handle}")).into_response()
}

/// The flow of a page, and its client.
pub(super) async fn view(state: &ApiState, handle: &str) -> Result<(String, FlowView), Nothing> {
    let clients = state.settings.keys.clients();
    let opened = state.settings.page_key.open(handle, clients);
    let (client, flow) = opened.ok_or(Nothing::Unknown)?;
    let view = state.flows.view_on_page(client, flow).await;
    Ok((client.to_owned(), view.map_err(|problem| Nothing::of(&problem))?))
}
