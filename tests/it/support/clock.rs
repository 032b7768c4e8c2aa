use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use midflow::engine::Clock;
use midflow::sandbox::SandboxClock;
use midflow::words::Timestamp;
use tokio::sync::watch;

/// A clock that stands still until somebody turns it; engine and sandbox can share one.
#[derive(Debug)]
pub struct HandClock {
    now: watch::Sender<Timestamp>,
    /// When those of the sandbox wake who sleep.
    alarms: Mutex<Vec<Timestamp>>,
}

impl HandClock {
    /// 2026-03-02 10:00 in Kuwait, a Monday: every opening hour is open.
    pub fn new() -> Self {
        Self::at(Timestamp::parse("2026-03-02T07:00:00Z").unwrap())
    }

    /// A clock that shows this moment.
    pub fn at(start: Timestamp) -> Self {
        Self {
            now: watch::Sender::new(start),
            alarms: Mutex::default(),
        }
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    /// Turns the clock forward.
    pub fn forward(&self, time: Duration) {
        self.now.send_modify(|now| *now = now.plus(time));
    }

    /// Turns the clock to where the next sleeper of the sandbox wakes; `false` if nobody sleeps.
    pub fn to_next_sleeper(&self) -> bool {
        let next = self.alarms.lock().unwrap().iter().min().copied();
        let Some(next) = next.filter(|next| *next > self.now()) else {
            return false;
        };
        self.now.send_modify(|now| *now = next);
        true
    }

    async fn strike(&self, moment: Timestamp) {
        let mut turned = self.now.subscribe();
        // The clock outlives every sleeper that matters.
        let _ = turned.wait_for(|now| *now >= moment).await;
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    async fn sleep_until(&self, moment: Timestamp) {
        self.strike(moment).await;
    }
}

#[async_trait]
impl SandboxClock for HandClock {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now().plus(duration);
        self.alarms.lock().unwrap().push(until);
        let _alarm = Alarm(self, until);
        self.strike(until).await;
    }
}

/// Takes one alarm off the clock, even if its sleeper is dropped half way.
struct Alarm<'a>(&'a HandClock, Timestamp);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        let mut alarms = self.0.alarms.lock().unwrap();
        if let Some(at) = alarms.iter().position(|alarm| *alarm == self.1) {
            alarms.swap_remove(at);
        }
    }
}
