//! midflow turns declarative service definitions into national Mobile ID flows.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")
)]

pub mod audit;
pub mod cases;
pub mod catalog;
#[cfg(feature = "cli")]
pub mod cli;
pub mod connector;
pub mod diagnostics;
pub mod engine;
pub mod flow;
#[cfg(feature = "server")]
pub mod http;
#[cfg(feature = "cli")]
mod lsp;
pub mod policy;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod script;
pub mod store;
pub mod words;
