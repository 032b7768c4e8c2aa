//! The language server: policies and scripts in an editor, over standard input and output.
//!
//! What is wrong comes from the one [`Catalog::load_for`](crate::catalog::Catalog::load_for) that start, reload and
//! `check` use, over the texts that the editor holds; what can be written, what it means and where it leads is read off
//! the texts as they stand (`yaml/`, `rhai/`). `text` and `uri` translate places, `wire` the protocol's frames;
//! `server` is the only one that keeps state. Nothing here writes a file.

mod answers;
mod capabilities;
mod client;
mod debounce;
mod documents;
mod faults;
mod fixes;
mod offer;
mod requests;
mod rhai;
mod server;
mod target;
mod text;
mod uri;
mod view;
mod wire;
mod workspace;
mod yaml;

pub(crate) use server::Ended;
pub(crate) use server::Options;
pub(crate) use server::serve;
