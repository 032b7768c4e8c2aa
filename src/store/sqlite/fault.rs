use std::path::Path;

use sqlx::migrate::MigrateError;

use crate::store::StoreError;
use crate::store::StoreErrorKind;

/// What an error of the database means for the store at `file`.
pub(super) fn of_sqlx(file: &Path, error: &sqlx::Error) -> StoreError {
    let cause = |text: &str| format!("{text} ({error})");
    match error {
        sqlx::Error::Database(database) => {
            let code = database
                .code()
                .and_then(|code| code.parse::<i32>().ok())
                .unwrap_or_default();
            // The low byte is the primary code, the rest says more about it.
            let (kind, text) = of_code(code & 0xff);
            StoreError::new(kind, file, cause(text))
        }
        sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            StoreError::new(StoreErrorKind::Closed, file, cause("it is closed"))
        }
        sqlx::Error::PoolTimedOut => StoreError::new(
            StoreErrorKind::Busy,
            file,
            "every reader has been busy for too long",
        ),
        sqlx::Error::Io(_) => StoreError::new(StoreErrorKind::Io, file, cause("reading or writing failed")),
        sqlx::Error::Migrate(migrate) => of_migrate(file, migrate),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
            StoreError::new(StoreErrorKind::Corrupt, file, cause("a row can't be read"))
        }
        _ => StoreError::new(StoreErrorKind::Io, file, cause("the database failed")),
    }
}

/// A task that reads never came to its end.
pub(super) fn of_panic(file: &Path) -> StoreError {
    StoreError::new(StoreErrorKind::Io, file, "the reader panicked")
}

/// What an error of rusqlite means.
pub(super) fn of_rusqlite(file: &Path, error: &rusqlite::Error) -> StoreError {
    let (kind, text) = match error {
        rusqlite::Error::SqliteFailure(failure, _) => of_code(failure.extended_code & 0xff),
        rusqlite::Error::ToSqlConversionFailure(_) => {
            (StoreErrorKind::Rule, "a value does not fit into the store")
        }
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => (StoreErrorKind::Corrupt, "a row can't be read"),
        _ => (StoreErrorKind::Io, "the database failed"),
    };
    StoreError::new(kind, file, format!("{text} ({error})"))
}

/// What an error of the migrations means.
pub(super) fn of_migrate(file: &Path, error: &MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => of_sqlx(file, error),
        MigrateError::VersionMissing(version) => StoreError::new(
            StoreErrorKind::Version,
            file,
            format!("its schema has version {version}, which this version of midflow does not know"),
        ),
        MigrateError::VersionMismatch(version) => StoreError::new(
            StoreErrorKind::Version,
            file,
            format!("its schema was made by another build: migration {version} differs"),
        ),
        other => StoreError::new(
            StoreErrorKind::Version,
            file,
            format!("its schema can't be brought up to date ({other})"),
        ),
    }
}

/// What an error of the file system means while the file is made ready.
pub(super) fn of_io(file: &Path, doing: &str, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind;
    let kind = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreErrorKind::Full,
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::AlreadyExists
        | ErrorKind::InvalidInput => StoreErrorKind::Open,
        _ => StoreErrorKind::Io,
    };
    StoreError::new(kind, file, format!("{doing} failed ({error})"))
}

/// Whether an error may be the fault of one unit, so that the others deserve a try without it.
pub(super) fn may_be_of_one_unit(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.extended_code & 0xff, TOO_BIG | CONSTRAINT | MISMATCH)
        }
        rusqlite::Error::ToSqlConversionFailure(_) => true,
        _ => false,
    }
}

const fn of_code(primary: i32) -> (StoreErrorKind, &'static str) {
    match primary {
        PERM | READONLY | CANT_OPEN | AUTH => (StoreErrorKind::Open, "it can't be opened for writing"),
        BUSY | LOCKED => (StoreErrorKind::Busy, "somebody else holds the file"),
        CORRUPT => (StoreErrorKind::Corrupt, "the file is damaged"),
        NOT_A_DATABASE => (StoreErrorKind::Corrupt, "the file is no database"),
        FULL => (StoreErrorKind::Full, "there is no room left"),
        IO => (StoreErrorKind::Io, "reading or writing failed"),
        TOO_BIG | CONSTRAINT | MISMATCH => (StoreErrorKind::Rule, "the row breaks a rule of the schema"),
        _ => (StoreErrorKind::Io, "the database failed"),
    }
}

// Primary result codes of SQLite.
const PERM: i32 = 3;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IO: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANT_OPEN: i32 = 14;
const TOO_BIG: i32 = 18;
const CONSTRAINT: i32 = 19;
const MISMATCH: i32 = 20;
const AUTH: i32 = 23;
const NOT_A_DATABASE: i32 = 26;

#[cfg(test)]
mod tests {
    use std::io::Error;
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn each_trouble_of_the_file_system_has_its_kind_and_remedy() {
        for (error, kind) in [
            (ErrorKind::PermissionDenied, StoreErrorKind::Open),
            (ErrorKind::ReadOnlyFilesystem, StoreErrorKind::Open),
            (ErrorKind::StorageFull, StoreErrorKind::Full),
            (ErrorKind::Other, StoreErrorKind::Io),
        ] {
            let told = of_io(
                Path::new("data/midflow.db"),
                "making the file",
                &Error::from(error),
            );
            assert_eq!(told.kind(), kind);
            let text = told.to_string();
            assert!(
                text.starts_with("store data/midflow.db: making the file failed (")
                    && text.ends_with(told.remedy()),
                "{text}"
            );
        }
    }
}
