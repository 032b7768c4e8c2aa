use std::sync::Arc;

use super::Source;
use super::Sources;
use crate::words::Digest;

/// Why a manifest and its files are not the sources they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// A line is not a digest, two spaces and a path.
    #[error("line {0} of the manifest is not a digest and a path")]
    Line(usize),
    /// Paths are not in order, or one is there twice: nothing that was written here.
    #[error("the files of the manifest are not in order, or one is there twice")]
    Order,
    /// A file is missing.
    #[error("the content of {0} is not there")]
    Missing(String),
    /// A file is not UTF-8, or not the one that the manifest names.
    #[error("the content of {0} is not what the manifest names")]
    Content(String),
}

impl Sources {
    /// The list of all files in the order of paths, each with its SHA-256, as `sha256sum` writes it. Its own SHA-256
    /// is the name of the catalog. A logo stands in it as its base64, and the shipped rulebook as a file.
    pub fn manifest(&self) -> String {
        let size: usize = self.files().map(|(path, _)| path.len() + LINE).sum();
        let mut out = String::with_capacity(size);
        for (path, file) in self.files() {
            for byte in file.digest.as_bytes() {
                out.push(hexadecimal(byte >> 4));
                out.push(hexadecimal(byte & 15));
            }
            out.push_str("  ");
            push_path(&mut out, path);
            out.push('\n');
        }
        out
    }

    /// Puts sources together again; `content` finds the bytes of a digest.
    ///
    /// # Errors
    /// When anything is not exactly what [`Sources::manifest`] has named.
    pub fn from_manifest(
        manifest: &str,
        mut content: impl FnMut(&Digest) -> Option<Vec<u8>>,
    ) -> Result<Self, ManifestError> {
        let mut files: Vec<(Arc<str>, Source)> = Vec::new();
        for (path, digest) in read_manifest(manifest)? {
            let bytes = content(&digest).ok_or_else(|| ManifestError::Missing(path.to_owned()))?;
            let wrong = || ManifestError::Content(path.to_owned());
            let source = Source::of(String::from_utf8(bytes).map_err(|_| wrong())?);
            if source.digest != digest {
                return Err(wrong());
            }
            files.push((path.into(), source));
        }
        Ok(Self::from_files(files))
    }
}

/// The paths and digests of a manifest.
///
/// # Errors
/// When it is not exactly what [`Sources::manifest`] writes.
pub fn read_manifest(manifest: &str) -> Result<Vec<(&str, Digest)>, ManifestError> {
    let mut files: Vec<(&str, Digest)> = Vec::new();
    for (index, line) in manifest.split_inclusive('\n').enumerate() {
        let wrong = ManifestError::Line(index + 1);
        let parts = line
            .strip_suffix('\n')
            .and_then(|line| line.split_once("  "))
            .filter(|(_, path)| !path.contains('\\'));
        let Some((digits, path)) = parts else {
            return Err(wrong);
        };
        let mut bytes = [0; 32];
        // Written in one way only, so that the same files have one name.
        let lower = digits.bytes().all(|digit| !digit.is_ascii_uppercase());
        if !lower || hex::decode_to_slice(digits, &mut bytes).is_err() {
            return Err(wrong);
        }
        if files.last().is_some_and(|(before, _)| *before >= path) {
            return Err(ManifestError::Order);
        }
        files.push((path, Digest::from_bytes(bytes)));
    }
    Ok(files)
}

/// A path on one line. What is read from a disk has no such characters; two paths are never written alike.
fn push_path(out: &mut String, path: &str) {
    for letter in path.chars() {
        if letter.is_control() || letter == '\\' {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
}

fn hexadecimal(half: u8) -> char {
    char::from_digit(u32::from(half), 16).unwrap_or('0')
}

/// A digest, two spaces, the end of the line.
const LINE: usize = 64 + 2 + 1;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn kept(sources: &Sources) -> HashMap<Digest, Vec<u8>> {
        let files = sources.files();
        files
            .map(|(_, file)| (file.digest(), file.text().as_bytes().to_vec()))
            .collect()
    }

    proptest! {
        #[test]
        fn manifests_are_read_back_and_equal_sources_have_equal_digests(
            files in prop::collection::btree_map("[a-z/]{1,8}", ".{0,20}", 0..6)
        ) {
            let sources = Sources::from_texts(files.clone());
            let turned = Sources::from_texts(files.into_iter().rev());
            prop_assert_eq!(sources.digest(), turned.digest());
            let kept = kept(&sources);
            let back = Sources::from_manifest(&sources.manifest(), |digest| kept.get(digest).cloned());
            prop_assert_eq!(back, Ok(sources));
        }

        #[test]
        fn damaged_manifests_are_refused_or_different(at in 0usize..200, letter in "[ -~\n]") {
            let sources = Sources::from_texts([("a", "one"), ("b", "two")]);
            let mut manifest = sources.manifest();
            let at = at % manifest.len();
            manifest.replace_range(at..=at, &letter);
            let kept = kept(&sources);
            if let Ok(read) = Sources::from_manifest(&manifest, |digest| kept.get(digest).cloned()) {
                prop_assert_eq!(read.manifest(), manifest);
            }
        }
    }

    #[test]
    fn moving_a_byte_between_path_and_text_changes_the_digest() {
        let one = Sources::from_texts([("ab", "c")]);
        let other = Sources::from_texts([("a", "bc")]);
        assert_ne!(one.digest(), other.digest());
    }

    /// These files, without the rulebook that comes with midflow.
    fn exactly<const N: usize>(files: [(&str, &str); N]) -> Sources {
        Sources::from_files(files.map(|(path, text)| (Arc::from(path), Source::of(text))))
    }

    #[test]
    fn the_manifest_is_what_the_tools_of_the_system_write() {
        let sources = exactly([("policies/a.yaml", "abc"), ("scripts/a.rhai", "")]);
        let expected = "\
ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  policies/a.yaml
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  scripts/a.rhai
";
        assert_eq!(sources.manifest(), expected);
        assert_eq!(sources.digest(), Digest::of(expected.as_bytes()));
    }

    #[test]
    fn a_missing_or_changed_file_is_named() {
        let sources = Sources::from_texts([("a", "one")]);
        let read = |content: Option<&[u8]>| {
            Sources::from_manifest(&sources.manifest(), |_| content.map(<[u8]>::to_vec))
        };
        assert_eq!(read(None), Err(ManifestError::Missing("a".to_owned())));
        assert_eq!(read(Some(b"two")), Err(ManifestError::Content("a".to_owned())));
        assert_eq!(read(Some(b"\xff")), Err(ManifestError::Content("a".to_owned())));
    }

    #[test]
    fn two_paths_are_never_written_alike() {
        let one = exactly([("a\nb", "")]);
        let other = exactly([("a\\u{a}b", "")]);
        assert_ne!(one.manifest(), other.manifest());
        assert_eq!(one.manifest().lines().count(), 1);
    }
}
