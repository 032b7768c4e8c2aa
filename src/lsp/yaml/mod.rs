//! Policy files in an editor: what can be written at a place, what it means, and what it leads to.
//!
//! Everything here works on the text as it stands, parsed or not: a file that somebody types in rarely parses.

mod complete;
mod declared;
mod define;
mod explain;
mod shape;
mod sketch;
mod symbols;

pub(super) use complete::complete;
pub(super) use declared::Declared;
pub(super) use define::define;
pub(super) use explain::explain;
pub(super) use shape::document_of;
pub(super) use symbols::Symbol;
pub(super) use symbols::symbols;
