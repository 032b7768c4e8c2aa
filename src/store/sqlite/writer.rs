use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteArguments;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::batch::Committer;
use super::fault;
use super::lock::Ownership;
use super::open;
use crate::audit::CommitError;
use crate::audit::Unit;
use crate::store::StoreError;
use crate::store::StoreErrorKind;

/// The way to the one task that writes.
///
/// The task owns the writing connection, so a caller that stops waiting leaves nothing half done behind.
pub(super) struct Writer {
    file: PathBuf,
    jobs: mpsc::Sender<Job>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

enum Job {
    Commit {
        units: Vec<Unit>,
        answer: oneshot::Sender<Vec<Result<(), CommitError>>>,
    },
    Write {
        statement: &'static str,
        arguments: SqliteArguments,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
}

impl Writer {
    pub(super) fn start(file: PathBuf, ownership: Ownership, connection: SqliteConnection) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let task = Task {
            file: file.clone(),
            connection: Some(connection),
            last_record: None,
            since_checkpoint: 0,
            _ownership: ownership,
        };
        tasks.spawn(task.run(waiting, stop.clone()));
        tasks.close();
        Self {
            file,
            jobs,
            stop,
            tasks,
        }
    }

    /// No writer: every job is refused.
    pub(super) fn none(file: PathBuf) -> Self {
        let (jobs, _) = mpsc::channel(1);
        let tasks = TaskTracker::new();
        tasks.close();
        Self {
            file,
            jobs,
            stop: CancellationToken::new(),
            tasks,
        }
    }

    pub(super) async fn commit(&self, units: Vec<Unit>) -> Vec<Result<(), CommitError>> {
        let count = units.len();
        let (answer, answered) = oneshot::channel();
        let unsent = self.jobs.send(Job::Commit { units, answer }).await.is_err();
        let error = if unsent {
            self.closed()
        } else {
            match answered.await {
                Ok(answers) => return answers,
                Err(_) => self.lost(),
            }
        };
        vec![Err(CommitError::Store(error.to_string())); count]
    }

    /// Carries out one statement, durably.
    pub(super) async fn write(
        &self,
        statement: &'static str,
        arguments: SqliteArguments,
    ) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Write {
            statement,
            arguments,
            answer,
        };
        self.jobs.send(job).await.map_err(|_| self.closed())?;
        answered.await.unwrap_or_else(|_| Err(self.lost()))
    }

    /// Does what was handed in, closes the connection and gives the file free.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }

    fn closed(&self) -> StoreError {
        StoreError::new(StoreErrorKind::Closed, &self.file, "it is closed")
    }

    fn lost(&self) -> StoreError {
        StoreError::new(
            StoreErrorKind::Closed,
            &self.file,
            "the writer was lost; whether the write is durable is not known",
        )
    }
}

struct Task {
    file: PathBuf,
    /// `None` after a fault that left its state in doubt; opened again with the next job.
    connection: Option<SqliteConnection>,
    last_record: Option<i64>,
    /// Jobs since the last checkpoint.
    since_checkpoint: u32,
    _ownership: Ownership,
}

impl Task {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>, stop: CancellationToken) {
        loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled(), if !jobs.is_closed() => {
                    // No more is taken; what is in the queue is still received below.
                    jobs.close();
                    continue;
                }
                next = timeout(self.patience(), jobs.recv()) => next,
            };
            match next {
                Ok(Some(job)) => self.carry_out(job).await,
                Ok(None) => break,
                Err(_) => self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)").await,
            }
            if self.since_checkpoint > 0 && self.since_checkpoint.is_multiple_of(LOOK_EVERY) {
                self.checkpoint_if_long().await;
            }
        }
        self.checkpoint("PRAGMA wal_checkpoint(TRUNCATE)").await;
        if let Some(connection) = self.connection.take() {
            let _ = connection.close().await;
        }
    }

    /// How long to wait for a job before an idle moment is used for a checkpoint.
    const fn patience(&self) -> Duration {
        if self.since_checkpoint >= WORTH_A_CHECKPOINT {
            IDLE
        } else {
            FOREVER
        }
    }

    async fn carry_out(&mut self, job: Job) {
        self.since_checkpoint += 1;
        match job {
            Job::Commit { units, answer } => {
                let answers = self.commit(&units).await;
                let _ = answer.send(answers);
            }
            Job::Write {
                statement,
                arguments,
                answer,
            } => {
                let result = self.write(statement, arguments).await;
                let _ = answer.send(result);
            }
        }
    }

    async fn commit(&mut self, units: &[Unit]) -> Vec<Result<(), CommitError>> {
        let mut broken = false;
        let answers = match self.connect().await {
            Err(error) => {
                let error = CommitError::Store(error.to_string());
                return vec![Err(error); units.len()];
            }
            Ok((file, connection, last_record)) => {
                let mut committer = Committer {
                    file,
                    connection,
                    last_record,
                    broken: &mut broken,
                };
                committer.commit(units).await
            }
        };
        if broken {
            self.forget_connection();
        }
        answers
    }

    async fn write(&mut self, statement: &'static str, arguments: SqliteArguments) -> Result<(), StoreError> {
        let (file, connection, _) = self.connect().await?;
        let result = sqlx::query_with(statement, arguments)
            .execute(connection)
            .await
            .map_err(|error| fault::of_sqlx(file, &error));
        if result.is_err() {
            // A single statement rolls back by itself; a new connection makes sure of it.
            self.forget_connection();
        }
        result.map(|_| ())
    }

    async fn connect(&mut self) -> Result<(&Path, &mut SqliteConnection, &mut Option<i64>), StoreError> {
        if self.connection.is_none() {
            self.last_record = None;
            self.connection = Some(open::writer(&self.file).await?);
        }
        match &mut self.connection {
            Some(connection) => Ok((&self.file, connection, &mut self.last_record)),
            None => Err(StoreError::new(
                StoreErrorKind::Closed,
                &self.file,
                "it is closed",
            )),
        }
    }

    fn forget_connection(&mut self) {
        self.connection = None;
        self.last_record = None;
    }

    /// Moves the log into the database between two batches, where it would grow too long otherwise.
    async fn checkpoint_if_long(&mut self) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        let pages = sqlx::query("PRAGMA wal_checkpoint(NOOP)")
            .fetch_one(connection)
            .await
            .and_then(|row| Ok(row.try_get::<i64, _>(1)? - row.try_get::<i64, _>(2)?));
        if pages.is_ok_and(|pages| pages >= LONG_LOG) {
            self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)").await;
        }
    }

    /// A checkpoint that fails is no loss: the log stays, and the next one tries again.
    async fn checkpoint(&mut self, statement: &'static str) {
        self.since_checkpoint = 0;
        let Some(connection) = &mut self.connection else {
            return;
        };
        if let Err(error) = sqlx::query(statement).execute(connection).await {
            tracing::warn!(error = %fault::of_sqlx(&self.file, &error), "the checkpoint failed");
        }
    }
}

/// The recorder hands in one batch at a time; more than a few jobs never wait.
const QUEUE: usize = 64;
const IDLE: Duration = Duration::from_millis(100);
const FOREVER: Duration = Duration::from_secs(86_400);
/// So many jobs make a checkpoint in an idle moment worth its two syncs.
const WORTH_A_CHECKPOINT: u32 = 32;
/// After so many jobs the length of the log is looked at.
const LOOK_EVERY: u32 = 16;
/// Pages of four KiB; a checkpoint of so many takes a few milliseconds.
const LONG_LOG: i64 = 2_048;
