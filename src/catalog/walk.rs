use std::fs;
use std::fs::Metadata;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Source;
use super::SourcesError;

/// A file that was found, and not read yet.
pub(super) struct Found {
    /// Its path in the catalog.
    pub(super) path: String,
    /// Where it is, links followed.
    pub(super) real: PathBuf,
    pub(super) stamp: Stamp,
}

/// What tells without reading that a file is another, or has been written: which file, how long, when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    number: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            number: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Whether the last change is so long past that another one would show. Clocks of file systems are coarse: what
    /// is written twice within one of their ticks looks like once.
    fn is_settled(&self, now: SystemTime) -> bool {
        let seconds = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
        self.modified.0.max(self.changed.0).saturating_add(TICK) < seconds
    }
}

/// A file that was read.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) stamp: Stamp,
    /// Whether an equal stamp means equal content.
    pub(super) settled: bool,
    pub(super) source: Source,
}

/// Finds every file below a policy folder.
pub(super) struct Walk<'a> {
    /// The folder as the caller named it, for errors.
    pub(super) shown: &'a Path,
    /// The same folder without links.
    pub(super) root: &'a Path,
    pub(super) found: Vec<Found>,
    /// Whether anything was reached through a link.
    pub(super) has_links: bool,
}

impl<'a> Walk<'a> {
    /// Everything below `policies/` and `scripts/`, in the order of paths.
    pub(super) fn all(shown: &'a Path, root: &'a Path) -> Result<Self, SourcesError> {
        let mut walk = Walk {
            shown,
            root,
            found: Vec::new(),
            has_links: false,
        };
        for (name, needed) in [("policies", true), ("scripts", false)] {
            match fs::symlink_metadata(shown.join(name)) {
                Ok(top) => walk.has_links |= top.is_symlink(),
                Err(_) if !needed => continue,
                Err(_) => {}
            }
            let real = walk.resolve(&shown.join(name))?;
            walk.folder(name, &real, 0)?;
        }
        walk.found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let total: u64 = walk.found.iter().map(|found| found.stamp.size).sum();
        if walk.found.len() > MAX_FILES || total > MAX_TOTAL {
            return Err(SourcesError::TooMany(shown.to_path_buf()));
        }
        Ok(walk)
    }

    fn folder(&mut self, relative: &str, real: &Path, depth: usize) -> Result<(), SourcesError> {
        let shown = self.shown.join(relative);
        if depth > MAX_DEPTH || self.found.len() > MAX_FILES {
            return Err(SourcesError::TooMany(shown));
        }
        let unreadable = |cause| missing_or_unreadable(&shown, cause);
        for entry in fs::read_dir(real).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                return Err(SourcesError::BadName(shown.join(name)));
            };
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{relative}/{name}");
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                self.folder(&path, &entry.path(), depth + 1)?;
            } else if kind.is_symlink() && entry.path().is_dir() {
                self.has_links = true;
                let real = self.resolve(&self.shown.join(&path))?;
                self.folder(&path, &real, depth + 1)?;
            } else if is_source(&path) {
                let (real, metadata) = if kind.is_symlink() {
                    self.has_links = true;
                    let real = self.resolve(&self.shown.join(&path))?;
                    let metadata = fs::metadata(&real);
                    (real, metadata)
                } else {
                    (entry.path(), entry.metadata())
                };
                let metadata = metadata.map_err(|cause| SourcesError::Unreadable {
                    path: self.shown.join(&path),
                    cause,
                })?;
                self.file(path, real, &metadata)?;
            }
        }
        Ok(())
    }

    pub(super) fn file(
        &mut self,
        path: String,
        real: PathBuf,
        metadata: &Metadata,
    ) -> Result<(), SourcesError> {
        let shown = || self.shown.join(&path);
        if path.chars().any(|letter| letter.is_control() || letter == '\\') {
            return Err(SourcesError::BadName(shown()));
        }
        // Looked at before it is opened: opening a pipe would wait for a writer.
        if !metadata.is_file() {
            return Err(SourcesError::NotAFile(shown()));
        }
        if metadata.len() > MAX_FILE {
            return Err(SourcesError::TooLarge(shown()));
        }
        self.found.push(Found {
            path,
            real,
            stamp: Stamp::of(metadata),
        });
        Ok(())
    }

    /// Follows links, as mounted configuration needs them, but never out of the folder.
    fn resolve(&self, shown: &Path) -> Result<PathBuf, SourcesError> {
        let real = fs::canonicalize(shown).map_err(|cause| missing_or_unreadable(shown, cause))?;
        if real.starts_with(self.root) {
            return Ok(real);
        }
        Err(SourcesError::Outside {
            path: shown.to_path_buf(),
            dir: self.shown.to_path_buf(),
        })
    }
}

/// Reads a file that was found; `shown` is its path for errors. Its stamp is the one before the reading, so that what
/// is written meanwhile shows at the next look.
pub(super) fn read(found: &Found, shown: &Path) -> Result<Seen, SourcesError> {
    let unreadable = |cause| SourcesError::Unreadable {
        path: shown.to_path_buf(),
        cause,
    };
    let file = fs::File::open(&found.real).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(SourcesError::NotAFile(shown.to_path_buf()));
    }
    let stamp = Stamp::of(&metadata);
    let settled = stamp.is_settled(SystemTime::now());
    let mut bytes = Vec::with_capacity(usize::try_from(stamp.size.min(MAX_FILE)).unwrap_or(0) + 1);
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(SourcesError::TooLarge(shown.to_path_buf()));
    }
    let text = if found.path.ends_with(".png") {
        STANDARD.encode(&bytes)
    } else {
        String::from_utf8(bytes).map_err(|_| SourcesError::NotUtf8(shown.to_path_buf()))?
    };
    Ok(Seen {
        stamp,
        settled,
        source: Source::of(text),
    })
}

pub(super) fn is_source(path: &str) -> bool {
    match path.split_once('/') {
        Some(("policies", rest)) => {
            let logo = !rest.contains('/') && (rest.ends_with(".svg") || rest.ends_with(".png"));
            rest.ends_with(".yaml") || rest.ends_with(".yml") || logo
        }
        Some(("scripts", rest)) => rest.ends_with(".rhai"),
        _ => false,
    }
}

pub(super) fn missing_or_unreadable(path: &Path, cause: io::Error) -> SourcesError {
    if cause.kind() == io::ErrorKind::NotFound && path.extension().is_none() {
        return SourcesError::MissingFolder(path.to_path_buf());
    }
    SourcesError::Unreadable {
        path: path.to_path_buf(),
        cause,
    }
}

pub(super) const MAX_FILE: u64 = 1024 * 1024;
pub(super) const MAX_FILES: usize = 100_000;
pub(super) const MAX_TOTAL: u64 = 512 * 1024 * 1024;
pub(super) const MAX_DEPTH: usize = 8;
/// Seconds; the coarsest clock of a file system in use.
const TICK: i64 = 2;
