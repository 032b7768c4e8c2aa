use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use crate::policy::Rulebook;
use crate::words::Digest;

/// The texts that a catalog is made of, by their path relative to the folder that holds `policies/` and
/// `scripts/`. Cheap to copy: the texts are shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<String, Arc<str>>,
}

impl Sources {
    /// Puts texts together; of two with the same path the last stays.
    ///
    /// The rulebook that comes with midflow is part of every catalog, so that its digest and its archive say by which
    /// rules it was judged; an archive keeps the one it was made with.
    pub fn from_texts<P: Into<String>, T: Into<Arc<str>>>(texts: impl IntoIterator<Item = (P, T)>) -> Self {
        let mut files: BTreeMap<String, Arc<str>> = texts
            .into_iter()
            .map(|(path, text)| (path.into(), text.into()))
            .collect();
        files
            .entry(Rulebook::SHIPPED_FILE.to_owned())
            .or_insert_with(|| Arc::clone(&SHIPPED));
        Self { files }
    }

    /// These files and no others: what an archive holds is what it was named by.
    pub(super) fn exactly(files: impl IntoIterator<Item = (String, Arc<str>)>) -> Self {
        Self {
            files: files.into_iter().collect(),
        }
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> Option<&Arc<str>> {
        self.files.get(path)
    }

    /// Every file in the order of paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<str>)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text))
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none but what comes with midflow.
    pub fn is_empty(&self) -> bool {
        self.files.keys().all(|path| path == Rulebook::SHIPPED_FILE)
    }

    /// The name of a catalog: the SHA-256 of the archive, thus over each path, length and content in order.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }
}

/// One text for all catalogs.
static SHIPPED: LazyLock<Arc<str>> = LazyLock::new(|| Rulebook::SHIPPED_TEXT.into());
