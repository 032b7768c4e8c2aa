use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::KeepAlive;
use axum::response::sse::Sse;
use axum::routing::get;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::api::ApiState;
use super::clock::PageClock;
use super::flows::Flows;
use super::headers::Site;
use super::headers::page_headers;
use super::message::Message;
use super::page::Page;
use super::page::SiteName;
use super::page::Visitor;
use super::shown;
use super::waiting::Ended;
use super::waiting::Waiting;
use crate::engine::FlowView;
use crate::words::FlowId;
use crate::words::Text;

/// The page of a flow, for the person who was asked: `/f/{handle}`. Shows no personal data.
pub(super) fn pages(state: ApiState) -> Router {
    let site = Site::of_base(&state.settings.public_base);
    Router::new()
        .route("/f/{handle}", get(show))
        .route("/f/{handle}/events", get(follow))
        .layer(middleware::from_fn_with_state(site, page_headers))
        .with_state(state)
}

#[derive(Template)]
#[template(path = "http/citizen.html")]
struct CitizenPage {
    page: Page,
    organization: Text,
    waiting: Option<Waiting>,
    outcome: Option<Ended>,
}

async fn show(State(state): State<ApiState>, visitor: Visitor, Path(handle): Path<String>) -> Response {
    let Some(view) = view(&state, &handle).await else {
        let message = Message::not_found(&visitor, SiteName::Citizen);
        return visitor.show(StatusCode::NOT_FOUND, &message);
    };
    let ui = visitor.ui();
    let catalog = state.flows.catalog();
    let organization = catalog.organization().name.clone();
    let outcome = view.ended.then_some(()).and(view.outcome).map(|outcome| Ended {
        class: outcome.class().as_str(),
        heading: shown::class(ui, outcome.class()),
        say: view
            .decision
            .as_ref()
            .map_or_else(|| outcome.text(), |decision| decision.say.clone()),
        service: view.service_name.clone(),
    });
    let waiting = outcome.is_none().then(|| {
        let service = catalog.service(view.service.as_str());
        Waiting::new(
            organization.clone(),
            view.service_name.clone(),
            &view.challenge,
            (view.created_at, view.expires_at),
            PageClock::system(),
            service
                .map(|loaded| loaded.service.notices.steps.clone())
                .unwrap_or_default(),
            format!("/f/{handle}/events"),
        )
    });
    let title = outcome.as_ref().map_or(ui.look_at_phone, |ended| ended.heading);
    let page = CitizenPage {
        page: Page::new(&visitor, SiteName::Citizen, title),
        organization,
        waiting,
        outcome,
    };
    visitor.show(StatusCode::OK, &page)
}

/// One event, `ended`, once the flow has ended.
async fn follow(State(state): State<ApiState>, Path(handle): Path<String>) -> Response {
    let clients = state.settings.keys.clients();
    let Some((client, flow)) = state.settings.page_key.open(&handle, clients) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let flows = state.flows.clone();
    let client = client.to_owned();
    until_ended(move |time| {
        let (flows, client) = (flows.clone(), client.clone());
        async move { has_ended(&flows, &client, flow, time).await }
    })
}

/// A stream that tells the end of a flow, and nothing else. `wait` answers `None` when there is nothing more
/// to wait for.
pub(super) fn until_ended<F>(wait: impl Fn(std::time::Duration) -> F + Send + 'static) -> Response
where
    F: Future<Output = Option<bool>> + Send,
{
    let (sender, receiver) = mpsc::channel::<Result<Event, Infallible>>(1);
    tokio::spawn(async move {
        loop {
            let ended = tokio::select! {
                ended = wait(WAIT) => ended,
                () = sender.closed() => return,
            };
            match ended {
                Some(false) => {}
                Some(true) => {
                    let _ = sender
                        .send(Ok(Event::default().event("ended").data("ended")))
                        .await;
                    return;
                }
                None => return,
            }
        }
    });
    Sse::new(ReceiverStream::new(receiver))
        .keep_alive(
            KeepAlive::new()
                .interval(std::time::Duration::from_secs(15))
                .text(""),
        )
        .into_response()
}

async fn has_ended(
    flows: &Arc<dyn Flows>,
    client: &str,
    flow: FlowId,
    time: std::time::Duration,
) -> Option<bool> {
    flows.wait(client, flow, time).await.ok().map(|view| view.ended)
}

async fn view(state: &ApiState, handle: &str) -> Option<FlowView> {
    let (client, flow) = state
        .settings
        .page_key
        .open(handle, state.settings.keys.clients())?;
    state.flows.view(client, flow).await.ok()
}

const WAIT: std::time::Duration = std::time::Duration::from_secs(30);
