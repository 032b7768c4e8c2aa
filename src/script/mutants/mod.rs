//! A script with one small mistake at a time: what tests of policies have to notice.

mod make;
mod statements;
mod tokens;

pub use make::Mutated;
pub use make::mutants;
