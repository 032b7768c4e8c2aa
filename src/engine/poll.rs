use std::sync::Arc;

use bytes::Bytes;

use super::inner::Inner;
use super::live::Live;
use super::live::Stage;
use super::secrets::random;
use crate::connector::Polled;
use crate::connector::Polling;
use crate::flow::Phase;
use crate::words::Digest;
use crate::words::RequestId;

impl Inner {
    /// Begins to ask the authority what has become of a request, if this connector has to and the request was taken. Its
    /// answer is taken in as any callback is: recorded, and examined afterwards (law 2).
    ///
    /// What leaves here names a request that is durable with the authority's id for it, and asks nobody again (law 1).
    pub(super) fn poll(self: &Arc<Self>, live: &Arc<Live>) {
        let Some(polling) = self.connector.polling() else {
            return;
        };
        // A flow that is taken up again is asked about by the task that asks already.
        if live.begin_polling() {
            let (inner, live) = (Arc::clone(self), Arc::clone(live));
            self.spawn(async move {
                let mut stage = live.stage.subscribe();
                tokio::select! {
                    () = inner.poll_until_answered(&live, &polling) => {}
                    _ = stage.wait_for(|stage| *stage == Stage::Ended) => {}
                    () = inner.stop.cancelled() => {}
                }
                live.end_polling();
            });
        }
    }

    async fn poll_until_answered(self: &Arc<Self>, live: &Arc<Live>, polling: &Polling) {
        let Some(request_id) = waiting_for(live).await else {
            return;
        };
        let mut last: Option<Digest> = None;
        for call in 0..polling.calls {
            // Without randomness the flow still gets its answer, only not at a moment of its own.
            let [chance] = random().unwrap_or([u8::MAX / 2]);
            let next = self.clock.now().plus(polling.pause(chance));
            self.clock.sleep_until(next).await;
            match self.connector.poll(&request_id).await {
                Polled::Waiting => {}
                Polled::Failed { detail } => {
                    tracing::warn!(flow = %live.id, call, %detail, "the authority could not be asked for an answer");
                }
                // An answer that was not believed stays the same until the authority has another.
                Polled::Answered { mark, .. } if last == Some(mark) => {}
                Polled::Answered { body, mark } => {
                    last = Some(mark);
                    self.take_answer(live, body).await;
                }
            }
        }
        tracing::warn!(flow = %live.id, calls = polling.calls, "no answer came; the deadline ends the flow");
    }

    async fn take_answer(self: &Arc<Self>, live: &Arc<Live>, body: Bytes) {
        if let Err(error) = self.receive_direct(live, body).await {
            tracing::error!(flow = %live.id, %error, "the answer to a poll could not be recorded");
        }
    }
}

/// The id of the request, while its answer is awaited.
async fn waiting_for(live: &Live) -> Option<RequestId> {
    let cell = live.cell.lock().await;
    let state = &cell.row.state;
    state.request_id.clone().filter(|_| state.phase == Phase::Waiting)
}
