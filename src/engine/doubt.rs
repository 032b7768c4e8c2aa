//! Steps in doubt: the store has reported a failure, and nobody knows whether the step is durable all the same.
//!
//! A step that failed so leaves a [`Doubt`] with its flow. Nothing else happens to the flow before the store has been asked: what
//! it holds is the truth, and what follows from a step that it has taken is taken up, once. A request that was never handed to
//! the transport has not been sent, and the machine is told so; what an earlier step had begun in this process goes on by itself.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::draft::Aftermath;
use super::find::store_error;
use super::inner::Inner;
use super::input::Input;
use super::live::Cell;
use super::live::Live;
use crate::audit::CommitError;
use crate::audit::ExchangeDirection;
use crate::audit::FlowRow;
use crate::audit::Unit;
use crate::connector::Outbound;
use crate::connector::Reply;
use crate::connector::ReplyMeaning;
use crate::flow::Phase;
use crate::words::ExchangeId;
use crate::words::Outcome;
use crate::words::Timestamp;

/// A step of which nobody knows whether it is durable.
pub(crate) struct Doubt {
    /// The flow as it was known, and as the step would have it.
    before: Arc<FlowRow>,
    drafted: Arc<FlowRow>,
    /// The request that would have left.
    request: Option<DraftedRequest>,
    /// What is done once it is known to be durable.
    after: Mutex<Aftermath>,
    since: Instant,
    landed: AtomicBool,
}

/// A request that was handed in with a step, and is handed to the transport only if that is durable.
#[derive(Clone, Copy)]
pub(super) struct DraftedRequest {
    attempt: u8,
    /// Its exact bytes; no other step has them under this id.
    exchange: ExchangeId,
}

impl DraftedRequest {
    /// The request of a step, if it has one.
    pub(super) fn of(send: Option<&Outbound>, unit: &Unit) -> Option<Self> {
        let outbound = |direction| direction == ExchangeDirection::Outbound;
        let kept = unit.exchanges.iter().find(|kept| outbound(kept.direction))?;
        Some(Self {
            attempt: send?.attempt,
            exchange: kept.id,
        })
    }
}

impl Doubt {
    /// Whether the step has turned out to be durable.
    pub(super) fn has_landed(&self) -> bool {
        self.landed.load(Ordering::SeqCst)
    }
}

impl Inner {
    /// Keeps in mind that a step may be durable, and looks until that is known, whether or not anything else happens.
    pub(super) fn doubt(
        self: &Arc<Self>,
        live: &Arc<Live>,
        cell: &mut Cell,
        drafted: Arc<FlowRow>,
        (request, after): (Option<DraftedRequest>, Aftermath),
    ) {
        let is_first = cell.doubts.is_empty();
        if cell.doubts.len() >= MOST_DOUBTS {
            // The first one says since when nothing is known.
            cell.doubts.remove(1);
        }
        cell.doubts.push(Arc::new(Doubt {
            before: Arc::clone(&cell.row),
            drafted,
            request,
            after: Mutex::new(after),
            since: Instant::now(),
            landed: AtomicBool::new(false),
        }));
        if is_first {
            let (inner, live) = (Arc::clone(self), Arc::clone(live));
            self.spawn(async move {
                tokio::select! {
                    () = inner.look_until_known(&live) => {}
                    () = inner.stop.cancelled() => {}
                }
            });
        }
    }

    /// Asks the store what became of the steps in doubt, and takes up what follows; whether it had anything to take up.
    ///
    /// Where several processes share a store, what is not durable yet may still become so: it stays in doubt until another step
    /// is, since the two can't both become durable, or until it is too late for it.
    ///
    /// # Errors
    /// When the store does not answer, or can't record what follows; then the doubt stays. [`CommitError::Conflict`] also where
    /// another process has begun the flow.
    pub(super) async fn settle(
        self: &Arc<Self>,
        live: &Arc<Live>,
        cell: &mut Cell,
    ) -> Result<bool, CommitError> {
        let Some(first) = cell.doubts.first().cloned() else {
            return Ok(false);
        };
        let stored = self.look(live).await?;
        if let Some(row) = stored {
            if row.token != cell.row.token {
                cell.doubts.clear();
                return Err(CommitError::Conflict);
            }
            self.take_in(live, cell, row);
        }
        if cell.row.version <= first.before.version {
            // One that writes for this process alone has no more to say.
            let shared = self.store.shared().is_some();
            cell.doubts
                .retain(|doubt| shared && doubt.since.elapsed() < LONGEST_DOUBT);
            if cell.doubts.is_empty() && live.is_given_up() {
                self.flows.remove(live.id, &cell.row.token);
            }
            return Ok(false);
        }
        let row = Arc::clone(&cell.row);
        let (mut is_others, mut found) = (true, None);
        for doubt in &cell.doubts {
            // What is known to be durable stays so, however far the flow has gone on since.
            let same = doubt.drafted.version == row.version && doubt.drafted.state == row.state;
            if same && !doubt.landed.swap(true, Ordering::SeqCst) {
                found.get_or_insert_with(|| Arc::clone(doubt));
            }
            // Where the flow has gone on meanwhile, nobody knows with which step that began.
            is_others &= !doubt.has_landed() && doubt.drafted.version == row.version;
        }
        if is_others {
            // Another process was faster, and owes what follows.
            cell.doubts.clear();
            return Ok(false);
        }
        tracing::warn!(flow = %live.id, "a step that was reported as failed is durable; what follows from it is taken up");
        if let Some(doubt) = found {
            let after = std::mem::take(&mut *doubt.after.lock().unwrap_or_else(PoisonError::into_inner));
            self.note_step(live, &doubt.before, &row, after);
        }
        let owed = match self.unsent(cell).await? {
            Some(attempt) => Some(not_sent(attempt, live, self.clock.now())),
            // What waits for its hour, or for a confirmation, was told to have never begun.
            None if live.is_given_up() && row.state.phase == Phase::Held => Some(Input::Cancel),
            None => self.owed_since(&first.before, &row).await?,
        };
        match owed {
            Some(input) => self.step_once(live, cell, input).await?,
            None => cell.doubts.clear(),
        }
        self.poll(live);
        Ok(true)
    }

