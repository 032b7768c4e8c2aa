use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Seek as _;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use super::ballast::Ballast;

/// The files of a spool: `NUMBER.callback` is one that was acknowledged, `NUMBER.new` one that never was.
pub(super) struct Folder {
    path: PathBuf,
    ballast: Ballast,
    lock: File,
}

impl Folder {
    /// Makes the folder ready for this process alone, and clears away what was never acknowledged.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let aside = path.join(ASIDE);
        DirBuilder::new().recursive(true).mode(0o700).create(&aside)?;
        let lock = private(&path.join("spool.lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::ResourceBusy,
                    "another process uses it",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        for entry in fs::read_dir(path)? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == NEW) {
                fs::remove_file(file)?;
            }
        }
        Ok(Self {
            ballast: Ballast::at(path.join("ballast")),
            path: path.to_path_buf(),
            lock,
        })
    }

    /// What waits, in the order of arrival: its numbers.
    pub(super) fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let file = entry?.path();
            if file.extension().is_some_and(|extension| extension == CALLBACK)
                && let Some(number) = file.file_stem().and_then(|stem| stem.to_str()?.parse().ok())
            {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The greatest number that was ever set aside; a new one must not take its name.
    pub(super) fn greatest_aside(&self) -> io::Result<u64> {
        let mut greatest = 0;
        for entry in fs::read_dir(self.path.join(ASIDE))? {
            let file = entry?.path();
            let number = file.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            greatest = greatest.max(number.unwrap_or(0));
        }
        Ok(greatest)
    }

    /// Writes an entry. When this returns, it is on the disk under its name; where it fails, it is not there.
    pub(super) fn write(&self, number: u64, bytes: &[u8]) -> io::Result<()> {
        // It takes the room that the ballast has held for it, so the folder never grows.
        let mut room = room_of(bytes.len());
        self.ballast.give(room)?;
        loop {
            match self.write_once(number, bytes) {
                Ok(()) => return Ok(()),
                Err(error) if is_full(&error) => {
                    // Somebody else was faster in taking it.
                    room *= 2;
                    if self.ballast.give(room)? == 0 {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn write_once(&self, number: u64, bytes: &[u8]) -> io::Result<()> {
        let (new, file) = (self.file(number, NEW), self.file(number, CALLBACK));
        let write = || {
            let mut opened = private(&new)?;
            opened.write_all(bytes)?;
            opened.sync_all()?;
            fs::rename(&new, &file)?;
            self.sync()
        };
        write().inspect_err(|_| {
            // What was not acknowledged must not come back.
            let _ = fs::remove_file(&new);
            let _ = fs::remove_file(&file);
        })
    }

    pub(super) fn read(&self, number: u64) -> io::Result<Vec<u8>> {
        fs::read(self.file(number, CALLBACK))
    }

    /// Takes away what the store has. Its key is written over first, so that nothing of it can be read in what the file
    /// system leaves behind.
    pub(super) fn remove(&self, number: u64) -> io::Result<()> {
        let file = self.file(number, CALLBACK);
        let wipe = || {
            let mut opened = OpenOptions::new().write(true).open(&file)?;
            opened.seek(io::SeekFrom::Start(0))?;
            opened.write_all(&[0; HEAD])?;
            opened.sync_data()
        };
        match wipe().and_then(|()| fs::remove_file(&file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Moves a damaged entry out of the way, to be looked at; never deletes it.
    pub(super) fn set_aside(&self, number: u64) -> io::Result<()> {
        let aside = self.path.join(ASIDE);
        fs::rename(
            self.file(number, CALLBACK),
            aside.join(format!("{number:020}.{CALLBACK}")),
        )?;
        File::open(aside)?.sync_all()?;
        self.sync()
    }

    /// How many entries were set aside and nobody has taken away.
    pub(super) fn aside(&self) -> usize {
        fs::read_dir(self.path.join(ASIDE)).map_or(0, Iterator::count)
    }

    /// Holds room for so many bytes again; no where the disk has none to spare.
    pub(super) fn hold_room(&self, size: u64) -> io::Result<bool> {
        self.ballast.fill(size)
    }

    /// Keeps a note beside the entries, durably.
    pub(super) fn write_note(&self, name: &str, text: &str) -> io::Result<()> {
        let new = self.path.join(name).with_extension(NEW);
        let mut file = private(&new)?;
        if let Err(error) = file.write_all(text.as_bytes()) {
            if !is_full(&error) || self.ballast.give(room_of(text.len()))? == 0 {
                return Err(error);
            }
            file = private(&new)?;
            file.write_all(text.as_bytes())?;
        }
        file.sync_all()?;
        fs::rename(&new, self.path.join(name))?;
        self.sync()
    }

    pub(super) fn read_note(&self, name: &str) -> io::Result<Option<String>> {
        match fs::read_to_string(self.path.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn remove_note(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Gives the folder free for another process.
    pub(super) fn close(&self) {
        let _ = self.lock.unlock();
    }

    /// Makes names durable.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    fn file(&self, number: u64, extension: &str) -> PathBuf {
        self.path.join(format!("{number:020}.{extension}"))
    }
}

/// A file that this user alone can read, empty.
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// How much of a disk a file takes, with its name.
pub(super) fn room_of(bytes: usize) -> u64 {
    (bytes as u64).next_multiple_of(BLOCK) + BLOCK
}

const BLOCK: u64 = 4_096;
const CALLBACK: &str = "callback";
const NEW: &str = "new";
const ASIDE: &str = "set-aside";
/// The form, the id and the wrapped key of an entry.
const HEAD: usize = 16 + 16 + 40;
