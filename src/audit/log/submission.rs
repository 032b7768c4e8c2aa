use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::checkpoint::Checkpoint;
use super::checkpoint::CheckpointError;
use super::key::VerifierKey;
use super::note::Note;
use super::proof::verify_consistency;
use crate::words::Digest;

/// A checkpoint that is handed to a witness, with the proof that it has grown out of the one the witness knows: the body
/// of `add-checkpoint` of C2SP `tlog-witness`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The size that the witness is thought to know; 0 for none.
    pub old: u64,
    /// The consistency proof.
    pub proof: Vec<Digest>,
    /// The signed checkpoint.
    pub note: String,
}

/// Why a witness does not cosign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The body is no submission.
    #[error("this is no submission of a checkpoint")]
    Form,
    /// Nobody here vouches for this log.
    #[error("this witness does not know the log")]
    UnknownLog,
    /// The checkpoint is not signed by the log's key.
    #[error("the checkpoint is not signed by the key of the log that is known here")]
    Unsigned,
    /// The witness knows another size than the submission begins with, or another tree of the same size.
    #[error("the newest checkpoint that is known here has {0} entries")]
    Conflict(u64),
    /// The tree has not grown out of the one that is known.
    #[error("the checkpoint has not grown out of the one that is known here")]
    Inconsistent,
}

impl Submission {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(body: &str) -> Result<Self, Refusal> {
        let (head, note) = body.split_once("\n\n").ok_or(Refusal::Form)?;
        let mut lines = head.split('\n');
        let old = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .ok_or(Refusal::Form)?;
        let number = old.parse::<u64>().map_err(|_| Refusal::Form)?;
        let hash = |line: &str| {
            let bytes = STANDARD.decode(line).ok()?;
            <[u8; 32]>::try_from(bytes).ok().map(Digest::from_bytes)
        };
        let proof = lines.map(hash).collect::<Option<Vec<_>>>().ok_or(Refusal::Form)?;
        if number.to_string() != old || proof.len() > LONGEST_PROOF {
            return Err(Refusal::Form);
        }
        Ok(Self {
            old: number,
            proof,
            note: note.to_owned(),
        })
    }

    /// The log that it says it is of; nothing is verified by that.
    ///
    /// # Errors
    /// When the note is no checkpoint.
    pub fn origin(&self) -> Result<String, Refusal> {
        let note = Note::parse(&self.note).map_err(|_| Refusal::Form)?;
        let checkpoint = Checkpoint::from_text(note.text()).map_err(|_| Refusal::Form)?;
        Ok(checkpoint.origin)
    }

    /// Decides whether it may be cosigned by somebody who trusts `key` and knows `known` of the log.
    ///
    /// # Errors
    /// When it may not.
    pub fn judge(
        &self,
        key: &VerifierKey,
        known: Option<&Checkpoint>,
    ) -> Result<(Checkpoint, Note), Refusal> {
        let (checkpoint, note) = Checkpoint::open(&self.note, key).map_err(|error| match error {
            CheckpointError::Form => Refusal::Form,
            CheckpointError::Origin => Refusal::UnknownLog,
            CheckpointError::Note(_) => Refusal::Unsigned,
        })?;
        if self.old > checkpoint.size {
            return Err(Refusal::Form);
        }
        let size = known.map_or(0, |known| known.size);
        if self.old != size {
            return Err(Refusal::Conflict(size));
        }
        match known {
            None if self.proof.is_empty() => {}
            None => return Err(Refusal::Inconsistent),
            Some(known) if known.size == checkpoint.size && known.root != checkpoint.root => {
                return Err(Refusal::Conflict(size));
            }
            Some(known) => verify_consistency(
                known.size,
                &known.root,
                checkpoint.size,
                &checkpoint.root,
                &self.proof,
            )
            .map_err(|_| Refusal::Inconsistent)?,
        }
        Ok((checkpoint, note))
    }
}

impl std::fmt::Display for Submission {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(out, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(out, "{}", STANDARD.encode(hash.as_bytes()))?;
        }
        write!(out, "\n{}", self.note)
    }
}

/// More hashes no tree needs that a number of 64 bits counts.
const LONGEST_PROOF: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::log::ConsistencyPlan;
    use crate::audit::log::checkpoint::tests::key;
    use crate::audit::log::leaf_hash;
    use crate::audit::log::proof::naive;

    fn leaves(count: usize, last: u8) -> Vec<Digest> {
        let mut leaves: Vec<Digest> = (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        if let Some(leaf) = leaves.last_mut() {
            *leaf = leaf_hash(&[last]);
        }
        leaves
    }

    fn head(leaves: &[Digest]) -> Checkpoint {
        Checkpoint {
            origin: "sp.example/test".to_owned(),
            size: leaves.len() as u64,
            root: naive::root(leaves),
        }
    }

    fn submission(leaves: &[Digest], old: usize) -> Submission {
        let plan = ConsistencyPlan::new(old as u64, leaves.len() as u64).unwrap();
        Submission {
            old: old as u64,
            proof: plan.proof(&naive::hashes(leaves, &plan.nodes())).unwrap(),
            note: head(leaves).sign(&key()).to_string(),
        }
    }

    #[test]
    fn what_has_grown_is_cosigned_and_nothing_else() {
        let all = leaves(30, 1);
        let judge = |submission: &Submission, known: Option<&Checkpoint>| {
            let read = Submission::parse(&submission.to_string()).unwrap();
            assert_eq!(&read, submission);
            assert_eq!(read.origin().unwrap(), "sp.example/test");
            read.judge(key().verifier(), known)
                .map(|(checkpoint, _)| checkpoint)
        };
        let first = submission(&all[..7], 0);
        let known = judge(&first, None).unwrap();
        assert_eq!(known, head(&all[..7]));
        let grown = submission(&all, 7);
        assert_eq!(judge(&grown, Some(&known)), Ok(head(&all)));
        assert_eq!(judge(&grown, None), Err(Refusal::Conflict(0)));
        assert_eq!(judge(&first, Some(&known)), Err(Refusal::Conflict(7)));
        // The same size again: the same root or none.
        assert_eq!(judge(&submission(&all[..7], 7), Some(&known)), Ok(known.clone()));
        assert_eq!(
            judge(&submission(&leaves(7, 2), 7), Some(&known)),
            Err(Refusal::Conflict(7))
        );
        // Another history, with a proof that is right for that one.
        let mut other = leaves(30, 1);
        other[3] = leaf_hash(b"other");
        assert_eq!(
            judge(&submission(&other, 7), Some(&known)),
            Err(Refusal::Inconsistent)
        );
        let foreign =
            super::super::LogKey::of_log("sp.example/test", &super::super::key::tests::pkcs8(5)).unwrap();
        assert_eq!(
            grown.judge(foreign.verifier(), Some(&known)),
            Err(Refusal::Unsigned)
        );
    }

    #[test]
    fn what_is_no_submission_is_refused() {
        let good = submission(&leaves(30, 1), 7).to_string();
        for bad in [
            String::new(),
            good.replacen("old 7", "old 07", 1),
            good.replacen("old 7", "new 7", 1),
            good.replacen("old 7", "old 7\nAAAA", 1),
            good.replacen(
                "old 7\n",
                &format!("old 7\n{}", format!("{}\n", STANDARD.encode([1; 32])).repeat(64)),
                1,
            ),
        ] {
            assert_eq!(Submission::parse(&bad), Err(Refusal::Form), "{bad}");
        }
    }
}
