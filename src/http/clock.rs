use std::time::Duration;

use crate::words::Timestamp;

/// Where pages read the time from, for countdowns; tests hand in their own.
#[derive(Clone, Copy, Debug)]
pub struct PageClock(fn() -> Timestamp);

impl PageClock {
    /// The clock of the system.
    pub const fn system() -> Self {
        Self(|| Timestamp::from_micros(jiff::Timestamp::now().as_microsecond()))
    }

    /// A clock of one's own.
    pub const fn new(read: fn() -> Timestamp) -> Self {
        Self(read)
    }

    pub(super) fn now(self) -> Timestamp {
        (self.0)()
    }

    /// The whole seconds until a moment, rounded up; zero once it has passed.
    pub(super) fn seconds_until(self, moment: Timestamp) -> u64 {
        let left = moment.since(self.now());
        left.as_secs() + u64::from(left > Duration::from_secs(left.as_secs()))
    }
}
