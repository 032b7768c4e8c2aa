use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::words::Timestamp;

/// The time as the sandbox sees it, so that a test can move it instead of waiting.
#[async_trait]
pub trait SandboxClock: Send + Sync + 'static {
    /// The moment now.
    fn now(&self) -> Timestamp;

    /// Returns once the duration has passed on this clock.
    async fn sleep(&self, duration: Duration);
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl SandboxClock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp::EPOCH.plus(since)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Timestamp>,
    waiting: Mutex<usize>,
}

impl ManualClock {
    /// A clock that shows `now` until [`ManualClock::advance`].
    pub fn new(now: Timestamp) -> Self {
        Self {
            now: watch::Sender::new(now),
            waiting: Mutex::new(0),
        }
    }

    /// Moves the clock and wakes everybody whose time has come.
    pub fn advance(&self, duration: Duration) {
        self.now.send_modify(|now| *now = now.plus(duration));
    }

    /// How many sleepers there are; a test waits for them before it moves the clock.
    pub fn sleepers(&self) -> usize {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl Fn(usize) -> usize) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting = change(*waiting);
    }
}

#[async_trait]
impl SandboxClock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        let mut seen = self.now.subscribe();
        let until = seen.borrow().plus(duration);
        self.count(|n| n.saturating_add(1));
        let _sleeper = Sleeper(self);
        // The sender lives in `self`, so waiting can't fail.
        let _ = seen.wait_for(|now| *now >= until).await;
    }
}

/// Counts one sleeper down even if its future is dropped half way.
struct Sleeper<'a>(&'a ManualClock);

impl Drop for Sleeper<'_> {
    fn drop(&mut self) {
        self.0.count(|n| n.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved_far_enough() {
        let clock = Arc::new(ManualClock::new(Timestamp::EPOCH));
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(8)).await }
        });
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(7));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
        assert_eq!(clock.sleepers(), 0);
    }

    #[test]
    fn the_machine_clock_shows_a_time_after_this_was_written() {
        assert!(SystemClock.now() > Timestamp::parse("2026-01-01T00:00:00Z").unwrap());
    }
}
