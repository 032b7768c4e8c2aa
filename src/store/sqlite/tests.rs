use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;

use super::Sqlite;
use crate::store::Store;
use crate::store::conformance::Place;
use crate::store::conformance::conformance;

struct Folder(TempDir);

#[async_trait]
impl Place for Folder {
    async fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(Sqlite::open(self.0.path().join("data/midflow.db")).await.unwrap())
    }
}

conformance!(Folder);
