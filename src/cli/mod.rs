//! The command line: one file a command. Parsing here, work elsewhere.

mod arguments;
mod bench;
mod catalog;
mod check;
mod config;
mod dev;
mod explain;
mod failure;
mod fixing;
mod logging;
mod node;
mod output;
mod place;
mod ready;
mod replay;
mod running;
mod serve;
mod settings;
mod test;
mod trigger;

pub use arguments::Arguments;
pub use arguments::run;
