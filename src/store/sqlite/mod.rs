//! One SQLite file, owned by one process: a single thread writes, a few connections read.

mod ahead;
mod backup;
mod batch;
mod edge;
mod fault;
mod find;
mod flow_updates;
mod keys;
mod lock;
mod log;
mod look;
mod open;
mod read;
mod rights;
mod rows;
mod snapshot;
mod statements;
mod store;
mod strays;
mod tail;
mod writer;

pub use backup::Backup;
pub use backup::Sealed as SealedBackup;
pub use store::Sqlite;

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
