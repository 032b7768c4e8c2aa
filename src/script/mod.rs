//! Rhai: the one engine and its limits, what scripts may call, what they may read, how they are compiled,
//! linted and called.
//!
//! A script decides and acts on nothing: it gets a read-only `flow` and returns a value made by a
//! constructor (`tighten`, `refuse`, `stop`, `say`), or nothing. Whatever else happens, an error, a limit, a
//! deadline, a panic, nonsense, is a [`ScriptFault`], and the caller refuses (law 5).

mod answer;
mod brackets;
mod budget;
mod bundle;
mod cases;
mod compiler;
mod constructors;
mod coverage;
mod definitions;
mod engine;
mod expression;
mod facts;
mod fault;
mod foreign;
mod habits;
mod hook;
mod lint;
mod mutants;
mod program;
mod refused;
#[cfg(test)]
pub(crate) mod sample;
mod syntax;
#[cfg(test)]
mod tighten_laws;
mod tokens;
mod trace;
mod view;
mod vocabulary;
mod worker;

pub use answer::Answer;
pub use answer::Ruling;
pub(crate) use budget::patiently;
pub use bundle::Library;
pub use compiler::Compiler;
pub use coverage::Lines;
pub use coverage::recorded;
pub use definitions::definitions;
pub use expression::Answerable;
pub use expression::Question;
pub use expression::Questions;
pub use facts::Facts;
pub use facts::PersonFacts;
pub use fault::ScriptFault;
pub use hook::Hook;
pub use mutants::Mutated;
pub use mutants::mutants;
pub use program::Script;
pub use tokens::Piece;
pub use tokens::pieces;
pub use trace::Seen;
pub use trace::Side;
pub use trace::Tested;
pub use trace::Trace;
pub use trace::traced;
pub use vocabulary::Word;
pub use vocabulary::constructor_keys;
pub use vocabulary::constructors;
pub use vocabulary::functions;
pub use vocabulary::members;
