use std::collections::VecDeque;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::task::yield_now;
use tokio::time::Instant;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Commit;
use super::CommitError;
use super::Unit;
use super::Written;
use super::pace::Pace;
use super::stats::Counters;
use super::stats::RecorderStats;

/// Proof that what it wraps was recorded durably before (laws 1 and 2).
///
/// Only [`Recorder::record`] makes one, after the commit returned.
///
/// ```compile_fail,E0451
/// let forged = midflow::audit::Recorded { subject: "a request nobody recorded" };
/// ```
///
/// The control, which compiles: a proof can be used, only not made.
///
/// ```
/// fn send(request: midflow::audit::Recorded<&str>) -> usize {
///     request.into_inner().len()
/// }
/// ```
#[derive(Debug)]
pub struct Recorded<T> {
    subject: T,
}

impl<T> Recorded<T> {
    /// The recorded thing itself; the proof is used up.
    pub fn into_inner(self) -> T {
        self.subject
    }
}

impl<A, B, C, D> Recorded<(A, B, C, D)> {
    /// Takes what was recorded together apart: each part was recorded with the others.
    pub fn split(self) -> (Recorded<A>, Recorded<B>, Recorded<C>, Recorded<D>) {
        let (a, b, c, d) = self.subject;
        (
            Recorded { subject: a },
            Recorded { subject: b },
            Recorded { subject: c },
            Recorded { subject: d },
        )
    }
}

impl<T> Recorded<Option<T>> {
    /// The proof for what is there, if anything is.
    pub fn transpose(self) -> Option<Recorded<T>> {
        self.subject.map(|subject| Recorded { subject })
    }
}

impl<T> Deref for Recorded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.subject
    }
}

/// How the recorder gathers units into batches.
#[derive(Clone, Copy, Debug)]
pub struct RecorderOptions {
    /// The most units in one commit.
    pub max_batch: usize,
    /// The most units that wait before callers have to wait to hand theirs in.
    pub queue: usize,
}

impl Default for RecorderOptions {
    fn default() -> Self {
        Self {
            max_batch: 256,
            queue: 1_024,
        }
    }
}

/// The one door to the audit log: gathers units, commits them in groups, and gives out [`Recorded`] proofs.
///
/// One task commits; while it waits for the disk, the units of other callers gather, and share the next sync. Where so many
/// have gathered that more would gain little, they are handed to the store before the disk has answered, so that they are made
/// ready meanwhile.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Ticket>,
    crowd: Arc<Crowd>,
    counters: Arc<Counters>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Recorder {
    /// Starts the writer task over a store; must be called inside a tokio runtime.
    ///
    /// The task ends after [`Recorder::shutdown`], or when the last clone of the recorder is gone; in both cases
    /// after everything that was handed in is committed.
    pub fn start(store: Arc<dyn Commit>, options: RecorderOptions) -> Self {
        let (queue, tickets) = mpsc::channel(options.queue.max(1));
        let crowd = Arc::new(Crowd {
            size: Pace::GOAL.min(options.max_batch.max(1)),
            waits: Notify::new(),
        });
        let counters = Arc::new(Counters::default());
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(
            Writer {
                store,
                tickets,
                crowd: Arc::clone(&crowd),
                counters: Arc::clone(&counters),
                max_batch: options.max_batch.max(1),
                pace: Pace::default(),
                under_way: VecDeque::with_capacity(MOST_UNDER_WAY),
                free_since: Instant::now(),
            }
            .run(stop.clone()),
        );
        tasks.close();
        Self {
            queue,
            crowd,
            counters,
            stop,
            tasks,
        }
    }

    /// Records `unit` durably, then gives `subject` back with the proof.
    ///
    /// A caller that stops waiting does not stop the commit: once handed in, a unit is committed whole. A caller
    /// that stops while the queue is full has handed in nothing.
    ///
    /// # Errors
    /// When the unit did not become durable; then nothing that depends on it may happen.
    pub async fn record<T>(&self, unit: Unit, subject: T) -> Result<Recorded<T>, CommitError> {
        let answered = self.hand_in(unit).await?;
        committed(answered).await?;
        Ok(Recorded { subject })
    }

    /// Records `units` durably in this order, in as few commits as the recorder makes of them.
    ///
    /// # Errors
    /// When one did not become durable; the others may have.
    pub async fn record_all(&self, units: Vec<Unit>) -> Result<(), CommitError> {
        let mut waiting = Vec::with_capacity(units.len());
        for unit in units {
            waiting.push(self.hand_in(unit).await?);
        }
        for answered in waiting {
            committed(answered).await?;
        }
        Ok(())
    }

    async fn hand_in(&self, mut unit: Unit) -> Result<Answered, CommitError> {
        unit.written = Written::of(&unit);
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Ticket { unit, answer })
            .await
            .map_err(|_| CommitError::Stopped)?;
        self.crowd.look(self.waiting());
        Ok(answered)
    }

    /// Takes no more units, commits those that were handed in, and returns when the last is answered.
    ///
    /// Later calls of [`Recorder::record`] fail with [`CommitError::Stopped`]. Calling this twice is harmless.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }

    /// What the recorder has done so far.
    pub fn stats(&self) -> RecorderStats {
        self.counters.snapshot(self.waiting())
    }

    fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

