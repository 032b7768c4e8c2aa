use std::sync::Arc;
use std::time::Duration;

use super::catalogs::KeptFault;
use super::catalogs::load_if_kept;
use super::detail::Detail;
use super::inner::Inner;
use super::live::Cell;
use super::live::Live;
use super::live::Stage;
use super::schedule::Due;
use crate::audit::CommitError;
use crate::audit::FlowRow;
use crate::catalog::Catalog;
use crate::words::Digest;
use crate::words::FlowId;

impl Inner {
    /// The flow with this callback token, from memory or from the store.
    pub(crate) async fn live_by_token(&self, token: &Digest) -> Result<Option<Arc<Live>>, CommitError> {
        if let Some(live) = self.flows.by_token(token) {
            return Ok(Some(live));
        }
        let row = self.store.flow_by_token(token).await.map_err(store_error)?;
        match row {
            Some(row) => self.bring_in(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// The flow with this id, from memory or from the store.
    pub(crate) async fn live_by_id(&self, id: FlowId) -> Result<Option<Arc<Live>>, CommitError> {
        if let Some(live) = self.flows.by_id(id) {
            return Ok(Some(live));
        }
        let row = self.store.flow(id).await.map_err(store_error)?;
        match row {
            Some(row) => self.bring_in(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Brings a stored flow into memory, with the catalog it is pinned to.
    pub(crate) async fn bring_in(&self, row: FlowRow) -> Result<Arc<Live>, CommitError> {
        let detail = Detail::from_bytes(&row.detail)
            .ok_or_else(|| CommitError::Store(format!("the stored flow {} is damaged", row.id)))?;
        let catalog = self.pinned(row.catalog).await?;
        let (token, expires_at) = (row.token, row.expires_at);
        let live = Live::new(catalog, None, Cell::new(row, detail));
        if *live.stage.borrow() == Stage::Ended {
            let leaves = self.clock.now().plus(Duration::from_secs(5));
            self.schedule.at(leaves, live.id, Due::Leave);
        } else {
            // Whoever takes a step of a flow owes what follows, and the deadline may be next.
            self.schedule.at(expires_at, live.id, Due::Deadline);
        }
        Ok(self.flows.insert(live, token))
    }

    /// The same for a flow that somebody has to go on with: a read that fails once says nothing about the flow. Whoever holds
    /// what comes back finds it in memory.
    pub(crate) async fn pinned_at_last(&self, digest: Digest) -> Result<Option<Arc<Catalog>>, CommitError> {
        for _ in 1..READS {
            let pinned = self.pinned(digest).await;
            if pinned.is_ok() {
                return pinned;
            }
            tokio::time::sleep(BETWEEN_READS).await;
        }
        self.pinned(digest).await
    }

    /// The catalog of a running flow: the active one, one in memory, or one that the store kept; `None` if it is lost.
    ///
    /// # Errors
    /// When the store can't be read: that is no reason to end anything.
    async fn pinned(&self, digest: Digest) -> Result<Option<Arc<Catalog>>, CommitError> {
        if let Some(catalog) = self.catalogs.in_memory(digest) {
            return Ok(Some(catalog));
        }
        // Whoever waited finds what the first one has loaded, or that it is lost.
        let _one_at_a_time = self.loading_kept.lock().await;
        if let Some(catalog) = self.catalogs.in_memory(digest) {
            return Ok(Some(catalog));
        }
        if self.catalogs.is_lost(digest) {
            return Ok(None);
        }
        let active = self.catalogs.active();
        match load_if_kept(self.store.as_ref(), digest, Some(active)).await {
            Ok(catalog) => {
                self.catalogs.keep(Arc::clone(&catalog));
                Ok(Some(catalog))
            }
            Err(KeptFault::Store(error)) => Err(store_error(error)),
            Err(KeptFault::Lost(why)) => {
                self.catalogs.lose(digest);
                self.metrics.alarm("catalog_lost");
                tracing::error!(catalog = %digest, why, "the catalog of a running flow can't be loaded");
                Ok(None)
            }
        }
    }
}

/// How often a catalog is read before a flow is given up, and how long lies between.
const READS: usize = 4;
const BETWEEN_READS: Duration = Duration::from_millis(200);

pub(crate) fn store_error(error: impl std::fmt::Display) -> CommitError {
    CommitError::Store(error.to_string())
}
