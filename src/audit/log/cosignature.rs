use super::key::LogKey;
use super::key::VerifierKey;
use super::note::Note;
use super::note::NoteError;
use super::note::NoteSignature;

/// A witness that cosigns checkpoints (C2SP `tlog-cosignature`, Ed25519): whoever trusts it knows that this is the
/// largest tree that the log has shown it, and grown out of all earlier ones.
#[derive(Debug)]
pub struct Cosigner(LogKey);

/// The public half of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey(VerifierKey);

impl Cosigner {
    /// A witness with its key; `None` if the key is not one of a witness.
    pub fn new(key: LogKey) -> Option<Self> {
        key.verifier().is_witness().then_some(Self(key))
    }

    /// Its public half.
    pub fn verifier(&self) -> WitnessKey {
        WitnessKey(self.0.verifier().clone())
    }

    /// The line under a checkpoint, for a moment in seconds since 1970.
    pub fn cosign(&self, checkpoint: &Note, seconds: u64) -> NoteSignature {
        let signature = self.0.sign(&message(checkpoint.text(), seconds));
        NoteSignature {
            name: self.0.verifier().name().to_owned(),
            id: self.0.verifier().id(),
            bytes: [&seconds.to_be_bytes()[..], &signature].concat(),
        }
    }
}

impl WitnessKey {
    /// The key of a witness; `None` for a key of another kind.
    pub fn new(key: VerifierKey) -> Option<Self> {
        key.is_witness().then_some(Self(key))
    }

    /// The public key as others write it.
    pub const fn key(&self) -> &VerifierKey {
        &self.0
    }

    /// Checks that the witness has cosigned a checkpoint, and says when, in seconds since 1970.
    ///
    /// # Errors
    /// When it has not, or somebody has put something else in its place.
    pub fn verify(&self, checkpoint: &Note) -> Result<u64, NoteError> {
        let mut latest = None;
        for line in checkpoint.lines_of(&self.0) {
            let (seconds, signature) = line.bytes.split_first_chunk().ok_or(NoteError::Forged)?;
            let seconds = u64::from_be_bytes(*seconds);
            if !self.0.verifies(&message(checkpoint.text(), seconds), signature) {
                return Err(NoteError::Forged);
            }
            latest = latest.max(Some(seconds));
        }
        latest.ok_or(NoteError::Unsigned)
    }
}

fn message(text: &str, seconds: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{text}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::log::checkpoint::tests::checkpoint;
    use crate::audit::log::checkpoint::tests::key;
    use crate::audit::log::key::tests::pkcs8;

    fn witness() -> Cosigner {
        Cosigner::new(LogKey::of_witness("witness.example/w1", &pkcs8(9)).unwrap()).unwrap()
    }

    #[test]
    fn a_cosignature_names_its_time_and_only_its_checkpoint() {
        let mut note = checkpoint(5).sign(&key());
        note.add(witness().cosign(&note, 1_679_315_147));
        let read = Note::parse(&note.to_string()).unwrap();
        assert_eq!(witness().verifier().verify(&read), Ok(1_679_315_147));
        // The log's own signature is not touched by it.
        assert_eq!(read.verify(key().verifier()), Ok(()));
        let mut other = checkpoint(6).sign(&key());
        assert_eq!(witness().verifier().verify(&other), Err(NoteError::Unsigned));
        other.add(note.signatures()[1].clone());
        assert_eq!(witness().verifier().verify(&other), Err(NoteError::Forged));
    }

    // A witness of the specification: key, checkpoint and cosignature stand there.
    #[test]
    fn every_bit_of_a_cosignature_counts() {
        let mut note = checkpoint(5).sign(&key());
        note.add(witness().cosign(&note, 1));
        for at in 0..note.signatures()[1].bytes.len() * 8 {
            let mut line = note.signatures()[1].clone();
            line.bytes[at / 8] ^= 1 << (at % 8);
            let mut changed = checkpoint(5).sign(&key());
            changed.add(line);
            assert_eq!(witness().verifier().verify(&changed), Err(NoteError::Forged));
        }
    }

    #[test]
    fn a_key_of_a_log_is_no_witness() {
        let key = LogKey::of_log("sp.example/test", &pkcs8(1)).unwrap();
        assert!(WitnessKey::new(key.verifier().clone()).is_none());
        assert!(Cosigner::new(key).is_none());
    }
}
