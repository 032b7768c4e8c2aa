use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::PgConnection;
use sqlx::postgres::PgArguments;
use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::batch::Committer;
use super::fault;
use super::lease::Lease;
use super::open;
use super::settings::PostgresSettings;
use super::warnings::Warnings;
use crate::audit::CommitError;
use crate::audit::Committing;
use crate::audit::Unit;
use crate::audit::log::Chain;
use crate::audit::log::WriterId;
use crate::store::StoreError;
use crate::store::StoreErrorKind;

/// The way to the one task of this process that writes.
///
/// The task owns the writing connection: a caller that stops waiting can't cancel a statement, and so leaves nothing half
/// done behind and no connection in a state that the driver does not know of.
pub(super) struct Writer {
    place: String,
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
        arguments: PgArguments,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
}

impl Writer {
    pub(super) fn start(
        settings: PostgresSettings,
        lease: Arc<Lease>,
        connection: PgConnection,
        news: Arc<Notify>,
    ) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let place = settings.place();
        let task = Task {
            place: place.clone(),
            settings,
            lease,
            connection: Some(Writing::over(connection)),
            warnings: Warnings::new(),
            news,
        };
        tasks.spawn(task.run(waiting, stop.clone()));
        tasks.close();
        Self {
            place,
            jobs,
            stop,
            tasks,
        }
    }

    /// No writer: every job is refused.
    pub(super) fn none(place: String) -> Self {
        let (jobs, _) = mpsc::channel(1);
        let tasks = TaskTracker::new();
        tasks.close();
        Self {
            place,
            jobs,
            stop: CancellationToken::new(),
            tasks,
        }
    }

    /// Accepts a batch; the answers come when it is durable.
    pub(super) async fn accept(&self, units: Vec<Unit>) -> Committing {
        let count = units.len();
        let (answer, answered) = oneshot::channel();
        if self.jobs.send(Job::Commit { units, answer }).await.is_err() {
            return Box::pin(ready(failed(count, &self.closed())));
        }
        let lost = self.lost();
        Box::pin(async move {
            match answered.await {
                Ok(answers) => answers,
                Err(_) => failed(count, &lost),
            }
        })
    }

    /// Carries out one statement, durably.
    pub(super) async fn write(
        &self,
        statement: &'static str,
        arguments: PgArguments,
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

    /// Does what was handed in, and closes the connection.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }

    fn closed(&self) -> StoreError {
        StoreError::of_server(
            StoreErrorKind::Closed,
            &self.place,
            "it is closed",
            "start midflow again",
        )
    }

    fn lost(&self) -> StoreError {
        StoreError::of_server(
            StoreErrorKind::Closed,
            &self.place,
            "the writer was lost; whether the write is durable is not known",
            "start midflow again",
        )
    }
}

fn failed(count: usize, error: &StoreError) -> Vec<Result<(), CommitError>> {
    vec![Err(CommitError::Store(error.to_string())); count]
}

struct Task {
    place: String,
    settings: PostgresSettings,
    lease: Arc<Lease>,
    /// `None` after a fault that left its state in doubt; opened again with the next job.
    connection: Option<Writing>,
    warnings: Warnings,
    /// Told of each commit, so that other replicas hear of it.
    news: Arc<Notify>,
}

/// The writing connection, and the chain of what was written through it.
///
/// Where nobody knows whether a batch became durable, the server may still be about to store it. So the chain ends with its
/// connection: what is written from then on is of another writer, and the two can't collide.
struct Writing {
    connection: PgConnection,
    chain: Chain,
}

impl Writing {
    fn over(connection: PgConnection) -> Self {
        Self {
            connection,
            chain: Chain::new(WriterId::from_uuid(uuid::Uuid::now_v7())),
        }
    }
}

