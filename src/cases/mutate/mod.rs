//! How good the tests are: each rule is changed in turn, and what no case notices is named.

mod run;
mod service;

pub use run::AcceptedSurvivor;
pub use run::Mutant;
pub use run::Mutation;
