use std::fs;
use std::path::Path;
use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::OpenFlags;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use super::fault;
use super::lock::Ownership;
use crate::store::StoreError;
use crate::store::StoreErrorKind;
use crate::words::Timestamp;

/// What a backup holds. Kept beside it as `<name>.json`; its files are `<name>.db` and `<name>.keys`.
///
/// The wrapped data keys lie in a file of their own, so that they can be kept for a shorter time: a backup whose keys are
/// gone gives no person back, and with the newest keys an older backup gives back nobody who was erased since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// Its name, which sorts by time.
    pub name: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// SHA-256 of the database without its keys, in hexadecimal.
    pub database: String,
    /// SHA-256 of the file of the keys, in hexadecimal.
    pub keys: String,
    /// The number of the last record in it.
    pub records: u64,
    /// How many flows are in it.
    pub flows: u64,
    /// How many data keys are in it, those that are destroyed counted.
    pub data_keys: u64,
    /// That its files are sealed for somebody: they are `<name>.db.age` and `<name>.keys.age` then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
}

/// The sealed files of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// For whom.
    pub recipient: String,
    /// SHA-256 of the sealed database, in hexadecimal.
    pub database: String,
    /// SHA-256 of the sealed file of the keys, in hexadecimal.
    pub keys: String,
}

impl Sealed {
    /// Describes the sealed files of a backup as they lie on the disk.
    ///
    /// # Errors
    /// When one can't be read.
    pub fn of(recipient: &str, backup: &Backup, folder: &Path) -> Result<Self, StoreError> {
        let [database, keys] = backup.sealed_files(folder);
        Ok(Self {
            recipient: recipient.to_owned(),
            database: digest(&database)?,
            keys: digest(&keys)?,
        })
    }

    /// Verifies that the sealed files are the ones that were written.
    ///
    /// # Errors
    /// Names the file that is not.
    pub fn verify(&self, backup: &Backup, folder: &Path) -> Result<(), StoreError> {
        let files = backup.sealed_files(folder);
        for (path, expected) in files.iter().zip([&self.database, &self.keys]) {
            if digest(path)? != *expected {
                return Err(damaged(path));
            }
        }
        Ok(())
    }
}

impl Backup {
    /// Makes a backup of a store into a folder, also while a node writes into it: what is there at one moment, whole.
    /// Then reads it again from the disk and verifies it.
    ///
    /// Blocks; not for the threads of an asynchronous runtime.
    ///
    /// # Errors
    /// When the store can't be read, the folder can't be written, or what was written is not what was meant.
    pub fn make(store: &Path, folder: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let name = format!("midflow-{}", now.to_string().replace([':', '.'], "-"));
        fs::create_dir_all(folder).map_err(|error| fault::of_io(folder, "making the folder", &error))?;
        let (database, keys) = (file(folder, &name, "db"), file(folder, &name, "keys"));
        // Beside the store: for a moment it holds the wrapped keys too.
        let whole = store.with_extension("backup");
        let made = copy(store, &whole).and_then(|()| divide(&whole, &database, &keys));
        remove(&whole);
        made?;
        let found = look(&database, &keys)?;
        let backup = Self {
            made_at: now,
            database: digest(&database)?,
            keys: digest(&keys)?,
            records: found.records,
            flows: found.flows,
            data_keys: found.data_keys,
            sealed: None,
            name,
        };
        // Last: what has no description is no backup.
        backup.describe(folder)?;
        Ok(backup)
    }

