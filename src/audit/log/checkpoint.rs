use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::LogKey;
use super::key::VerifierKey;
use super::note::Note;
use super::note::NoteError;
use crate::words::Digest;

/// The head of a log at one size: a signed promise that its first `size` entries have this root for ever (C2SP
/// `tlog-checkpoint`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is, the name of its key.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// The text is no checkpoint that can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note is none, or not signed as it should be.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text of the note is no checkpoint.
    #[error("the note is no checkpoint: it has to hold the origin, the size and the root of a log")]
    Form,
    /// It is of another log.
    #[error("the checkpoint is of another log")]
    Origin,
}

impl Checkpoint {
    /// Signs the checkpoint.
    pub fn sign(&self, key: &LogKey) -> Note {
        Note::sign(self.text(), key)
    }

    /// Reads a note and checks that the log has signed it.
    ///
    /// # Errors
    /// When it is no checkpoint, of another log, or not signed by the key.
    pub fn open(note: &str, key: &VerifierKey) -> Result<(Self, Note), CheckpointError> {
        let note = Note::parse(note)?;
        let checkpoint = Self::from_text(note.text())?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::Origin);
        }
        note.verify(key)?;
        Ok((checkpoint, note))
    }

    /// Reads the text of a note. Lines after the third are extensions, which are signed and say nothing here.
    ///
    /// # Errors
    /// When it is no checkpoint.
    pub fn from_text(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.split('\n');
        let mut next = || lines.next().ok_or(CheckpointError::Form);
        let (origin, size, root) = (next()?, next()?, next()?);
        let number = size.parse::<u64>().map_err(|_| CheckpointError::Form)?;
        let root = STANDARD.decode(root).map_err(|_| CheckpointError::Form)?;
        let root = <[u8; 32]>::try_from(root).map_err(|_| CheckpointError::Form)?;
        if origin.is_empty() || number.to_string() != size || !text.ends_with('\n') {
            return Err(CheckpointError::Form);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root: Digest::from_bytes(root),
        })
    }

    fn text(&self) -> String {
        let root = STANDARD.encode(self.root.as_bytes());
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::audit::log::key::tests::pkcs8;

    pub(crate) fn key() -> LogKey {
        LogKey::of_log("sp.example/test", &pkcs8(1)).unwrap()
    }

    pub(crate) fn checkpoint(size: u64) -> Checkpoint {
        Checkpoint {
            origin: "sp.example/test".to_owned(),
            size,
            root: Digest::of(&size.to_be_bytes()),
        }
    }

    #[test]
    fn a_checkpoint_is_read_back() {
        let note = checkpoint(20_852_163).sign(&key()).to_string();
        let (read, _) = Checkpoint::open(&note, key().verifier()).unwrap();
        assert_eq!(read, checkpoint(20_852_163));
        let other = LogKey::of_log("sp.example/other", &pkcs8(1)).unwrap();
        assert_eq!(
            Checkpoint::open(&note, other.verifier()),
            Err(CheckpointError::Origin)
        );
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let root = STANDARD.encode([1; 32]);
        for text in [
            format!("a\n05\n{root}\n"),
            format!("a\n-5\n{root}\n"),
            format!("a\n+5\n{root}\n"),
            format!("\n5\n{root}\n"),
            "a\n5\nAAAA\n".to_owned(),
            "a\n5\n".to_owned(),
            format!("a\n5\n{root}"),
        ] {
            assert_eq!(
                Checkpoint::from_text(&text),
                Err(CheckpointError::Form),
                "{text:?}"
            );
        }
        assert!(Checkpoint::from_text(&format!("a\n5\n{root}\nextension\n")).is_ok());
    }
}
