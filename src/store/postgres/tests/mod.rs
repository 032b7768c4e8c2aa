//! The conformance suite over PostgreSQL, and what only PostgreSQL has. A machine without it fails here.

use std::sync::Arc;

use async_trait::async_trait;

use super::Postgres;
use super::PostgresCluster;
use super::PostgresSettings;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::conformance::Place;
use crate::store::conformance::conformance;

mod durability;
mod log;
mod replicas;
mod roles;
mod sealed;
#[cfg(feature = "sandbox")]
mod tls;

/// A database of its own on the server that all tests share.
struct Database {
    settings: PostgresSettings,
    cluster: PostgresCluster,
}

#[async_trait]
impl Place for Database {
    async fn new() -> Self {
        let cluster = PostgresCluster::shared("tests").unwrap();
        Self::of(cluster).await
    }

    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.replica().await)
    }
}

impl Database {
    async fn of(cluster: PostgresCluster) -> Self {
        Self {
            settings: cluster.database().await.unwrap(),
            cluster,
        }
    }

    async fn replica(&self) -> Postgres {
        Postgres::open(self.settings.clone()).await.unwrap()
    }

    /// Carries out statements as the administrator of the server, in the schema of midflow.
    async fn administer(&self, statements: &str) {
        let statements = format!("SET search_path = midflow; {statements}");
        self.cluster
            .administer(&self.settings.database, &statements)
            .await
            .unwrap();
    }
}

async fn refusal(settings: PostgresSettings) -> StoreError {
    match Postgres::open(settings).await {
        Ok(_) => panic!("the store must not open"),
        Err(error) => error,
    }
}

conformance!(Database);
