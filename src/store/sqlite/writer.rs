use std::future::ready;
use std::path::Path;
use std::path::PathBuf;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::Value;
use tokio::sync::oneshot;

use super::batch::Committer;
use super::fault;
use super::lock::Ownership;
use super::open;
use super::tail::Tail;
use crate::audit::CommitError;
use crate::audit::Committing;
use crate::audit::Unit;
use crate::audit::log::WriterId;
use crate::store::StoreError;
use crate::store::StoreErrorKind;

/// The way to the one thread that writes.
///
/// The thread owns the writing connection, so a caller that stops waiting leaves nothing half done behind. It is a
/// thread and no task because a sync of the disk blocks it.
pub(super) struct Writer {
    file: PathBuf,
    jobs: mpsc::Sender<Job>,
}

enum Job {
    Commit {
        units: Vec<Unit>,
        answer: oneshot::Sender<Committed>,
    },
    Write {
        statement: &'static str,
        values: Vec<Value>,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
    EmptyLog(oneshot::Sender<Result<(), StoreError>>),
    /// Answered by its end: the sender is dropped when the file is free.
    Close(oneshot::Sender<()>),
}

/// Units with their answers: what was made on another thread is dropped there, which costs the allocator least.
type Committed = (Vec<Unit>, Vec<Result<(), CommitError>>);

impl Writer {
    /// Starts the thread; it ends with [`Writer::close`], or when this is dropped.
    pub(super) fn start(
        file: PathBuf,
        ownership: Ownership,
        connection: Connection,
        writer: WriterId,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel();
        let worker = Worker {
            file: file.clone(),
            connection: Some(connection),
            writer,
            tail: None,
            since_checkpoint: 0,
            _ownership: ownership,
        };
        thread::Builder::new()
            .name("midflow-store".to_owned())
            .spawn(move || worker.run(&waiting))
            .map_err(|error| fault::of_io(&file, "starting the thread that writes", &error))?;
        Ok(Self { file, jobs })
    }

    /// No writer: every job is refused.
    pub(super) fn none(file: PathBuf) -> Self {
        let (jobs, _) = mpsc::channel();
        Self { file, jobs }
    }

    /// Accepts a batch; the answers come when it is durable.
    pub(super) fn accept(&self, units: Vec<Unit>) -> Committing {
        let count = units.len();
        let (answer, answered) = oneshot::channel();
        if self.jobs.send(Job::Commit { units, answer }).is_err() {
            return Box::pin(ready(failed(count, &self.closed())));
        }
        let lost = self.lost();
        Box::pin(async move {
            match answered.await {
                Ok((_, answers)) => answers,
                Err(_) => failed(count, &lost),
            }
        })
    }

    /// Carries out one statement, durably.
    pub(super) async fn write(&self, statement: &'static str, values: Vec<Value>) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Write {
            statement,
            values,
            answer,
        };
        self.jobs.send(job).map_err(|_| self.closed())?;
        answered.await.unwrap_or_else(|_| Err(self.lost()))
    }

