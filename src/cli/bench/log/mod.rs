//! The log: how fast records become durable beside a bare program that writes the same rows in the same batches with the
//! same promises of the disk, and how fast a whole log is derived again beside the same rows being read and nothing else.

mod append;
mod bare_postgres;
mod bare_sqlite;
mod measure;
mod sample;
mod verify;

pub(super) use measure::measure;
