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
        false,
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    // A step that is left out of the list, or that changes its place, would be found by nobody's database but the next new one.
    #[test]
    fn every_step_of_the_folders_is_taken_in_its_order() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
        for (folder, steps, migrator) in [
            ("sqlite", SQLITE_STEPS, &*SQLITE),
            ("postgres", POSTGRES_STEPS, &*POSTGRES),
        ] {
            let mut files: Vec<String> = std::fs::read_dir(root.join(folder))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            let listed: Vec<String> = steps.iter().map(|(name, _)| format!("{name}.sql")).collect();
            assert_eq!(listed, files, "{folder}");
            let versions: Vec<i64> = migrator.iter().map(|migration| migration.version).collect();
            assert_eq!(versions.len(), steps.len(), "{folder}");
            assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
        }
    }
}
