use std::time::Duration;
use std::time::Instant;

use sqlx::Connection as _;
use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::postgres::PgConnectOptions;
use uuid::Uuid;

use super::append::Bare;
use super::append::BareRow;
use crate::cli::failure::Failure;
use crate::store::PostgresSettings;

/// One connection, and one statement a batch.
pub(super) struct BarePostgres {
    connection: PgConnection,
}

impl BarePostgres {
    pub(super) async fn open(settings: &PostgresSettings) -> Result<Self, Failure> {
        let mut connection = connect(settings).await?;
        sqlx::raw_sql(
            "CREATE TABLE records (seq bigint NOT NULL PRIMARY KEY, at bigint NOT NULL, flow uuid, kind text NOT NULL,
                subject bytea, event text NOT NULL, writer bigint NOT NULL, commitment bytea, chain uuid, number bigint,
                leaf bytea);
            CREATE INDEX records_by_flow ON records (flow, seq) WHERE flow IS NOT NULL",
        )
        .execute(&mut connection)
        .await
        .map_err(Failure::new)?;
        Ok(Self { connection })
    }

    /// How long it takes to read every record, and nothing else.
    pub(super) async fn read(settings: &PostgresSettings) -> Result<Duration, Failure> {
        let mut connection = connect(settings).await?;
        let start = Instant::now();
        let (mut bytes, mut last) = (0, 0_i64);
        loop {
            let rows = sqlx::query(
                "SELECT seq, at, flow, kind, commitment, event, chain, number, leaf FROM midflow.records
                    WHERE seq > $1 ORDER BY seq LIMIT 4096",
            )
            .bind(last)
            .fetch_all(&mut connection)
            .await
            .map_err(Failure::new)?;
            for row in &rows {
                let event: &str = row.try_get(5).map_err(Failure::new)?;
                let leaf: &[u8] = row.try_get(8).map_err(Failure::new)?;
                bytes += event.len() + leaf.len();
            }
            let Some(row) = rows.last() else { break };
            last = row.try_get(0).map_err(Failure::new)?;
        }
        std::hint::black_box(bytes);
        Ok(start.elapsed())
    }
}

impl Bare for BarePostgres {
    async fn append(&mut self, rows: &[BareRow]) -> Result<(), Failure> {
        sqlx::query(
            "INSERT INTO records (seq, at, flow, kind, event, writer, chain, number, leaf)
                SELECT r.seq, r.at, r.flow, r.kind, r.event, 1, $7, r.seq - 1, r.leaf
                FROM unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::bytea[])
                    AS r (seq, at, flow, kind, event, leaf)",
        )
        .bind(rows.iter().map(|row| row.seq).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.at).collect::<Vec<_>>())
        .bind(
            rows.iter()
                .map(|row| Uuid::from_bytes(row.flow))
                .collect::<Vec<_>>(),
        )
        .bind(rows.iter().map(|row| row.kind).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.event.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.leaf.as_slice()).collect::<Vec<_>>())
        .bind(Uuid::from_u128(7))
        .execute(&mut self.connection)
        .await
        .map_err(Failure::new)?;
        Ok(())
    }
}

/// As the owner of the database, who may make a table of its own there.
async fn connect(settings: &PostgresSettings) -> Result<PgConnection, Failure> {
    let role = settings.owner.as_ref().unwrap_or(&settings.runs_as);
    let options = PgConnectOptions::new_without_pgpass()
        .socket(&settings.host)
        .port(settings.port)
        .database(&settings.database)
        .username(&role.name)
        .options([("synchronous_commit", "on"), ("jit", "off")]);
    PgConnection::connect_with(&options).await.map_err(Failure::new)
}
