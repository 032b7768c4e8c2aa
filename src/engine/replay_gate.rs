use std::sync::Arc;

use async_trait::async_trait;

use super::CatalogGate;
use super::ReplayOf;
use super::replay;
use crate::catalog::Catalog;
use crate::store::Store;
use crate::words::FlowId;

/// Lets a catalog pass only if it decides pinned flows as they were decided.
pub struct ReplayGate {
    store: Arc<dyn Store>,
    flows: Vec<FlowId>,
}

impl ReplayGate {
    /// Pins flows that the store has on record.
    pub fn new(store: Arc<dyn Store>, flows: Vec<FlowId>) -> Self {
        Self { store, flows }
    }
}

#[async_trait]
impl CatalogGate for ReplayGate {
    async fn admit(&self, candidate: &Arc<Catalog>, _active: &Arc<Catalog>) -> Result<(), String> {
        let replay = replay(
            self.store.as_ref(),
            candidate,
            &ReplayOf::Flows(self.flows.clone()),
        )
        .await
        .map_err(|error| format!("the pinned flows could not be decided again: {error}"))?;
        // What can't be decided again is not known to be decided alike.
        if replay.different.is_empty() && replay.undecidable.is_empty() {
            return Ok(());
        }
        Err(format!(
            "pinned flows would be decided otherwise, which `reload.replay` in midflow.yaml does not allow\n\n{}",
            replay.to_text()
        ))
    }
}
