//! Cassettes: messages of a real authority, recorded with stand-ins in place of everything personal. They can be compared with
//! what the sandbox says in their place ([`drift`]: what differs is what the sandbox, or the authority, has not been up to), and
//! be replayed (`sandbox/replay`).

mod drift;
mod form;
mod json_text;
mod leaf;
mod message_text;
mod moment;
mod recorder;
mod sample;
mod shape;
mod stand_in;
mod take;
mod xml_text;

pub use drift::Difference;
pub use drift::DifferenceKind;
pub use drift::drift;
pub use form::Cassette;
pub use form::CassetteError;
pub use form::CassetteTransport;
pub use form::CertificateFound;
pub use form::Found;
pub use form::Message;
pub use form::MessageKind;
pub(super) use json_text::JsonText;
pub(super) use json_text::Piece;
pub(super) use json_text::replaced;
pub(super) use leaf::Leaf;
pub(super) use leaf::LeafKind;
pub(super) use message_text::Value;
pub(super) use message_text::leaves;
pub(super) use message_text::rewrite;
pub(super) use moment::of_today;
pub use recorder::Recorder;
pub use recorder::ReplySeen;
pub use sample::SampleError;
pub use stand_in::StandIns;
pub(super) use take::Answer;
pub(super) use take::Take;
pub(super) use take::takes;
