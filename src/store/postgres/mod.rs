//! One PostgreSQL database that several processes share: each has a lease, one connection that writes in its own task,
//! and a few that read.

mod ahead;
mod batch;
mod cluster;
mod copied;
mod fault;
mod find;
mod hints;
mod keys;
mod lease;
mod log;
mod open;
mod pack;
mod parts;
mod read;
mod rights;
mod rows;
mod settings;
mod shared;
mod snapshot;
mod store;
mod strays;
mod tree;
mod warnings;
mod writer;

pub use cluster::ClusterError;
pub use cluster::PostgresCluster;
pub use settings::PostgresRole;
pub use settings::PostgresSettings;
pub use settings::PostgresTls;
pub use store::Postgres;

#[cfg(test)]
mod tests;
