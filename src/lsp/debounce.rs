use std::time::Duration;
use std::time::Instant;

/// When to look at what was typed: a moment after the last letter, and not much later than the first.
#[derive(Debug, Default)]
pub(super) struct Debounce {
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Debounce {
    /// Something was typed.
    pub(super) fn touch(&mut self, now: Instant) {
        self.first.get_or_insert(now);
        self.last = Some(now);
    }

    /// Whether something was typed that nobody has looked at.
    pub(super) const fn is_waiting(&self) -> bool {
        self.first.is_some()
    }

    /// How long to wait; `None` if there is nothing to wait for.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        let due = (self.last? + PAUSE).min(self.first? + LONGEST);
        Some(due.saturating_duration_since(now))
    }

    /// It was looked at.
    pub(super) const fn settle(&mut self) {
        self.first = None;
        self.last = None;
    }
}

/// Shorter than it takes to look up from the keyboard.
const PAUSE: Duration = Duration::from_millis(60);
/// Somebody who types on and on sees what is wrong all the same.
const LONGEST: Duration = Duration::from_millis(400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_ends_the_wait_and_typing_on_does_not_prolong_it_for_ever() {
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut debounce = Debounce::default();
        assert_eq!(debounce.rest(start), None);
        debounce.touch(start);
        assert_eq!(debounce.rest(at(20)), Some(Duration::from_millis(40)));
        assert_eq!(debounce.rest(at(60)), Some(Duration::ZERO));
        for letter in 1..=10 {
            debounce.touch(at(letter * 40));
        }
        assert_eq!(debounce.rest(at(400)), Some(Duration::ZERO));
        debounce.settle();
        assert!(!debounce.is_waiting());
    }
}
