use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::Connection as _;
use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPool;
use sqlx::postgres::PgPoolOptions;

use super::fault;
use super::settings::PostgresSettings;
use super::settings::PostgresTls;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::store::migrations::POSTGRES as MIGRATIONS;

/// Brings the schema up to date where the owner is named, and makes sure that the database keeps its promises and that
/// the role which runs can't change what is recorded.
pub(super) async fn make_ready(settings: &PostgresSettings) -> Result<(), StoreError> {
    if matches!(settings.tls, PostgresTls::ThisMachine) && !settings.is_this_machine() {
        return Err(unsafe_because(
            settings,
            "the connection would leave this machine without TLS",
            "name the authority of the server's certificate as `tls`",
        ));
    }
    if settings.owner.is_some() {
        bring_up_to_date(settings).await?;
    }
    let mut connection = connect(settings).await?;
    assert_schema(settings, &mut connection).await?;
    assert_role(settings, &mut connection).await?;
    make_months(&mut connection)
        .await
        .map_err(|error| fault::at_the_start(settings, &settings.runs_as.name, &error))
}

/// Says what is wrong with the database now, and not in the middle of something; for one that is only read.
pub(super) async fn look(settings: &PostgresSettings) -> Result<(), StoreError> {
    let role = &settings.runs_as;
    let mut connection = settings
        .options(role)
        .connect()
        .await
        .map_err(|error| fault::at_the_start(settings, &role.name, &error))?;
    assert_version(settings, &mut connection).await?;
    assert_schema(settings, &mut connection).await
}

/// A connection of the role that runs, whose promises were read back.
pub(super) async fn connect(settings: &PostgresSettings) -> Result<PgConnection, StoreError> {
    let role = &settings.runs_as;
    let told = |error: sqlx::Error| fault::at_the_start(settings, &role.name, &error);
    let mut connection = settings.options(role).connect().await.map_err(told)?;
    // A stronger setting of the server stays; a weaker one is raised for this session.
    // Whatever the statistics say of tables that have just been made, rows are found by index; planning each batch anew
    // would cost more than the batch.
    sqlx::query(
        "SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false),
            set_config('enable_hashjoin', 'off', false), set_config('enable_mergejoin', 'off', false),
            set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)",
    )
    .fetch_all(&mut connection)
    .await
    .map_err(told)?;
    assert_durable(settings, &mut connection).await?;
    Ok(connection)
}

/// The connections that read.
pub(super) fn readers(settings: &PostgresSettings) -> PgPool {
    pool(settings, READERS, &[("default_transaction_read_only", "on")])
}

/// The connections for what replicas tell one another: takeovers, counts of starts, hints. Nothing of it has to survive a
/// crash of the server, so nobody waits for a disk.
pub(super) fn helpers(settings: &PostgresSettings) -> PgPool {
    pool(settings, HELPERS, &[("synchronous_commit", "off")])
}

