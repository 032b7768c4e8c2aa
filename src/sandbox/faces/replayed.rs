//! The face of a replay: whatever transport was recorded, every call goes to the cassette.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::extract::State as Shared;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::http::header::CONTENT_LENGTH;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::json;
use tokio::sync::oneshot;
use tokio_stream::StreamExt as _;

use super::desk::Desk;
use crate::sandbox::cassette::CassetteTransport;
use crate::sandbox::replay::Deck;
use crate::sandbox::replay::Live;
use crate::sandbox::replay::Play;
use crate::sandbox::state::State;

/// Every path.
pub(super) fn router() -> Router<Desk> {
    Router::new().fallback(serve)
}

async fn serve(
    Shared(desk): Shared<Desk>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    let provider = match desk.provider(peer) {
        Ok(provider) => provider,
        Err(status) => return status.into_response(),
    };
    let Some(deck) = &desk.state.deck else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if deck.transport() == CassetteTransport::Gateway {
        if uri.path().ends_with("/paci/login") {
            // No login is in any cassette, so any is as good.
            return Json(json!({ "accessToken": desk.state.draws.id().simple().to_string() }))
                .into_response();
        }
        if method == Method::GET {
            return polled(&desk.state, deck, uri.path());
        }
    }
    if method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let live = Live::read(deck.transport(), uri.path(), &body);
    let entry = desk.state.arrived(&provider, &live.operation, &body);
    let take = match deck.take(&live) {
        Ok(take) => take,
        Err(why) => {
            desk.state.replied(entry, "not in the cassette");
            tracing::warn!("{why}");
            return (StatusCode::CONFLICT, why).into_response();
        }
    };
    tracing::info!(flow = take.flow, operation = %take.operation, "replayed");
    let play = Arc::new(Play::new(&desk.state, take, &live, &provider));
    if let Some(id) = play.request_id().filter(|_| play.is_polled()) {
        deck.let_poll(&id, &play);
    }
    let ((due, is_due), (leaving, left)) = (oneshot::channel(), oneshot::channel());
    play_on(&desk.state, &play, due, left);
    if is_due.await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    reply(&desk, peer, entry, &play, leaving)
}

/// Tells what was told before and after the reply, each in its time, in a task of its own: a node that has given up waiting for
/// the reply hears the rest all the same, as it did then. Says when the reply is `due`, and goes on when it has `left`, or never
/// will.
fn play_on(state: &Arc<State>, play: &Arc<Play>, due: oneshot::Sender<()>, left: oneshot::Receiver<()>) {
    let (state, play) = (Arc::clone(state), Arc::clone(play));
    let (stop, tasks) = (state.stop.clone(), state.tasks.clone());
    let task = async move {
        let at_once = state.deck.as_ref().is_some_and(Deck::at_once);
        let take = play.take();
        let mut passed = Duration::ZERO;
        for answer in &take.before {
            wait(&state, Play::pause(at_once, answer.after, passed)).await;
            passed = answer.after;
            play.tell(&state, answer).await;
        }
        wait(&state, Play::pause(at_once, take.reply_after, passed)).await;
        passed = take.reply_after;
        // Nobody may wait for it any more; then nothing is on its way, and the same is heard here.
        let _ = due.send(());
        let _ = left.await;
        for (index, answer) in take.after.iter().enumerate() {
            let pause = Play::pause(at_once, answer.after, passed);
            if index == 0 && pause < TO_BE_READ {
                // The reply is read and recorded before what came after it.
                tokio::time::sleep(TO_BE_READ).await;
            }
            wait(&state, pause).await;
            passed = answer.after;
            play.tell(&state, answer).await;
        }
    };
    tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = task => {}
        }
    });
}

/// The reply; what is `leaving` goes with it and is dropped once it has left.
fn reply(desk: &Desk, peer: SocketAddr, entry: u64, play: &Play, leaving: oneshot::Sender<()>) -> Response {
    let take = play.take();
    let Some(answer) = &take.reply else {
        desk.state.replied(entry, "dropped");
        desk.shears.cut(peer);
        return StatusCode::OK.into_response();
    };
    let body = play.body(&desk.state, answer);
    let status = StatusCode::from_u16(take.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    desk.state.replied(entry, &format!("http {}", status.as_u16()));
    let headers = [
        (CONTENT_TYPE, kind(&body)),
        (CONTENT_LENGTH, body.len().to_string()),
    ];
    let whole = tokio_stream::once(body).map(move |body| {
        let _leaving = &leaving;
        Ok::<_, Infallible>(body)
    });
    (status, headers, Body::from_stream(whole)).into_response()
}

/// What has become of a request that the node asks about. How the authority says that it waits is in no cassette, so that is
/// said as HTTP does, which every node takes for no answer.
fn polled(state: &State, deck: &Deck, path: &str) -> Response {
    let id = path.rsplit('/').next().unwrap_or_default();
    let Some(play) = deck.polled(id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match play.poll(state, deck.at_once()) {
        Some(body) => ([(CONTENT_TYPE, kind(&body))], body).into_response(),
        None => StatusCode::TOO_EARLY.into_response(),
    }
}

async fn wait(state: &State, pause: Duration) {
    if !pause.is_zero() {
        state.options.clock.sleep(pause).await;
    }
}

/// The type of a body, by how it begins. The first line of a message of several parts names their boundary.
fn kind(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(LONGEST_LINE)).unwrap_or_default());
    let text = text.trim_start();
    match text.strip_prefix("--").and_then(|rest| rest.lines().next()) {
        Some(boundary) => {
            format!(
                "multipart/related; type=\"application/xop+xml\"; start-info=\"text/xml\"; boundary=\"{boundary}\""
            )
        }
        None if text.starts_with('<') => "text/xml; charset=utf-8".to_owned(),
        None => "application/json; charset=utf-8".to_owned(),
    }
}

const LONGEST_LINE: usize = 100;
/// How long a node may take to read a reply and record it; on a busy machine that writes to a slow disk, longer than it seems.
const TO_BE_READ: Duration = Duration::from_millis(400);
