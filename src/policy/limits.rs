use std::num::NonZeroU32;
use std::time::Duration;

use crate::words::Timestamp;

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Evidence.
    pub evidence: Duration,
    /// Personal data.
    pub personal_data: Duration,
}

/// How often a service may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Per person.
    pub per_person: Limit,
    /// For the service as a whole.
    pub per_service: Limit,
}

/// So many in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count: NonZeroU32,
    /// In how long.
    pub window: Duration,
}

impl Limit {
    /// How long to wait until another start is allowed, after these starts, oldest first; `None` if it is allowed now.
    pub fn wait<'a>(
        &self,
        starts: impl IntoIterator<Item = &'a Timestamp>,
        now: Timestamp,
    ) -> Option<Duration> {
        let earliest = now.minus(self.window);
        let mut counted = starts.into_iter().filter(|start| **start > earliest);
        let oldest = *counted.next()?;
        let count = 1 + counted.count();
        let reached = u32::try_from(count).map_or(true, |count| count >= self.count.get());
        reached.then(|| oldest.plus(self.window).since(now).max(Duration::from_secs(1)))
    }
}