type Answered = oneshot::Receiver<Result<(), CommitError>>;

async fn committed(answered: Answered) -> Result<(), CommitError> {
    answered
        .await
        .unwrap_or_else(|_| Err(CommitError::Store(LOST.to_owned())))
}

struct Ticket {
    unit: Unit,
    answer: oneshot::Sender<Result<(), CommitError>>,
}

/// Tells the writer when so many units wait that they are worth a commit of their own.
struct Crowd {
    size: usize,
    waits: Notify,
}

impl Crowd {
    fn look(&self, waiting: usize) {
        if waiting >= self.size {
            self.waits.notify_one();
        }
    }
}

struct Writer {
    store: Arc<dyn Commit>,
    tickets: mpsc::Receiver<Ticket>,
    crowd: Arc<Crowd>,
    counters: Arc<Counters>,
    max_batch: usize,
    pace: Pace,
    /// The batches that the store has, the oldest first.
    under_way: VecDeque<UnderWay>,
    /// When the store last answered.
    free_since: Instant,
}

/// A batch that is being committed.
struct UnderWay {
    began: Instant,
    answers: Vec<oneshot::Sender<Result<(), CommitError>>>,
    committing: JoinHandle<Vec<Result<(), CommitError>>>,
    /// Ends when the store has accepted the batch, or never will.
    accepted: Option<oneshot::Receiver<()>>,
}

impl Writer {
    async fn run(mut self, stop: CancellationToken) {
        loop {
            let may_follow = self.under_way.len() < MOST_UNDER_WAY;
            if let Some(oldest) = self.under_way.front_mut() {
                tokio::select! {
                    biased;
                    results = &mut oldest.committing => {
                        self.answer(results.ok());
                        continue;
                    }
                    () = stop.cancelled(), if !self.tickets.is_closed() => {
                        self.tickets.close();
                        continue;
                    }
                    () = self.crowd.waits.notified(), if may_follow => {}
                }
                // Those who were told of may have gone with the batch before.
                if self.tickets.len() >= self.crowd.size
                    && let Ok(first) = self.tickets.try_recv()
                {
                    let batch = self.gather(first).await;
                    self.commit(batch);
                }
                continue;
            }
            let first = tokio::select! {
                biased;
                () = stop.cancelled(), if !self.tickets.is_closed() => {
                    // No more is taken; what is in the queue is still received below.
                    self.tickets.close();
                    continue;
                }
                first = self.tickets.recv() => first,
            };
            let Some(first) = first else { return };
            let batch = self.gather(first).await;
            self.commit(batch);
        }
    }

