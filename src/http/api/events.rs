use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::KeepAlive;
use axum::response::sse::Sse;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::answer::FlowAnswer;
use super::flows::flow_id;
use super::flows::page_of;
use super::router::ApiState;
use super::router::Client;
use crate::engine::EngineEvent;
use crate::engine::FlowView;
use crate::http::flows::Flows;
use crate::http::problem::ApiProblem;
use crate::http::problem::Details;
use crate::words::FlowId;

/// Follow a flow
///
/// Server-sent events: `state` with the flow, at once and after each change; its id is the number of the
/// last record. The stream ends with the flow. After `Last-Event-ID` of the end, the answer is 204.
#[utoipa::path(
    get, path = "/v1/flows/{flow}/events", tag = "flows", operation_id = "follow_flow",
    params(
        ("flow" = String, Path, description = "The id of the flow"),
        ("Last-Event-ID" = Option<String>, Header, description = "The last event that was seen"),
    ),
    responses(
        (status = 200, description = "The events", body = String, content_type = "text/event-stream"),
        (status = 204, description = "Nothing will follow"),
        (status = 401, description = "`unauthorized`", body = Details, content_type = "application/problem+json"),
        (status = 404, description = "`unknown_flow`", body = Details, content_type = "application/problem+json"),
    ),
    security(("key" = [])),
)]
pub(super) async fn follow(
    State(state): State<ApiState>,
    Client(client): Client,
    Path(flow): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiProblem> {
    let flow = flow_id(&flow)?;
    let seen = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    // Subscribed before the first look, so that no change falls between the two.
    let changes = state.flows.subscribe();
    let last = last_record(&*state.flows, flow).await;
    let view = state.flows.view(&client, flow).await?;
    if view.ended && seen.is_some() && seen == last {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let (sender, receiver) = mpsc::channel(16);
    let follower = Follower {
        flows: state.flows.clone(),
        page: page_of(&state, &client, flow),
        client,
        flow,
        sent: seen,
        sender,
    };
    tokio::spawn(follower.run(changes, view, last));
    let stream = ReceiverStream::new(receiver);
    let keep_alive = KeepAlive::new().interval(HEARTBEAT).text("");
    Ok(Sse::new(stream).keep_alive(keep_alive).into_response())
}

struct Follower {
    flows: Arc<dyn Flows>,
    client: String,
    flow: FlowId,
    page: String,
    sent: Option<u64>,
    sender: mpsc::Sender<Result<Event, Infallible>>,
}

impl Follower {
    async fn run(
        mut self,
        mut changes: tokio::sync::broadcast::Receiver<EngineEvent>,
        view: FlowView,
        last: Option<u64>,
    ) {
        let (mut view, mut last) = (view, last);
        loop {
            if self.sent.is_none() || self.sent != last || view.ended {
                if self
                    .sender
                    .send(Ok(event(&view, &self.page, last)))
                    .await
                    .is_err()
                {
                    return;
                }
                self.sent = last;
            }
            if view.ended || !self.changed(&mut changes).await {
                return;
            }
            last = last_record(&*self.flows, self.flow).await;
            view = match self.flows.view(&self.client, self.flow).await {
                Ok(view) => view,
                Err(_) => return,
            };
        }
    }

    /// Waits for a change of the flow; false when nobody listens any more or nothing more will come.
    async fn changed(&self, changes: &mut tokio::sync::broadcast::Receiver<EngineEvent>) -> bool {
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = self.sender.closed() => return false,
            };
            match change {
                Ok(EngineEvent::Flow { flow, .. }) if flow == self.flow => return true,
                // Some changes were missed; this flow's may be among them.
                Err(RecvError::Lagged(_)) => return true,
                Ok(_) => {}
                Err(RecvError::Closed) => return false,
            }
        }
    }
}

/// The number of the last record. Asked before the view, so that a view is never older than its number.
async fn last_record(flows: &dyn Flows, flow: FlowId) -> Option<u64> {
    let records = flows.timeline(flow).await.ok()?;
    records.last().map(|entry| entry.seq)
}

fn event(view: &FlowView, page: &str, last: Option<u64>) -> Event {
    let data = serde_json::to_string(&FlowAnswer::new(view, || page.to_owned())).unwrap_or_default();
    let event = Event::default().event("state").data(data);
    match last {
        Some(seq) => event.id(seq.to_string()),
        None => event,
    }
}

const HEARTBEAT: Duration = Duration::from_secs(15);
