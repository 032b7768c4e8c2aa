//! One SQLite file, owned by one process: a single task writes, a few connections read.

mod batch;
mod fault;
mod lock;
mod open;
mod pack;
mod read;
mod rows;
mod store;
mod writer;

pub use store::Sqlite;

#[cfg(test)]
mod tests;
