use std::collections::BTreeMap;
use std::sync::Arc;

use crate::words::Digest;

/// The texts that a catalog is made of, by their path relative to the folder that holds `policies/` and
/// `scripts/`. Cheap to copy: the texts are shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<String, Arc<str>>,
}

impl Sources {
    /// Puts texts together; of two with the same path the last stays.
    pub fn from_texts<P: Into<String>, T: Into<Arc<str>>>(texts: impl IntoIterator<Item = (P, T)>) -> Self {
        Self {
            files: texts
                .into_iter()
                .map(|(path, text)| (path.into(), text.into()))
                .collect(),
        }
    }

    /// The same with other texts in place of some, or beside them: what an editor holds and nobody has saved.
    #[must_use]
    pub fn with_texts<P: Into<String>, T: Into<Arc<str>>>(
        &self,
        texts: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        let mut files = self.files.clone();
        files.extend(texts.into_iter().map(|(path, text)| (path.into(), text.into())));
        Self { files }
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

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The name of a catalog: the SHA-256 of the archive, thus over each path, length and content in order.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }
}
