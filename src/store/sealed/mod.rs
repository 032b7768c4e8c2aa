//! A store whose personal data is sealed: it stands between the engine and a [`KeyStore`](super::KeyStore), which sees
//! ciphertext only, so all stores gain alike.
//!
//! | what the engine hands in | what the store below is given |
//! |---|---|
//! | `flows`: subject, idempotency key and request digest, detail | one sealed value in `detail`; keyed hashes of the idempotency key and the digest |
//! | `records.subject` | the salted commitment; nothing where the record belongs to no flow |
//! | `exchanges.bytes` | sealed with the flow's key, or with a key of its own where it belongs to none |
//! | `deliveries`: url and body | one sealed value in `body` |
//!
//! A flow whose key was destroyed is erased: it is left out where flows, messages and notices are read.

mod cache;
mod commit;
mod layer;
mod log;
mod read;
mod shared;
mod unsettled;

pub use layer::Sealed;
pub use layer::SealedError;

#[cfg(test)]
mod tests;
