//! What must survive: flows, exchanges, records, deliveries and catalogs.
//!
//! [`Store`] is shaped by the domain; writing goes through [`Commit`](crate::audit::Commit) in batches, so that
//! one sync of the disk serves many flows. [`Sqlite`] keeps everything in one file beside the program.

mod contract;
mod error;
mod keys;
mod names;
mod rights;
#[allow(
    dead_code,
    reason = "for stores that write a batch table by table: PostgreSQL is on its way"
)]
mod rounds;
mod sealed;
mod sqlite;

pub use contract::Activation;
pub use contract::Counts;
pub use contract::FlowStart;
pub use contract::FlowSummary;
pub use contract::KeptCatalog;
pub use contract::Store;
pub use contract::StoredRecord;
pub use error::StoreError;
pub use error::StoreErrorKind;
pub use keys::KeyStore;
pub use rights::ErasableFlow;
pub use rights::FlowsOf;
pub use rights::HeldThing;
pub use rights::Hold;
pub use sealed::Sealed;
pub use sealed::SealedError;
pub use sqlite::Sqlite;

#[cfg(test)]
mod conformance;
