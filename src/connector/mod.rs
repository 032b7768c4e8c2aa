//! Who answers: the contract with an identity authority, and one folder per authority.
//!
//! A connector prepares exact bytes, sends what has been recorded, and reads what comes back. It decides
//! nothing: it answers with a [`Verdict`], and the flow machine and the policy take it from there.

mod app_link;
mod connection;
mod contract;
mod drift;
pub mod kuwait;
mod polling;
mod reply;
mod request;
mod verdict;

pub use app_link::AppLink;
pub use connection::IDLE_CONNECTION;
pub use contract::Connector;
pub use drift::Drift;
pub use drift::DriftKind;
pub use kuwait::FailedCheck;
pub use kuwait::failed_check;
pub use polling::Polled;
pub use polling::Polling;
pub use reply::Reply;
pub use reply::ReplyMeaning;
pub use request::Matter;
pub use request::Notification;
pub use request::Outbound;
pub use request::PrepareError;
pub use request::Preview;
pub use request::Request;
pub use request::Signing;
pub use verdict::Check;
pub use verdict::Claims;
pub use verdict::Conclusion;
pub use verdict::Expected;
pub use verdict::MadeSignature;
pub use verdict::Verdict;
