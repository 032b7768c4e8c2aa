//! The tamper-evident log at work: its head signed and anchored, all of it verified, parts of it proved.

mod accept;
mod anchor;
mod folder;
mod head;
mod keeper;
mod prove;
mod rollback;
mod search;
mod signed_acts;
mod task;
mod timestamp;
mod verify;
mod witness;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod postgres_tamper;
#[cfg(test)]
mod postgres_tests;
#[cfg(test)]
pub(crate) mod story;
#[cfg(test)]
mod tamper;
#[cfg(test)]
mod tests;

pub use accept::AcceptError;
pub use accept::Loss;
pub use anchor::Anchor;
pub use anchor::AnchorError;
pub use folder::AnchorFolder;
pub use head::HeadFile;
pub use keeper::LogKeeper;
pub use prove::ProveError;
pub use prove::ProvedEntry;
pub use prove::prove_flow;
pub use prove::prove_flow_under;
pub use rollback::AcceptedRollback;
pub use rollback::AcceptedRollbacks;
pub use rollback::LogFault;
pub use rollback::check_promises;
pub use rollback::root_at;
pub use search::Found;
pub use search::Search;
pub use search::SearchAsk;
pub use search::SearchError;
pub use search::summary_json;
pub use timestamp::NAME as TIMESTAMP_ANCHOR;
pub use timestamp::TimestampAnchor;
pub use timestamp::TimestampAnchorError;
pub use timestamp::TimestampSettings;
pub use verify::Contents;
pub use verify::Promise;
pub use verify::Verification;
pub use verify::verify;
pub use witness::Witness;
pub use witness::WitnessError;
