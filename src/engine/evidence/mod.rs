//! The evidence of one flow, out of a store: what is put in, and the report that people read. Its form, and how it is
//! verified, is in `audit::evidence`.

mod act;
mod export;
mod report;

pub use act::EvidenceAct;
pub use export::EvidenceError;
pub use export::export_evidence;
