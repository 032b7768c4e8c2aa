use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use sqlx::postgres::PgSeverity;

use super::settings::PostgresSettings;
use crate::store::StoreError;
use crate::store::StoreErrorKind as Kind;

/// What an error of the driver or the server means for the database at `place`.
///
/// The server's own words are repeated only where they can't hold a stored value.
pub(super) fn of_sqlx(place: &str, error: &sqlx::Error) -> StoreError {
    let told = |kind, cause: String, remedy| StoreError::of_server(kind, place, cause, remedy);
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            let (kind, text, remedy) = of_code(&code);
            let words = if speaks_of_no_row(&code) {
                database.message()
            } else {
                "its words may hold a stored value and are left out"
            };
            told(kind, format!("{text} ({code}: {words})"), remedy)
        }
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            told(Kind::Closed, "it is closed".to_owned(), "start midflow again")
        }
        sqlx::Error::PoolTimedOut => told(
            Kind::Busy,
            "every connection has been busy for too long, or the server can't be reached".to_owned(),
            REACH,
        ),
        sqlx::Error::Io(error) => told(Kind::Io, format!("the connection failed ({error})"), REACH),
        sqlx::Error::Tls(error) => told(
            Kind::Open,
            format!("TLS could not be agreed ({error})"),
            CERTIFICATE,
        ),
        sqlx::Error::Migrate(error) => of_migrate(place, error),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => told(
            Kind::Corrupt,
            "a row can't be read".to_owned(),
            "keep the database for examination, and restore the last backup",
        ),
        sqlx::Error::Protocol(_) => told(
            Kind::Io,
            "the server does not answer as PostgreSQL does".to_owned(),
            REACH,
        ),
        _ => told(Kind::Io, "the driver failed".to_owned(), REACH),
    }
}

/// What an error of the migrations means.
pub(super) fn of_migrate(place: &str, error: &MigrateError) -> StoreError {
    let told = |cause: String, remedy| StoreError::of_server(Kind::Version, place, cause, remedy);
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => of_sqlx(place, error),
        MigrateError::VersionMissing(version) => told(
            format!("its schema has version {version}, which this version of midflow does not know"),
            "use the version of midflow that made it, or a newer one",
        ),
        MigrateError::VersionMismatch(version) => told(
            format!("its schema was made by another build: migration {version} differs"),
            "use the build that made it, or restore a backup of that schema",
        ),
        other => told(
            format!("its schema can't be brought up to date ({other})"),
            "look at the server's log",
        ),
    }
}

/// The remedies at the start name the role and the database, which the server's words do not always do.
pub(super) fn at_the_start(settings: &PostgresSettings, role: &str, error: &sqlx::Error) -> StoreError {
    let place = settings.place();
    let code = code_of(error).unwrap_or_default();
    let (cause, remedy) = match code.as_str() {
        "28P01" => (
            format!("the server does not take the password of the role `{role}`"),
            "correct the password that `store.postgres` refers to, or set the role's: ALTER ROLE … PASSWORD …",
        ),
        "28000" => (
            format!("the server knows no role `{role}`, or lets it not in from here"),
            "make the role (CREATE ROLE … LOGIN) and allow it in pg_hba.conf",
        ),
        "3D000" => (
            format!("the server has no database `{}`", settings.database),
            "make it: CREATE DATABASE …, owned by the role of `store.postgres.owner`",
        ),
        "42501" => (
            format!(
                "the role `{role}` may not do what midflow has to ({})",
                words_of(error)
            ),
            "name `store.postgres.owner`, which owns the schema and lets the other role in at the start",
        ),
        "3F000" | "42P01" | "42883" => (
            "the schema `midflow` is not there, or not whole".to_owned(),
            "name `store.postgres.owner`, which makes it at the start",
        ),
        _ => {
            return match error {
                // The driver wraps what TLS says of a certificate into an error of the connection.
                sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                    StoreError::of_server(
                        Kind::Open,
                        &place,
                        format!("TLS could not be agreed ({error})"),
                        CERTIFICATE,
                    )
                }
                sqlx::Error::Io(error) => StoreError::of_server(
                    Kind::Open,
                    &place,
                    format!("the server can't be reached ({error})"),
                    REACH,
                ),
                other => of_sqlx(&place, other),
            };
        }
    };
    let kind = match code.as_str() {
        "3F000" | "42P01" | "42883" => Kind::Version,
        _ => Kind::Open,
    };
    StoreError::of_server(kind, &place, cause, remedy)
}

/// Whether an error may be the fault of one unit, so that the others deserve a try without it.
pub(super) fn may_be_of_one_unit(error: &sqlx::Error) -> bool {
    code_of(error).is_some_and(|code| {
        code.starts_with("22") || code.starts_with("23") || code.starts_with("54") || code == FORBIDDEN
    })
}

/// Whether the connection can't be used again: the server has closed it, or nobody knows what it is doing. In both cases
/// what was sent last may or may not be durable.
pub(super) fn ends_the_connection(error: &sqlx::Error) -> bool {
    let Some(database) = error.as_database_error() else {
        return true;
    };
    let severity = database
        .try_downcast_ref::<PgDatabaseError>()
        .map(PgDatabaseError::severity);
    matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic))
}

