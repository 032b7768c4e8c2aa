//! `midflow bench`: the figures, each beside a control measured in the same run.
//!
//! Absolute figures move with the machine and the hour; the ratio to the control is what can be compared.

mod bare;
mod callbacks;
mod command;
mod decisions;
mod disk;
mod flows;
mod folder;
mod live_reload;
mod log;
mod memory;
mod process;
mod reload;
mod table;

pub(super) use command::Bench;
