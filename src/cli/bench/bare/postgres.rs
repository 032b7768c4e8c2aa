use std::path::Path;
use std::sync::Arc;

use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::PgConnection;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::Mutex;
use tokio::sync::mpsc::UnboundedReceiver;

use super::store::Commits;
use super::store::MOST_ROWS;
use super::store::Waiting;
use crate::cli::failure::Failure;

/// How each connection is made.
pub(super) fn options(socket: &Path, port: u16, database: &str, user: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket)
        .port(port)
        .database(database)
        .username(user)
        .options([("synchronous_commit", "on"), ("jit", "off")])
        .disable_statement_logging()
}

/// Makes the table and starts the connections that write; they end with the last sender.
pub(super) async fn start(
    options: PgConnectOptions,
    rows: UnboundedReceiver<Waiting>,
    commits: Commits,
) -> Result<(), Failure> {
    let mut connection = PgConnection::connect_with(&options).await.map_err(Failure::new)?;
    sqlx::raw_sql(
        "CREATE TABLE steps (flow uuid NOT NULL, step smallint NOT NULL, at bigint NOT NULL, text text NOT NULL,
            PRIMARY KEY (flow, step))",
    )
    .execute(&mut connection)
    .await
    .map_err(Failure::new)?;
    let rows = Arc::new(Mutex::new(rows));
    for _ in 0..CONNECTIONS {
        let connection = PgConnection::connect_with(&options).await.map_err(Failure::new)?;
        tokio::spawn(write(connection, Arc::clone(&rows), commits.clone()));
    }
    Ok(())
}

async fn write(mut connection: PgConnection, rows: Arc<Mutex<UnboundedReceiver<Waiting>>>, commits: Commits) {
    let mut batch = Vec::new();
    while rows.lock().await.recv_many(&mut batch, MOST_ROWS).await > 0 {
        match insert(&mut connection, &batch).await {
            Ok(()) => commits.committed(&mut batch),
            Err(error) => {
                tracing::error!(%error, "the bare program could not commit");
                batch.clear();
            }
        }
    }
}

/// One statement, so one commit.
async fn insert(connection: &mut PgConnection, batch: &[Waiting]) -> sqlx::Result<()> {
    let rows = || batch.iter().map(|waiting| &waiting.row);
    sqlx::query(
        "INSERT INTO steps (flow, step, at, text)
            SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::text[])",
    )
    .bind(rows().map(|row| row.flow).collect::<Vec<_>>())
    .bind(rows().map(|row| row.number()).collect::<Vec<_>>())
    .bind(rows().map(|row| row.at).collect::<Vec<_>>())
    .bind(rows().map(|row| row.text.as_str()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// One that waits for the server's disk, and one that gathers meanwhile.
const CONNECTIONS: usize = 2;
