//! How rows of any store become what they mean: one reading for all, over whatever a driver calls a row.

mod columns;
mod keys;
mod rights;
mod stored;

pub(super) use columns::Columns;
pub(super) use columns::Unreadable;
pub(super) use stored::Stored;
