//! What a person, a court and the clock may ask of what is kept: to see it, to keep it, to erase it (law 20/2014, articles
//! 32 to 36; R003-64 to R003-77).
//!
//! The register of applications is what the log says of them (`register`), so it can't be changed without it showing, and
//! silence decides by the clock alone (`clocks`).
//!
//! Every act names who does it and on what basis, and is recorded, each flow with a record of its own. Erasing destroys
//! data keys; records stay, and so does everybody else's data.

mod applications;
mod ask;
mod clocks;
mod erase;
mod export;
mod filed;
mod hold;
mod letter;
mod rectify;
mod register;
mod retention;
mod service;
mod statement;
mod takes_two;

pub use applications::ApplicationAsk;
pub use applications::OpenApplication;
pub use ask::Basis;
pub use ask::HoldOn;
pub use ask::RightsAsk;
pub use ask::RightsError;
pub use ask::Who;
pub use clocks::Application;
pub use clocks::Standing;
pub use clocks::Standpoint;
pub use erase::Erasure;
pub use hold::Release;
pub(super) use rectify::Correction;
pub use rectify::Rectification;
pub(super) use rectify::corrections;
pub use service::Rights;
pub use statement::statement_page;
