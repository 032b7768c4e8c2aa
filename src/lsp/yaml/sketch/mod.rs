//! A policy file as it stands while somebody types: keys and values by their place, though nothing need parse yet.

mod scan;
mod tree;
mod words;

#[cfg(test)]
mod tests;

pub(in crate::lsp) use tree::Node;
pub(in crate::lsp) use tree::Sketch;
pub(in crate::lsp) use tree::Spot;
pub(in crate::lsp) use tree::Step;
