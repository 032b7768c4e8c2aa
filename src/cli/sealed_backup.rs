//! Backups that leave the machine sealed for an age recipient: what lies in the folder opens with an identity that is kept
//! elsewhere, and with nothing that is on the node.

use std::fs;
use std::fs::File;
use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;

use super::failure::Failure;
use crate::engine::AgeFiles;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::store::SealedBackup;
use crate::store::SqliteBackup;
use crate::words::Timestamp;

/// For whom backups are sealed, and by which program.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Sealing {
    /// Seal the backup for this age recipient, `age1…`; its identity is best not on this machine
    #[arg(long, value_name = "RECIPIENT")]
    recipient: Option<String>,

    /// The age identity: opens a sealed backup. With `--recipient`, what was sealed is opened again and compared
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,

    /// The program age, by its absolute path
    #[arg(long, value_name = "FILE", default_value = "/usr/bin/age")]
    age: PathBuf,
}

/// A private folder that is gone when the work is done, whatever came of it; what a killed process has left, the next run
/// removes. The kernel takes the lock back when a process ends, however it ends, so it says which folder is in use.
pub(super) struct Workplace {
    path: PathBuf,
    _lock: File,
}

impl Sealing {
    /// Makes a backup and seals it, where a recipient is named.
    pub(super) fn make(&self, store: &Path, folder: &Path, now: Timestamp) -> Result<SqliteBackup, Failure> {
        Workplace::clear(parent_of(store));
        Workplace::clear(folder);
        let Some(recipient) = &self.recipient else {
            return SqliteBackup::make(store, folder, now).map_err(Failure::new);
        };
        let age = AgeFiles::by(self.age.clone()).map_err(Failure::new)?;
        // Beside the store, whose disk holds the same already.
        let work = Workplace::beside(store)?;
        let mut backup = SqliteBackup::make(store, work.path(), now).map_err(Failure::new)?;
        fs::create_dir_all(folder)
            .map_err(|error| Failure::new(format!("can't make {}: {error}", folder.display())))?;
        let mut written = Written::default();
        for (open, sealed) in backup
            .open_files(work.path())
            .iter()
            .zip(backup.sealed_files(folder))
        {
            age.seal(recipient, open, &sealed).map_err(Failure::new)?;
            written.0.push(sealed);
        }
        backup.sealed = Some(SealedBackup::of(recipient, &backup, folder).map_err(Failure::new)?);
        if let Some(identity) = &self.identity {
            let again = Workplace::beside(store)?;
            open_into(&age, identity, &backup, folder, again.path())?;
        }
        // Last: what has no description is no backup.
        backup.describe(folder).map_err(Failure::new)?;
        written.0.clear();
        Ok(backup)
    }

    /// The folder in which these backups lie open: their own, or a private one where a sealed one was opened.
    pub(super) fn open(&self, folder: &Path, backups: [&SqliteBackup; 2]) -> Result<Opened, Failure> {
        Workplace::clear(folder);
        if backups.iter().all(|backup| backup.sealed.is_none()) {
            return Ok(Opened {
                folder: folder.to_path_buf(),
                _work: None,
            });
        }
        let identity = self.identity.as_ref().ok_or_else(|| {
            Failure::new("the backup is sealed").remedy("name the file of the age identity with --identity")
        })?;
        let age = AgeFiles::by(self.age.clone()).map_err(Failure::new)?;
        let work = Workplace::beside(&folder.join("opened"))?;
        let mut done: Vec<&str> = Vec::new();
        for backup in backups {
            if done.contains(&backup.name.as_str()) {
                continue;
            }
            done.push(&backup.name);
            if backup.sealed.is_some() {
                open_into(&age, identity, backup, folder, work.path())?;
            } else {
                for (from, to) in backup
                    .open_files(folder)
                    .iter()
                    .zip(backup.open_files(work.path()))
                {
                    fs::copy(from, &to)
                        .map_err(|error| Failure::new(format!("can't copy {}: {error}", from.display())))?;
                }
            }
        }
        Ok(Opened {
            folder: work.path().to_path_buf(),
            _work: Some(work),
        })
    }
}

/// Files of a backup that is not whole yet: they go with whatever fails, since nobody would know them for what they are.
#[derive(Default)]
struct Written(Vec<PathBuf>);

impl Drop for Written {
    fn drop(&mut self) {
        for path in &self.0 {
            let _ = fs::remove_file(path);
        }
    }
}

