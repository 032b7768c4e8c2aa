use std::time::Duration;

use bytes::Bytes;

use crate::words::Digest;

/// How an accepted request is asked about, where the authority sends no callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    /// The pause before each call.
    pub interval: Duration,
    /// By how much of itself a pause is longer or shorter, in percent.
    pub jitter_percent: u8,
    /// The most calls for one request.
    pub calls: u16,
}

impl Polling {
    /// The pause before a call, for one of all equally likely `chances`.
    pub fn pause(&self, chance: u8) -> Duration {
        let whole = self.interval.as_micros();
        let span = whole * u128::from(self.jitter_percent) / 100;
        let part = 2 * span * u128::from(chance) / u128::from(u8::MAX);
        let pause = (whole + part).saturating_sub(span);
        Duration::from_micros(u64::try_from(pause).unwrap_or(u64::MAX))
    }
}

/// What a poll brought.
#[derive(Clone, PartialEq, Eq)]
pub enum Polled {
    /// Nothing yet.
    Waiting,
    /// An answer, to be recorded and examined like a callback.
    Answered {
        /// Its exact bytes.
        body: Bytes,
        /// Digest of the part that counts: a poll may bring the same answer again in other words.
        mark: Digest,
    },
    /// The call failed; the next one may not.
    Failed {
        /// Why, for the operator; never carries personal data.
        detail: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_stays_within_its_jitter_on_both_sides() {
        let polling = Polling {
            interval: Duration::from_secs(5),
            jitter_percent: 20,
            calls: 1,
        };
        assert_eq!(polling.pause(0), Duration::from_secs(4));
        assert_eq!(polling.pause(255), Duration::from_secs(6));
        assert!(polling.pause(127) > Duration::from_millis(4990));
        let even = Polling {
            jitter_percent: 0,
            ..polling
        };
        assert_eq!(even.pause(0), even.pause(255));
    }
}
