use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::Deck;
use super::Live;
use super::anew::Anew;
use super::rewriting::Rewriting;
use crate::sandbox::cassette::Answer;
use crate::sandbox::cassette::Found;
use crate::sandbox::cassette::Take;
use crate::sandbox::courier::reason;
use crate::sandbox::state::State;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::Timestamp;

/// A recorded request that a node has made again, with what the authority did about it.
pub(in crate::sandbox) struct Play {
    take: Arc<Take>,
    /// The provider that asks.
    provider: String,
    /// Where answers go; `None` where the request names no address that may be called.
    callback_url: Option<String>,
    /// What is to be signed.
    digest: Option<Digest>,
    begun_at: Timestamp,
    inner: Mutex<Inner>,
}

struct Inner {
    rewriting: Rewriting,
    /// What was made of each recorded answer: what came twice comes twice in the same bytes.
    made: HashMap<(String, Found), Bytes>,
    /// How many answers the node has asked for.
    handed_out: usize,
}

impl Play {
    /// Begins to play.
    pub(in crate::sandbox) fn new(state: &State, take: Arc<Take>, live: &Live, provider: &str) -> Self {
        let id = state.draws.id();
        let then = state.deck.as_ref().and_then(Deck::provider);
        let salt = *Digest::of(state.draws.id().as_bytes()).as_bytes();
        let url = live.callback_url().filter(|url| state.may_call(provider, url));
        let digest = (take.capability == Capability::Sign)
            .then(|| STANDARD.decode(live.value("DataHash")?).ok()?.try_into().ok())
            .flatten()
            .map(Digest::from_bytes);
        Self {
            provider: provider.to_owned(),
            callback_url: url.map(str::to_owned),
            digest,
            begun_at: state.now(),
            inner: Mutex::new(Inner {
                rewriting: Rewriting::new(&take, live, (then, provider), salt, &id.to_string()),
                made: HashMap::new(),
                handed_out: 0,
            }),
            take,
        }
    }

    pub(in crate::sandbox) fn take(&self) -> &Take {
        &self.take
    }

    /// The id of the request in this run; `None` if the recorded reply gave none.
    pub(in crate::sandbox) fn request_id(&self) -> Option<String> {
        self.lock().rewriting.request_id().map(str::to_owned)
    }

    /// Whether any of the answers is one that the node asks for.
    pub(in crate::sandbox) fn is_polled(&self) -> bool {
        self.answers().any(|answer| answer.polled)
    }

    /// The exact bytes of an answer in this run.
    pub(in crate::sandbox) fn body(&self, state: &State, answer: &Answer) -> Bytes {
        let mut inner = self.lock();
        // A forged answer and the true one differ in what has no stand-in, so it counts too.
        let recorded = (answer.body.clone(), answer.found);
        if let Some(made) = inner.made.get(&recorded) {
            return made.clone();
        }
        let anew = Anew {
            state,
            found: answer.found,
            digest: self.digest,
        };
        let text = inner
            .rewriting
            .apply(&answer.body, state.now(), &|done| anew.finish(done));
        let made = Bytes::from(text);
        inner.made.insert(recorded, made.clone());
        made
    }

    /// Sends an answer to the node, and again after each pause as long as the node does not take it.
    pub(in crate::sandbox) async fn tell(&self, state: &State, answer: &Answer) {
        if answer.polled {
            return;
        }
        let Some(url) = &self.callback_url else {
            tracing::warn!(
                flow = self.take.flow,
                "the request names no callback address that may be called: it has to lie below the registered base, or be \
                 one of this machine"
            );
            return;
        };
        let body = self.body(state, answer);
        let id = self.request_id().unwrap_or_default();
        let mut pauses = state.options.retries.iter();
        let mut attempt = 1;
        loop {
            let outcome = post(state, url, &body).await;
            state.replayed(&self.provider, &id, &body, attempt, &outcome);
            match &outcome {
                Ok(status) if (200..300).contains(status) => {
                    tracing::info!(flow = self.take.flow, "an answer was taken");
                    return;
                }
                Ok(status) => tracing::warn!(flow = self.take.flow, status, "an answer was not taken"),
                Err(why) => tracing::warn!(flow = self.take.flow, %why, "an answer could not be delivered"),
            }
            let Some(pause) = pauses.next() else { return };
            state.options.clock.sleep(*pause).await;
            attempt += 1;
        }
    }

    /// The next answer that the node asks for, or the last one again; `None` while there is none yet.
    pub(in crate::sandbox) fn poll(&self, state: &State, at_once: bool) -> Option<Bytes> {
        let waited = state.now().since(self.begun_at);
        let due = |answer: &&Answer| answer.polled && (at_once || answer.after <= waited);
        let due: Vec<&Answer> = self.answers().filter(due).collect();
        let next = {
            let mut inner = self.lock();
            let next = inner.handed_out.min(due.len().checked_sub(1)?);
            inner.handed_out = next + 1;
            next
        };
        due.get(next).map(|answer| self.body(state, answer))
    }

    /// How long it is until something that took so long, where so much has passed.
    pub(in crate::sandbox) fn pause(at_once: bool, after: Duration, passed: Duration) -> Duration {
        if at_once {
            Duration::ZERO
        } else {
            after.saturating_sub(passed)
        }
    }

    fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.take.before.iter().chain(&self.take.after)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn post(state: &State, url: &str, body: &Bytes) -> Result<u16, String> {
    let request = state
        .client
        .post(url)
        .header(reqwest::header::CONTENT_TYPE, "application/json")
        .body(body.clone());
    match request.send().await {
        Ok(response) => Ok(response.status().as_u16()),
        // The address carries the flow's token, so it stays out.
        Err(fault) => Err(reason(&fault.without_url())),
    }
}
