use std::time::Duration;

use async_trait::async_trait;

use super::layer::Sealed;
use crate::audit::FlowRow;
use crate::store::Counted;
use crate::store::KeyStore;
use crate::store::News;
use crate::store::Shared;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::words::Timestamp;

/// As the store below; what is taken over is opened. Given out only where that is shared.
#[async_trait]
impl<S: KeyStore + ?Sized> Shared for Sealed<S> {
    fn now(&self) -> Timestamp {
        self.inner
            .shared()
            .map_or(Timestamp::EPOCH, |shared| shared.now())
    }

    async fn take_over(&self, overdue: Timestamp, limit: u32) -> Result<Vec<FlowRow>, StoreError> {
        let rows = self.below()?.take_over(overdue, limit).await?;
        self.open_all(rows).await
    }

    async fn news(&self, seq: u64, limit: u32) -> Result<News, StoreError> {
        self.below()?.news(seq, limit).await
    }

    async fn hint(&self) {
        match self.inner.shared() {
            Some(shared) => shared.hint().await,
            None => std::future::pending().await,
        }
    }

    async fn leads(&self) -> Result<bool, StoreError> {
        self.below()?.leads().await
    }

    async fn count_start(
        &self,
        subjects: &[Counted],
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        self.below()?.count_start(subjects, now).await
    }
}

impl<S: KeyStore + ?Sized> Sealed<S> {
    fn below(&self) -> Result<&dyn Shared, StoreError> {
        self.inner
            .shared()
            .ok_or_else(|| self.unfit(StoreErrorKind::Rule, "the store is not shared"))
    }
}
