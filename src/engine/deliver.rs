use std::sync::Arc;
use std::time::Duration;

use super::inner::Inner;
use super::input::Input;
use super::live::Live;
use super::webhook;
use crate::audit::CommitError;
use crate::audit::DeliveryChange;
use crate::audit::DeliveryRecord;
use crate::audit::DeliveryRow;
use crate::audit::Event;
use crate::audit::Record;
use crate::audit::Recorded;
use crate::audit::Subject;
use crate::audit::Unit;
use crate::flow::Phase;
use crate::words::Timestamp;

/// What one attempt came to.
enum Attempt {
    Delivered(u16),
    /// The receiver answers 410: it will never want this.
    Gone,
    Failed(Option<u16>),
}

impl Inner {
    /// Delivers an outcome notice, at least once: takes the proof that the ending is recorded.
    pub(crate) fn deliver(self: &Arc<Self>, live: &Arc<Live>, notice: Recorded<DeliveryRow>) {
        let (inner, live) = (Arc::clone(self), Arc::clone(live));
        self.spawn(async move {
            tokio::select! {
                () = inner.deliver_until_done(&live, notice) => {}
                () = inner.stop.cancelled() => {}
            }
        });
    }

    pub(super) async fn deliver_until_done(
        self: &Arc<Self>,
        live: &Arc<Live>,
        notice: Recorded<DeliveryRow>,
    ) {
        let first_at = notice.next_at.unwrap_or_else(|| self.clock.now());
        let mut notice = notice;
        loop {
            if let Some(at) = notice.next_at {
                self.clock.sleep_until(at).await;
            }
            if notice.attempts > 0 && self.is_delivered(live).await {
                // This replica was taken for dead meanwhile, and another has delivered it.
                return;
            }
            let attempt = self.post(&notice).await;
            let mut row = (*notice).clone();
            row.attempts += 1;
            let now = self.clock.now();
            let (result, status) = settle(&mut row, &attempt, now, first_at);
            self.metrics.delivery(result);
            let unit = self.attempt_unit(&row, now, result, status);
            if result != "will_retry" {
                let make = || Input::Delivered(Box::new(row.clone()), unit.clone());
                return self.drive_to_the_end(live, make).await;
            }
            notice = match self.record_attempt(row, &unit).await {
                Some(next) => next,
                None => return,
            };
        }
    }

    async fn is_delivered(&self, live: &Arc<Live>) -> bool {
        if self.store.shared().is_none() {
            return false;
        }
        self.reload(live).await;
        live.cell.lock().await.row.state.phase == Phase::Delivered
    }