/// A pool whose connections never begin a transaction. Should one be left open all the same, it is rolled back before the
/// connection is used again: a driver that loses count of them would lose rows.
fn pool(settings: &PostgresSettings, size: u32, options: &[(&str, &str)]) -> PgPool {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(Duration::from_secs(10))
        // Each connection is tried when it is given back; only one that has lain since is tried again.
        .test_before_acquire(false)
        .before_acquire(|connection, since| {
            Box::pin(async move {
                if since.idle_for >= FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_release(|connection, _| {
            Box::pin(async move {
                // Begins first, since a rollback of nothing would write a warning into the server's log each time.
                sqlx::raw_sql("BEGIN; ROLLBACK").execute(connection).await?;
                Ok(true)
            })
        })
        .connect_lazy_with(
            settings
                .options(&settings.runs_as)
                .options(options.iter().copied()),
        )
}

/// Makes the parts of the audit tables for this month and the next ones, ahead of the first row.
pub(super) async fn make_months(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let made: i32 = sqlx::query_scalar("SELECT make_months($1)")
        .bind(MONTHS_AHEAD)
        .fetch_one(connection)
        .await?;
    if made > 0 {
        tracing::info!(made, "the audit tables have parts for further months");
    }
    Ok(())
}

async fn bring_up_to_date(settings: &PostgresSettings) -> Result<(), StoreError> {
    let Some(owner) = &settings.owner else {
        return Ok(());
    };
    let told = |error: sqlx::Error| fault::at_the_start(settings, &owner.name, &error);
    let options = settings.options(owner).options([
        // Others may be starting too, and a new index may take its time.
        ("statement_timeout", "0"),
        ("lock_timeout", "60s"),
        ("client_min_messages", "warning"),
    ]);
    let mut connection = options.connect().await.map_err(told)?;
    assert_version(settings, &mut connection).await?;
    let is_there: bool = sqlx::query_scalar("SELECT to_regnamespace('midflow') IS NOT NULL")
        .fetch_one(&mut connection)
        .await
        .map_err(told)?;
    if !is_there {
        // Another node may be doing the same at this moment.
        sqlx::query(
            "DO $$ BEGIN CREATE SCHEMA IF NOT EXISTS midflow;
                EXCEPTION WHEN unique_violation OR duplicate_schema THEN NULL; END $$",
        )
        .execute(&mut connection)
        .await
        .map_err(told)?;
    }
    let has_migrations: bool =
        sqlx::query_scalar("SELECT to_regclass('midflow._sqlx_migrations') IS NOT NULL")
            .fetch_one(&mut connection)
            .await
            .map_err(told)?;
    if has_migrations {
        assert_known(settings, &applied(&mut connection).await.map_err(told)?)?;
    }
    // What a newer version has added is no hindrance.
    let mut migrations = Migrator::with_migrations(MIGRATIONS.iter().cloned().collect());
    migrations.set_ignore_missing(true);
    // `run` takes a generic `Acquire`, whose future the compiler can't prove to be `Send` here; this is its body.
    migrations
        .run_direct(None, &mut connection, false)
        .await
        .map_err(|error| match &error {
            sqlx::migrate::MigrateError::Execute(cause)
            | sqlx::migrate::MigrateError::ExecuteMigration(cause, _) => {
                told_of(settings, &owner.name, cause)
            }
            _ => fault::of_migrate(&settings.place(), &error),
        })?;
    sqlx::query("SELECT admit($1::text::name)")
        .bind(&settings.runs_as.name)
        .execute(&mut connection)
        .await
        .map_err(told)?;
    Ok(())
}

fn told_of(settings: &PostgresSettings, role: &str, error: &sqlx::Error) -> StoreError {
    fault::at_the_start(settings, role, error)
}

async fn assert_version(
    settings: &PostgresSettings,
    connection: &mut PgConnection,
) -> Result<(), StoreError> {
    let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int")
        .fetch_one(connection)
        .await
        .map_err(|error| fault::of_sqlx(&settings.place(), &error))?;
    if is_new_enough(version) {
        return Ok(());
    }
    Err(StoreError::of_server(
        StoreErrorKind::Version,
        &settings.place(),
        format!(
            "the server is PostgreSQL {}, and midflow needs 15 or newer",
            version / 10_000
        ),
        "upgrade the server",
    ))
}

const fn is_new_enough(version: i32) -> bool {
    version >= OLDEST
}

/// Durability is read back, not hoped for: a setting of the role or the database may have the last word.
async fn assert_durable(
    settings: &PostgresSettings,
    connection: &mut PgConnection,
) -> Result<(), StoreError> {
    assert_version(settings, connection).await?;
    let row = sqlx::query(
        "SELECT current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync,
            current_setting('full_page_writes') AS full_page_writes,
            current_setting('transaction_isolation') AS transaction_isolation,
            current_setting('statement_timeout') AS statement_timeout,
            current_setting('lock_timeout') AS lock_timeout,
            current_setting('idle_in_transaction_session_timeout') AS idle_in_transaction_session_timeout,
            pg_is_in_recovery()::text AS is_a_standby",
    )
    .fetch_one(connection)
    .await
    .map_err(|error| fault::of_sqlx(&settings.place(), &error))?;
    for (name, wanted) in PROMISES {
        let found: String = row.try_get(*name).unwrap_or_default();
        if !wanted.contains(&found.as_str()) {
            return Err(unsafe_because(
                settings,
                &format!("`{name}` is `{found}` and has to be `{}`", wanted.join("` or `")),
                "correct the server's configuration, or what ALTER ROLE or ALTER DATABASE has set",
            ));
        }
    }
    Ok(())
}

/// The schema is the one that this program knows, and what a newer version has added to it keeps to that.
async fn assert_schema(settings: &PostgresSettings, connection: &mut PgConnection) -> Result<(), StoreError> {
    let told = |error: sqlx::Error| fault::at_the_start(settings, &settings.runs_as.name, &error);
    let applied = applied(connection).await.map_err(told)?;
    let version = |cause: String, remedy| {
        StoreError::of_server(StoreErrorKind::Version, &settings.place(), cause, remedy)
    };
    for migration in MIGRATIONS.iter() {
        match applied.iter().find(|found| found.version == migration.version) {
            None => {
                return Err(version(
                    format!("its schema lacks migration {}", migration.version),
                    "name `store.postgres.owner`, which brings it up to date at the start",
                ));
            }
            Some(found) if found.checksum != *migration.checksum => {
                return Err(fault::of_migrate(
                    &settings.place(),
                    &sqlx::migrate::MigrateError::VersionMismatch(migration.version),
                ));
            }
            Some(_) => {}
        }
    }
    assert_known(settings, &applied)
}

/// Rolling upgrades run this version beside a newer one, which may have added to the schema, and says with each migration
/// whether it has only added.
fn assert_known(settings: &PostgresSettings, applied: &[Applied]) -> Result<(), StoreError> {
    let stranger = applied
        .iter()
        .find(|found| !MIGRATIONS.version_exists(found.version) && !is_additive(&found.description));
    match stranger {
        Some(found) => Err(fault::of_migrate(
            &settings.place(),
            &sqlx::migrate::MigrateError::VersionMissing(found.version),
        )),
        None => Ok(()),
    }
}

/// A migration that the database has.
struct Applied {
    version: i64,
    checksum: Vec<u8>,
    description: String,
}

async fn applied(connection: &mut PgConnection) -> Result<Vec<Applied>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT version, checksum, description FROM midflow._sqlx_migrations WHERE success ORDER BY version",
    )
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Applied {
                version: row.try_get(0)?,
                checksum: row.try_get(1)?,
                description: row.try_get(2)?,
            })
        })
        .collect()
}

