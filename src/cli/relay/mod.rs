//! `midflow trigger relay`: the relay attacker against the `midflow dev` that runs.

mod command;
mod pages;

pub(crate) use command::RelayOptions;
pub(crate) use command::relay;