/// Whether the server undid the statement only because it met another one, so that it can be tried again at once.
pub(super) fn is_a_collision(error: &sqlx::Error) -> bool {
    code_of(error).is_some_and(|code| matches!(code.as_str(), "40001" | "40P01"))
}

/// The flows of a batch that lost a race, as the schema's function `whole` names them.
pub(super) fn losers(error: &sqlx::Error) -> Option<Vec<uuid::Uuid>> {
    let database = error.as_database_error()?;
    (database.code().as_deref() == Some(LOST)).then(|| {
        let detail = database
            .try_downcast_ref::<PgDatabaseError>()
            .and_then(PgDatabaseError::detail)
            .unwrap_or_default();
        detail.split(',').filter_map(|id| id.parse().ok()).collect()
    })
}

/// Whether a notice of the batch was unknown or repeated.
pub(super) fn is_about_a_notice(error: &sqlx::Error) -> bool {
    code_of(error).is_some_and(|code| code == NOTICE)
}

fn code_of(error: &sqlx::Error) -> Option<String> {
    let database = error.as_database_error()?;
    database.code().map(std::borrow::Cow::into_owned)
}

fn words_of(error: &sqlx::Error) -> &str {
    error
        .as_database_error()
        .map_or("", sqlx::error::DatabaseError::message)
}

/// The classes of connections, roles, objects and the machine; rows are spoken of in 22, 23 and P0.
fn speaks_of_no_row(code: &str) -> bool {
    [
        "08", "25", "28", "3D", "3F", "40", "42", "53", "55", "57", "58", "MF",
    ]
    .iter()
    .any(|class| code.starts_with(class))
}

fn of_code(code: &str) -> (Kind, &'static str, &'static str) {
    match code {
        FENCED => (
            Kind::Fenced,
            "this replica has lost its lease, so nothing was written",
            "nothing: it joins again by itself; if it happens often, look for a machine that stands still",
        ),
        FORBIDDEN | LOST | NOTICE => (Kind::Rule, "the row breaks a rule of the schema", REPORT),
        "53100" => (
            Kind::Full,
            "the server's disk is full",
            "make room there; nothing new starts until there is some",
        ),
        "53300" => (
            Kind::Busy,
            "the server takes no more connections",
            "raise max_connections of the server, or run fewer replicas",
        ),
        "55P03" | "57014" | "40001" | "40P01" => (
            Kind::Busy,
            "the server was kept waiting too long by others",
            "look for long transactions in pg_stat_activity",
        ),
        "25006" => (
            Kind::Open,
            "the server takes no writes: it is a standby",
            "name the primary as `host`",
        ),
        "42501" => (
            Kind::Open,
            "the role may not do this",
            "start once with `store.postgres.owner`, which lets the role in",
        ),
        "XX001" | "XX002" => (
            Kind::Corrupt,
            "the server finds its files damaged",
            "keep them for examination, and restore the last backup or promote a standby",
        ),
        _ => match code.get(..2).unwrap_or_default() {
            "22" | "23" | "54" => (Kind::Rule, "the row breaks a rule of the schema", REPORT),
            "08" | "57" => (Kind::Io, "the server went away or is not ready", REACH),
            "28" | "3D" => (Kind::Open, "the server lets nobody in", REACH),
            "3F" | "42" => (
                Kind::Version,
                "the schema is not the one of this version of midflow",
                "name `store.postgres.owner`, which brings it up to date at the start",
            ),
            _ => (Kind::Io, "the server failed", "look at the server's log"),
        },
    }
}

const CERTIFICATE: &str =
    "`tls.authority` has to be the authority of the server's certificate, and `host` a name in it";
const REACH: &str = "look whether the server runs and can be reached from here, and at its log";
const REPORT: &str = "this is a fault of midflow; report it with this text";
/// What the schema's own functions raise.
const FORBIDDEN: &str = "MF001";
const LOST: &str = "MF002";
const FENCED: &str = "MF003";
const NOTICE: &str = "MF004";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_has_its_kind() {
        for (code, kind) in [
            ("53100", Kind::Full),
            ("53300", Kind::Busy),
            ("55P03", Kind::Busy),
            ("25006", Kind::Open),
            ("57P01", Kind::Io),
            ("08006", Kind::Io),
            ("23505", Kind::Rule),
            ("22021", Kind::Rule),
            ("42P01", Kind::Version),
            ("XX001", Kind::Corrupt),
            ("MF003", Kind::Fenced),
            ("", Kind::Io),
        ] {
            assert_eq!(of_code(code).0, kind, "{code}");
        }
    }

    // Law 13: what the server says of rows can hold a civil number.
    #[test]
    fn words_about_rows_are_not_repeated() {
        for code in ["22P02", "23505", "22021", "P0001", "XX000", ""] {
            assert!(!speaks_of_no_row(code), "{code}");
        }
        for code in ["57P03", "3D000", "53300"] {
            assert!(speaks_of_no_row(code), "{code}");
        }
    }
}