    /// Moves the write-ahead log into the file and cuts it off: older versions of pages are gone then.
    ///
    /// # Errors
    /// [`StoreErrorKind::Busy`] when somebody reads for longer than a writer waits; nothing is cut off then.
    pub(super) async fn empty_log(&self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::EmptyLog(answer)).map_err(|_| self.closed())?;
        answered.await.unwrap_or_else(|_| Err(self.lost()))
    }

    /// Does what was handed in, closes the connection and gives the file free. Every later job is refused.
    pub(super) async fn close(&self) {
        let (ended, end) = oneshot::channel();
        if self.jobs.send(Job::Close(ended)).is_ok() {
            let _ = end.await;
        }
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

fn failed(count: usize, error: &StoreError) -> Vec<Result<(), CommitError>> {
    vec![Err(CommitError::Store(error.to_string())); count]
}

struct Worker {
    file: PathBuf,
    /// `None` after a fault that left its state in doubt; opened again with the next job.
    connection: Option<Connection>,
    /// Who this run is in the log.
    writer: WriterId,
    /// Where the log ends; `None` where that has to be read again.
    tail: Option<Tail>,
    /// Jobs since the last checkpoint.
    since_checkpoint: u32,
    _ownership: Ownership,
}

impl Worker {
    fn run(mut self, jobs: &mpsc::Receiver<Job>) {
        // Held until everything is closed.
        let mut closing = Vec::new();
        loop {
            let next = if closing.is_empty() {
                jobs.recv_timeout(self.patience())
            } else {
                // No more is waited for; what was handed in is still done.
                jobs.try_recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match next {
                Ok(Job::Commit { units, answer }) => {
                    let answers = self.commit(&units);
                    let _ = answer.send((units, answers));
                }
                Ok(Job::Write {
                    statement,
                    values,
                    answer,
                }) => {
                    let result = self.write(statement, values);
                    let _ = answer.send(result);
                }
                Ok(Job::EmptyLog(answer)) => {
                    let result = self.empty_log();
                    let _ = answer.send(result);
                }
                Ok(Job::Close(ended)) => closing.push(ended),
                Err(RecvTimeoutError::Timeout) => self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)"),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.since_checkpoint > 0 && self.since_checkpoint.is_multiple_of(LOOK_EVERY) {
                self.checkpoint_if_long();
            }
        }
        self.checkpoint("PRAGMA wal_checkpoint(TRUNCATE)");
        drop(self);
        drop(closing);
    }

    /// How long to wait for a job before an idle moment is used for a checkpoint.
    const fn patience(&self) -> Duration {
        if self.since_checkpoint >= WORTH_A_CHECKPOINT {
            IDLE
        } else {
            FOREVER
        }
    }

    fn commit(&mut self, units: &[Unit]) -> Vec<Result<(), CommitError>> {
        self.since_checkpoint += 1;
        let mut broken = false;
        let writer = self.writer;
        let answers = match self.connect() {
            Err(error) => {
                let error = CommitError::Store(error.to_string());
                return vec![Err(error); units.len()];
            }
            Ok((file, connection, tail)) => {
                let mut committer = Committer {
                    file,
                    connection,
                    writer,
                    tail,
                    broken: &mut broken,
                };
                committer.commit(units)
            }
        };
        if broken {
            self.forget_connection();
        }
        answers
    }

    fn write(&mut self, statement: &str, values: Vec<Value>) -> Result<(), StoreError> {
        self.since_checkpoint += 1;
        let (file, connection, _) = self.connect()?;
        let result = run_one(connection, statement, values).map_err(|error| fault::of_rusqlite(file, &error));
        if result.is_err() {
            // A single statement rolls back by itself; a new connection makes sure of it.
            self.forget_connection();
        }
        result
    }

    /// What SQLite itself says of the checkpoint counts: the size of the log would be that of whoever writes next.
    fn empty_log(&mut self) -> Result<(), StoreError> {
        self.since_checkpoint = 0;
        let (file, connection, _) = self.connect()?;
        let is_busy: bool = connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(|error| fault::of_rusqlite(file, &error))?;
        if is_busy {
            let cause = "its write-ahead log could not be emptied, since somebody is reading";
            return Err(StoreError::new(StoreErrorKind::Busy, file, cause));
        }
        Ok(())
    }

    fn connect(&mut self) -> Result<(&Path, &mut Connection, &mut Option<Tail>), StoreError> {
        if self.connection.is_none() {
            self.tail = None;
            self.connection = Some(open::writer(&self.file)?);
        }
        match &mut self.connection {
            Some(connection) => Ok((&self.file, connection, &mut self.tail)),
            None => Err(StoreError::new(
                StoreErrorKind::Closed,
                &self.file,
                "it is closed",
            )),
        }
    }

    fn forget_connection(&mut self) {
        self.connection = None;
        self.tail = None;
    }

    /// Moves the log into the database between two batches, where it would grow too long otherwise.
    fn checkpoint_if_long(&mut self) {
        let Some(connection) = &self.connection else {
            return;
        };
        let pages = connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| {
            Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?)
        });
        if pages.is_ok_and(|pages| pages >= LONG_LOG) {
            self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)");
        }
    }

    /// A checkpoint that fails is no loss: the log stays, and the next one tries again.
    fn checkpoint(&mut self, statement: &str) {
        self.since_checkpoint = 0;
        let Some(connection) = &self.connection else {
            return;
        };
        if let Err(error) = run_one(connection, statement, Vec::new()) {
            tracing::warn!(error = %fault::of_rusqlite(&self.file, &error), "the checkpoint failed");
        }
    }
}

/// Runs one statement to its end, whatever it answers.
fn run_one(connection: &Connection, statement: &str, values: Vec<Value>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(statement)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    while rows.next()?.is_some() {}
    Ok(())
}

const IDLE: Duration = Duration::from_millis(100);
const FOREVER: Duration = Duration::from_secs(86_400);
/// So many jobs make a checkpoint in an idle moment worth its two syncs.
const WORTH_A_CHECKPOINT: u32 = 32;
/// After so many jobs the length of the log is looked at.
const LOOK_EVERY: u32 = 16;
/// Pages; a checkpoint of so many takes a few milliseconds.
const LONG_LOG: i64 = 1_024;
