//! The tests of policies: whole flows in virtual time, without network, files or clock.
//!
//! [`Suite::read`] takes the test files that stand beside the services of a catalog, [`Suite::run`] runs them against a
//! catalog. A case is a real flow: the catalog plans and decides, the machine of [`crate::flow`] steps, and the approval
//! rule of the connector examines answers that a made-up authority has stamped. Only the clock and the authority are
//! made up, so a passing case says what would happen.
//!
//! The module stands below the engine, which runs the tests of a catalog before it takes the place of another.

mod authority;
mod compare;
mod coverage;
mod flow;
mod gate;
mod happened;
mod journey;
mod mutate;
mod problems;
mod report;
mod suite;

pub use authority::AuthorityError;
pub use coverage::Answered;
pub use coverage::Cell;
pub use coverage::Coverage;
pub use mutate::AcceptedSurvivor;
pub use mutate::Mutant;
pub use mutate::Mutation;
pub use problems::TestProblems;
pub use report::Failure;
pub use report::Report;
pub use suite::Suite;
