//! What two catalogs have in difference, in plain words: "assurance medium to high; one field added: nationality".
//!
//! [`meant`] turns what is compared into trees with the keys of the files, [`compare`] finds what differs, [`words`]
//! says it.

mod compare;
mod difference;
mod lines;
mod meant;
mod words;

pub use difference::CatalogDiff;
pub use difference::Change;
pub use difference::Kind;
pub use difference::PartDiff;

#[cfg(test)]
mod tests;
