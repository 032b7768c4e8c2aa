use crate::audit::log::Checkpoint;
use crate::audit::log::CheckpointError;
use crate::audit::log::Entry;
use crate::audit::log::InclusionPlan;
use crate::audit::log::LeafProof;
use crate::audit::log::LogRow;
use crate::audit::log::ProofError;
use crate::audit::log::RowFault;
use crate::audit::log::VerifierKey;
use crate::store::LogStore;
use crate::store::StoreError;
use crate::words::FlowId;

/// A record of a flow, and that it is in the log.
#[derive(Clone, Debug)]
pub struct ProvedEntry {
    /// The record as it is stored.
    pub row: LogRow,
    /// Its entry, whose hash is the leaf.
    pub entry: Entry,
    /// That the leaf is in the tree of a signed checkpoint; `None` as long as no checkpoint has it.
    pub proof: Option<LeafProof>,
}

/// A flow can't be proved.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProveError {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record is not what it was.
    #[error("record {seq} can't be proved: {fault}; run `midflow audit verify`")]
    Row {
        /// Its number.
        seq: i64,
        /// What is wrong with it.
        fault: RowFault,
    },
    /// The checkpoint is not what it was.
    #[error("the newest checkpoint can't be used: {0}; run `midflow audit verify`")]
    Checkpoint(#[from] CheckpointError),
    /// The tree is not what it was.
    #[error("a proof can't be made: {0}; run `midflow audit verify`")]
    Proof(#[from] ProofError),
}

/// The records of a flow with their entries, each with a proof against the newest checkpoint of the store. Every proof
/// that is given holds: it is verified before.
///
/// # Errors
/// When the store can't be read, or holds something else than the log has promised.
pub async fn prove_flow(
    store: &dyn LogStore,
    flow: FlowId,
    key: &VerifierKey,
) -> Result<Vec<ProvedEntry>, ProveError> {
    let note = store.last_checkpoint().await?.map(|kept| kept.note);
    prove_flow_under(store, flow, key, note).await
}

/// The same, under a checkpoint of the caller's choice.
///
/// # Errors
/// As [`prove_flow`].
pub async fn prove_flow_under(
    store: &dyn LogStore,
    flow: FlowId,
    key: &VerifierKey,
    note: Option<String>,
) -> Result<Vec<ProvedEntry>, ProveError> {
    let checkpoint = match &note {
        Some(note) => Some(Checkpoint::open(note, key)?.0),
        None => None,
    };
    let mut proved = Vec::new();
    for row in store.log_rows(flow).await? {
        let of_row = |fault| ProveError::Row { seq: row.seq, fault };
        let entry = row.entry(&store.log_leaf_before(&row).await?).map_err(of_row)?;
        if row.stored_leaf().map_err(of_row)? != entry.leaf() {
            return Err(of_row(RowFault::Leaf));
        }
        let index = u64::try_from(row.seq - 1).unwrap_or(u64::MAX);
        let covered = checkpoint
            .as_ref()
            .zip(note.as_ref())
            .filter(|(head, _)| index < head.size);
        let proof = match covered {
            None => None,
            Some((head, note)) => {
                let plan = InclusionPlan::new(index, head.size)?;
                let hashes = store.log_nodes(&plan.nodes()).await?;
                let proof = LeafProof {
                    index,
                    hashes: plan.proof(&hashes)?,
                    checkpoint: note.clone(),
                };
                crate::audit::log::verify_inclusion(
                    &entry.leaf(),
                    index,
                    head.size,
                    &proof.hashes,
                    &head.root,
                )?;
                Some(proof)
            }
        };
        proved.push(ProvedEntry { row, entry, proof });
    }
    Ok(proved)
}
