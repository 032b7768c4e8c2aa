use std::ffi::OsString;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use super::fault;
use crate::store::StoreError;
use crate::store::StoreErrorKind;

/// Sole ownership of a database file, held as long as this lives.
///
/// The kernel takes the lock back when the process ends, however it ends, so a crash leaves nothing that has
/// to be cleaned up; the lock file itself stays and means nothing. It is a file of its own because closing any
/// other handle to the database would drop the locks that SQLite holds on it.
pub(super) struct Ownership {
    lock: File,
}

impl Ownership {
    /// Makes folder and file ready, readable by this user alone, and takes them.
    pub(super) fn take(file: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_folder(folder)
                .map_err(|error| fault::of_io(file, "making the folder for the file", &error))?;
        }
        let lock = take_lock(file)?;
        private_file(file)?;
        Ok(Self { lock })
    }
}

impl Drop for Ownership {
    /// Gives the lock back by name: a child process that is just being started still shares the handle, and
    /// closing ours alone would leave the lock with it for a moment.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

fn take_lock(file: &Path) -> Result<File, StoreError> {
    let path = lock_path(file);
    let mut lock = private(
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false),
    )
    .open(&path)
    .map_err(|error| fault::of_io(file, "making the lock file beside it", &error))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            let _ = lock.read_to_string(&mut owner);
            let owner = owner.trim().parse::<u32>().map_or_else(
                |_| "another process owns it".to_owned(),
                |id| format!("process {id} owns it"),
            );
            return Err(StoreError::new(StoreErrorKind::Busy, file, owner));
        }
        Err(TryLockError::Error(error)) => {
            return Err(fault::of_io(file, "locking the file", &error));
        }
    }
    // Only for the text of the error above.
    let _ = lock.set_len(0);
    let _ = writeln!(lock, "{}", std::process::id());
    Ok(lock)
}

fn lock_path(file: &Path) -> PathBuf {
    let mut name: OsString = file.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Makes the database file before SQLite does, so that it is private from its first byte; SQLite gives the
/// mode of the file to the files beside it.
fn private_file(file: &Path) -> Result<(), StoreError> {
    let opened = private(
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false),
    )
    .open(file)
    .map_err(|error| fault::of_io(file, "opening the file for writing", &error))?;
    let about = opened
        .metadata()
        .map_err(|error| fault::of_io(file, "looking at the file", &error))?;
    if !about.is_file() {
        return Err(StoreError::new(StoreErrorKind::Open, file, "it is no plain file"));
    }
    close_to_others(&opened, &about).map_err(|error| fault::of_io(file, "closing the file to others", &error))
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

#[cfg(unix)]
fn close_to_others(file: &File, about: &std::fs::Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = about.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode & 0o700))
}

#[cfg(not(unix))]
fn close_to_others(_file: &File, _about: &std::fs::Metadata) -> std::io::Result<()> {
    Ok(())
}
