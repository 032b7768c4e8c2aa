//! The stream that a page of a flow listens to: one event, `ended`, once what the page shows is over.
//!
//! A page shows one step of a journey, and the step may be over before its stream is there: people answer fast, and
//! connections break. So each page says which step it shows, and one that is past is told at once.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::KeepAlive;
use axum::response::sse::Sse;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::api::ApiState;
use super::browser;
use super::page::Visitor;
use crate::engine::FlowView;

/// The step of a journey that a page shows while it listens.
#[derive(Deserialize)]
pub(super) struct ShownStep {
    /// Its number; missing where the flow is no step.
    step: Option<usize>,
}

impl ShownStep {
    /// Whether the journey has gone on to another step since.
    fn is_past(&self, now: &FlowView) -> bool {
        self.step
            .is_some_and(|shown| now.step.as_ref().is_none_or(|place| place.number != shown))
    }
}

/// Where the page that shows a flow listens: `path` with what it shows.
pub(super) fn address(path: &str, view: &FlowView) -> String {
    match &view.step {
        Some(place) => format!("{path}?step={}", place.number),
        None => path.to_owned(),
    }
}

/// `GET /f/{handle}/events`, for the browser that the page belongs to.
pub(super) async fn follow(
    State(state): State<ApiState>,
    visitor: Visitor,
    Path(handle): Path<String>,
    Query(shown): Query<ShownStep>,
    headers: HeaderMap,
) -> Response {
    match browser::owned(&state, &visitor, &handle, &headers).await {
        Ok((client, view)) => of_page(&state, client, &shown, &view),
        Err(instead) if instead.status() == StatusCode::SERVICE_UNAVAILABLE => later(),
        Err(instead) => instead.status().into_response(),
    }
}

/// A stream without an event. A browser asks again where one ends, and never where it was refused.
pub(super) fn later() -> Response {
    until_ended(|_| std::future::ready(None))
}

/// The stream of a page, to whom it may be told; `view` is what the page would show now.
pub(super) fn of_page(state: &ApiState, client: String, shown: &ShownStep, view: &FlowView) -> Response {
    let flows = state.flows.clone();
    let (flow, is_past) = (view.flow, shown.is_past(view));
    until_ended(move |time| {
        let (flows, client) = (flows.clone(), client.clone());
        async move {
            if is_past {
                return Some(true);
            }
            flows.wait(&client, flow, time).await.ok().map(|view| view.ended)
        }
    })
}

/// A stream that tells the end of a flow, and nothing else. `wait` answers `None` when there is nothing more
/// to wait for.
pub(super) fn until_ended<F>(wait: impl Fn(Duration) -> F + Send + 'static) -> Response
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
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)).text(""))
        .into_response()
}

const WAIT: Duration = Duration::from_secs(30);
