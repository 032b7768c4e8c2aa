use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::sqlite::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;

use super::fault;
use super::tail;
use crate::audit::log::WriterId;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::store::migrations;

/// Brings the schema and the log up to date and opens the writing connection.
pub(super) async fn first_writer(file: &Path, id: WriterId) -> Result<Connection, StoreError> {
    let mut connection = options(file)
        // Of a new file; one that exists keeps its own.
        .page_size(PAGE)
        .connect()
        .await
        .map_err(|error| fault::of_sqlx(file, &error))?;
    is_ours(file, &mut connection).await?;
    // `run` takes a generic `Acquire`, whose future the compiler can't prove to be `Send` here; this is its body.
    migrations::SQLITE
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|error| fault::of_migrate(file, &error))?;
    connection
        .close()
        .await
        .map_err(|error| fault::of_sqlx(file, &error))?;
    let mut connection = writer(file)?;
    tail::adopt(file, &mut connection, id)?;
    Ok(connection)
}

/// Opens the writing connection to a file whose schema is known to be right, and makes sure that a commit means the
/// disk.
pub(super) fn writer(file: &Path) -> Result<Connection, StoreError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch(PRAGMAS)?;
        assert_durable(file, &connection).map(|result| result.map(|()| connection))
    };
    open().map_err(|error| fault::of_rusqlite(file, &error))?
}

/// Opens a connection that only reads, and may be slow.
pub(super) fn looker(file: &Path) -> Result<Connection, StoreError> {
    let open = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.execute_batch("PRAGMA query_only = ON")?;
        Ok(connection)
    };
    open().map_err(|error| fault::of_rusqlite(file, &error))
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
        .busy_timeout(BUSY)
        .disable_statement_logging()
}

/// Durability is read back, not hoped for: SQLite ignores a pragma that it does not understand.
fn assert_durable(file: &Path, connection: &Connection) -> rusqlite::Result<Result<(), StoreError>> {
    let found = connection.query_row(
        "SELECT sqlite_version(), (SELECT synchronous FROM pragma_synchronous),
            (SELECT journal_mode FROM pragma_journal_mode), (SELECT foreign_keys FROM pragma_foreign_keys),
            (SELECT recursive_triggers FROM pragma_recursive_triggers)",
        [],
        |row| {
            let version: String = row.get(0)?;
            Ok((version, (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        },
    )?;
    let (version, found) = found;
    Ok(is_durable(file, &version, &found))
}

fn is_durable(file: &Path, version: &str, found: &(i64, String, i64, i64)) -> Result<(), StoreError> {
    if !is_safe_version(version) {
        return Err(StoreError::new(
            StoreErrorKind::Version,
            file,
            format!("the SQLite library is {version}, and before 3.51.3 it can damage a file in WAL mode"),
        ));
    }
    if *found != (FULL, "wal".to_owned(), 1, 1) {
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

/// Order matters: the journal mode decides what the others mean.
const PRAGMAS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    -- Where the system distinguishes, a sync reaches the medium and not only the drive's cache.
    PRAGMA fullfsync = ON;
    PRAGMA checkpoint_fullfsync = ON;
    PRAGMA foreign_keys = ON;
    -- Otherwise INSERT OR REPLACE would delete past the triggers that keep records.
    PRAGMA recursive_triggers = ON;
    -- The writer checkpoints between batches; this is the net below it.
    PRAGMA wal_autocheckpoint = 16384;
    PRAGMA cache_size = -4096;
    -- What is deleted or replaced is written over with zeros: a destroyed key must not be found in a free page.
    PRAGMA secure_delete = ON;
    -- What a statement may have to undo is kept in memory: it is no part of what lasts.
    PRAGMA temp_store = MEMORY;";

/// A row of an exchange fills a page of four KiB alone, and each page costs two calls of the system on its way into the
/// log; of eight KiB two fifths fewer calls write as many bytes.
const PAGE: u32 = 8_192;
const BUSY: Duration = Duration::from_secs(5);
/// More than the writer has.
const STATEMENTS: usize = 64;
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
