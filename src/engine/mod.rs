//! The only place where things happen: flows are driven, catalogs activated and watched, outcomes delivered.

mod activate;
mod admit;
mod api;
mod catalogs;
mod clock;
mod deliver;
mod detail;
mod draft;
mod drive;
#[expect(
    clippy::module_inception,
    reason = "the module is named after the thing it is about"
)]
mod engine;
mod find;
mod first;
mod inner;
mod input;
mod keep;
mod limits;
mod live;
pub mod log;
mod metrics;
mod notify_url;
mod receipt;
mod receive;
mod records;
mod recover;
mod replay;
mod replay_gate;
mod resting;
mod schedule;
mod secrets;
mod start;
mod test_gate;
mod view;
mod watch;
mod webhook;

pub use activate::NodeSettings;
pub use activate::Reload;
pub use activate::before as catalog_before;
pub use admit::CatalogGate;
pub use api::CallbackReceipt;
pub use api::EngineEvent;
pub use api::FlowView;
pub use api::Problem;
pub use api::ProblemCode;
pub use api::StartFlow;
pub use api::Started;
pub use api::TimelineEntry;
pub use catalogs::CatalogStatus;
pub use catalogs::load_kept;
pub use clock::Clock;
pub use clock::SystemClock;
pub use engine::Engine;
pub use engine::EngineError;
pub use engine::EngineParts;
pub use inner::EngineOptions;
pub use replay::Difference;
pub use replay::Replay;
pub use replay::ReplayError;
pub use replay::ReplayOf;
pub use replay::ReplayedFlow;
pub use replay::replay;
pub use replay_gate::ReplayGate;
pub use resting::RestingError;
pub use resting::activate_at_rest;
pub use secrets::Secrets;
pub use secrets::SecretsError;
pub use secrets::random;
pub use test_gate::TestGate;
pub use watch::Watch;
pub use watch::WatchError;
