use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;

use super::CallbackReceipt;
use super::inner::Inner;
use super::input::Arrival;
use super::input::Input;
use super::live::Live;
use super::secrets::random;
use crate::audit::CallbackRecord;
use crate::audit::CommitError;
use crate::audit::Event;
use crate::audit::Record;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::words::CallbackToken;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Timestamp;

impl Inner {
    /// Takes in a callback: recorded first, examined afterwards (law 2). Where the store can't record it, it waits in the
    /// spool, if there is one. Must run to its end, whoever stops waiting for it.
    pub(crate) async fn receive(
        self: &Arc<Self>,
        token: &str,
        source: String,
        body: Bytes,
    ) -> CallbackReceipt {
        let Some(token) = CallbackToken::parse(token) else {
            // No flow can have it, so nothing of it has to wait.
            return match self.keep_bounded(Bounded::stranger(source, &body)).await {
                Ok(()) => CallbackReceipt::UnknownToken,
                Err(error) => {
                    tracing::error!(%error, "a callback with a token that is none could not be recorded");
                    CallbackReceipt::StoreUnavailable
                }
            };
        };
        let token = token.digest();
        let arrival = match self.arrival(source, body, false) {
            Ok(arrival) => arrival,
            Err(error) => {
                tracing::error!(%error, "a callback could not be named");
                return CallbackReceipt::StoreUnavailable;
            }
        };
        let Some(spool) = &self.spool else {
            return match self.record_arrival(token, arrival).await {
                Ok(receipt) => receipt,
                Err(error) => {
                    tracing::error!(%error, "a callback could not be recorded");
                    CallbackReceipt::StoreUnavailable
                }
            };
        };
        // A commit is never given up in the middle. One that takes too long may still come to its end, in a task of its own;
        // then the callback is found under its id, and does not become another.
        let (inner, recorded) = (Arc::clone(self), arrival.clone());
        let record = async move { inner.record_arrival(token, recorded).await };
        let mut recording = Box::pin(AssertUnwindSafe(record).catch_unwind());
        let cause = match tokio::time::timeout(spool.patience(), &mut recording).await {
            Ok(Ok(Ok(receipt))) => return receipt,
            Ok(Ok(Err(error))) => error.to_string(),
            Ok(Err(_)) => "recording it failed inside".to_owned(),
            Err(_) => {
                self.spawn(recording);
                "the store takes too long".to_owned()
            }
        };
        self.let_wait(token, arrival, &cause).await
    }

    async fn record_arrival(
        self: &Arc<Self>,
        token: Digest,
        arrival: Arrival,
    ) -> Result<CallbackReceipt, CommitError> {
        match self.live_by_token(&token).await? {
            Some(live) => {
                self.receive_for(&live, arrival).await?;
                Ok(CallbackReceipt::Recorded)
            }
            None => {
                let stranger = Bounded::stranger(arrival.source, &arrival.bytes);
                self.keep_bounded(stranger).await?;
                Ok(CallbackReceipt::UnknownToken)
            }
        }
    }

    /// Takes in the answer to a poll, in the same way.
    pub(super) async fn receive_direct(
        self: &Arc<Self>,
        live: &Arc<Live>,
        body: Bytes,
    ) -> Result<(), CommitError> {
        let arrival = self.arrival(POLL.to_owned(), body, true)?;
        self.receive_for(live, arrival).await
    }

    fn arrival(&self, source: String, body: Bytes, direct: bool) -> Result<Arrival, CommitError> {
        let at = self.clock.now();
        let random = random().map_err(|error| CommitError::Store(error.to_string()))?;
        Ok(Arrival {
            direct,
            spooled: false,
            exchange: ExchangeId::from_parts(at, random),
            digest: Digest::of(&body),
            source,
            bytes: body,
            at,
        })
    }

    async fn receive_for(self: &Arc<Self>, live: &Arc<Live>, arrival: Arrival) -> Result<(), CommitError> {
        if self.has_too_many(live, &arrival).await {
            return self
                .keep_bounded(Bounded {
                    flow: Some(live.id),
                    placed: "excess",
                    ..Bounded::stranger(arrival.source, &arrival.bytes)
                })
                .await;
        }
        self.drive_past_others(live, || Input::Callback(arrival.clone()))
            .await
    }

    /// Whoever knows the token could fill the disk; beyond the bound only digest and size are kept.
    async fn has_too_many(&self, live: &Live, arrival: &Arrival) -> bool {
        let cell = live.cell.lock().await;
        cell.row.state.seen.len() >= self.options.max_callbacks
            && !cell.row.state.seen.contains(&arrival.digest)
    }

    /// Keeps that somebody called who may not. What they sent is not read, so the record is of no bytes.
    pub(crate) async fn refuse_source(&self, source: String) -> CallbackReceipt {
        let nothing = Bytes::new();
        let refused = Bounded {
            placed: "forbidden_source",
            ..Bounded::stranger(source, &nothing)
        };
        match self.keep_bounded(refused).await {
            Ok(()) => CallbackReceipt::UnknownToken,
            Err(error) => {
                tracing::error!(%error, "a refused caller could not be recorded");
                CallbackReceipt::StoreUnavailable
            }
        }
    }

    /// Records a callback in bounded form: digest, size and source, not the bytes.
    pub(super) async fn keep_bounded(&self, callback: Bounded<'_>) -> Result<(), CommitError> {
        let record = Record {
            at: self.clock.now(),
            flow: callback.flow,
            subject: Subject::Nobody,
            event: Event::Callback(CallbackRecord {
                exchange: None,
                digest: Digest::of(callback.body),
                size: callback.body.len() as u64,
                source: callback.source,
                placed: callback.placed.to_owned(),
                arrived_at: callback.arrived_at,
                spooled: callback.spooled,
            }),
        };
        let unit = Unit {
            records: vec![record],
            ..Unit::default()
        };
        self.recorder.record(unit, ()).await?;
        self.metrics.callback(callback.placed);
        Ok(())
    }
}

/// A callback whose bytes are not kept.
pub(super) struct Bounded<'a> {
    /// The flow, if it belongs to one.
    pub(super) flow: Option<FlowId>,
    /// Why its bytes are not kept.
    pub(super) placed: &'static str,
    pub(super) source: String,
    pub(super) body: &'a Bytes,
    /// When it arrived, where that is not now.
    pub(super) arrived_at: Option<Timestamp>,
    /// The id it waited under, where it came by the spool.
    pub(super) spooled: Option<ExchangeId>,
}

impl<'a> Bounded<'a> {
    const fn stranger(source: String, body: &'a Bytes) -> Self {
        Self {
            flow: None,
            placed: "unknown_token",
            source,
            body,
            arrived_at: None,
            spooled: None,
        }
    }
}

/// Where the answer to a poll comes from, as the record has it.
const POLL: &str = "poll";
