use std::collections::BTreeMap;
use std::sync::Arc;

use crate::words::Digest;

/// The texts that a catalog is made of, by their path relative to the folder that holds `policies/` and
/// `scripts/`. Cheap to copy: the texts are shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<String, Arc<str>>,
    /// Test files stand beside the policies and are no part of a catalog: neither of its digest nor of its archive.
    tests: BTreeMap<String, Arc<str>>,
}

impl Sources {
    /// Puts texts together; of two with the same path the last stays.
    pub fn from_texts<P: Into<String>, T: Into<Arc<str>>>(texts: impl IntoIterator<Item = (P, T)>) -> Self {
        let texts = texts.into_iter().map(|(path, text)| (path.into(), text.into()));
        let (tests, files) = texts.partition(|(path, _): &(String, Arc<str>)| is_test(path));
        Self { files, tests }
    }

    /// The same with other texts in place of some, or beside them: what an editor holds and nobody has saved.
    #[must_use]
    pub fn with_texts<P: Into<String>, T: Into<Arc<str>>>(
        &self,
        texts: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        let mut all = self.clone();
        for (path, text) in texts {
            let (path, text) = (path.into(), text.into());
            let files = if is_test(&path) { &mut all.tests } else { &mut all.files };
            files.insert(path, text);
        }
        all
    }

    /// The text of one file, be it of the catalog or of its tests.
    pub fn text(&self, path: &str) -> Option<&Arc<str>> {
        self.files.get(path).or_else(|| self.tests.get(path))
    }

    /// Every file of the catalog in the order of paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<str>)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text))
    }

    /// Every test file in the order of paths.
    pub fn tests(&self) -> impl Iterator<Item = (&str, &Arc<str>)> {
        self.tests.iter().map(|(path, text)| (path.as_str(), text))
    }

    /// How many files there are, without tests.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The name of a catalog: the SHA-256 of the archive, thus over each path, length and content in order.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }
}

fn is_test(path: &str) -> bool {
    path.starts_with("policies/") && path.ends_with(".test.yaml")
}
