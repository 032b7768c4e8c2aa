use std::convert::Infallible;
use std::time::Duration;

use axum::extract::Path;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::KeepAlive;
use axum::response::sse::Sse;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::site::ConsoleState;
use crate::engine::EngineEvent;
use crate::words::FlowId;

/// Tells that something changed, anywhere.
pub(super) async fn all(State(state): State<ConsoleState>) -> Response {
    changes(state.flows.subscribe(), None)
}

/// Tells that something of one flow changed, or that the catalog did.
pub(super) async fn one(State(state): State<ConsoleState>, Path(flow): Path<String>) -> Response {
    match FlowId::parse(&flow) {
        Some(flow) => changes(state.flows.subscribe(), Some(flow)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A stream of `change` events. They carry nothing: the page asks for itself again, so what it shows always
/// comes from one place.
fn changes(mut events: Receiver<EngineEvent>, only: Option<FlowId>) -> Response {
    let (sender, receiver) = mpsc::channel::<Result<Event, Infallible>>(4);
    tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = sender.closed() => return,
            };
            let matters = match event {
                Ok(EngineEvent::Flow { flow, .. }) => only.is_none_or(|only| only == flow),
                Ok(_) | Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => return,
            };
            if !matters {
                continue;
            }
            // A page that is slower than the engine misses nothing: one event is as good as ten.
            let change = Event::default().event("change").data("change");
            if let Err(mpsc::error::TrySendError::Closed(_)) = sender.try_send(Ok(change)) {
                return;
            }
        }
    });
    Sse::new(ReceiverStream::new(receiver))
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)).text(""))
        .into_response()
}
