//! Sealing of personal data: what the stores keep of a person is ciphertext under a key of its own, so that destroying
//! the key erases the person, everywhere at once and without touching the log (law 12).
//!
//! Three levels. Each flow, and each message that belongs to no flow, has a [`DataKey`]; its cells are sealed with
//! AES-256-GCM and bound to their place by a [`Cell`]. Data keys lie in a table of their own, wrapped by a key of the
//! [`KeyRing`]. The ring lies in the store too, wrapped by a [`KeyWrapper`], whose key is never in the store: a file, an
//! age identity, a token, a service.
//!
//! Pure but for randomness: the layer that seals on the way to a store is in [`store`](crate::store).

mod cell;
mod data_key;
mod error;
mod parts;
mod ring;
mod rows;
mod secret;
mod spool_key;
mod wrapper;

pub use cell::Cell;
pub use data_key::DataKey;
pub use error::SealError;
pub use parts::join;
pub use parts::split;
pub use ring::KeyRing;
pub use rows::KeyOwner;
pub use rows::RingKey;
pub use rows::WrappedKey;
pub use spool_key::SpoolKey;
pub use wrapper::KeyWrapper;
pub use wrapper::SecretWrapper;
pub use wrapper::WrapError;
