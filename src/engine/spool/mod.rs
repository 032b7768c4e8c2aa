//! What a callback waits in while the store can't be written: server down, disk full, database locked.
//!
//! Whether the authority sends a callback again is not known, so an answer 503 may lose the only copy. Instead it is kept
//! on this machine, sealed and synced, the authority is answered as ever, and the callback is taken in when the store is
//! back: in the order of arrival for each flow, before anything else happens to that flow, exactly once. Only then is it
//! recorded and, after that, examined (law 2); its record says that it waited here and when it arrived.
//!
//! | file | job |
//! |---|---|
//! | [`entry`] | one callback as a file: sealed, bound to its number and its id |
//! | [`folder`] | the files: written whole or not at all, set aside where damaged |
//! | [`ballast`] | room that is kept for the day the disk is full |
//! | [`waiting`] | what waits, its order and its bounds |
//! | [`take_in`] | from here into the store |

mod ballast;
mod entry;
mod folder;
mod options;
mod take_in;
mod waiting;

pub use options::SpoolOptions;
pub(super) use waiting::Spool;
pub use waiting::SpoolError;

#[cfg(test)]
mod tests;
