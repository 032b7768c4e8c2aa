use std::time::Duration;

use tokio::time::Instant;

/// Decides whether waiting for more units pays before a commit.
///
/// A short wait makes a batch larger, which saves syncs when many flows are under way, and is lost time when
/// everybody is waiting already. So it waits only while units arrive fast, and after a wait that brought little
/// it leaves out the next ones, twice as many each time. How long it waits follows the disk: a part of what a commit
/// takes, so that a slow disk gets larger batches and not only later ones.
#[derive(Default)]
pub(super) struct Pace {
    /// Units a millisecond, smoothed.
    rate: f64,
    /// Milliseconds that a commit takes, smoothed.
    cost: f64,
    last: Option<Instant>,
    to_skip: u32,
    penalty: u32,
}

impl Pace {
    /// Batches of this size gain little by growing.
    pub(super) const GOAL: usize = 48;

    /// Notes that `units` have arrived since the last call.
    pub(super) fn arrived(&mut self, units: usize, now: Instant) {
        let since = self.last.map_or(SLOW, |last| now.duration_since(last));
        self.last = Some(now);
        let millis = since.as_secs_f64().mul_add(1_000.0, 0.05);
        let current = f64::from(u32::try_from(units).unwrap_or(u32::MAX)) / millis;
        // The smoothing forgets within about four batches, and at once after a silence.
        let keep = if since >= SLOW { 0.0 } else { 0.75 };
        self.rate = keep * self.rate + (1.0 - keep) * current;
    }

    /// Notes how long a commit took.
    pub(super) fn committed(&mut self, took: Duration) {
        self.cost = 0.75 * self.cost + 0.25 * took.as_secs_f64() * 1_000.0;
    }

    /// How long to wait, if a wait is likely to make a batch of `gathered` units clearly larger.
    pub(super) fn wait(&mut self, gathered: usize) -> Option<Duration> {
        let millis = (self.cost / 2.0).clamp(SHORTEST_WAIT, LONGEST_WAIT);
        if gathered >= Self::GOAL || self.rate * millis < WORTH_IT {
            return None;
        }
        if self.to_skip > 0 {
            self.to_skip -= 1;
            return None;
        }
        Some(Duration::from_secs_f64(millis / 1_000.0))
    }

    /// Notes what a wait has brought.
    pub(super) fn waited(&mut self, before: usize, after: usize, now: Instant) {
        self.arrived(after - before, now);
        self.penalty = if after - before > before / 4 {
            0
        } else {
            (self.penalty * 2 + 1).min(LONGEST_PENALTY)
        };
        self.to_skip = self.penalty;
    }
}

/// Milliseconds: about the time that a fast disk needs for a sync, and what nobody notices in a flow.
const SHORTEST_WAIT: f64 = 1.0;
const LONGEST_WAIT: f64 = 4.0;
/// A wait in which fewer units are to be expected brings next to nothing.
const WORTH_IT: f64 = 2.0;
const SLOW: Duration = Duration::from_millis(50);
const LONGEST_PENALTY: u32 = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_alone_never_waits() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        for _ in 0..100 {
            now += Duration::from_millis(1);
            pace.arrived(1, now);
            assert_eq!(pace.wait(1), None);
        }
    }

    #[test]
    fn a_crowd_waits_unless_the_batch_is_large() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        for _ in 0..10 {
            now += Duration::from_millis(1);
            pace.arrived(8, now);
        }
        assert_eq!(pace.wait(8), Some(Duration::from_millis(1)));
        assert_eq!(pace.wait(Pace::GOAL), None);
    }

    #[test]
    fn a_slow_disk_is_waited_for_longer_but_never_long() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        let mut longest = Duration::ZERO;
        for _ in 0..100 {
            now += Duration::from_millis(20);
            pace.arrived(20, now);
            pace.committed(Duration::from_millis(20));
            longest = longest.max(pace.wait(20).unwrap_or_default());
        }
        assert_eq!(longest, Duration::from_millis(4));
        for _ in 0..100 {
            pace.committed(Duration::from_micros(100));
        }
        pace.arrived(20, now + Duration::from_millis(1));
        assert_eq!(pace.wait(20), Some(Duration::from_millis(1)));
    }

    // Eight callers who all wait for their answers: nobody is left to come.
    #[test]
    fn waits_that_bring_nothing_become_rare() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        let mut waits = 0;
        for _ in 0..1_000 {
            now += Duration::from_millis(1);
            pace.arrived(8, now);
            if pace.wait(8).is_some() {
                waits += 1;
                now += Duration::from_millis(1);
                pace.waited(8, 8, now);
            }
        }
        assert!((1..30).contains(&waits), "{waits} waits in 1,000 batches");
    }

    #[test]
    fn a_silence_is_forgotten_at_once() {
        let mut pace = Pace::default();
        let mut now = Instant::now();
        for _ in 0..10 {
            now += Duration::from_millis(1);
            pace.arrived(30, now);
        }
        now += Duration::from_secs(60);
        pace.arrived(1, now);
        assert_eq!(pace.wait(1), None);
    }
}
