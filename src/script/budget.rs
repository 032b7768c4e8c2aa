use std::cell::Cell;
use std::time::Duration;
use std::time::Instant;

use rhai::Dynamic;

/// Runs `work` under the budget of one call of a script.
///
/// Steps are counted over callbacks too, which the engine's own limit does not do, so nearly every runaway
/// script stops at the same step each time (law 9). Time is the backstop for steps that are slow by
/// themselves. Of each gap between two looks at the clock at most [`MAX_GAP`] counts as work: a thread that
/// the system set aside for a while has not worked, and a healthy decision on a busy machine must not be
/// refused for it. [`HARD`] holds in any case.
pub(super) fn with_budget<T>(work: impl FnOnce() -> T) -> T {
    let now = Instant::now();
    let before = CURRENT.replace(Some(Budget {
        steps: 0,
        started: now,
        looked: now,
        next_look: LOOK_EVERY / 2,
        worked: Duration::ZERO,
        patience: PATIENCE.get(),
    }));
    let _restore = Restore(before);
    work()
}

/// For `on_progress`: counts a step, and says why the script has to stop, if it has to.
///
/// Outside of [`with_budget`] nothing may run at all.
pub(super) fn step(_engine_count: u64) -> Option<Dynamic> {
    let Some(mut budget) = CURRENT.get() else {
        return Some(Dynamic::from(Exhausted::Time));
    };
    budget.steps += 1;
    let exhausted = if budget.steps > MAX_STEPS {
        Some(Exhausted::Steps)
    } else if budget.steps >= budget.next_look {
        let now = Instant::now();
        let gap = now.duration_since(budget.looked);
        budget.worked += gap.min(MAX_GAP);
        // Slow steps are looked at one by one, so that their sum can't run far past the limit.
        budget.next_look = budget.steps + if gap < SLOW { LOOK_EVERY } else { 1 };
        budget.looked = now;
        let patience = budget.patience;
        let over = budget.worked > WORK * patience || now.duration_since(budget.started) > HARD * patience;
        over.then_some(Exhausted::Time)
    } else {
        None
    };
    CURRENT.set(Some(budget));
    exhausted.map(Dynamic::from)
}

/// What ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exhausted {
    /// The number of steps.
    Steps,
    /// The time.
    Time,
}

#[derive(Clone, Copy)]
struct Budget {
    steps: u32,
    started: Instant,
    looked: Instant,
    next_look: u32,
    worked: Duration,
    /// How many times longer than usual it may take.
    patience: u32,
}

struct Restore(Option<Budget>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

/// Gives the scripts that `work` calls on this thread more time, and not one step more. For tests of policies, whose results
/// must not depend on what else a machine does; nothing that serves may use it.
pub(crate) fn patiently<T>(work: impl FnOnce() -> T) -> T {
    struct Impatient(u32);
    impl Drop for Impatient {
        fn drop(&mut self) {
            PATIENCE.set(self.0);
        }
    }
    let _after = Impatient(PATIENCE.replace(PATIENT));
    work()
}

thread_local! {
    static CURRENT: Cell<Option<Budget>> = const { Cell::new(None) };
    static PATIENCE: Cell<u32> = const { Cell::new(1) };
}

/// The most steps of one call; an ordinary decision takes fewer than 200.
pub(super) const MAX_STEPS: u32 = 50_000;
/// The most time that one call may work.
pub(super) const WORK: Duration = Duration::from_millis(5);
/// The most time between start and end of one call, whatever the thread did meanwhile.
pub(super) const HARD: Duration = Duration::from_millis(60);
const PATIENT: u32 = 100;
const LOOK_EVERY: u32 = 16;
const SLOW: Duration = Duration::from_micros(100);
const MAX_GAP: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_without_a_budget() {
        assert!(step(1).is_some());
    }

    #[test]
    fn patience_gives_time_and_no_steps() {
        let steps = || with_budget(|| (0..=MAX_STEPS).filter_map(|_| step(0)).count());
        assert_eq!(patiently(steps), 1);
        assert_eq!(patiently(|| PATIENCE.get()), PATIENT);
        assert_eq!(PATIENCE.get(), 1);
    }

    #[test]
    fn steps_run_out_and_the_next_call_starts_anew() {
        for _ in 0..2 {
            with_budget(|| {
                let stopped = (0..MAX_STEPS + 1).find_map(|_| step(0));
                let why = stopped.map(|token| token.cast::<Exhausted>());
                assert!(why.is_some());
            });
        }
    }
}
