use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::engine::EngineEvent;
use crate::words::Digest;

/// What became of the catalog last.
#[derive(Default)]
pub(super) struct Banners(Mutex<Option<Banner>>);

/// What the head of each console page says of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Banner {
    /// A new one is active.
    Activated(Digest),
    /// A changed one was refused, for these reasons.
    Refused(String),
}

impl Banners {
    /// What to say now.
    pub(super) fn current(&self) -> Option<Banner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps what is told until nobody wants it any more.
    pub(super) async fn listen(banners: Weak<Self>, mut changes: Receiver<EngineEvent>) {
        loop {
            let banner = match changes.recv().await {
                Ok(EngineEvent::CatalogActivated { catalog }) => Banner::Activated(catalog),
                Ok(EngineEvent::CatalogRefused { diagnostics }) => Banner::Refused(diagnostics),
                Ok(EngineEvent::Flow { .. }) | Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            };
            let Some(banners) = banners.upgrade() else {
                return;
            };
            *banners.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(banner);
        }
    }
}