    /// Writes the description beside the files.
    ///
    /// # Errors
    /// When it can't be written, or is there already.
    pub fn describe(&self, folder: &Path) -> Result<(), StoreError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write_synced(&file(folder, &self.name, "json"), text.as_bytes())
    }

    /// The files of the database and of the keys, open.
    pub fn open_files(&self, folder: &Path) -> [PathBuf; 2] {
        [self.database_in(folder), self.keys_in(folder)]
    }

    /// The files of the database and of the keys, sealed.
    pub fn sealed_files(&self, folder: &Path) -> [PathBuf; 2] {
        ["db.age", "keys.age"].map(|extension| file(folder, &self.name, extension))
    }

    /// The backups in a folder, oldest first.
    ///
    /// # Errors
    /// When the folder or a description can't be read.
    pub fn list(folder: &Path) -> Result<Vec<Self>, StoreError> {
        let unreadable = |error: std::io::Error| fault::of_io(folder, "reading the folder", &error);
        let mut backups = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text =
                    fs::read(&path).map_err(|error| fault::of_io(&path, "reading the file", &error))?;
                backups.push(serde_json::from_slice::<Self>(&text).map_err(|_| damaged(&path))?);
            }
        }
        backups.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(backups)
    }

    /// Verifies that the files are the ones that were made, and whole.
    ///
    /// # Errors
    /// Names the file that is not.
    pub fn verify(&self, folder: &Path) -> Result<(), StoreError> {
        let (database, keys) = (self.database_in(folder), self.keys_in(folder));
        for (path, expected) in [(&database, &self.database), (&keys, &self.keys)] {
            if digest(path)? != *expected {
                return Err(damaged(path));
            }
        }
        let found = look(&database, &keys)?;
        if (found.records, found.flows, found.data_keys) == (self.records, self.flows, self.data_keys) {
            Ok(())
        } else {
            Err(damaged(&database))
        }
    }

    /// Puts this backup, with the keys of `newest`, where a store shall be; there must be none. The keys of the newest
    /// backup know who was erased since this one was made.
    ///
    /// # Errors
    /// When a file is damaged or can't be read, or there is a store already.
    pub fn restore(&self, folder: &Path, newest: &Self, store: &Path) -> Result<(), StoreError> {
        self.verify(folder)?;
        newest.verify(folder)?;
        if store.exists() {
            let cause = "there is a store already, and a restore never writes over one";
            return Err(StoreError::new(StoreErrorKind::Open, store, cause));
        }
        // Takes the place, private and empty; the lock keeps a node from it until the store is whole.
        let ownership = Ownership::take(store)?;
        let restored = fill(store, &self.database_in(folder), &newest.keys_in(folder));
        if restored.is_err() {
            remove(store);
        }
        drop(ownership);
        restored
    }

    /// Removes the keys of backups that were made before a moment; the backups themselves stay. Returns how many.
    ///
    /// # Errors
    /// When a file can't be removed.
    pub fn expire_keys(folder: &Path, before: Timestamp) -> Result<usize, StoreError> {
        let mut expired = 0;
        for backup in Self::list(folder)? {
            let [_, sealed] = backup.sealed_files(folder);
            let keys = if backup.sealed.is_some() {
                sealed
            } else {
                backup.keys_in(folder)
            };
            if backup.made_at < before && keys.exists() {
                fs::remove_file(&keys).map_err(|error| fault::of_io(&keys, "removing the file", &error))?;
                expired += 1;
            }
        }
        Ok(expired)
    }

    fn database_in(&self, folder: &Path) -> PathBuf {
        file(folder, &self.name, "db")
    }

    fn keys_in(&self, folder: &Path) -> PathBuf {
        file(folder, &self.name, "keys")
    }
}

struct Found {
    records: u64,
    flows: u64,
    data_keys: u64,
}

