use std::sync::Arc;

use bytes::Bytes;

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

impl Inner {
    /// Takes in a callback: recorded first, examined afterwards (law 2).
    pub(crate) async fn receive(
        self: &Arc<Self>,
        token: &str,
        source: String,
        body: Bytes,
    ) -> CallbackReceipt {
        let live = match CallbackToken::parse(token) {
            Some(token) => self.live_by_token(&token.digest()).await,
            None => Ok(None),
        };
        let outcome = match live {
            Ok(Some(live)) => self.receive_for(&live, source, body, false).await,
            Ok(None) => self
                .keep_stranger(None, "unknown_token", source, &body)
                .await
                .map(|()| false),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(true) => CallbackReceipt::Recorded,
            Ok(false) => CallbackReceipt::UnknownToken,
            Err(error) => {
                tracing::error!(%error, "a callback could not be recorded");
                CallbackReceipt::StoreUnavailable
            }
        }
    }

    /// Takes in the answer to a poll, in the same way.
    pub(super) async fn receive_direct(
        self: &Arc<Self>,
        live: &Arc<Live>,
        body: Bytes,
    ) -> Result<(), CommitError> {
        self.receive_for(live, POLL.to_owned(), body, true).await?;
        Ok(())
    }

    async fn receive_for(
        self: &Arc<Self>,
        live: &Arc<Live>,
        source: String,
        body: Bytes,
        direct: bool,
    ) -> Result<bool, CommitError> {
        let at = self.clock.now();
        let random = random().map_err(|error| CommitError::Store(error.to_string()))?;
        let arrival = Arrival {
            direct,
            exchange: ExchangeId::from_parts(at, random),
            digest: Digest::of(&body),
            source,
            bytes: body,
            at,
        };
        if self.has_too_many(live, &arrival).await {
            self.keep_stranger(Some(live.id), "excess", arrival.source, &arrival.bytes)
                .await?;
            return Ok(true);
        }
        self.drive_past_others(live, || Input::Callback(arrival.clone()))
            .await
            .map(|()| true)
    }

    /// Whoever knows the token could fill the disk; beyond the bound only digest and size are kept.
    async fn has_too_many(&self, live: &Live, arrival: &Arrival) -> bool {
        let cell = live.cell.lock().await;
        cell.row.state.seen.len() >= self.options.max_callbacks
            && !cell.row.state.seen.contains(&arrival.digest)
    }

    /// Keeps that somebody called who may not. What they sent is not read, so the record is of no bytes.
    pub(crate) async fn refuse_source(&self, source: String) -> CallbackReceipt {
        match self
            .keep_stranger(None, "forbidden_source", source, &Bytes::new())
            .await
        {
            Ok(()) => CallbackReceipt::UnknownToken,
            Err(error) => {
                tracing::error!(%error, "a refused caller could not be recorded");
                CallbackReceipt::StoreUnavailable
            }
        }
    }

    /// Records a callback in bounded form: digest, size and source, not the bytes.
    async fn keep_stranger(
        &self,
        flow: Option<FlowId>,
        placed: &str,
        source: String,
        body: &Bytes,
    ) -> Result<(), CommitError> {
        let record = Record {
            at: self.clock.now(),
            flow,
            subject: Subject::Nobody,
            event: Event::Callback(CallbackRecord {
                exchange: None,
                digest: Digest::of(body),
                size: body.len() as u64,
                source,
                placed: placed.to_owned(),
                arrived_at: None,
            }),
        };
        let unit = Unit {
            records: vec![record],
            ..Unit::default()
        };
        self.recorder.record(unit, ()).await?;
        self.metrics.callback(placed);
        Ok(())
    }
}

/// Where the answer to a poll comes from, as the record has it.
const POLL: &str = "poll";
