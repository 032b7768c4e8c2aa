//! The authority's mind, a file for each thing it keeps in view: what is armed, what was asked, what it tells.

mod admit;
mod armed;
mod codes;
mod inner;
mod mind;
mod notices;
mod record;
mod requests;

pub(super) use admit::Admitted;
pub(super) use armed::Armed;
pub(super) use codes::ScanError;
pub(super) use mind::State;
