//! One SQLite file, owned by one process: a single thread writes, a few connections read.

mod batch;
mod fault;
mod keys;
mod lock;
mod open;
mod read;
mod rights;
mod rows;
mod statements;
mod store;
mod writer;

pub use store::Sqlite;

#[cfg(test)]
mod tests;
