use std::time::Duration;

use async_trait::async_trait;
use midflow::engine::Clock;
use midflow::words::Timestamp;
use tokio::sync::watch;

/// A clock that stands still until somebody turns it.
#[derive(Debug)]
pub struct HandClock {
    now: watch::Sender<Timestamp>,
}

impl HandClock {
    /// 2026-03-02 10:00 in Kuwait, a Monday: every opening hour is open.
    pub fn new() -> Self {
        let start = Timestamp::parse("2026-03-02T07:00:00Z").unwrap();
        Self {
            now: watch::Sender::new(start),
        }
    }

    /// Turns the clock forward.
    pub fn forward(&self, time: Duration) {
        self.now.send_modify(|now| *now = now.plus(time));
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep_until(&self, moment: Timestamp) {
        let mut turned = self.now.subscribe();
        // The clock outlives every sleeper that matters.
        let _ = turned.wait_for(|now| *now >= moment).await;
    }
}
