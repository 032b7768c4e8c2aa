use std::fs;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::verify::Promise;

/// The newest checkpoint in a file beside the node's secrets, outside of the database: an older copy of the database
/// that is put in its place does not know of it, and shows by that.
#[derive(Clone, Debug)]
pub struct HeadFile {
    path: PathBuf,
}

impl HeadFile {
    /// The file in the folder of the node's secrets.
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join("log-head.checkpoint"),
        }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The checkpoint, if there is one.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn read(&self) -> io::Result<Option<Promise>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(Promise {
                place: self.path.display().to_string(),
                note: String::from_utf8_lossy(&bytes).into_owned(),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts a newer checkpoint in its place: written beside, synced and renamed.
    ///
    /// # Errors
    /// When the file can't be written; then the one before is still there.
    pub fn write(&self, note: &str) -> io::Result<()> {
        // Two nodes may have the folder on a common disk.
        let unique = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let beside = self
            .path
            .with_extension(format!("{}-{unique}.new", std::process::id()));
        let mut file = fs::File::create(&beside)?;
        file.write_all(note.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &self.path).inspect_err(|_| drop(fs::remove_file(&beside)))?;
        match self.path.parent() {
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

static WRITTEN: AtomicU64 = AtomicU64::new(0);
