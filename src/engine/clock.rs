use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;

use crate::store::Store;
use crate::words::Timestamp;

/// Where the engine gets its time from; tests hand in one that they turn by hand.
#[async_trait]
pub trait Clock: Send + Sync + std::fmt::Debug + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Returns at this moment, or at once if it has passed.
    async fn sleep_until(&self, moment: Timestamp);
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp::EPOCH.plus(since_epoch)
    }

    async fn sleep_until(&self, moment: Timestamp) {
        // Sleeps in short stretches, so that a clock set forward by an administrator is noticed.
        loop {
            let left = moment.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }
}

/// The clock of the store, which is the same for all replicas; the machine's where the store is this process's own.
#[derive(Clone)]
pub struct StoreClock {
    store: Arc<dyn Store>,
}

impl StoreClock {
    /// The clock of this store.
    pub const fn of(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

impl std::fmt::Debug for StoreClock {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("StoreClock")
    }
}

#[async_trait]
impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        self.store
            .shared()
            .map_or_else(|| SystemClock.now(), |shared| shared.now())
    }

    async fn sleep_until(&self, moment: Timestamp) {
        loop {
            let left = moment.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }
}

const LONGEST_SLEEP: Duration = Duration::from_secs(1);
