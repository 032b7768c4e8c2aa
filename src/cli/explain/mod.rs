//! `midflow explain`: a code, a requirement or a service.

mod command;
mod requirement;
mod service;

pub(super) use command::Explain;
pub(super) use command::Language;
