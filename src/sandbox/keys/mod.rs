//! The sandbox's keys: an authority of its own, and a certificate for each part that has to prove something.

mod certify;
mod files;
mod identity;
mod oid;
mod ring;

pub use certify::CertificateKind;
pub use identity::Identity;
pub(in crate::sandbox) use oid::TIME_STAMP_POLICY;
pub use oid::assurance_policies;
pub use ring::Keys;
pub use ring::KeysError;
pub use ring::StampAlgorithm;
pub(in crate::sandbox) use ring::own_kind;
pub(in crate::sandbox) use ring::pem_of;
