//! `midflow why`: reading here and in the engine, words in `text`.

mod command;
mod text;

pub(crate) use command::WhyFlow;