impl Task {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>, stop: CancellationToken) {
        loop {
            let job = tokio::select! {
                biased;
                () = stop.cancelled(), if !jobs.is_closed() => {
                    // No more is taken; what is in the queue is still received below.
                    jobs.close();
                    continue;
                }
                job = jobs.recv() => job,
            };
            match job {
                Some(job) => self.carry_out(job).await,
                None => break,
            }
        }
        if let Some(writing) = self.connection.take() {
            let _ = timeout(FAREWELL, writing.connection.close()).await;
        }
    }

    async fn carry_out(&mut self, job: Job) {
        match job {
            Job::Commit { units, answer } => {
                let answers = self.commit(&units).await;
                if answers.iter().any(Result::is_ok) {
                    self.news.notify_one();
                }
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
        let error = self.connect().await.err();
        let Some(writing) = &mut self.connection else {
            let why = error.map_or_else(|| "it is closed".to_owned(), |error| error.to_string());
            return vec![Err(CommitError::Store(why)); units.len()];
        };
        let mut broken = false;
        let mut committer = Committer {
            place: &self.place,
            connection: &mut writing.connection,
            lease: self.lease.number(),
            chain: &mut writing.chain,
            warnings: &self.warnings,
            broken: &mut broken,
        };
        // A server that does not answer at all keeps nobody for ever. The commit itself is not cancelled: it ends as it
        // ends, and nobody here knows how.
        let Ok(answers) = timeout(LONGEST_COMMIT, committer.commit(units)).await else {
            self.connection = None;
            let error = format!("store {}: {UNANSWERED}", self.place);
            return vec![Err(CommitError::Store(error)); units.len()];
        };
        if broken {
            self.connection = None;
        }
        answers
    }

    async fn write(&mut self, statement: &'static str, arguments: PgArguments) -> Result<(), StoreError> {
        self.connect().await?;
        let Some(writing) = &mut self.connection else {
            return Err(StoreError::of_server(
                StoreErrorKind::Closed,
                &self.place,
                "it is closed",
                "start midflow again",
            ));
        };
        let running = sqlx::query_with(statement, arguments).execute(&mut writing.connection);
        let result = match timeout(LONGEST_COMMIT, self.warnings.listen(running)).await {
            Ok((Ok(_), false)) => return Ok(()),
            Ok((Ok(_), true)) => Err(StoreError::of_server(
                StoreErrorKind::Io,
                &self.place,
                "the server warned while it committed; whether the write is durable is not known",
                "look at the server's log and at pg_stat_replication",
            )),
            // An error of the server has undone the statement, and the connection is as good as before.
            Ok((Err(error), _)) if !fault::ends_the_connection(&error) => {
                return Err(fault::of_sqlx(&self.place, &error));
            }
            Ok((Err(error), _)) => Err(fault::of_sqlx(&self.place, &error)),
            Err(_) => Err(StoreError::of_server(
                StoreErrorKind::Io,
                &self.place,
                "the server does not answer; whether the write is durable is not known",
                "look whether it waits for a synchronous standby",
            )),
        };
        self.connection = None;
        result
    }

    async fn connect(&mut self) -> Result<(), StoreError> {
        if self.connection.is_some() {
            return Ok(());
        }
        let connected = timeout(LONGEST_CONNECT, open::connect(&self.settings)).await;
        let connection = connected.unwrap_or_else(|_| {
            Err(StoreError::of_server(
                StoreErrorKind::Open,
                &self.place,
                "the server does not answer",
                "look whether it runs and can be reached from here",
            ))
        })?;
        self.connection = Some(Writing::over(connection));
        Ok(())
    }
}

/// The recorder hands in two batches at a time; more than a few jobs never wait.
const QUEUE: usize = 64;
const FAREWELL: Duration = Duration::from_secs(2);
const LONGEST_CONNECT: Duration = Duration::from_secs(5);
/// Longer than any statement may take; only a commit that waits for a standby, or a server that is gone, takes longer.
const LONGEST_COMMIT: Duration = Duration::from_secs(30);
const UNANSWERED: &str = "the server does not answer; whether what was written is durable is not known; look whether \
    it waits for a synchronous standby";
