use std::convert::Infallible;

use axum::extract::Path;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::KeepAlive;
use axum::response::sse::Sse;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::sandbox::handle::SandboxHandle;

/// An event whenever something changes for anybody.
pub(super) async fn everybody(State(sandbox): State<SandboxHandle>) -> Response {
    events(&sandbox, None)
}

/// An event whenever something changes for one citizen. It says only that; the page asks for itself again.
pub(super) async fn one(State(sandbox): State<SandboxHandle>, Path(civil_no): Path<String>) -> Response {
    events(&sandbox, Some(civil_no))
}

fn events(sandbox: &SandboxHandle, of: Option<String>) -> Response {
    let (events, stream) = mpsc::channel(1);
    let mut changes = sandbox.state.changes();
    let stop = sandbox.state.stop.clone();
    sandbox.state.tasks.spawn(async move {
        loop {
            let change = tokio::select! {
                () = stop.cancelled() => return,
                () = events.closed() => return,
                change = changes.recv() => change,
            };
            let concerns = match change {
                Ok(civil_no) => of
                    .as_ref()
                    .is_none_or(|of| civil_no.is_empty() || *of == civil_no),
                // Some were missed, so one of them may have concerned this page.
                Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => return,
            };
            // A full channel holds an event that has not been read, which says the same.
            if concerns
                && events
                    .try_send(Ok::<_, Infallible>(Event::default().data("changed")))
                    .is_err()
                && events.is_closed()
            {
                return;
            }
        }
    });
    Sse::new(ReceiverStream::new(stream))
        .keep_alive(KeepAlive::default())
        .into_response()
}
