//! A script as the lint walks it. Only this folder reads the engine's own syntax tree, which may change with each version
//! of the engine: it is turned into a small one of ours.

mod read;
mod translate;
mod tree;

pub(super) use tree::Function;
pub(super) use tree::Literal;
pub(super) use tree::Node;
pub(super) use tree::Syntax;
pub(super) use tree::What;
