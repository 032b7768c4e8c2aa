//! Backups that leave the machine sealed for an age recipient: what lies in the folder opens with an identity that is kept
//! elsewhere, and with nothing that is on the node.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;

use super::failure::Failure;
use crate::engine::AgeFiles;
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

/// A private folder that is gone when the work is done, whatever came of it.
pub(super) struct Workplace(PathBuf);

impl Sealing {
    /// Makes a backup and seals it, where a recipient is named.
    pub(super) fn make(&self, store: &Path, folder: &Path, now: Timestamp) -> Result<SqliteBackup, Failure> {
        let Some(recipient) = &self.recipient else {
            return SqliteBackup::make(store, folder, now).map_err(Failure::new);
        };
        let age = AgeFiles::by(self.age.clone()).map_err(Failure::new)?;
        // Beside the store, whose disk holds the same already.
        let work = Workplace::beside(store)?;
        let mut backup = SqliteBackup::make(store, work.path(), now).map_err(Failure::new)?;
        fs::create_dir_all(folder)
            .map_err(|error| Failure::new(format!("can't make {}: {error}", folder.display())))?;
        for (open, sealed) in backup
            .open_files(work.path())
            .iter()
            .zip(backup.sealed_files(folder))
        {
            age.seal(recipient, open, &sealed).map_err(Failure::new)?;
        }
        backup.sealed = Some(SealedBackup::of(recipient, &backup, folder).map_err(Failure::new)?);
        if let Some(identity) = &self.identity {
            let again = Workplace::beside(store)?;
            open_into(&age, identity, &backup, folder, again.path())?;
        }
        // Last: what has no description is no backup.
        backup.describe(folder).map_err(Failure::new)?;
        Ok(backup)
    }

    /// The folder in which these backups lie open: their own, or a private one where a sealed one was opened.
    pub(super) fn open(&self, folder: &Path, backups: [&SqliteBackup; 2]) -> Result<Opened, Failure> {
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
    fn beside(file: &Path) -> Result<Self, Failure> {
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let made = (0..MOST_PLACES).find_map(|number| {
            let path = parent.join(format!(".midflow-work-{}-{number}", std::process::id()));
            let is_new = fs::DirBuilder::new().mode(0o700).create(&path).is_ok();
            is_new.then_some(path)
        });
        made.map(Self).ok_or_else(|| {
            Failure::new(format!("can't make a private folder in {}", parent.display()))
                .remedy("the user of this command has to be able to write there")
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const MOST_PLACES: u32 = 8;
