use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::sqlite::SqliteJournalMode;
use sqlx::sqlite::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::sqlite::SqliteSynchronous;

use super::fault;
use crate::store::StoreError;
use crate::store::StoreErrorKind;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/sqlite");

/// Opens the writing connection, brings the schema up to date, and makes sure that a commit means the disk.
pub(super) async fn first_writer(file: &Path) -> Result<SqliteConnection, StoreError> {
    let mut connection = writer(file).await?;
    is_ours(file, &mut connection).await?;
    // `run` takes a generic `Acquire`, whose future the compiler can't prove to be `Send` here; this is its body.
    MIGRATIONS
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|error| fault::of_migrate(file, &error))?;
    Ok(connection)
}

/// Opens the writing connection to a file whose schema is known to be right.
pub(super) async fn writer(file: &Path) -> Result<SqliteConnection, StoreError> {
    let mut connection = options(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // Where the system distinguishes, a sync reaches the medium and not only the drive's cache.
        .pragma("fullfsync", "ON")
        .pragma("checkpoint_fullfsync", "ON")
        // Otherwise INSERT OR REPLACE would delete past the triggers that keep records.
        .pragma("recursive_triggers", "ON")
        // The writer checkpoints between batches; this is the net below it.
        .pragma("wal_autocheckpoint", "16384")
        .pragma("cache_size", "-4096")
        // What a statement may have to undo is kept in memory: it is no part of what lasts.
        .pragma("temp_store", "MEMORY")
        .connect()
        .await
        .map_err(|error| fault::of_sqlx(file, &error))?;
    assert_durable(file, &mut connection).await?;
    Ok(connection)
}

/// The connections that read.
pub(super) fn readers(file: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(Duration::from_secs(10))
        .connect_lazy_with(options(file).read_only(true).pragma("query_only", "ON"))
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        // One batch can name this many conflicts before the threads have to take turns.
        .row_buffer_size(1_024)
        .disable_statement_logging()
}

/// Durability is read back, not hoped for: SQLite ignores a pragma that it does not understand.
async fn assert_durable(file: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let row = sqlx::query(
        "SELECT sqlite_version(), (SELECT synchronous FROM pragma_synchronous),
            (SELECT journal_mode FROM pragma_journal_mode), (SELECT foreign_keys FROM pragma_foreign_keys),
            (SELECT recursive_triggers FROM pragma_recursive_triggers)",
    )
    .fetch_one(connection)
    .await
    .map_err(|error| fault::of_sqlx(file, &error))?;
    let text = |at: usize| row.try_get::<String, _>(at).unwrap_or_default();
    let number = |at: usize| row.try_get::<i64, _>(at).unwrap_or(-1);
    let version = text(0);
    if !is_safe_version(&version) {
        return Err(StoreError::new(
            StoreErrorKind::Version,
            file,
            format!("the SQLite library is {version}, and before 3.51.3 it can damage a file in WAL mode"),
        ));
    }
    let found = (number(1), text(2), number(3), number(4));
    if found != (FULL, "wal".to_owned(), 1, 1) {
        return Err(StoreError::new(
            StoreErrorKind::Open,
            file,
            format!(
                "it does not keep its promises: synchronous {} instead of {FULL}, journal mode `{}` instead of \
                 `wal`, foreign keys {} and recursive triggers {} instead of 1",
                found.0, found.1, found.2, found.3
            ),
        ));
    }
    Ok(())
}

/// An empty file becomes ours; a database of another program is left alone.
async fn is_ours(file: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema),
            (SELECT count(*) FROM sqlite_schema WHERE name <> '_sqlx_migrations' AND type = 'table')",
    )
    .fetch_one(connection)
    .await
    .map_err(|error| fault::of_sqlx(file, &error))?;
    let id: i64 = row.try_get(0).map_err(|error| fault::of_sqlx(file, &error))?;
    let tables: i64 = row.try_get(2).map_err(|error| fault::of_sqlx(file, &error))?;
    if id == APPLICATION || (id == 0 && tables == 0) {
        return Ok(());
    }
    Err(StoreError::new(
        StoreErrorKind::Corrupt,
        file,
        "it is a database of another program",
    ))
}

fn is_safe_version(text: &str) -> bool {
    let mut parts = text.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= (3, 51, 3)
}

const READERS: u32 = 4;
/// `PRAGMA synchronous` reads back as 2 for FULL.
const FULL: i64 = 2;
/// "MFLW", set by the first migration.
const APPLICATION: i64 = 1_296_452_695;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        for good in ["3.51.3", "3.51.10", "3.52.0", "4.0.0"] {
            assert!(is_safe_version(good), "{good}");
        }
        for bad in ["3.51.2", "3.9.9", "3.40.1", "", "nonsense"] {
            assert!(!is_safe_version(bad), "{bad}");
        }
    }
}
