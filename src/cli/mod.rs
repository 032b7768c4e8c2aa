//! The command line: one file a command. Parsing here, work elsewhere.

mod arguments;
mod bench;
mod catalog;
mod check;
mod config;
mod definitions;
mod dev;
mod explain;
mod failure;
mod fixing;
mod fmt;
mod form;
mod form_page;
mod init;
mod keys;
mod logging;
mod lsp;
mod new;
mod node;
mod output;
mod place;
mod ready;
mod replay;
mod running;
mod scaffold;
mod schema;
mod sealing;
mod serve;
mod settings;
mod subject;
mod test;
mod trigger;
mod why;

pub use arguments::Arguments;
pub use arguments::run;
