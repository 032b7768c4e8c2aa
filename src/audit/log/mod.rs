//! The tamper-evident log: every record becomes a leaf of one Merkle tree (RFC 6962), whose head is signed, kept and
//! anchored where the database's own administrators can't write.
//!
//! Pure: bytes in, hashes and findings out. The stores keep what is made here, the engine signs and anchors it. The
//! outer formats are those of C2SP: `signed-note`, `tlog-checkpoint`, `tlog-tiles`, `tlog-proof`, `tlog-cosignature`.
//! `docs/audit.md` says what the log proves and what it can't.

mod chain;
mod checkpoint;
mod compare;
mod cosignature;
mod edge;
mod entry;
mod evidence;
mod examiner;
mod finding;
mod flow_parts;
mod hash;
mod key;
mod node;
mod note;
mod private;
mod proof;
mod reference;
mod row;
mod submission;
mod tile;

pub use chain::Chain;
pub use checkpoint::Checkpoint;
pub use checkpoint::CheckpointError;
pub use compare::Claim;
pub use compare::StoredExchange;
pub use compare::StoredFlow;
pub use compare::StoredNotice;
pub use cosignature::Cosigner;
pub use cosignature::WitnessKey;
pub use edge::Edge;
pub use edge::EdgeError;
pub use entry::Entry;
pub use entry::EntryFacts;
pub use entry::Salt;
pub use entry::WriterId;
pub use evidence::LeafProof;
pub use evidence::LeafProofError;
pub use examiner::Examiner;
pub use finding::Finding;
pub use finding::Findings;
pub use finding::Place;
pub use flow_parts::FlowParts;
pub use hash::empty_root;
pub use hash::leaf_hash;
pub use hash::node_hash;
pub use key::LogKey;
pub use key::LogKeyError;
pub use key::VerifierKey;
pub use key::VerifierKeyError;
pub use node::Node;
pub use note::Note;
pub use note::NoteError;
pub use note::NoteSignature;
pub use private::is_private;
pub use private::read_private;
pub use private::write_private;
pub use proof::ConsistencyPlan;
pub use proof::InclusionPlan;
pub use proof::ProofError;
pub use proof::verify_consistency;
pub use proof::verify_inclusion;
pub use reference::Reference;
pub use row::LogRow;
pub use row::RowFault;
pub use submission::Refusal;
pub use submission::Submission;
pub use tile::Tile;
