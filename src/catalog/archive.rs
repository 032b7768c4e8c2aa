use std::sync::Arc;

use super::Sources;

/// Why bytes are no archive of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// The first bytes are of something else, or of a newer version.
    #[error("these bytes are no archive of policy sources that this version reads")]
    Header,
    /// The bytes end in the middle of a file.
    #[error("the archive of policy sources is cut short")]
    Short,
    /// A path or text is not UTF-8.
    #[error("the archive of policy sources holds a path or text that is not UTF-8")]
    Text,
    /// Files are not in order; an archive that was not made here.
    #[error("the files in the archive of policy sources are not in order, or one is there twice")]
    Order,
}

impl Sources {
    /// One archive of all files. Equal sources give equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let size: usize = self.iter().map(|(path, text)| path.len() + text.len() + 16).sum();
        let mut bytes = Vec::with_capacity(HEADER.len() + size);
        bytes.extend_from_slice(HEADER);
        for (path, text) in self.iter() {
            for part in [path, &**text] {
                bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
                bytes.extend_from_slice(part.as_bytes());
            }
        }
        bytes
    }

    /// Reads an archive back.
    ///
    /// # Errors
    /// When the bytes are not exactly what [`Sources::to_bytes`] makes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let mut rest = bytes.strip_prefix(HEADER).ok_or(ArchiveError::Header)?;
        let mut files: Vec<(String, Arc<str>)> = Vec::new();
        while !rest.is_empty() {
            let path = part(&mut rest)?;
            let text = part(&mut rest)?;
            if files.last().is_some_and(|(before, _)| before.as_str() >= path) {
                return Err(ArchiveError::Order);
            }
            files.push((path.to_owned(), text.into()));
        }
        Ok(Self::exactly(files))
    }
}

fn part<'a>(rest: &mut &'a [u8]) -> Result<&'a str, ArchiveError> {
    let (length, after) = rest.split_first_chunk::<8>().ok_or(ArchiveError::Short)?;
    let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| ArchiveError::Short)?;
    let (text, after) = after.split_at_checked(length).ok_or(ArchiveError::Short)?;
    *rest = after;
    std::str::from_utf8(text).map_err(|_| ArchiveError::Text)
}

const HEADER: &[u8] = b"midflow sources 1\n";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn archives_are_read_back_and_equal_sources_have_equal_digests(
            files in prop::collection::btree_map("[a-z/]{1,8}", ".{0,20}", 0..6)
        ) {
            let sources = Sources::from_texts(files.clone());
            let turned = Sources::from_texts(files.into_iter().rev());
            prop_assert_eq!(sources.digest(), turned.digest());
            let back = Sources::from_bytes(&sources.to_bytes());
            prop_assert_eq!(back, Ok(sources));
        }

        #[test]
        fn damaged_archives_are_refused_or_different(at in 0usize..200, byte: u8) {
            let sources = Sources::exactly([("a".to_owned(), "one".into()), ("b".to_owned(), "two".into())]);
            let mut bytes = sources.to_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok(read) = Sources::from_bytes(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn moving_a_byte_between_path_and_text_changes_the_digest() {
        let one = Sources::from_texts([("ab", "c")]);
        let other = Sources::from_texts([("a", "bc")]);
        assert_ne!(one.digest(), other.digest());
    }

    #[test]
    fn a_cut_archive_is_named_so() {
        let bytes = Sources::exactly([("a".to_owned(), "one".into())]).to_bytes();
        for end in HEADER.len() + 1..bytes.len() {
            assert_eq!(Sources::from_bytes(&bytes[..end]), Err(ArchiveError::Short));
        }
        assert_eq!(Sources::from_bytes(b"x"), Err(ArchiveError::Header));
    }
}
