//! YAML into a tree whose every key and value knows its place: the only folder that knows the YAML parser.
//!
//! The tree keeps values as they are written, so that each check can say what it expected there, and all
//! problems of a file are found in one run. Everything that makes YAML mean something else than it shows is
//! refused: anchors, aliases, merge keys, tags, directives, further documents.

mod parse;
mod places;
mod repeated;
mod slips;
mod tree;
mod wording;

pub(super) use parse::parse;
pub(super) use tree::Entry;
pub(super) use tree::Layer;
pub(super) use tree::Node;
pub(super) use tree::Scalar;
pub(super) use tree::Span;
pub(super) use tree::Value;
pub(super) use wording::shown;
