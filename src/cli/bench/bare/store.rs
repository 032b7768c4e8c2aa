use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::postgres;
use super::row::Row;
use super::settings::StoreSettings;
use super::sqlite;
use crate::cli::failure::Failure;

/// The way to whoever writes: one thread for a file, some connections for a server. Each takes all rows that wait into one
/// commit.
pub(super) struct Store {
    waiting: mpsc::UnboundedSender<Waiting>,
    commits: Commits,
}

/// A row, and whom to tell when it is durable; the sender is dropped where it is not.
pub(super) struct Waiting {
    pub(super) row: Row,
    durable: oneshot::Sender<()>,
}

/// How many commits there were.
#[derive(Clone, Default)]
pub(super) struct Commits(Arc<AtomicU64>);

/// A row did not become durable, or nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("the bare program's row is not durable; what the store said stands above")]
pub(super) struct NotDurable;

impl Store {
    /// Makes the one table, and starts whoever writes.
    pub(super) async fn open(settings: &StoreSettings) -> Result<Self, Failure> {
        let (waiting, rows) = mpsc::unbounded_channel();
        let commits = Commits::default();
        match settings {
            StoreSettings::Sqlite(file) => sqlite::start(file, rows, commits.clone())?,
            StoreSettings::Postgres {
                socket,
                port,
                database,
                user,
            } => {
                let options = postgres::options(socket, *port, database, user);
                postgres::start(options, rows, commits.clone()).await?;
            }
        }
        Ok(Self { waiting, commits })
    }

    /// Returns when the row is durable.
    pub(super) async fn append(&self, row: Row) -> Result<(), NotDurable> {
        let (durable, told) = oneshot::channel();
        self.waiting
            .send(Waiting { row, durable })
            .map_err(|_| NotDurable)?;
        told.await.map_err(|_| NotDurable)
    }

    pub(super) fn commits(&self) -> u64 {
        self.commits.0.load(Ordering::Relaxed)
    }
}

impl Commits {
    /// Tells everybody of a batch that it is durable, and empties it.
    pub(super) fn committed(&self, batch: &mut Vec<Waiting>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        for waiting in batch.drain(..) {
            // Who does not wait any more is no reason to stop.
            let _ = waiting.durable.send(());
        }
    }
}

/// The most rows of one commit: more than flows are in flight where figures are taken.
pub(super) const MOST_ROWS: usize = 1_024;
