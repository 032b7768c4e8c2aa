//! Evidence: everything that proves one flow, in one file that needs nothing else to be verified.
//!
//! Pure: members in, an archive out, and back. The same members give the same bytes. `verify.py` is in every archive, is
//! written independently of this module, and gives the same verdict; tests hold both to that.

mod archive;
mod bundle;
mod verify;

pub use archive::ArchiveError;
pub use archive::Member;
pub use archive::pack;
pub use archive::unpack;
pub use bundle::record_stem;
pub use bundle::seal;
pub use verify::Ending;
pub use verify::EvidenceVerdict;
pub use verify::Stamp;
pub use verify::TIMESTAMP;
pub use verify::verify;

/// How to verify evidence by hand, for people.
pub const VERIFY_MD: &str = include_str!("VERIFY.md");
/// The independent verifier.
pub const VERIFY_PY: &str = include_str!("verify.py");