/// What lies in the two files, after everything in them was read.
fn look(database: &Path, keys: &Path) -> Result<Found, StoreError> {
    for path in [database, keys] {
        let result: String = connection(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .map_err(|error| fault::of_rusqlite(path, &error))?;
        if result != "ok" {
            return Err(damaged(path));
        }
    }
    Ok(Found {
        records: number(database, "SELECT coalesce(max(seq), 0) FROM records")?,
        flows: number(database, "SELECT count(*) FROM flows")?,
        data_keys: number(keys, "SELECT count(*) FROM data_keys")?,
    })
}

fn number(path: &Path, statement: &str) -> Result<u64, StoreError> {
    connection(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?
        .query_row(statement, [], |row| row.get::<_, i64>(0))
        .map(|count| u64::try_from(count).unwrap_or(0))
        .map_err(|error| fault::of_rusqlite(path, &error))
}

/// The whole store as it is at one moment.
fn copy(store: &Path, whole: &Path) -> Result<(), StoreError> {
    remove(whole);
    private(whole)?;
    connection(store, OpenFlags::SQLITE_OPEN_READ_ONLY)?
        .execute("VACUUM INTO ?1", [text_of(whole)])
        .map(drop)
        .map_err(|error| fault::of_rusqlite(store, &error))
}

/// Divides a whole copy into a database without keys and the keys.
fn divide(whole: &Path, database: &Path, keys: &Path) -> Result<(), StoreError> {
    private(database)?;
    private(keys)?;
    let connection = connection(whole, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let done = connection
        .execute("ATTACH ?1 AS apart", [text_of(keys)])
        .and_then(|_| connection.execute_batch(DIVIDE))
        .and_then(|()| connection.execute("VACUUM INTO ?1", [text_of(database)]))
        .map_err(|error| fault::of_rusqlite(whole, &error));
    done?;
    drop(connection);
    for path in [database, keys] {
        sync(path)?;
    }
    Ok(())
}

fn fill(store: &Path, database: &Path, keys: &Path) -> Result<(), StoreError> {
    fs::copy(database, store).map_err(|error| fault::of_io(store, "writing the store", &error))?;
    let connection = connection(store, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection
        .execute("ATTACH ?1 AS apart", [text_of(keys)])
        .and_then(|_| connection.execute_batch(UNITE))
        .and_then(|()| {
            let mut statement = connection.prepare("SELECT sql FROM apart.triggers ORDER BY name")?;
            let triggers = statement.query_map([], |row| row.get::<_, String>(0))?;
            for trigger in triggers {
                connection.execute_batch(&trigger?)?;
            }
            connection.execute_batch("COMMIT")
        })
        .map_err(|error| fault::of_rusqlite(store, &error))?;
    drop(connection);
    sync(store)
}

fn connection(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| fault::of_rusqlite(path, &error))
}

/// An empty file that is private from its first byte.
fn private(path: &Path) -> Result<(), StoreError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| fault::of_io(path, "making the file", &error))
}

fn write_synced(path: &Path, text: &[u8]) -> Result<(), StoreError> {
    private(path)?;
    fs::write(path, text).map_err(|error| fault::of_io(path, "writing the file", &error))?;
    sync(path)
}

fn sync(path: &Path) -> Result<(), StoreError> {
    let done = fs::File::open(path).and_then(|file| file.sync_all());
    let done = done.and_then(|()| match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    });
    done.map_err(|error| fault::of_io(path, "syncing the file", &error))
}

/// What is left of an attempt is in the way of the next one and of nobody else.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}

fn digest(path: &Path) -> Result<String, StoreError> {
    let unreadable = |error: std::io::Error| fault::of_io(path, "reading the file", &error);
    let mut file = fs::File::open(path).map_err(unreadable)?;
    let mut hasher = Hashing(Sha256::new());
    std::io::copy(&mut file, &mut hasher).map_err(unreadable)?;
    Ok(hex::encode(hasher.0.finalize()))
}

struct Hashing(Sha256);

impl std::io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn file(folder: &Path, name: &str, extension: &str) -> PathBuf {
    folder.join(format!("{name}.{extension}"))
}

fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn damaged(path: &Path) -> StoreError {
    let cause = "it is not what the backup has written";
    StoreError::new(StoreErrorKind::Corrupt, path, cause)
}

const DIVIDE: &str = "
    CREATE TABLE apart.ring_keys AS SELECT * FROM main.ring_keys;
    CREATE TABLE apart.data_keys AS SELECT * FROM main.data_keys;
    -- The copy is no store yet: with its triggers it could not be emptied. They come back with the restore.
    CREATE TABLE apart.triggers AS SELECT name, sql FROM main.sqlite_schema
        WHERE type = 'trigger' AND name IN ('ring_keys_in_use', 'data_keys_are_kept');
    DROP TRIGGER main.ring_keys_in_use;
    DROP TRIGGER main.data_keys_are_kept;
    DELETE FROM main.data_keys;
    DELETE FROM main.ring_keys;";
