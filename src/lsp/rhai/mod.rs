//! Scripts in an editor: what can be written at a place, what it means, and what it leads to.

mod complete;
mod define;
mod explain;
mod outline;
mod spot;
mod symbols;

pub(super) use complete::complete;
pub(super) use define::define;
pub(super) use explain::explain;
pub(super) use outline::function_in;
pub(super) use symbols::symbols;
