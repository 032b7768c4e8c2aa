use std::path::Path;
use std::thread;

use rusqlite::Connection;
use rusqlite::params;
use tokio::sync::mpsc::UnboundedReceiver;

use super::store::Commits;
use super::store::MOST_ROWS;
use super::store::Waiting;
use crate::cli::failure::Failure;

/// Makes the file and starts the thread that writes; it ends with the last sender.
pub(super) fn start(
    file: &Path,
    mut rows: UnboundedReceiver<Waiting>,
    commits: Commits,
) -> Result<(), Failure> {
    let connection = open(file).map_err(Failure::new)?;
    let run = move || {
        let mut batch = Vec::new();
        while rows.blocking_recv_many(&mut batch, MOST_ROWS) > 0 {
            match commit(&connection, &batch) {
                Ok(()) => commits.committed(&mut batch),
                Err(error) => {
                    tracing::error!(%error, "the bare program could not commit");
                    batch.clear();
                }
            }
        }
    };
    thread::Builder::new()
        .name("bare-store".to_owned())
        .spawn(run)
        .map_err(Failure::new)?;
    Ok(())
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;
        CREATE TABLE steps (id INTEGER NOT NULL PRIMARY KEY, flow BLOB NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL,
            text TEXT NOT NULL, UNIQUE (flow, step)) STRICT;",
    )?;
    Ok(connection)
}

fn commit(connection: &Connection, batch: &[Waiting]) -> rusqlite::Result<()> {
    let run = |statement| connection.prepare_cached(statement)?.execute([]);
    run("BEGIN IMMEDIATE")?;
    if let Err(error) = insert(connection, batch).and_then(|()| run("COMMIT").map(drop)) {
        // Nothing is left to be undone where SQLite has done it by itself.
        let _ = run("ROLLBACK");
        return Err(error);
    }
    Ok(())
}

fn insert(connection: &Connection, batch: &[Waiting]) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT INTO steps (flow, step, at, text) VALUES (?1, ?2, ?3, ?4)")?;
    for Waiting { row, .. } in batch {
        insert.execute(params![row.flow.as_bytes(), row.number(), row.at, row.text])?;
    }
    Ok(())
}
