use std::path::Path;
use std::sync::Arc;

use super::Problem;
use super::Reload;
use super::activate::Ask;
use super::catalogs::CatalogStatus;
use super::drift::SeenDrift;
use super::engine::Engine;
use super::start::unavailable;
use crate::catalog::Catalog;
use crate::catalog::Look;
use crate::store::Activation;
use crate::words::Digest;

impl Engine {
    /// The active catalog.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.inner().catalogs.active()
    }

    /// Which catalog is active, which was asked for, and why it was refused if it was.
    pub fn catalog_status(&self) -> CatalogStatus {
        self.inner().catalogs.status()
    }

    /// What answers of the authority have held, since this node started, that is in no list.
    pub fn drift(&self) -> Vec<SeenDrift> {
        self.inner().drifts.list()
    }

    /// Reads the policy files again and activates them, all or nothing; also those that were set aside by hand.
    pub async fn reload(&self, folder: &Path, actor: &str) -> Reload {
        self.reload_by(folder, Look::Everything, actor, true).await
    }

    /// The same after a hint that files may have changed. What was set aside by hand stays aside.
    pub async fn look_again(&self, folder: &Path, look: Look, actor: &str) -> Reload {
        self.reload_by(folder, look, actor, false).await
    }

    /// Reads the node's own policy folder again, as [`Engine::reload`] does.
    pub async fn reload_own(&self, actor: &str) -> Reload {
        self.reload(&self.inner().folder, actor).await
    }

    /// Activates a catalog that the store keeps. What lies in the policy folder is set aside until it changes.
    pub async fn activate_catalog(&self, digest: Digest, actor: &str) -> Reload {
        let (inner, actor) = (Arc::clone(self.inner()), actor.to_owned());
        self.whole(async move { inner.activate_kept(&inner.folder, digest, &actor).await })
            .await
    }

    /// Activates the catalog that was active before the present one came, as [`Engine::activate_catalog`] does.
    pub async fn roll_back_catalog(&self, actor: &str) -> Reload {
        let (inner, actor) = (Arc::clone(self.inner()), actor.to_owned());
        self.whole(async move { inner.roll_back(&inner.folder, &actor).await })
            .await
    }

    async fn reload_by(&self, folder: &Path, look: Look, actor: &str, on_purpose: bool) -> Reload {
        let (inner, folder, actor) = (Arc::clone(self.inner()), folder.to_path_buf(), actor.to_owned());
        let reload = async move {
            let ask = Ask {
                look,
                actor: &actor,
                on_purpose,
            };
            inner.reload_from(&folder, ask).await
        };
        self.whole(reload).await
    }

    /// Does it whole, even if the caller stops waiting: what is recorded as active is.
    async fn whole(&self, work: impl Future<Output = Reload> + Send + 'static) -> Reload {
        self.detached(work)
            .await
            .unwrap_or_else(|problem| Reload::Refused(problem.to_string()))
    }

    /// The latest activations of catalogs, the latest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub async fn activations(&self, limit: u32) -> Result<Vec<Activation>, Problem> {
        self.inner().store.activations(limit).await.map_err(unavailable)
    }
}
