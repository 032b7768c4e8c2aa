use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::entry::Damage;
use super::entry::Entry;
use super::waiting::Spool;
use crate::audit::CommitError;
use crate::audit::Event;
use crate::engine::CallbackReceipt;
use crate::engine::activate::admin;
use crate::engine::find::store_error;
use crate::engine::inner::Inner;
use crate::engine::input::Arrival;
use crate::engine::input::Input;
use crate::engine::live::Cell;
use crate::engine::live::Live;
use crate::engine::receive::Bounded;
use crate::store::StoreError;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;

impl Inner {
    /// Lets a callback wait that could not be recorded, and says what the authority is answered.
    pub(in crate::engine) async fn let_wait(
        &self,
        token: Digest,
        arrival: Arrival,
        cause: &str,
    ) -> CallbackReceipt {
        let Some(spool) = &self.spool else {
            tracing::error!(cause, "a callback could not be recorded");
            return CallbackReceipt::StoreUnavailable;
        };
        let is_stranger = self.flows.by_token(&token).is_none();
        match spool.keep(token, arrival, is_stranger).await {
            Ok(()) => {
                tracing::warn!(
                    cause,
                    waiting = spool.len(),
                    "a callback waits in the spool for the store"
                );
                self.metrics.callback("spooled");
                CallbackReceipt::Recorded
            }
            Err(error) => {
                tracing::error!(cause, %error, "a callback could neither be recorded nor wait in the spool");
                self.metrics.alarm("spool_refused");
                CallbackReceipt::StoreUnavailable
            }
        }
    }

    /// What waited for this flow comes before anything else that happens to it: what arrived first is recorded first, and
    /// no deadline strikes over the head of an answer that came in time.
    ///
    /// # Errors
    /// When it can't be recorded; then it goes on waiting.
    pub(in crate::engine) async fn take_from_spool(
        self: &Arc<Self>,
        live: &Arc<Live>,
        cell: &mut Cell,
    ) -> Result<(), CommitError> {
        let Some(spool) = &self.spool else { return Ok(()) };
        while let Some(number) = spool.first_of(&cell.row.token) {
            match spool.read(number).await {
                Ok(None) => {}
                Ok(Some(entry)) => {
                    self.take_in_entry(spool, live, cell, &entry).await?;
                    spool.remove(number).await;
                }
                Err(damage) => self.report(spool, number, damage).await,
            }
        }
        Ok(())
    }

    async fn take_in_entry(
        self: &Arc<Self>,
        spool: &Spool,
        live: &Arc<Live>,
        cell: &mut Cell,
        entry: &Entry,
    ) -> Result<(), CommitError> {
        let digest = Digest::of(&entry.bytes);
        let is_known = cell.row.state.seen.contains(&digest);
        if self
            .store
            .exchange(entry.exchange)
            .await
            .map_err(store_error)?
            .is_some()
        {
            // The commit that seemed to fail had happened, or a run before this one came so far. Where nobody here knows
            // of it, nobody examines it either.
            if !is_known && let Some(row) = self.store.flow(live.id).await.map_err(store_error)? {
                self.take_in(live, cell, row);
                self.go_on(live, cell).await?;
            }
            return Ok(());
        }
        if !is_known && cell.row.state.seen.len() >= self.options.max_callbacks {
            return self.take_in_bounded(spool, entry, Some(live.id), "excess").await;
        }
        let arrival = Arrival {
            direct: false,
            spooled: true,
            exchange: entry.exchange,
            digest,
            source: entry.source.clone(),
            bytes: entry.bytes.clone(),
            at: entry.at,
        };
        self.take_step(live, cell, Input::Callback(arrival)).await
    }

