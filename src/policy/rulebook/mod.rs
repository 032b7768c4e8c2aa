//! Rulebooks: checks with sources that every policy must pass. A rulebook is data, and can only add refusals.

mod built_in;
mod case;
mod language;
mod model;
mod place;
mod shipped;

#[cfg(test)]
mod tests;

pub use built_in::BuiltIn;
pub use case::Breach;
pub use case::RuleCase;
pub use model::Check;
pub use model::Holds;
pub use model::Rule;
pub use model::Rulebook;
pub use place::is_of_organization;
pub use place::place_of;
pub use shipped::shipped;

pub use language::requirements_of;

pub(super) use language::Language;
pub(super) use language::of_language;
