use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use super::clock::Clock;
use crate::words::FlowId;
use crate::words::Timestamp;

/// What is due for a flow at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// Its deadline.
    Deadline,
    /// It has ended a while ago and may leave memory.
    Leave,
}

/// Hands entries to the task that waits for their moments.
#[derive(Clone)]
pub(crate) struct Schedule {
    agenda: Arc<Agenda>,
    _end: Arc<DropGuard>,
}

/// What the task gives out when a moment has come.
pub(crate) type DueFlows = mpsc::UnboundedReceiver<(FlowId, Due)>;

impl Schedule {
    /// Starts the task; it ends with the last handle. One task for all flows: a waiting flow costs 48 bytes
    /// here and no timer of its own.
    pub(crate) fn start(clock: Arc<dyn Clock>) -> (Self, DueFlows) {
        let agenda = Arc::new(Agenda::default());
        let end = CancellationToken::new();
        let (due, due_flows) = mpsc::unbounded_channel();
        let running = run(clock, Arc::clone(&agenda), due);
        tokio::spawn(end.clone().run_until_cancelled_owned(running));
        let schedule = Self {
            agenda,
            _end: Arc::new(end.drop_guard()),
        };
        (schedule, due_flows)
    }

    /// Asks for a wake-up.
    pub(crate) fn at(&self, moment: Timestamp, flow: FlowId, due: Due) {
        self.agenda.add(Entry { moment, flow, due });
    }
}

/// What is due when.
#[derive(Default)]
struct Agenda {
    entries: Mutex<BinaryHeap<Reverse<Entry>>>,
    /// Wakes the task, which waits for the entry that was the first.
    first_changed: Notify,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    moment: Timestamp,
    flow: FlowId,
    due: Due,
}

impl Agenda {
    fn add(&self, entry: Entry) {
        let mut entries = self.entries();
        // Most flows are due after those that began before them, so the task is left alone.
        let is_first = entries.peek().is_none_or(|Reverse(first)| entry < *first);
        entries.push(Reverse(entry));
        drop(entries);
        if is_first {
            self.first_changed.notify_one();
        }
    }

    fn next(&self) -> Option<Timestamp> {
        self.entries().peek().map(|Reverse(first)| first.moment)
    }

    /// Takes out the first entry, if its moment has come.
    fn take_due(&self, now: Timestamp) -> Option<Entry> {
        let mut entries = self.entries();
        entries.peek().filter(|Reverse(first)| first.moment <= now)?;
        entries.pop().map(|Reverse(first)| first)
    }

    fn entries(&self) -> MutexGuard<'_, BinaryHeap<Reverse<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(clock: Arc<dyn Clock>, agenda: Arc<Agenda>, due: mpsc::UnboundedSender<(FlowId, Due)>) {
    loop {
        let next = agenda.next();
        tokio::select! {
            () = agenda.first_changed.notified() => {}
            () = sleep_until(clock.as_ref(), next) => {
                let now = clock.now();
                while let Some(entry) = agenda.take_due(now) {
                    if due.send((entry.flow, entry.due)).is_err() {
                        return;
                    }
                }
            }
        }
    }
}

async fn sleep_until(clock: &dyn Clock, moment: Option<Timestamp>) {
    match moment {
        Some(moment) => clock.sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;
    use tokio::time::Instant;
    use tokio::time::sleep;
    use uuid::Uuid;

    use super::*;

    /// The virtual time of the test.
    #[derive(Debug)]
    struct TestClock(Instant);

    #[async_trait]
    impl Clock for TestClock {
        fn now(&self) -> Timestamp {
            Timestamp::EPOCH.plus(self.0.elapsed())
        }

        async fn sleep_until(&self, moment: Timestamp) {
            let micros = u64::try_from(moment.as_micros()).unwrap_or(0);
            tokio::time::sleep_until(self.0 + Duration::from_micros(micros)).await;
        }
    }

    fn start() -> (Instant, Schedule, DueFlows) {
        let begun = Instant::now();
        let (schedule, due) = Schedule::start(Arc::new(TestClock(begun)));
        (begun, schedule, due)
    }

    fn second(second: u64) -> Timestamp {
        Timestamp::EPOCH.plus(Duration::from_secs(second))
    }

    fn flow(number: u64) -> FlowId {
        FlowId::from_uuid(Uuid::from_u128(number.into()))
    }

    #[tokio::test(start_paused = true)]
    async fn each_flow_is_due_at_its_moment_in_whatever_order_they_were_given() {
        let (begun, schedule, mut due) = start();
        for number in [5, 3, 9, 3, 1, 7] {
            schedule.at(second(number), flow(number), Due::Deadline);
            // The task is in its wait when the next one comes.
            tokio::task::yield_now().await;
        }
        for number in [1, 3, 3, 5, 7, 9] {
            assert_eq!(due.recv().await, Some((flow(number), Due::Deadline)));
            assert_eq!(begun.elapsed().as_secs(), number);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_while_another_is_waited_for_does_not_wait_for_it() {
        let (begun, schedule, mut due) = start();
        schedule.at(second(100), flow(100), Due::Leave);
        sleep(Duration::from_secs(10)).await;
        schedule.at(second(200), flow(200), Due::Leave);
        schedule.at(second(20), flow(20), Due::Deadline);
        schedule.at(second(2), flow(2), Due::Deadline);
        for (number, kind, at) in [
            (2, Due::Deadline, 10),
            (20, Due::Deadline, 20),
            (100, Due::Leave, 100),
            (200, Due::Leave, 200),
        ] {
            assert_eq!(due.recv().await, Some((flow(number), kind)));
            assert_eq!(begun.elapsed().as_secs(), at);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_ends_with_the_last_handle() {
        let (_, schedule, mut due) = start();
        let other = schedule.clone();
        schedule.at(second(9), flow(9), Due::Deadline);
        drop(schedule);
        assert_eq!(due.recv().await, Some((flow(9), Due::Deadline)));
        drop(other);
        assert_eq!(due.recv().await, None);
    }
}
