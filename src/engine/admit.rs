use std::sync::Arc;

use async_trait::async_trait;

use super::inner::Inner;
use crate::catalog::Catalog;

/// What a catalog has to pass besides its own checks before it is activated on this node: pinned tests, a replay of
/// recorded flows.
///
/// It is asked once for each catalog that is about to become active, from whatever side it comes: file watch, signal,
/// API, console, command line. It is not asked at the start of the node, where refusing would leave nothing to serve.
#[async_trait]
pub trait CatalogGate: Send + Sync + 'static {
    /// Lets the candidate pass, or says why not, for the person who saved it. The candidate is loaded and not active.
    ///
    /// # Errors
    /// The reason, several lines, rendered without colour. The active catalog stays, and the reason is in the status.
    async fn admit(&self, candidate: &Arc<Catalog>, active: &Arc<Catalog>) -> Result<(), String>;
}

impl Inner {
    /// The one place where a catalog that is good in itself can still be refused.
    pub(crate) async fn admit(&self, candidate: &Arc<Catalog>) -> Result<(), String> {
        let active = self.catalogs.active();
        for gate in &self.gates {
            gate.admit(candidate, &active).await?;
        }
        Ok(())
    }
}
