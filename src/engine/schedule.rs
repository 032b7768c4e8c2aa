use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use tokio::sync::mpsc;

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
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    entries: mpsc::UnboundedSender<(Timestamp, FlowId, Due)>,
}

/// What the task gives out when a moment has come.
pub(crate) type DueFlows = mpsc::UnboundedReceiver<(FlowId, Due)>;

impl Schedule {
    /// Starts the task; it ends with the last handle. One task for all flows: a waiting flow costs 48 bytes
    /// here and no timer of its own.
    pub(crate) fn start(clock: Arc<dyn Clock>) -> (Self, DueFlows) {
        let (entries, wanted) = mpsc::unbounded_channel();
        let (due, due_flows) = mpsc::unbounded_channel();
        tokio::spawn(run(clock, wanted, due));
        (Self { entries }, due_flows)
    }

    /// Asks for a wake-up.
    pub(crate) fn at(&self, moment: Timestamp, flow: FlowId, due: Due) {
        // A schedule that has stopped belongs to an engine that has stopped.
        let _ = self.entries.send((moment, flow, due));
    }
}

async fn run(
    clock: Arc<dyn Clock>,
    mut wanted: mpsc::UnboundedReceiver<(Timestamp, FlowId, Due)>,
    due: mpsc::UnboundedSender<(FlowId, Due)>,
) {
    let mut heap: BinaryHeap<Reverse<(Timestamp, FlowId, Due)>> = BinaryHeap::new();
    loop {
        let next = heap.peek().map(|Reverse((moment, _, _))| *moment);
        tokio::select! {
            entry = wanted.recv() => match entry {
                Some(entry) => heap.push(Reverse(entry)),
                None => return,
            },
            () = sleep_until(clock.as_ref(), next) => {
                let now = clock.now();
                while let Some(Reverse((moment, flow, kind))) = heap.peek().copied() {
                    if moment > now {
                        break;
                    }
                    heap.pop();
                    if due.send((flow, kind)).is_err() {
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
