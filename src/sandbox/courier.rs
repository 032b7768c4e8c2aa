use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio_stream::wrappers::ReceiverStream;

use super::callback::Order;
use super::callback::compose;
use super::conduct::Answer;
use super::conduct::Flaw;
use super::request::Asked;
use super::state::State;

/// Sends the answers to a request one after another, in a task of its own.
///
/// `first_sent` is told, or dropped, once the first attempt has been made or can't be.
pub(super) fn send(
    state: &Arc<State>,
    request_id: String,
    answers: Vec<Answer>,
    first_sent: Option<oneshot::Sender<()>>,
) {
    if answers.is_empty() {
        return;
    }
    let task = run(state.clone(), request_id, answers, first_sent);
    let stop = state.stop.clone();
    state.tasks.spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = task => {}
        }
    });
}

async fn run(
    state: Arc<State>,
    request_id: String,
    answers: Vec<Answer>,
    mut first_sent: Option<oneshot::Sender<()>>,
) {
    let clock = state.options.clock.clone();
    for answer in answers {
        if !answer.after.is_zero() {
            clock.sleep(answer.after).await;
        }
        let Some(asked) = state.claim(&request_id, &answer) else {
            continue;
        };
        let Some(body) = compose_answer(&state, &asked, &answer) else {
            continue;
        };
        for copy in 0..answer.copies {
            if copy > 0 {
                clock.sleep(state.options.pace.between).await;
            }
            deliver(&state, &asked, &answer, &body, &mut first_sent).await;
        }
    }
}

/// The exact bytes of an answer.
pub(super) fn compose_answer(state: &State, asked: &Asked, answer: &Answer) -> Option<Bytes> {
    let order = Order {
        asked,
        citizen: state.citizen(&asked.civil_no)?,
        stranger: state.stranger_to(&asked.civil_no)?,
        choice: answer.choice,
        flaw: answer.flaw,
        earlier: state.earlier_approval(&asked.civil_no),
        now: state.now(),
    };
    compose(&order, &state.keys, &state.signers)
        .inspect_err(|fault| tracing::error!(%fault, "the sandbox can't make a callback"))
        .ok()
}

/// Delivers once, and again after each pause as long as the provider does not take it.
async fn deliver(
    state: &State,
    asked: &Asked,
    answer: &Answer,
    body: &Bytes,
    first_sent: &mut Option<oneshot::Sender<()>>,
) {
    let mut pauses = state.options.retries.iter();
    let mut attempt = 1;
    loop {
        let outcome = post(state, asked, answer, body).await;
        state.delivered(asked, answer, body, attempt, &outcome);
        if let Some(waiting) = first_sent.take() {
            // The one who waited may have gone.
            let _ = waiting.send(());
        }
        if outcome.is_ok_and(|status| (200..300).contains(&status)) {
            return;
        }
        let Some(pause) = pauses.next() else {
            return;
        };
        state.options.clock.sleep(*pause).await;
        attempt += 1;
    }
}

async fn post(state: &State, asked: &Asked, answer: &Answer, body: &Bytes) -> Result<u16, String> {
    let Some(url) = &asked.callback_url else {
        state.keep_for_poll(&asked.id, body);
        return Ok(TAKEN);
    };
    let request = state
        .client
        .post(url)
        .header(reqwest::header::CONTENT_TYPE, "application/json");
    let request = if answer.flaw == Flaw::SlowBody {
        request.body(trickling(state, body))
    } else {
        request.body(body.clone())
    };
    match request.send().await {
        Ok(response) => Ok(response.status().as_u16()),
        // The URL carries the flow's token, so it stays out.
        Err(fault) => Err(reason(&fault.without_url())),
    }
}

/// The body in pieces with pauses between them.
fn trickling(state: &State, body: &Bytes) -> reqwest::Body {
    let (pieces, stream) = mpsc::channel::<Result<Bytes, std::convert::Infallible>>(1);
    let clock = state.options.clock.clone();
    let pause = state.options.pace.trickle;
    let body = body.clone();
    state.tasks.spawn(async move {
        let size = body.len().div_ceil(PIECES).max(1);
        let mut from = 0;
        while from < body.len() {
            let until = body.len().min(from + size);
            if pieces.send(Ok(body.slice(from..until))).await.is_err() {
                return;
            }
            clock.sleep(pause).await;
            from = until;
        }
    });
    reqwest::Body::wrap_stream(ReceiverStream::new(stream))
}

/// The fault with its causes, since the outermost says little.
pub(super) fn reason(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

const PIECES: usize = 8;
/// An answer that waits to be asked for counts as delivered.
const TAKEN: u16 = 200;
