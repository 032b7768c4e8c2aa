//! Everything loaded, checked and immutable: all policies with their scripts, named by the digest of their
//! sources.
//!
//! One [`Catalog::load`] serves start, reload, `check` and tests, so that they can't disagree. Asking a
//! catalog is pure and quick: [`Catalog::plan`] before anything is sent, [`Catalog::decide`] once a flow has
//! an outcome.

mod ask;
mod crew;
mod diff;
mod disk;
mod ending;
mod folder;
mod judge;
mod load;
mod loaded;
mod manifest;
mod planning;
mod retired;
mod rulebooks;
mod setting;
mod sources;
mod unreadable;
mod walk;

pub use ask::DecideAsk;
pub use ask::Decided;
pub use ask::PlanAnswer;
pub use ask::PlanAsk;
pub use ask::StepAsk;
pub use diff::CatalogDiff;
pub use diff::Change;
pub use diff::Kind;
pub use diff::PartDiff;
pub use disk::SourcesError;
pub use folder::Folder;
pub use folder::Look;
pub use folder::Reading;
pub use judge::Waived;
pub use loaded::Catalog;
pub use loaded::LoadedService;
pub use manifest::ManifestError;
pub use manifest::read_manifest;
pub use retired::RetiredCatalogs;
pub use rulebooks::Rulebooks;
pub use setting::Setting;
pub use sources::Source;
pub use sources::Sources;

#[cfg(test)]
mod rules_tests;
#[cfg(test)]
mod tests;
