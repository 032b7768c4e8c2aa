//! The service language as data: every key, what it takes, and what it says.
//!
//! This is the only list of keys. The reader asks it which keys a map knows, the JSON Schema and the reference page
//! are written from it, and an editor reads its texts on hover.

mod form;
mod key;
mod organization;
mod other_names;
mod reference;
mod rulebook;
mod schema;
mod service;
mod steps;
mod tests_file;

#[cfg(test)]
mod tests;

pub use key::Key;
pub use key::Names;
pub use key::Need;
pub use key::Shape;
pub use reference::describe;
pub(in crate::policy) use reference::is_key;
pub use reference::need;
pub use reference::reference_tables;
pub use reference::rules_about;
pub use schema::Document;
pub use schema::json_schema;

pub(super) use form::*;
pub(super) use key::LANGUAGES;
pub(super) use organization::*;
pub(super) use other_names::meant_word;
pub(super) use rulebook::*;
pub(super) use service::*;
pub(super) use steps::*;
pub(super) use tests_file::*;
