use std::sync::Arc;

use async_trait::async_trait;
use sqlx::Arguments as _;
use sqlx::postgres::PgArguments;
use sqlx::postgres::PgPool;
use tokio::sync::Mutex;

use super::hints::Hints;
use super::lease::Lease;
use super::open;
use super::settings::PostgresSettings;
use super::tree::Tree;
use super::writer::Writer;
use crate::audit::Commit;
use crate::audit::CommitError;
use crate::audit::Committing;
use crate::audit::Unit;
use crate::store::StoreError;
use crate::store::StoreErrorKind;

/// The store in a PostgreSQL database, which several processes share.
///
/// Each of them has a lease and one connection that writes, in its own task; a commit returns after the server has
/// confirmed it (`synchronous_commit` read back at the start, the server's warnings listened to at each commit).
pub struct Postgres {
    pub(super) settings: PostgresSettings,
    pub(super) place: String,
    pub(super) readers: PgPool,
    pub(super) helpers: PgPool,
    pub(super) writer: Writer,
    pub(super) lease: Option<Arc<Lease>>,
    pub(super) hints: Option<Hints>,
    /// The log as far as this process has seen it; none before it looked.
    pub(super) tree: Mutex<Option<Tree>>,
}

impl Postgres {
    /// Opens the store as a replica. Brings its schema up to date first where the settings name its owner.
    ///
    /// # Errors
    /// When the server can't be reached or is older than 15, it lets the role not in, the database or the schema is not
    /// there or of another version, the database does not keep its promises, or the role could change what is recorded.
    pub async fn open(settings: PostgresSettings) -> Result<Self, StoreError> {
        open::make_ready(&settings).await?;
        let connection = open::connect(&settings).await?;
        let lease = Arc::new(Lease::take(settings.clone()).await?);
        let helpers = open::helpers(&settings);
        let hints = Hints::start(helpers.clone(), Arc::clone(&lease));
        Ok(Self {
            place: settings.place(),
            readers: open::readers(&settings),
            writer: Writer::start(settings.clone(), Arc::clone(&lease), connection, hints.news()),
            helpers,
            lease: Some(lease),
            hints: Some(hints),
            tree: Mutex::default(),
            settings,
        })
    }

    /// Opens the store as [`Postgres::open`] does, unless a replica runs.
    ///
    /// # Errors
    /// [`Busy`](StoreErrorKind::Busy) if one runs; else as [`Postgres::open`].
    pub async fn open_alone(settings: PostgresSettings) -> Result<Self, StoreError> {
        let store = Self::open(settings).await?;
        match store.others().await {
            Ok(0) => Ok(store),
            Ok(others) => {
                store.finish().await;
                Err(StoreError::of_server(
                    StoreErrorKind::Busy,
                    &store.place,
                    format!("{others} replicas run over it"),
                    "stop them first, or let one of them do it",
                ))
            }
            Err(error) => {
                store.finish().await;
                Err(error)
            }
        }
    }

    /// Opens the store to be read, beside the replicas that run. Whatever would write fails, and nothing is brought up to
    /// date.
    ///
    /// # Errors
    /// As [`Postgres::open`], as far as reading needs it.
    pub async fn open_to_read(settings: PostgresSettings) -> Result<Self, StoreError> {
        let store = Self {
            place: settings.place(),
            readers: open::readers(&settings),
            helpers: open::helpers(&settings),
            writer: Writer::none(settings.place()),
            lease: None,
            hints: None,
            tree: Mutex::default(),
            settings,
        };
        open::look(&store.settings).await?;
        Ok(store)
    }

    /// The settings that it was opened with.
    pub const fn settings(&self) -> &PostgresSettings {
        &self.settings
    }

    pub(super) async fn write(
        &self,
        statement: &'static str,
        arguments: PgArguments,
    ) -> Result<(), StoreError> {
        self.writer.write(statement, arguments).await
    }

    pub(super) async fn finish(&self) {
        self.writer.close().await;
        if let Some(lease) = &self.lease {
            lease.give_back().await;
        }
        if let Some(hints) = &self.hints {
            hints.stop().await;
        }
        self.helpers.close().await;
        self.readers.close().await;
    }

    /// Puts a value into the arguments of a statement.
    pub(super) fn bind<'t, T>(&self, arguments: &mut PgArguments, value: T) -> Result<(), StoreError>
    where
        T: sqlx::Encode<'t, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        arguments.add(value).map_err(|_| {
            StoreError::of_server(
                StoreErrorKind::Rule,
                &self.place,
                "a value does not fit into the store",
                "this is a fault of midflow; report it with this text",
            )
        })
    }
}

#[async_trait]
impl Commit for Postgres {
    async fn commit(&self, batch: Vec<Unit>) -> Vec<Result<(), CommitError>> {
        self.accept(batch).await.await
    }

    async fn accept(&self, batch: Vec<Unit>) -> Committing {
        self.writer.accept(batch).await
    }
}