    /// Waits until it is known whether a flow has begun whose first step `failed` and is in doubt. `stays` says that nobody is kept
    /// waiting.
    ///
    /// # Errors
    /// When it has not, or when that is not known in time. Then the e-service is told that nothing has begun; the flow stays in
    /// memory until it is known, and should it have begun, it ends without asking anybody.
    pub(super) async fn has_begun(
        self: &Arc<Self>,
        live: &Arc<Live>,
        stays: bool,
        failed: CommitError,
    ) -> Result<(), CommitError> {
        let until = Instant::now() + LONGEST_START;
        let mut pause = FIRST_PAUSE;
        loop {
            {
                let mut cell = live.cell.lock().await;
                let settled = self.settle(live, &mut cell).await;
                match settled {
                    Ok(_) if cell.row.version > 0 => return Ok(()),
                    Ok(_) if cell.doubts.is_empty() => return Err(failed),
                    Err(
                        error @ (CommitError::Conflict | CommitError::Duplicate(_) | CommitError::Stopped),
                    ) => {
                        return Err(error);
                    }
                    Ok(_) | Err(CommitError::Store(_)) => {}
                }
                if !stays && Instant::now() >= until {
                    live.give_up();
                    return Err(in_doubt());
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                () = self.stop.cancelled() => return Err(CommitError::Stopped),
            }
        }
    }

    async fn look_until_known(self: &Arc<Self>, live: &Arc<Live>) {
        let mut pause = FIRST_PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            let mut cell = live.cell.lock().await;
            if let Err(error) = self.settle(live, &mut cell).await {
                tracing::warn!(flow = %live.id, %error, "whether a step is durable is not known yet; looking again");
            }
            if cell.doubts.is_empty() {
                return;
            }
        }
    }

    /// The flow as the store has it. It is never kept waiting for longer than a step is, and the reading goes on by itself.
    async fn look(self: &Arc<Self>, live: &Live) -> Result<Option<FlowRow>, CommitError> {
        let (inner, id) = (Arc::clone(self), live.id);
        let looking = tokio::spawn(async move { inner.store.flow(id).await });
        match tokio::time::timeout(LONGEST_LOOK, looking).await {
            Ok(Ok(read)) => read.map_err(store_error),
            Ok(Err(_)) => Err(store_error("the flow could not be read")),
            Err(_) => Err(store_error("the store does not answer")),
        }
    }

    /// The attempt whose request is durable and was never handed to the transport. That it is ours is shown by its bytes: another
    /// process may have taken the same step, and sends.
    async fn unsent(&self, cell: &Cell) -> Result<Option<u8>, CommitError> {
        let state = &cell.row.state;
        if state.phase != Phase::Sent {
            return Ok(None);
        }
        for doubt in &cell.doubts {
            let ours = doubt.drafted.version == cell.row.version;
            let Some(request) = doubt
                .request
                .filter(|request| ours && request.attempt == state.attempt)
            else {
                continue;
            };
            let kept = self.store.exchange(request.exchange).await;
            if kept.map_err(store_error)?.is_some() {
                return Ok(Some(request.attempt));
            }
        }
        Ok(None)
    }

    /// What follows from the steps between two states of a flow, and nothing of what was under way before; `None` if that is
    /// nothing.
    async fn owed_since(&self, before: &FlowRow, now: &FlowRow) -> Result<Option<Input>, CommitError> {
        let mut pending = self.pending(now).await?;
        pending.retain(|arrival| {
            let mut known = before.state.pending.iter();
            !known.any(|(exchange, _)| *exchange == arrival.exchange)
        });
        let ends = now.state.phase == Phase::Decided && !before.state.has_ended();
        let moved = (before.state.phase, before.state.attempt) != (now.state.phase, now.state.attempt);
        if pending.is_empty() && !ends && (!moved || now.state.has_ended()) {
            return Ok(None);
        }
        let notice = if ends { self.due_notice(now).await? } else { None };
        Ok(Some(Input::Recover {
            pending,
            notice,
            owes_ending: ends,
        }))
    }
}

/// What the machine hears of a request that was never handed to the transport.
fn not_sent(attempt: u8, live: &Live, at: Timestamp) -> Input {
    let detail = "whether the request was recorded was not known, so it was not sent".to_owned();
    let meaning = if live.is_given_up() {
        ReplyMeaning::Refused {
            outcome: Outcome::ErrorStore,
            code: None,
            detail,
        }
    } else {
        ReplyMeaning::NotSent { detail }
    };
    Input::Reply {
        attempt,
        reply: Reply { body: None, meaning },
        exchange: None,
        at,
    }
}

fn in_doubt() -> CommitError {
    CommitError::Store("whether the step is durable is not known".to_owned())
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a read may keep the flow.
const LONGEST_LOOK: Duration = Duration::from_secs(2);
/// How long an e-service is kept waiting for the word whether its flow has begun.
const LONGEST_START: Duration = Duration::from_secs(3);
/// How long a commit that the store does not show may still become durable: a statement waits at most a minute for a lock. One
/// that waits longer for a standby that is away is found when something next happens to the flow.
const LONGEST_DOUBT: Duration = Duration::from_secs(90);
const MOST_DOUBTS: usize = 64;
