//! Cassettes: messages of a real authority, recorded with stand-ins in place of everything personal, and compared with what
//! the sandbox says in their place. What differs is what the sandbox, or the authority, has not been up to.

mod drift;
mod form;
mod sample;
mod shape;
mod stand_in;

pub use drift::Difference;
pub use drift::DifferenceKind;
pub use drift::drift;
pub use form::Cassette;
pub use form::CassetteError;
pub use form::Message;
pub use form::MessageKind;
pub use sample::SampleError;
pub use stand_in::StandIns;
