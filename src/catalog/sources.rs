use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use super::walk;
use crate::policy::Rulebook;
use crate::words::Digest;

/// The texts that a catalog is made of, by their path relative to the folder that holds `policies/` and
/// `scripts/`. Cheap to copy: everything is shared.
#[derive(Clone)]
pub struct Sources {
    files: Arc<BTreeMap<Arc<str>, Source>>,
    /// Test files stand beside the policies and are no part of a catalog: neither of its name nor of what is kept.
    tests: Arc<BTreeMap<Arc<str>, Source>>,
    digest: Digest,
}

/// One text with its digest. Cheap to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub(super) text: Arc<str>,
    pub(super) digest: Digest,
}

impl Source {
    /// A text, with its digest taken here.
    pub fn of(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        Self {
            digest: Digest::of(text.as_bytes()),
            text,
        }
    }

    /// The text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// SHA-256 of the text.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl Sources {
    /// Puts texts together; of two with the same path the last stays.
    ///
    /// The rulebook that comes with midflow is part of every catalog, so that its digest and its archive say by which
    /// rules it was judged; what the store keeps has the one it was made with.
    pub fn from_texts<P: Into<String>, T: Into<Arc<str>>>(texts: impl IntoIterator<Item = (P, T)>) -> Self {
        Self::with_shipped(
            texts
                .into_iter()
                .map(|(path, text)| (Arc::from(path.into()), Source::of(text))),
        )
    }

    /// The same of files that were read.
    pub(super) fn with_shipped(files: impl IntoIterator<Item = (Arc<str>, Source)>) -> Self {
        let shipped = (Arc::from(Rulebook::SHIPPED_FILE), SHIPPED.clone());
        // First, so that a file of that name stays what it is, and is complained about.
        Self::from_files([shipped].into_iter().chain(files))
    }

    /// These files and no others.
    pub(super) fn from_files(files: impl IntoIterator<Item = (Arc<str>, Source)>) -> Self {
        let (tests, files) = files
            .into_iter()
            .partition(|(path, _): &(Arc<str>, Source)| is_test(path));
        let mut sources = Self {
            files: Arc::new(files),
            tests: Arc::new(tests),
            digest: Digest::from_bytes([0; 32]),
        };
        sources.digest = Digest::of(sources.manifest().as_bytes());
        sources
    }

    /// The same with other texts in place of some, or beside them: what an editor holds and nobody has saved.
    #[must_use]
    pub fn with_texts<P: Into<String>, T: Into<Arc<str>>>(
        &self,
        texts: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        let known = self.files.iter().chain(self.tests.iter());
        let mut all: BTreeMap<Arc<str>, Source> = known
            .map(|(path, source)| (Arc::clone(path), source.clone()))
            .collect();
        let others = texts
            .into_iter()
            .map(|(path, text)| (Arc::from(path.into()), Source::of(text)));
        all.extend(others);
        Self::from_files(all)
    }

    /// Those files alone, of the catalog and of its tests, that a question is answered with `true` for.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&str, &str) -> bool) -> Self {
        let all = self.files.iter().chain(self.tests.iter());
        let kept = all.filter(|(path, source)| keep(path, &source.text));
        Self::from_files(kept.map(|(path, source)| (Arc::clone(path), source.clone())))
    }

    /// Whether a file of this name would be read from a folder.
    pub fn takes(path: &str) -> bool {
        walk::is_source(path) && !path.split('/').any(|part| part.starts_with('.'))
    }

    /// The text of one file, be it of the catalog or of its tests.
    pub fn text(&self, path: &str) -> Option<&Arc<str>> {
        let file = self.files.get(path).or_else(|| self.tests.get(path));
        file.map(|file| &file.text)
    }

    /// One file of the catalog.
    pub fn file(&self, path: &str) -> Option<&Source> {
        self.files.get(path)
    }

    /// Every text of the catalog in the order of paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<str>)> {
        self.files().map(|(path, file)| (path, &file.text))
    }

    /// Every test file in the order of paths.
    pub fn tests(&self) -> impl Iterator<Item = (&str, &Arc<str>)> {
        self.tests.iter().map(|(path, file)| (&**path, &file.text))
    }

    /// Every file of the catalog in the order of paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.files.iter().map(|(path, file)| (&**path, file))
    }

    /// How many files there are, without tests.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none but what comes with midflow.
    pub fn is_empty(&self) -> bool {
        self.files.keys().all(|path| **path == *Rulebook::SHIPPED_FILE)
    }

    /// The name of a catalog: the SHA-256 of the [manifest](Sources::manifest), thus over each path and content.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl Default for Sources {
    fn default() -> Self {
        Self::from_files([])
    }
}

/// Equal names are equal catalogs; tests are compared besides.
impl PartialEq for Sources {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest && self.tests == other.tests
    }
}

impl Eq for Sources {}

fn is_test(path: &str) -> bool {
    path.starts_with("policies/") && path.ends_with(".test.yaml")
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sources")
            .field("digest", &self.digest)
            .field("files", &self.files.keys())
            .finish()
    }
}

/// One text for all catalogs.
static SHIPPED: LazyLock<Source> = LazyLock::new(|| Source::of(Rulebook::SHIPPED_TEXT));
