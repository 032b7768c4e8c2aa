//! `midflow audit`: the log, verified and read.

mod accept;
mod checkpoint;
mod command;
mod node;
mod search;
mod verify;

pub(crate) use command::Audit;