/// Whether a migration, by the name that the database keeps of it, leaves everything as it was for versions that don't
/// know it: `0008_additive_search.sql` is kept as `additive search`.
fn is_additive(name: &str) -> bool {
    name.split([' ', '_']).next() == Some("additive")
}

/// Law 12: whoever runs a replica, or takes one over, can't change what it has recorded.
async fn assert_role(settings: &PostgresSettings, connection: &mut PgConnection) -> Result<(), StoreError> {
    let told = |error: sqlx::Error| fault::at_the_start(settings, &settings.runs_as.name, &error);
    let may_change: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class
            WHERE relnamespace = 'midflow'::regnamespace AND relkind IN ('r', 'p')
                AND relname ~ '^(records|exchanges|log_)' AND has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE')
            ORDER BY relname LIMIT 3",
    )
    .fetch_all(connection)
    .await
    .map_err(told)?;
    if may_change.is_empty() {
        return Ok(());
    }
    Err(unsafe_because(
        settings,
        &format!(
            "the role `{}` may change or delete what is recorded ({})",
            settings.runs_as.name,
            may_change.join(", ")
        ),
        "run under a role that is neither superuser nor owner, and name the owner as `store.postgres.owner`",
    ))
}

fn unsafe_because(settings: &PostgresSettings, cause: &str, remedy: &'static str) -> StoreError {
    StoreError::of_server(StoreErrorKind::Unsafe, &settings.place(), cause, remedy)
}

const READERS: u32 = 4;
const HELPERS: u32 = 3;
/// So long after it was tried, a connection is taken to be as good.
const FRESH: Duration = Duration::from_secs(1);
const MONTHS_AHEAD: i32 = 2;
/// As `server_version_num` counts.
const OLDEST: i32 = 150_000;
/// What each connection that writes has to find.
const PROMISES: &[(&str, &[&str])] = &[
    ("synchronous_commit", &["on", "remote_apply"]),
    ("fsync", &["on"]),
    ("full_page_writes", &["on"]),
    ("transaction_isolation", &["read committed"]),
    ("statement_timeout", &["15s"]),
    ("lock_timeout", &["5s"]),
    ("idle_in_transaction_session_timeout", &["5s"]),
    ("is_a_standby", &["false"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    // A migration says by its name that versions which don't know it may go on. The first two could not; a version without
    // the tenth begins flows that don't count as users of their document, whose key retention would destroy then; and one
    // without the eleventh looks for the record before another one by an index that is gone.
    #[test]
    fn each_migration_says_whether_it_only_adds() {
        let not_additive: Vec<i64> = MIGRATIONS
            .iter()
            .filter(|migration| !is_additive(&migration.description))
            .map(|migration| migration.version)
            .collect();
        assert_eq!(not_additive, [1, 2, 10, 11]);
        // What only adds changes and removes nothing that another version might read or write.
        for migration in MIGRATIONS
            .iter()
            .filter(|migration| is_additive(&migration.description))
        {
            for word in [
                "DROP ",
                "ALTER ",
                "RENAME ",
                "DELETE FROM",
                "UPDATE flows",
                "TRUNCATE",
            ] {
                let text = migration.sql.as_str();
                assert!(!text.contains(word), "{word} in migration {}", migration.version);
            }
        }
    }

    #[test]
    fn fifteen_is_the_oldest() {
        assert!(is_new_enough(150_000) && is_new_enough(180_001));
        assert!(!is_new_enough(149_999) && !is_new_enough(140_012) && !is_new_enough(0));
    }
}