    /// Takes in whatever waits, whenever something does, and keeps room for more.
    pub(in crate::engine) async fn look_after_spool(self: Arc<Self>) {
        let Some(spool) = self.spool.clone() else { return };
        let mut pause = FIRST_PAUSE;
        loop {
            for (number, damage) in spool.take_damaged() {
                self.report(&spool, number, damage).await;
            }
            if spool.len() > 0 {
                let waiting = spool.len();
                if let Err(error) = self.empty(&spool).await {
                    tracing::warn!(waiting = spool.len(), %error, "callbacks wait in the spool for the store");
                    tokio::select! {
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                        () = self.stop.cancelled() => return,
                    }
                    continue;
                }
                pause = FIRST_PAUSE;
                tracing::info!(waiting, "the callbacks of the spool are recorded");
                continue;
            }
            self.keep_room(&spool).await;
            tokio::select! {
                () = spool.arrived.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Takes everything in: flows beside each other, the callbacks of each in their order.
    async fn empty(self: &Arc<Self>, spool: &Arc<Spool>) -> Result<(), CommitError> {
        // As long as the store is away, none of them is even tried.
        self.store.health().await.map_err(store_error)?;
        let mut tokens = spool.tokens().into_iter();
        let mut under_way = JoinSet::new();
        let mut outcome = Ok(());
        loop {
            while under_way.len() < AT_A_TIME
                && let Some(token) = tokens.next()
            {
                let (inner, spool) = (Arc::clone(self), Arc::clone(spool));
                under_way.spawn(async move { inner.take_in_all_of(&spool, &token).await });
            }
            match under_way.join_next().await {
                Some(Ok(Ok(()))) => {}
                // One that can't be taken in must not keep the others waiting.
                Some(Ok(Err(error))) => outcome = Err(error),
                Some(Err(error)) => outcome = Err(store_error(error)),
                None => break,
            }
        }
        let mut known = spool.known.lock().await;
        if spool.len() == 0 {
            *known = None;
            spool.folder.remove_note(POSITION).map_err(store_error)?;
        }
        outcome
    }

    async fn take_in_all_of(self: &Arc<Self>, spool: &Arc<Spool>, token: &Digest) -> Result<(), CommitError> {
        for _ in 0..MOST_CONFLICTS {
            let Some(live) = self.live_by_token(token).await? else {
                return self.take_in_strangers(spool, token).await;
            };
            let mut cell = live.cell.lock().await;
            let settled = self.settle(&live, &mut cell).await;
            let taken = match settled {
                Ok(_) => self.take_from_spool(&live, &mut cell).await,
                Err(error) => Err(error),
            };
            match taken {
                Err(CommitError::Conflict) => {
                    drop(cell);
                    self.reload(&live).await;
                }
                other => return other,
            }
        }
        Err(CommitError::Conflict)
    }

    /// There is no flow of this token, so digest, size and source are kept, as of every such callback.
    async fn take_in_strangers(&self, spool: &Arc<Spool>, token: &Digest) -> Result<(), CommitError> {
        while let Some(number) = spool.first_of(token) {
            match spool.read(number).await {
                Ok(None) => {}
                Ok(Some(entry)) => {
                    self.take_in_bounded(spool, &entry, None, "unknown_token").await?;
                    spool.remove(number).await;
                }
                Err(damage) => self.report(spool, number, damage).await,
            }
        }
        Ok(())
    }

    async fn take_in_bounded(
        &self,
        spool: &Spool,
        entry: &Entry,
        flow: Option<FlowId>,
        placed: &'static str,
    ) -> Result<(), CommitError> {
        if self.has_recorded(spool, entry.exchange).await? {
            return Ok(());
        }
        self.keep_bounded(Bounded {
            flow,
            placed,
            source: entry.source.clone(),
            body: &entry.bytes,
            arrived_at: Some(entry.at),
            spooled: Some(entry.exchange),
        })
        .await
    }

    /// Whether a callback without an exchange was recorded before this process died over it. A note beside the entries says
    /// where the log ended before the first of them was recorded, so only what came later has to be read.
    async fn has_recorded(&self, spool: &Spool, exchange: ExchangeId) -> Result<bool, CommitError> {
        let mut known = spool.known.lock().await;
        if let Some(known) = known.as_ref() {
            return Ok(known.contains(&exchange));
        }
        let noted = spool.folder.read_note(POSITION).map_err(store_error)?;
        let recorded = match noted {
            // A note that says nothing stands for the beginning.
            Some(note) => self.spooled_since(note.trim().parse().unwrap_or(0)).await,
            None => {
                let end = self.store.counts().await.map_err(store_error)?.records;
                spool
                    .folder
                    .write_note(POSITION, &end.to_string())
                    .map_err(store_error)?;
                Ok(HashSet::new())
            }
        };
        let recorded = recorded.map_err(store_error)?;
        let is_recorded = recorded.contains(&exchange);
        *known = Some(recorded);
        Ok(is_recorded)
    }

    /// What the log says of callbacks that waited, after a number.
    async fn spooled_since(&self, mut seq: u64) -> Result<HashSet<ExchangeId>, StoreError> {
        let mut spooled = HashSet::new();
        loop {
            let records = self.store.records_after(seq, PAGE).await?;
            let Some(last) = records.last() else {
                return Ok(spooled);
            };
            seq = last.seq;
            spooled.extend(records.iter().filter_map(|record| match &record.event {
                Event::Callback(callback) => callback.spooled,
                _ => None,
            }));
        }
    }

    /// A damaged callback is never dropped silently: the log says so, and its file stays.
    async fn report(&self, spool: &Spool, number: u64, damage: Damage) {
        tracing::error!(number, %damage, "a callback of the spool is damaged and was set aside");
        let detail = format!("callback {number} of the spool: {damage}; its file is kept in set-aside");
        let act = admin(
            "spooled_callback_set_aside",
            "spool",
            None,
            detail,
            self.clock.now(),
        );
        match self.recorder.record(act, ()).await {
            Ok(_) => self.metrics.alarm("spool_damaged"),
            Err(error) => {
                tracing::warn!(number, %error, "that a callback was set aside could not be recorded yet");
                spool.still_damaged(number, damage);
            }
        }
    }

    async fn keep_room(&self, spool: &Arc<Spool>) {
        let filling = Arc::clone(spool);
        let room = self.options.spool.as_ref().map_or(0, |options| options.size);
        let held = tokio::task::spawn_blocking(move || {
            let goal = room.saturating_sub(filling.bytes());
            filling.folder.hold_room(goal)
        });
        match held.await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                tracing::error!("the disk of the spool has no room to spare; make room on it");
                self.metrics.alarm("spool_without_room");
            }
            Ok(Err(error)) => tracing::error!(%error, "no room can be held for the spool"),
            Err(_) => {}
        }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often room is looked after where nothing happens.
const LOOK_EVERY: Duration = Duration::from_secs(60);
const AT_A_TIME: usize = 64;
const MOST_CONFLICTS: u32 = 6;
const PAGE: u32 = 1_000;
/// Where the log ended before the first stranger was taken in.
const POSITION: &str = "position";
