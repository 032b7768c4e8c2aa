//! The only place where things happen: flows are driven, catalogs activated and watched, outcomes delivered.

mod api;

pub use api::EngineEvent;
pub use api::FlowView;
pub use api::Problem;
pub use api::ProblemCode;
pub use api::StartFlow;
pub use api::Started;
pub use api::TimelineEntry;
