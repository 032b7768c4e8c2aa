//! The stamp: the authority's signature over its answer (R000-114 to R000-116, R000-147).
//!
//! Only pinned certificates count, so no chain is built and nothing that a message carries can add trust.

mod cms;
mod format;
mod rule;
mod signer;
mod verifier;

pub(super) use cms::Detached;
pub use format::StampFormat;
pub use rule::StampRule;
pub(super) use signer::Signer;
pub(super) use verifier::Pin;
pub(super) use verifier::Stamp;
pub(super) use verifier::StampBlobs;