    /// The proof for the next attempt is the record of this one.
    async fn record_attempt(&self, row: DeliveryRow, unit: &Unit) -> Option<Recorded<DeliveryRow>> {
        loop {
            let mut unit = unit.clone();
            unit.deliveries.push(DeliveryChange::Update(row.clone()));
            match self.recorder.record(unit, row.clone()).await {
                Ok(recorded) => return Some(recorded),
                Err(CommitError::Stopped) => return None,
                Err(error) => {
                    tracing::error!(flow = %row.flow, %error, "an attempt to deliver could not be recorded");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    fn attempt_unit(&self, row: &DeliveryRow, at: Timestamp, result: &str, status: Option<u16>) -> Unit {
        let record = Record {
            at,
            flow: Some(row.flow),
            subject: Subject::Nobody,
            event: Event::Delivery(DeliveryRecord {
                webhook_id: row.webhook_id.clone(),
                attempt: row.attempts,
                status,
                result: result.to_owned(),
            }),
        };
        Unit {
            records: vec![record],
            ..Unit::default()
        }
    }

    async fn post(&self, notice: &Recorded<DeliveryRow>) -> Attempt {
        let Ok(_permit) = self.deliveries.acquire().await else {
            return Attempt::Failed(None);
        };
        let headers = webhook::sign(&self.secrets, &notice.webhook_id, &notice.body, self.clock.now());
        let sent = self
            .notifier
            .post(&notice.url)
            .header("content-type", "application/json")
            .header("webhook-id", headers.id)
            .header("webhook-timestamp", headers.timestamp)
            .header("webhook-signature", headers.signature)
            .body(notice.body.clone())
            .send()
            .await;
        match sent.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Attempt::Delivered(status.as_u16()),
            Ok(reqwest::StatusCode::GONE) => Attempt::Gone,
            Ok(status) => Attempt::Failed(Some(status.as_u16())),
            // The error's text can hold the URL, and the URL what an e-service put there: it is not kept.
            Err(_) => Attempt::Failed(None),
        }
    }
}

/// Writes into the row what follows from an attempt; gives the words of the record.
fn settle(
    row: &mut DeliveryRow,
    attempt: &Attempt,
    now: Timestamp,
    first_at: Timestamp,
) -> (&'static str, Option<u16>) {
    match attempt {
        Attempt::Delivered(status) => {
            row.next_at = None;
            row.delivered_at = Some(now);
            ("delivered", Some(*status))
        }
        Attempt::Gone => {
            row.next_at = None;
            ("parked", Some(410))
        }
        Attempt::Failed(status) => {
            let next = now.plus(pause_after(row.attempts, row.flow.as_uuid().as_u128()));
            let worth_it = next.since(first_at) <= GIVES_UP_AFTER;
            row.next_at = worth_it.then_some(next);
            (if worth_it { "will_retry" } else { "parked" }, *status)
        }
    }
}

/// Doubles from one second to an hour, with up to a quarter more, so that notices that failed together do not
/// come back together. The spread comes from the flow's id, not from a die.
fn pause_after(attempts: u32, id: u128) -> Duration {
    let whole = Duration::from_secs(1 << attempts.saturating_sub(1).min(12)).min(LONGEST_PAUSE);
    let quarter = u32::try_from(id % 256).unwrap_or(0);
    whole + whole / 4 * quarter / 256
}

const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);
const GIVES_UP_AFTER: Duration = Duration::from_secs(72 * 3_600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::FlowId;

    fn row(attempts: u32) -> DeliveryRow {
        DeliveryRow {
            webhook_id: "x.1".to_owned(),
            flow: FlowId::from_parts(Timestamp::EPOCH, [0; 10]),
            url: "https://sp.example/hook".to_owned(),
            body: bytes::Bytes::new(),
            attempts,
            next_at: None,
            delivered_at: None,
        }
    }

    #[test]
    fn pauses_double_and_stop_at_an_hour() {
        let pauses: Vec<u64> = [1, 2, 3, 12, 13, 40]
            .map(|n| pause_after(n, 0).as_secs())
            .to_vec();
        assert_eq!(pauses, [1, 2, 4, 2_048, 3_600, 3_600]);
        assert!(pause_after(13, 255) < Duration::from_secs(4_500));
    }

    #[test]
    fn a_notice_is_parked_after_three_days() {
        let mut early = row(1);
        let (result, _) = settle(
            &mut early,
            &Attempt::Failed(None),
            Timestamp::EPOCH,
            Timestamp::EPOCH,
        );
        assert_eq!((result, early.next_at.is_some()), ("will_retry", true));
        let mut late = row(90);
        let now = Timestamp::EPOCH.plus(GIVES_UP_AFTER);
        let (result, _) = settle(&mut late, &Attempt::Failed(Some(500)), now, Timestamp::EPOCH);
        assert_eq!((result, late.next_at), ("parked", None));
    }

    #[test]
    fn gone_means_never_again() {
        let mut notice = row(1);
        let (result, status) = settle(&mut notice, &Attempt::Gone, Timestamp::EPOCH, Timestamp::EPOCH);
        assert_eq!((result, status, notice.next_at), ("parked", Some(410), None));
    }
}
