//! What must survive: flows, exchanges, records, deliveries and catalogs.
//!
//! [`Store`] is shaped by the domain; writing goes through [`Commit`](crate::audit::Commit) in batches, so that
//! one sync of the disk serves many flows. [`Sqlite`] keeps everything in one file beside the program,
//! [`Postgres`] in a database that several programs share.

mod contract;
mod error;
mod keys;
mod line;
mod log;
mod migrations;
mod names;
mod pages;
mod postgres;
mod rights;
mod rounds;
mod rows;
mod sealed;
mod search;
mod sqlite;
mod strays;

pub use contract::Activation;
pub use contract::Counted;
pub use contract::Counts;
pub use contract::FlowStart;
pub use contract::FlowSummary;
pub use contract::KeptCatalog;
pub use contract::News;
pub use contract::PersonRefusal;
pub use contract::Shared;
pub use contract::Store;
pub use contract::StoredRecord;
pub use error::StoreError;
pub use error::StoreErrorKind;
pub use keys::KeyStore;
pub use log::Expected;
pub use log::ExpectedActivation;
pub use log::KeptAnchor;
pub use log::KeptCheckpoint;
pub use log::LogSnapshot;
pub use log::LogStore;
pub use log::StoredTile;
pub use postgres::ClusterError;
pub use postgres::Postgres;
pub use postgres::PostgresCluster;
pub use postgres::PostgresRole;
pub use postgres::PostgresSettings;
pub use postgres::PostgresTls;
pub use rights::ErasableFlow;
pub use rights::FlowsOf;
pub use rights::HeldThing;
pub use rights::Hold;
pub use sealed::Sealed;
pub use sealed::SealedError;
pub use search::FlowSearch;
pub use sqlite::Backup as SqliteBackup;
pub use sqlite::SealedBackup;
pub use sqlite::Sqlite;

#[cfg(test)]
pub(crate) mod conformance;
