//! Everything loaded, checked and immutable: all policies with their scripts, named by the digest of their
//! sources.
//!
//! One [`Catalog::load`] serves start, reload, `check` and tests, so that they can't disagree. Asking a
//! catalog is pure and quick: [`Catalog::plan`] before anything is sent, [`Catalog::decide`] once a flow has
//! an outcome.

mod archive;
mod ask;
mod disk;
mod ending;
mod load;
mod loaded;
mod planning;
mod retired;
mod sources;
mod unreadable;

pub use archive::ArchiveError;
pub use ask::DecideAsk;
pub use ask::Decided;
pub use ask::PlanAnswer;
pub use ask::PlanAsk;
pub use disk::SourcesError;
pub use loaded::Catalog;
pub use loaded::LoadedService;
pub use retired::RetiredCatalogs;
pub use sources::Sources;

#[cfg(test)]
mod tests;
