use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use rusqlite::Connection;

use super::fault;
use super::open;
use crate::store::StoreError;

/// Reads that may wait for the disk, each on a connection that it has alone.
///
/// One connection is kept for the next: the log is looked at each second, and a new connection reads the whole schema
/// before it reads anything else.
#[derive(Clone)]
pub(super) struct Looks {
    file: PathBuf,
    kept: Arc<Mutex<Kept>>,
}

enum Kept {
    Nothing,
    Idle(Connection),
    /// Nothing is kept any more.
    Closed,
}

impl Looks {
    pub(super) fn new(file: PathBuf) -> Self {
        Self {
            file,
            kept: Arc::new(Mutex::new(Kept::Nothing)),
        }
    }

    /// Reads on a thread that may wait.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let looks = self.clone();
        tokio::task::spawn_blocking(move || looks.look_here(read))
            .await
            .map_err(|_| fault::of_panic(&self.file))?
    }

    /// The same where the error is SQLite's own.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = self.file.clone();
        self.look(move |connection| read(connection).map_err(|error| fault::of_rusqlite(&file, &error)))
            .await
    }

    /// Gives up the connection that is kept, and keeps none from now on. What still reads goes on.
    pub(super) fn close(&self) {
        *self.kept() = Kept::Closed;
    }

    fn look_here<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let kept = self.take();
        let connection = kept.map_or_else(|| open::looker(&self.file), Ok)?;
        let found = read(&connection);
        // A connection that failed is not trusted with the next read, and one that is in the middle of something would show
        // the file as it was, and keep the write-ahead log from being emptied.
        if found.is_ok() && connection.is_autocommit() {
            self.give_back(connection);
        }
        found
    }

    fn take(&self) -> Option<Connection> {
        let mut kept = self.kept();
        match std::mem::replace(&mut *kept, Kept::Nothing) {
            Kept::Idle(connection) => Some(connection),
            Kept::Nothing => None,
            Kept::Closed => {
                *kept = Kept::Closed;
                None
            }
        }
    }

    fn give_back(&self, connection: Connection) {
        let mut kept = self.kept();
        if matches!(*kept, Kept::Nothing) {
            *kept = Kept::Idle(connection);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn looks() -> (TempDir, Looks) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("looked-at.db");
        Connection::open(&file)
            .unwrap()
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER);")
            .unwrap();
        (folder, Looks::new(file))
    }

    /// Whether the connection has been here before: a setting of its own tells.
    async fn is_kept(looks: &Looks) -> bool {
        let mark = |connection: &Connection| {
            let size: i64 = connection.query_row("PRAGMA cache_size", [], |row| row.get(0))?;
            connection.execute_batch("PRAGMA cache_size = 77")?;
            Ok(size == 77)
        };
        looks.ask(mark).await.unwrap()
    }

    #[tokio::test]
    async fn a_connection_is_kept_for_the_next_read() {
        let (_folder, looks) = looks();
        assert!(!is_kept(&looks).await);
        assert!(is_kept(&looks).await);
    }

    #[tokio::test]
    async fn what_is_written_meanwhile_is_seen() {
        let (folder, looks) = looks();
        let count = |connection: &Connection| {
            connection
                .prepare_cached("SELECT count(*) FROM t")?
                .query_row([], |row| row.get::<_, i64>(0))
        };
        assert_eq!(looks.ask(count).await.unwrap(), 0);
        let writer = Connection::open(folder.path().join("looked-at.db")).unwrap();
        writer
            .execute_batch("INSERT INTO t VALUES (1); ALTER TABLE t ADD COLUMN m;")
            .unwrap();
        assert_eq!(looks.ask(count).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_connection_that_failed_is_not_used_again() {
        let (_folder, looks) = looks();
        is_kept(&looks).await;
        looks
            .ask(|connection| connection.execute_batch("nonsense"))
            .await
            .unwrap_err();
        assert!(!is_kept(&looks).await);
    }

    #[tokio::test]
    async fn a_connection_in_the_middle_of_something_is_not_used_again() {
        let (folder, looks) = looks();
        is_kept(&looks).await;
        looks
            .ask(|connection| connection.execute_batch("BEGIN; SELECT * FROM t"))
            .await
            .unwrap();
        let writer = Connection::open(folder.path().join("looked-at.db")).unwrap();
        writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        let busy: i64 = writer
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .unwrap();
        assert_eq!(busy, 0, "nobody holds an old state of the file");
        assert!(!is_kept(&looks).await);
    }

    #[tokio::test]
    async fn what_is_closed_keeps_nothing() {
        let (_folder, looks) = looks();
        is_kept(&looks).await;
        looks.close();
        assert!(!is_kept(&looks).await);
        assert!(!is_kept(&looks).await);
    }
}
