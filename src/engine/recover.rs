use std::sync::Arc;

use tokio::task::JoinSet;

use super::inner::Inner;
use super::input::Arrival;
use super::input::Input;
use super::limits::LONGEST_WINDOW;
use super::live::Cell;
use super::live::Live;
use crate::audit::CommitError;
use crate::audit::DeliveryRow;
use crate::audit::ExchangeDirection;
use crate::audit::FlowRow;
use crate::catalog::Decided;
use crate::engine::find::store_error;
use crate::flow::Phase;
use crate::policy::PushRules;
use crate::words::Outcome;

impl Inner {
    /// Picks up, after a start, every flow that has not come to its end, and fills the limits again.
    ///
    /// # Errors
    /// When the store can't be read; an engine that does not know its flows must not serve.
    pub(crate) async fn recover(self: &Arc<Self>) -> Result<usize, CommitError> {
        if let Some(shared) = self.store.shared() {
            // Others may be working on the rest, and limits are counted in the store.
            return self.take_over(shared).await;
        }
        let since = self.clock.now().minus(LONGEST_WINDOW);
        for start in self.store.starts_since(since).await.map_err(store_error)? {
            self.starts.remember(&start);
        }
        let since = self.clock.now().minus(PushRules::REACH);
        for refusal in self.store.refusals(None, since).await.map_err(store_error)? {
            self.pasts.keep(&refusal);
        }
        let open = self.store.open_flows().await.map_err(store_error)?;
        let count = open.len();
        let mut rows = open.into_iter();
        let mut under_way = JoinSet::new();
        loop {
            // Many at a time, so that they share the syncs of the disk: one by one, a node that dies with ten
            // thousand waiting flows would need half a minute before it serves again.
            while under_way.len() < AT_A_TIME
                && let Some(row) = rows.next()
            {
                let inner = Arc::clone(self);
                under_way.spawn(async move { inner.recover_flow(row).await });
            }
            match under_way.join_next().await {
                Some(recovered) => recovered.map_err(store_error)??,
                None => return Ok(count),
            }
        }
    }

    async fn recover_flow(self: &Arc<Self>, row: FlowRow) -> Result<(), CommitError> {
        // What fails from here on is the flow's own.
        let _pinned = self.pinned_at_last(row.catalog).await;
        let live: Arc<Live> = match self.bring_in(row).await {
            Ok(live) => live,
            Err(error) => {
                self.store.health().await.map_err(store_error)?;
                // One damaged flow must not keep all others from being served.
                tracing::error!(%error, "a flow could not be recovered");
                self.metrics.alarm("unrecoverable_flow");
                return Ok(());
            }
        };
        self.take_up_again(&live).await
    }

    /// Goes on from what is durable: after a start, or after a commit of which nobody knows whether it happened.
    pub(crate) async fn take_up_again(self: &Arc<Self>, live: &Arc<Live>) -> Result<(), CommitError> {
        let mut cell = live.cell.lock().await;
        let taken_up = self.settle(live, &mut cell).await?;
        self.take_from_spool(live, &mut cell).await?;
        if !taken_up {
            self.go_on(live, &mut cell).await?;
        }
        drop(cell);
        self.poll(live);
        Ok(())
    }

    /// The same for whoever holds the flow.
    pub(crate) async fn go_on(
        self: &Arc<Self>,
        live: &Arc<Live>,
        cell: &mut Cell,
    ) -> Result<(), CommitError> {
        let row = Arc::clone(&cell.row);
        if live.catalog.is_none() && row.state.phase == Phase::Held && row.state.closing.is_none() {
            // Nobody knows any more what would be confirmed, or sent in the morning.
            let refused = Decided::without_catalog(Outcome::Approved);
            return self.take_step(live, cell, Input::Refuse(Box::new(refused))).await;
        }
        let input = Input::Recover {
            pending: self.pending(&row).await?,
            notice: self.due_notice(&row).await?,
            owes_ending: true,
        };
        self.take_step(live, cell, input).await
    }

    /// The outcome notice that nobody has delivered.
    pub(super) async fn due_notice(&self, row: &FlowRow) -> Result<Option<DeliveryRow>, CommitError> {
        let deliveries = self.store.deliveries(row.id).await.map_err(store_error)?;
        Ok(deliveries.into_iter().find(|delivery| delivery.next_at.is_some()))
    }

    /// The callbacks that were recorded and not examined before the process died.
    pub(super) async fn pending(&self, row: &FlowRow) -> Result<Vec<Arrival>, CommitError> {
        let mut arrivals = Vec::new();
        for (exchange, digest) in &row.state.pending {
            let stored = self.store.exchange(*exchange).await.map_err(store_error)?;
            match stored {
                Some(stored) => arrivals.push(Arrival {
                    direct: stored.direction == ExchangeDirection::Reply,
                    spooled: false,
                    exchange: *exchange,
                    digest: *digest,
                    source: String::new(),
                    bytes: stored.bytes,
                    at: stored.at,
                }),
                None => tracing::error!(flow = %row.id, "the bytes of a callback are missing from the store"),
            }
        }
        Ok(arrivals)
    }
}

const AT_A_TIME: usize = 128;