/// Where backups lie open.
pub(super) struct Opened {
    pub(super) folder: PathBuf,
    _work: Option<Workplace>,
}

/// Opens a sealed backup, once it is what was written, and compares what comes out with what went in.
fn open_into(
    age: &AgeFiles,
    identity: &Path,
    backup: &SqliteBackup,
    folder: &Path,
    to: &Path,
) -> Result<(), Failure> {
    if let Some(sealed) = &backup.sealed {
        sealed.verify(backup, folder).map_err(Failure::new)?;
    }
    for (sealed, open) in backup.sealed_files(folder).iter().zip(backup.open_files(to)) {
        age.open(identity, sealed, &open).map_err(Failure::new)?;
    }
    backup.verify(to).map_err(Failure::new)
}

impl Workplace {
    /// Makes one where a file is, or shall be.
    pub(super) fn beside(file: &Path) -> Result<Self, Failure> {
        let parent = parent_of(file);
        let made = (0..MOST_PLACES).find_map(|number| Self::make(parent, number).ok());
        made.ok_or_else(|| {
            Failure::new(format!("can't make a private folder in {}", parent.display()))
                .remedy("the user of this command has to be able to write there")
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Under another name until it is locked: what bears the name of one and is not locked, nobody uses.
    fn make(parent: &Path, number: u32) -> io::Result<Self> {
        // Two of one number, in containers, are told apart by the moment.
        let moment = SystemClock.now().as_micros();
        let name = format!("{}-{moment}-{number}", std::process::id());
        let (new, path) = (
            parent.join(format!("{NEW}{name}")),
            parent.join(format!("{NAME}{name}")),
        );
        fs::DirBuilder::new().mode(0o700).create(&new)?;
        let locked = File::open(&new).and_then(|lock| {
            // Where the file system knows no locks, nothing is cleared either.
            let _ = lock.try_lock();
            fs::rename(&new, &path)?;
            Ok(lock)
        });
        match locked {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(error) => {
                let _ = fs::remove_dir(&new);
                Err(error)
            }
        }
    }

    /// Removes what processes that are gone have left in a folder.
    pub(super) fn clear(folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if name.starts_with(NEW) {
                // Empty as long as it has this name; whoever is just making it makes another.
                let _ = fs::remove_dir(&path);
            } else if name.starts_with(NAME) && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let removed = match File::open(&path).map(|lock| (lock.try_lock(), lock)) {
                    Ok((Err(TryLockError::WouldBlock), _)) => continue,
                    Ok((Err(TryLockError::Error(error)), _)) | Err(error) => Err(error),
                    Ok((Ok(()), _lock)) => fs::remove_dir_all(&path),
                };
                if let Err(error) = removed {
                    eprintln!(
                        "note: {} may hold an open copy and can't be removed: {error}; remove it if no backup runs",
                        path.display()
                    );
                }
            }
        }
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn parent_of(file: &Path) -> &Path {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// What the name of a working folder begins with.
const NAME: &str = ".midflow-work-";
const NEW: &str = ".midflow-new-";
const MOST_PLACES: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    // R003-75, a regression: an open copy outlives a kill, but not the next run; one that is in use stays.
    #[test]
    fn what_a_killed_process_has_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("midflow.db");
        let names = || {
            let entries = fs::read_dir(folder.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        let used = Workplace::beside(&store).unwrap();
        fs::write(used.path().join("midflow.db"), "open").unwrap();
        // One of our own number too: the first process of a container always has the same.
        for left in [
            format!("{NAME}{}-7", std::process::id()),
            format!("{NAME}4000000-0"),
        ] {
            fs::create_dir(folder.path().join(&left)).unwrap();
            fs::write(folder.path().join(&left).join("midflow.db"), "open").unwrap();
        }
        fs::create_dir(folder.path().join(format!("{NEW}4000000-0"))).unwrap();
        fs::write(folder.path().join("midflow-2026.db"), "a backup").unwrap();
        Workplace::clear(folder.path());
        assert_eq!(
            names(),
            [used.path().file_name().unwrap(), "midflow-2026.db".as_ref()]
        );
        assert!(used.path().join("midflow.db").exists());
        let second = Workplace::beside(&store).unwrap();
        assert_ne!(used.path(), second.path());
        drop((used, second));
        assert_eq!(names(), ["midflow-2026.db"]);
    }
}
