//! The schemas of both stores, step by step. A step that was ever released never changes: its checksum stands in each database.

use std::borrow::Cow;
use std::sync::LazyLock;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::Migration;
use sqlx::migrate::MigrationType;
use sqlx::migrate::Migrator;

/// Those of SQLite.
pub(super) static SQLITE: LazyLock<Migrator> = LazyLock::new(|| migrator(SQLITE_STEPS));
/// Those of PostgreSQL.
pub(super) static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| migrator(POSTGRES_STEPS));

/// A step: its file without the ending, `<version>_<description>`, and what is in it.
type Step = (&'static str, &'static str);

/// The steps named, from the folder of a store.
macro_rules! steps {
    ($folder:literal: $($name:literal,)+) => {
        &[$(($name, include_str!(concat!($folder, "/", $name, ".sql")))),+]
    };
}

const SQLITE_STEPS: &[Step] = steps! { "sqlite":
    "0001_first",
    "0002_catalog_files",
    "0004_log",
    "0005_documents",
    "0006_keys",
    "0007_rights",
    "0008_search",
    "0009_applications",
    "0010_documents",
    "0012_flow_ends",
    "0013_directions",
};

const POSTGRES_STEPS: &[Step] = steps! { "postgres":
    "0001_first",
    "0002_log",
    "0008_additive_search",
    "0009_additive_applications",
    "0010_documents",
    "0011_batch_ends",
};

fn migrator(steps: &[Step]) -> Migrator {
    Migrator::with_migrations(steps.iter().filter_map(migration).collect())
}

/// `None` for a name that is none; a test says that there is no such name.
fn migration(&(name, sql): &Step) -> Option<Migration> {
    let (version, description) = name.split_once('_')?;
    Some(Migration::new(
        version.parse().ok()?,
        Cow::Owned(description.replace('_', " ")),
        MigrationType::Simple,
        sql.into_sql_str(),
        sql.starts_with("-- no-transaction"),
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    // A step that is left out of the list, or taken otherwise than by those who read the folder, would be found by nobody's
    // database but the next new one.
    #[tokio::test]
    async fn every_step_is_taken_as_it_lies_in_its_folder() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
        for (folder, listed) in [("sqlite", &*SQLITE), ("postgres", &*POSTGRES)] {
            let read = Migrator::new(root.join(folder)).await.unwrap();
            let said = |migrator: &Migrator| -> Vec<_> {
                let all = migrator.iter();
                all.map(|one| {
                    (
                        one.version,
                        one.description.clone(),
                        one.checksum.clone(),
                        one.no_tx,
                    )
                })
                .collect()
            };
            assert_eq!(said(listed), said(&read), "{folder}");
            assert!(listed.iter().count() > 5);
        }
    }

    // Databases that are in use hold these checksums: a step that was released never changes.
    #[test]
    fn released_steps_stay_as_they_are() {
        let all = [&*SQLITE, &*POSTGRES].into_iter().flat_map(Migrator::iter);
        let checksums: Vec<String> = all.map(|one| hex::encode(&one.checksum[..8])).collect();
        insta::assert_snapshot!(checksums.join("\n"));
    }
}
