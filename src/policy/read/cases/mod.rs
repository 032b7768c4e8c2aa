//! The test file of a service: from YAML to cases.

mod answers;
mod expect;
mod file;
mod given;
mod table;
#[cfg(test)]
mod tests;

pub(in crate::policy) use file::read_tests;
