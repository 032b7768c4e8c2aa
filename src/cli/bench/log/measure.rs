use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::append::append;
use super::bare_postgres::BarePostgres;
use super::bare_sqlite::BareSqlite;
use super::sample::Sample;
use super::verify::Log;
use super::verify::verifying;
use crate::cli::bench::table::Row;
use crate::cli::failure::Failure;
use crate::store::Postgres;
use crate::store::PostgresCluster;
use crate::store::Sqlite;
use crate::store::Store as _;

/// Append and verify on both stores; on PostgreSQL where its programs are on this machine.
pub(in crate::cli::bench) async fn measure(
    folder: &Path,
    time: Duration,
    records: u64,
) -> Result<Vec<Row>, Failure> {
    let mut rows = on_sqlite(folder, time, records).await?;
    match PostgresCluster::start(&[]) {
        Ok(cluster) => rows.extend(on_postgres(&cluster, folder, time, records).await?),
        Err(error) => eprintln!("note: {error}"),
    }
    Ok(rows)
}

async fn on_sqlite(folder: &Path, time: Duration, records: u64) -> Result<Vec<Row>, Failure> {
    let store = Sqlite::open(folder.join("append.db"))
        .await
        .map_err(Failure::new)?;
    let store = Arc::new(store);
    let mut bare = BareSqlite::open(&folder.join("append-bare.db")).map_err(Failure::new)?;
    let mut rows = vec![append("", Arc::<Sqlite>::clone(&store), &mut bare, time).await?];
    store.close().await;
    for sample in [Sample::Records, Sample::Messages] {
        let file = folder.join(sample.name());
        let store = Arc::new(Sqlite::open(&file).await.map_err(Failure::new)?);
        let log = Log::write(folder, store, sample, records).await?;
        let reading = BareSqlite::read(&file).map_err(Failure::new)?;
        let store = Sqlite::open_to_read(&file).await.map_err(Failure::new)?;
        rows.push(verifying("", &store, &log, reading).await?);
    }
    Ok(rows)
}

async fn on_postgres(
    cluster: &PostgresCluster,
    folder: &Path,
    time: Duration,
    records: u64,
) -> Result<Vec<Row>, Failure> {
    let settings = cluster.database().await.map_err(Failure::new)?;
    let store = Arc::new(Postgres::open(settings.clone()).await.map_err(Failure::new)?);
    let mut bare = BarePostgres::open(&settings).await?;
    let mut rows = vec![append(ON_POSTGRES, Arc::<Postgres>::clone(&store), &mut bare, time).await?];
    store.close().await;
    for sample in [Sample::Records, Sample::Messages] {
        let settings = cluster.database().await.map_err(Failure::new)?;
        let store = Arc::new(Postgres::open(settings.clone()).await.map_err(Failure::new)?);
        let log = Log::write(folder, store, sample, records).await?;
        let reading = BarePostgres::read(&settings).await?;
        let store = Postgres::open_to_read(settings).await.map_err(Failure::new)?;
        rows.push(verifying(ON_POSTGRES, &store, &log, reading).await?);
    }
    Ok(rows)
}

const ON_POSTGRES: &str = " on PostgreSQL";
