use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::ops::Bound::Included;
use std::ops::Bound::Unbounded;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::Catalog;
use super::Setting;
use super::Sources;
use super::SourcesError;
use super::crew;
use super::walk;
use super::walk::Found;
use super::walk::MAX_FILES;
use super::walk::MAX_TOTAL;
use super::walk::Seen;
use super::walk::Walk;
use super::walk::is_source;
use super::walk::missing_or_unreadable;
use crate::diagnostics::Diagnostics;
use crate::words::Digest;

/// A policy folder as it was last read. Reading it again reads only what has changed, and shares the rest.
pub struct Folder {
    dir: PathBuf,
    /// The same folder without links, as it was found at the last whole look.
    root: PathBuf,
    files: BTreeMap<Arc<str>, Seen>,
    sources: Sources,
    setting: Setting,
    /// Whether the next look has to be at the whole folder: before the first, after an error, and where links lead
    /// from one name to another.
    unsure: bool,
}

/// How closely to look. A hint only decides what is looked at; what is read is always what counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Reads every file.
    Everything,
    /// Reads every file whose name, size or times have changed.
    Stamps,
    /// Reads these files, which a watch has named; more than these where they are no plain files.
    Only(BTreeSet<PathBuf>),
}

/// What was read, and what became of it.
pub struct Reading {
    /// The files.
    pub sources: Sources,
    /// The catalog, or none if anything found is an error, with all that was found. `None` if the files are known.
    pub loaded: Option<(Option<Catalog>, Diagnostics)>,
}

