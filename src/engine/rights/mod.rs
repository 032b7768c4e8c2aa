//! What a person, a court and the clock may ask of what is kept: to see it, to keep it, to erase it (law 20/2014, articles
//! 32 to 36; R003-64 to R003-77).
//!
//! Every act names who does it and on what basis, and is recorded, each flow with a record of its own. Erasing destroys
//! data keys; records stay, and so does everybody else's data.

mod ask;
mod clocks;
mod erase;
mod export;
mod hold;
mod rectify;
mod retention;
mod service;

pub use ask::Basis;
pub use ask::HoldOn;
pub use ask::RightsAsk;
pub use ask::RightsError;
pub use ask::Who;
pub(super) use ask::recordable;
pub use clocks::Application;
pub use clocks::Standing;
pub use clocks::Standpoint;
pub(super) use rectify::Correction;
pub use rectify::Rectification;
pub(super) use rectify::corrections;
pub use service::Rights;