const UNITE: &str = "
    BEGIN IMMEDIATE;
    INSERT INTO main.ring_keys SELECT * FROM apart.ring_keys;
    INSERT INTO main.data_keys SELECT * FROM apart.data_keys;";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::audit::Commit as _;
    use crate::audit::Unit;
    use crate::audit::seal::SecretWrapper;
    use crate::store::KeyStore as _;
    use crate::store::Sealed;
    use crate::store::Sqlite;
    use crate::store::Store as _;
    use crate::store::conformance::sample::flow;
    use crate::store::conformance::sample::insert;
    use crate::store::conformance::sample::note;
    use crate::words::CivilNo;
    use crate::words::Environment;

    async fn sealed(file: &Path) -> Sealed<Sqlite> {
        let store = Arc::new(Sqlite::open(file).await.unwrap());
        let key = Arc::new(SecretWrapper::new(&[1; 32]).unwrap());
        Sealed::open(store, key, Environment::Test, Timestamp::EPOCH)
            .await
            .unwrap()
    }

    fn person(number: u8) -> Unit {
        let mut row = flow(number);
        row.subject = CivilNo::parse("399123100017").ok();
        row.detail = Bytes::from(format!("detail {number}"));
        Unit {
            records: vec![note("begun", Some(row.id))],
            ..insert(&row)
        }
    }

    fn day(number: i64) -> Timestamp {
        Timestamp::from_micros(1_770_000_000_000_000 + number * 86_400_000_000)
    }

    // R003-19, threat B-30: the drill. A backup that was made beside a writing node gives everything back, but nobody who
    // was erased since; it holds no key, and without keys it gives nobody back.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_backup_gives_back_what_was_there_and_nobody_who_was_erased() {
        let folder = tempfile::tempdir().unwrap();
        let (file, to) = (folder.path().join("midflow.db"), folder.path().join("backups"));
        let store = sealed(&file).await;
        for number in 1..=20 {
            assert_eq!(store.commit(vec![person(number)]).await, [Ok(())]);
        }
        let first = Backup::make(&file, &to, day(0)).unwrap();
        assert_eq!((first.flows, first.records, first.data_keys), (20, 20, 20));
        assert_eq!(store.commit(vec![person(21)]).await, [Ok(())]);
        let gone = flow(7).id;
        let erase = Unit {
            records: vec![note("erased", Some(gone))],
            destroy: vec![gone.into()],
            ..Unit::default()
        };
        assert_eq!(store.commit(vec![erase]).await, [Ok(())]);
        let second = Backup::make(&file, &to, day(40)).unwrap();
        assert_eq!(Backup::list(&to).unwrap(), [first.clone(), second.clone()]);
        let keys = store.inner().data_keys(vec![flow(1).id.into()]).await.unwrap();
        let database = fs::read(first.database_in(&to)).unwrap();
        let key = keys[0].wrapped.clone().unwrap();
        assert!(
            !database.windows(key.len()).any(|window| window == key),
            "a key is in the backup"
        );
        store.close().await;

        let restored = folder.path().join("restored/midflow.db");
        first.restore(&to, &second, &restored).unwrap();
        let again = first.restore(&to, &second, &restored).err().unwrap();
        assert!(again.to_string().contains("never writes over"), "{again}");
        let store = sealed(&restored).await;
        assert!(store.flow(gone).await.unwrap().is_none(), "erased since");
        for number in (1..=20).filter(|number| *number != 7) {
            let row = store.flow(flow(number).id).await.unwrap().unwrap();
            assert_eq!(row.detail, format!("detail {number}"));
        }
        assert_eq!(store.counts().await.unwrap().records, 20);
        // It is a store as any other: it goes on, and keeps its rules.
        assert_eq!(store.commit(vec![person(30)]).await, [Ok(())]);
        assert!(store.inner().drop_ring_key(1).await.is_err());
        store.close().await;

        assert_eq!(Backup::expire_keys(&to, day(5)).unwrap(), 1);
        assert!(first.verify(&to).is_err(), "its keys are gone");
        assert!(second.verify(&to).is_ok());
    }

    #[tokio::test]
    async fn a_damaged_backup_is_not_restored() {
        let folder = tempfile::tempdir().unwrap();
        let (file, to) = (folder.path().join("midflow.db"), folder.path().join("backups"));
        let store = sealed(&file).await;
        assert_eq!(store.commit(vec![person(1)]).await, [Ok(())]);
        let backup = Backup::make(&file, &to, day(0)).unwrap();
        store.close().await;
        for path in [backup.database_in(&to), backup.keys_in(&to)] {
            let good = fs::read(&path).unwrap();
            let mut bad = good.clone();
            let middle = bad.len() / 2;
            bad[middle] ^= 1;
            for harm in [bad, good[..good.len() - 1].to_vec(), Vec::new()] {
                fs::write(&path, harm).unwrap();
                let error = backup.verify(&to).err().unwrap();
                assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
                let target = folder.path().join("restored.db");
                assert!(backup.restore(&to, &backup, &target).is_err());
                assert!(!target.exists());
            }
            fs::write(&path, good).unwrap();
        }
        backup.verify(&to).unwrap();
    }
}
