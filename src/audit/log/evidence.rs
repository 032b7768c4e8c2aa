use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::Checkpoint;
use super::checkpoint::CheckpointError;
use super::key::VerifierKey;
use super::proof::ProofError;
use super::proof::verify_inclusion;
use crate::words::Digest;

/// That one entry is in a log, for those who have nothing but this: a `.tlog-proof` of C2SP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafProof {
    /// The place of the entry in the log, from 0.
    pub index: u64,
    /// The inclusion proof.
    pub hashes: Vec<Digest>,
    /// The checkpoint, signed and perhaps cosigned, as it is kept.
    pub checkpoint: String,
}

/// The proof is none, or proves something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafProofError {
    /// It has not the form of a proof.
    #[error("this is no proof of a transparency log")]
    Form,
    /// Its checkpoint can't be trusted.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// It does not lead to the root.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl LeafProof {
    /// Reads the written form.
    ///
    /// # Errors
    /// When it has not that form. Nothing is verified by reading.
    pub fn parse(text: &str) -> Result<Self, LeafProofError> {
        let (head, checkpoint) = text.split_once("\n\n").ok_or(LeafProofError::Form)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(LeafProofError::Form);
        }
        if lines.peek().is_some_and(|line| line.starts_with("extra ")) {
            lines.next();
        }
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .ok_or(LeafProofError::Form)?;
        let number = index.parse::<u64>().map_err(|_| LeafProofError::Form)?;
        if number.to_string() != index {
            return Err(LeafProofError::Form);
        }
        let hash = |line: &str| {
            let bytes = STANDARD.decode(line).ok()?;
            <[u8; 32]>::try_from(bytes).ok().map(Digest::from_bytes)
        };
        let hashes = lines.map(hash).collect::<Option<Vec<_>>>();
        Ok(Self {
            index: number,
            hashes: hashes.ok_or(LeafProofError::Form)?,
            checkpoint: checkpoint.to_owned(),
        })
    }

    /// Checks that the leaf is in the log of this key, and gives the checkpoint that shows it.
    ///
    /// # Errors
    /// When the checkpoint can't be trusted, or the proof does not lead to its root.
    pub fn verify(&self, leaf: &Digest, key: &VerifierKey) -> Result<Checkpoint, LeafProofError> {
        let (checkpoint, _) = Checkpoint::open(&self.checkpoint, key)?;
        verify_inclusion(leaf, self.index, checkpoint.size, &self.hashes, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl std::fmt::Display for LeafProof {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(out, "{FIRST_LINE}\nindex {}", self.index)?;
        for hash in &self.hashes {
            writeln!(out, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(out, "\n{}", self.checkpoint)
    }
}

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::log::InclusionPlan;
    use crate::audit::log::checkpoint::tests::key;
    use crate::audit::log::leaf_hash;
    use crate::audit::log::proof::naive;

    #[test]
    fn a_proof_is_read_back_and_needs_nothing_else() {
        let leaves: Vec<Digest> = (0_u8..21).map(|n| leaf_hash(&[n])).collect();
        let plan = InclusionPlan::new(13, 21).unwrap();
        let checkpoint = Checkpoint {
            origin: "sp.example/test".to_owned(),
            size: 21,
            root: naive::root(&leaves),
        };
        let proof = LeafProof {
            index: 13,
            hashes: plan.proof(&naive::hashes(&leaves, &plan.nodes())).unwrap(),
            checkpoint: checkpoint.sign(&key()).to_string(),
        };
        let text = proof.to_string();
        assert!(text.starts_with("c2sp.org/tlog-proof@v1\nindex 13\n"));
        let read = LeafProof::parse(&text).unwrap();
        assert_eq!(read, proof);
        assert_eq!(read.verify(&leaves[13], key().verifier()), Ok(checkpoint));
        assert!(read.verify(&leaves[12], key().verifier()).is_err());
        let extra = text.replacen("index", "extra AAAA\nindex", 1);
        assert_eq!(LeafProof::parse(&extra), Ok(proof));
        assert!(LeafProof::parse("c2sp.org/tlog-proof@v1\nindex 013\n\n").is_err());
        assert!(LeafProof::parse("").is_err());
    }
}