    /// Takes what has arrived, lets those who are about to hand in do so, and waits only where it pays.
    async fn gather(&mut self, first: Ticket) -> Vec<Ticket> {
        let mut batch = Batch::new(first, self.max_batch);
        batch.drain(&mut self.tickets);
        // On a busy machine the callers of the last commit are runnable but have not run yet.
        for _ in 0..MOST_YIELDS {
            let before = batch.tickets.len();
            yield_now().await;
            batch.drain(&mut self.tickets);
            if batch.tickets.len() == before {
                break;
            }
        }
        let now = Instant::now();
        self.pace.arrived(batch.tickets.len(), now);
        let before = batch.tickets.len();
        if self.under_way.is_empty()
            && !self.tickets.is_closed()
            && let Some(wait) = self.pace.wait(before)
        {
            // One timer for the batch, not one for each that joins it.
            let mut over = pin!(sleep_until(now + wait));
            while batch.tickets.len() < Pace::GOAL && batch.has_room() {
                let ticket = tokio::select! {
                    biased;
                    ticket = self.tickets.recv() => ticket,
                    () = &mut over => None,
                };
                let Some(ticket) = ticket else { break };
                batch.push(ticket);
                batch.drain(&mut self.tickets);
            }
            self.pace.waited(before, batch.tickets.len(), Instant::now());
        }
        batch.tickets
    }

    /// Hands a batch to the store behind those that are under way, in a task of its own, so that a panic of the store reaches
    /// the callers as an error.
    fn commit(&mut self, batch: Vec<Ticket>) {
        let (units, answers): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|ticket| (ticket.unit, ticket.answer))
            .unzip();
        let before = self.under_way.back_mut().and_then(|last| last.accepted.take());
        let (accepting, accepted) = oneshot::channel::<()>();
        let store = Arc::clone(&self.store);
        let committing = tokio::spawn(async move {
            if let Some(before) = before {
                // There is nothing to be received: it ends with its sender.
                let _ = before.await;
            }
            let committing = store.accept(units).await;
            drop(accepting);
            committing.await
        });
        self.under_way.push_back(UnderWay {
            began: Instant::now(),
            answers,
            committing,
            accepted: Some(accepted),
        });
    }

    /// Gives the callers of the oldest batch their answers; none where the store panicked.
    fn answer(&mut self, results: Option<Vec<Result<(), CommitError>>>) {
        let Some(UnderWay { began, answers, .. }) = self.under_way.pop_front() else {
            return;
        };
        let results =
            results.unwrap_or_else(|| vec![Err(CommitError::Store(PANICKED.to_owned())); answers.len()]);
        // A batch that stood behind another one has not kept the store busy before that was done.
        let since = began.max(self.free_since);
        self.free_since = Instant::now();
        self.pace.committed(self.free_since.duration_since(since));
        self.counters.committed(answers.len(), &results);
        let mut results = results.into_iter();
        for answer in answers {
            let result = results
                .next()
                .unwrap_or_else(|| Err(CommitError::Store(UNANSWERED.to_owned())));
            // A caller that has gone is no reason to stop.
            let _ = answer.send(result);
        }
    }
}

struct Batch {
    tickets: Vec<Ticket>,
    weight: usize,
    max: usize,
}

impl Batch {
    fn new(first: Ticket, max: usize) -> Self {
        let mut batch = Self {
            tickets: Vec::with_capacity(max.min(Pace::GOAL * 2)),
            weight: 0,
            max,
        };
        batch.push(first);
        batch
    }

    fn has_room(&self) -> bool {
        self.tickets.len() < self.max && self.weight < MOST_BYTES
    }

    fn push(&mut self, ticket: Ticket) {
        self.weight += ticket.unit.weight();
        self.tickets.push(ticket);
    }

    fn drain(&mut self, tickets: &mut mpsc::Receiver<Ticket>) {
        while self.has_room() {
            let Ok(ticket) = tickets.try_recv() else { return };
            self.push(ticket);
        }
    }
}

const MOST_YIELDS: usize = 8;
/// One that waits for the disk, and one that is made ready meanwhile.
const MOST_UNDER_WAY: usize = 2;
/// A batch that has reached this many bytes takes no further unit.
const MOST_BYTES: usize = 8 << 20;
const LOST: &str = "the writer was lost; whether the unit is durable is not known";
const PANICKED: &str = "the store panicked; whether the unit is durable is not known";
const UNANSWERED: &str = "the store gave no answer for the unit";

#[cfg(test)]
mod tests;
