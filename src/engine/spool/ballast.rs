use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

/// A file that holds room on the disk, to be given to callbacks when there is no other.
pub(super) struct Ballast {
    path: PathBuf,
}

impl Ballast {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// How much room it holds.
    pub(super) fn size(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |about| about.len())
    }

    /// Makes it hold as much as this again. Never takes the last room of a disk: as much as it shall hold has to be free
    /// beside it, else it stays as it is and the answer is no.
    pub(super) fn fill(&self, goal: u64) -> io::Result<bool> {
        if self.size() >= goal {
            return Ok(true);
        }
        let new = self.path.with_extension("new");
        let filled = write_noise(&new, goal * 2).and_then(|file| {
            file.set_len(goal)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        });
        match filled {
            Ok(()) => Ok(true),
            Err(error) => {
                let _ = fs::remove_file(&new);
                match error.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Ok(false),
                    _ => Err(error),
                }
            }
        }
    }

    /// Gives room free: as much as is asked for, or what is left. The answer is how much.
    pub(super) fn give(&self, room: u64) -> io::Result<u64> {
        let size = self.size();
        let given = room.min(size);
        if given > 0 {
            let file = OpenOptions::new().write(true).open(&self.path)?;
            file.set_len(size - given)?;
        }
        Ok(given)
    }
}

/// Noise, since a file system that compresses would hold no room with zeros.
fn write_noise(path: &Path, size: u64) -> io::Result<File> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = Vec::with_capacity(BLOCK);
    while block.len() < BLOCK {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        block.extend_from_slice(&state.to_le_bytes());
    }
    let mut left = size;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        file.write_all(block.get(..part).unwrap_or_default())?;
        left -= part as u64;
    }
    // Some file systems give out room only now.
    file.sync_all()?;
    Ok(file)
}

const BLOCK: usize = 1 << 16;