impl Folder {
    /// The folder that holds `policies/` and `scripts/`; nothing is read yet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            root: PathBuf::new(),
            files: BTreeMap::new(),
            sources: Sources::default(),
            setting: Setting::default(),
            unsure: true,
        }
    }

    /// From now on catalogs are loaded for this environment and day.
    pub fn load_for(&mut self, setting: Setting) {
        self.setting = setting;
    }

    /// The folder as it was named.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads, loads, and looks again, until nothing has moved meanwhile: no half of a change becomes a catalog, and
    /// none is complained about. What `previous` holds is shared; files that are among the `known` are not loaded.
    ///
    /// # Errors
    /// Names the folder or file, and what to do about it.
    pub fn load(
        &mut self,
        look: &Look,
        previous: Option<&Catalog>,
        known: &[Digest],
    ) -> Result<Reading, SourcesError> {
        let setting = self.setting;
        self.still(look, |sources| Reading {
            sources: sources.clone(),
            loaded: (!known.contains(&sources.digest()))
                .then(|| Catalog::load_for(sources, previous, setting)),
        })
    }

    /// Reads without loading, until nothing has moved meanwhile.
    ///
    /// # Errors
    /// As [`Folder::load`].
    pub fn sources(&mut self, look: &Look) -> Result<Sources, SourcesError> {
        self.still(look, Sources::clone)
    }

    /// Works on what is read, and again if the files have moved meanwhile.
    fn still<T>(&mut self, look: &Look, mut work: impl FnMut(&Sources) -> T) -> Result<T, SourcesError> {
        let again = match look {
            Look::Only(paths) => Look::Only(paths.clone()),
            Look::Everything | Look::Stamps => Look::Stamps,
        };
        let mut read = self.read(look);
        for _ in 0..MAX_TRIES {
            let done = read.as_ref().ok().map(|sources| (sources.clone(), work(sources)));
            let after = self.read(&again);
            match (done, after) {
                (Some((before, done)), Ok(after)) if before == after => return Ok(done),
                // A file that vanished between listing and reading is a tree in motion; twice is an error.
                (None, Err(error)) => return Err(error),
                (_, after) => read = after,
            }
        }
        Err(SourcesError::Moving(self.dir.clone()))
    }

    /// Looks once.
    fn read(&mut self, look: &Look) -> Result<Sources, SourcesError> {
        let some = match look {
            Look::Only(paths) if !self.unsure => self.only(paths),
            _ => None,
        };
        let read = match some {
            Some(files) => self.read_some(files),
            None => self.read_all(*look != Look::Everything),
        };
        if read.is_err() {
            self.unsure = true;
        }
        read?;
        Ok(self.sources.clone())
    }

    fn read_all(&mut self, by_stamps: bool) -> Result<(), SourcesError> {
        self.root = fs::canonicalize(&self.dir).map_err(|cause| missing_or_unreadable(&self.dir, cause))?;
        let walk = Walk::all(&self.dir, &self.root)?;
        let files = &self.files;
        let is_known = |found: &Found| {
            files
                .get(found.path.as_str())
                .is_some_and(|seen| by_stamps && seen.settled && seen.stamp == found.stamp)
        };
        let unknown: Vec<&Found> = walk.found.iter().filter(|found| !is_known(found)).collect();
        let mut read = self.read_files(&unknown)?;
        let same = unknown.iter().zip(&read).all(|(found, seen)| {
            let before = self.files.get(found.path.as_str());
            before.is_some_and(|before| before.source.digest == seen.source.digest)
        });
        let same = same && walk.found.len() == self.files.len();
        let has_links = walk.has_links;
        if same {
            for (found, seen) in unknown.iter().zip(read) {
                self.files.insert(found.path.as_str().into(), seen);
            }
        } else {
            let mut next = BTreeMap::new();
            let mut fresh = read.drain(..);
            let mut unknown = unknown.iter().peekable();
            for found in &walk.found {
                let is_fresh = unknown.next_if(|unknown| unknown.path == found.path).is_some();
                let (path, before) = match self.files.remove_entry(found.path.as_str()) {
                    Some((path, seen)) => (path, Some(seen)),
                    None => (Arc::from(found.path.as_str()), None),
                };
                let seen = if is_fresh { fresh.next() } else { before };
                if let Some(seen) = seen {
                    next.insert(path, seen);
                }
            }
            self.files = next;
            self.take_stock();
        }
        self.unsure = has_links;
        Ok(())
    }

    /// What of these paths has to be read; `None` where that is not the whole truth.
    fn only(&self, paths: &BTreeSet<PathBuf>) -> Option<Vec<(String, Option<fs::Metadata>)>> {
        let mut files = Vec::new();
        for path in paths {
            let relative = path.strip_prefix(&self.root).ok()?.to_str()?;
            let (top, below) = relative.split_once('/').unwrap_or((relative, ""));
            if !matches!(top, "policies" | "scripts") {
                continue;
            }
            if below.is_empty() {
                return None;
            }
            if below.split('/').any(|part| part.starts_with('.')) {
                continue;
            }
            let metadata = match fs::symlink_metadata(path) {
                Ok(metadata) if metadata.is_file() => Some(metadata),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    // A folder that is gone takes its files with it.
                    let inside = format!("{relative}/");
                    let next = self
                        .files
                        .range::<str, _>((Included(inside.as_str()), Unbounded))
                        .next();
                    if next.is_some_and(|(known, _)| known.starts_with(&inside)) {
                        return None;
                    }
                    None
                }
                _ => return None,
            };
            if is_source(relative) {
                files.push((relative.to_owned(), metadata));
            }
        }
        Some(files)
    }

    fn read_some(&mut self, files: Vec<(String, Option<fs::Metadata>)>) -> Result<(), SourcesError> {
        let mut walk = Walk {
            shown: &self.dir,
            root: &self.root,
            found: Vec::new(),
            has_links: false,
        };
        let mut gone = Vec::new();
        for (path, metadata) in files {
            match metadata {
                Some(metadata) => {
                    let real = self.root.join(&path);
                    walk.file(path, real, &metadata)?;
                }
                None => gone.push(path),
            }
        }
        let found: Vec<&Found> = walk.found.iter().collect();
        let read = self.read_files(&found)?;
        let paths: Vec<String> = walk.found.into_iter().map(|found| found.path).collect();
        let mut changed = false;
        for path in gone {
            changed |= self.files.remove(path.as_str()).is_some();
        }
        for (path, seen) in paths.into_iter().zip(read) {
            let before = self.files.get(path.as_str());
            changed |= before.is_none_or(|before| before.source.digest != seen.source.digest);
            self.files.insert(path.into(), seen);
        }
        if changed {
            let total: u64 = self.files.values().map(|seen| seen.stamp.size()).sum();
            if self.files.len() > MAX_FILES || total > MAX_TOTAL {
                return Err(SourcesError::TooMany(self.dir.clone()));
            }
            self.take_stock();
        }
        Ok(())
    }

    /// Reads files; one whose content has not changed after all is the text that is there already.
    fn read_files(&self, files: &[&Found]) -> Result<Vec<Seen>, SourcesError> {
        let hands = crew::hands(!self.files.is_empty());
        let read = crew::each(files, hands, |(): &mut (), found| {
            let mut seen = walk::read(found, &self.dir.join(&found.path))?;
            let before = self.files.get(found.path.as_str());
            if let Some(before) = before.filter(|before| before.source.digest == seen.source.digest) {
                seen.source = before.source.clone();
            }
            Ok(seen)
        });
        read.into_iter().collect()
    }

    fn take_stock(&mut self) {
        let files = self.files.iter();
        self.sources =
            Sources::with_shipped(files.map(|(path, seen)| (Arc::clone(path), seen.source.clone())));
    }
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Folder")
            .field("dir", &self.dir)
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}

const MAX_TRIES: usize = 5;

#[cfg(test)]
mod tests;
