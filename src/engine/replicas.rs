//! What an engine does beside others over the same store. Nothing of it happens where the store is owned alone.
//!
//! Any replica takes any request, callback or deadline: a step is a compare-and-set of the flow's version, and who takes
//! it owes what follows from it. So there are two things to look after: what others have done to flows that are in
//! memory here, and flows whose replica is dead.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::find::store_error;
use super::inner::Inner;
use super::live::Live;
use super::live::Stage;
use crate::audit::CommitError;
use crate::audit::FlowRow;
use crate::store::Shared;
use crate::store::StoreError;

/// Looks after the others until the engine stops. `upto` is the record that was the last one when it started.
pub(crate) async fn look_after(inner: Arc<Inner>, mut upto: u64) {
    let Some(shared) = inner.store.shared() else {
        return;
    };
    let mut last_takeover = Instant::now();
    loop {
        tokio::select! {
            () = shared.hint() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = inner.stop.cancelled() => return,
        }
        if let Err(error) = inner.hear(shared, &mut upto).await {
            tracing::warn!(%error, "what other replicas have done could not be read; looking again");
        }
        if last_takeover.elapsed() < TAKE_OVER_EVERY {
            continue;
        }
        last_takeover = Instant::now();
        match inner.take_over(shared).await {
            Ok(0) => {}
            Ok(flows) => tracing::warn!(flows, "flows that nobody worked on are taken over"),
            Err(error) => tracing::warn!(%error, "flows could not be taken over; trying again"),
        }
        inner.follow_activation().await;
    }
}

impl Inner {
    /// Takes over every flow that nobody works on, and goes on with it.
    pub(crate) async fn take_over(self: &Arc<Self>, shared: &dyn Shared) -> Result<usize, CommitError> {
        let mut count = 0;
        loop {
            let overdue = self.clock.now().minus(OVERDUE);
            let taken = shared.take_over(overdue, AT_A_TIME).await.map_err(store_error)?;
            let full = taken.len() >= AT_A_TIME as usize;
            count += taken.len();
            let mut under_way = tokio::task::JoinSet::new();
            for row in taken {
                let inner = Arc::clone(self);
                under_way.spawn(async move { inner.go_on_with(row).await });
            }
            under_way.join_all().await;
            if !full {
                return Ok(count);
            }
        }
    }

    /// Goes on with a flow that was taken over.
    async fn go_on_with(self: &Arc<Self>, row: FlowRow) {
        let id = row.id;
        let _pinned = self.pinned_at_last(row.catalog).await;
        let live = loop {
            let error = match self.in_hand(row.clone()).await {
                Ok(live) => break live,
                Err(error) => error,
            };
            tracing::error!(flow = %id, %error, "a flow could not be taken over");
            if self.store.health().await.is_ok() {
                self.metrics.alarm("unrecoverable_flow");
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.stop.cancelled() => return,
            }
        };
        loop {
            match self.take_up_again(&live).await {
                // Another replica has taken a step meanwhile, and owes what follows.
                Ok(()) | Err(CommitError::Conflict | CommitError::Duplicate(_) | CommitError::Stopped) => {
                    return;
                }
                Err(CommitError::Store(cause)) => {
                    tracing::error!(flow = %id, %cause, "a flow could not be taken up; trying again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.stop.cancelled() => return,
            }
            self.reload(&live).await;
        }
    }

    /// The flow in memory, as it is in this row or newer.
    async fn in_hand(&self, row: FlowRow) -> Result<Arc<Live>, CommitError> {
        if let Some(live) = self.flows.by_id(row.id) {
            let mut cell = live.cell.lock().await;
            self.take_in(&live, &mut cell, row);
            drop(cell);
            return Ok(live);
        }
        self.bring_in(row).await
    }

    /// Makes what others have recorded known here, to those who wait for it.
    async fn hear(&self, shared: &dyn Shared, upto: &mut u64) -> Result<(), StoreError> {
        loop {
            let news = shared.news(*upto, NEWS_AT_A_TIME).await?;
            for flow in &news.flows {
                if let Some(live) = self.flows.by_id(*flow) {
                    self.reload(&live).await;
                }
            }
            if news.upto == *upto {
                return Ok(());
            }
            *upto = news.upto;
        }
    }

    /// Where others write too, what is in memory may be behind; asks for what is durable. A flow that has ended stays as it
    /// is.
    pub(crate) async fn freshen(&self, live: &Arc<Live>) {
        if self.store.shared().is_some() && *live.stage.borrow() != Stage::Ended {
            self.reload(live).await;
        }
    }

    /// A catalog that was activated by hand on one replica is activated by all: every node has the same files, and they
    /// are set aside everywhere or nowhere.
    async fn follow_activation(self: &Arc<Self>) {
        let Ok(Some(last)) = self.store.active_catalog().await else {
            return;
        };
        let status = self.catalogs.status();
        if last.set_aside.is_none() || last.catalog == status.active || last.at <= status.since {
            return;
        }
        let actor = format!("{} (on another replica)", last.by);
        // A refusal is recorded and shown by itself.
        let _ = self.activate_kept(&self.folder, last.catalog, &actor).await;
    }
}

/// How long news may take without a hint.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const TAKE_OVER_EVERY: Duration = Duration::from_secs(1);
/// A flow that should have ended this long ago is anybody's.
const OVERDUE: Duration = Duration::from_secs(10);
const AT_A_TIME: u32 = 128;
const NEWS_AT_A_TIME: u32 = 1_000;
