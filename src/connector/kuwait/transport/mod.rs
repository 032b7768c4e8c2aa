//! The ways to the authority, side by side.
//!
//! What is asked is first written as the bridge takes it, in the authority's own words (`prepare`). A transport turns
//! that into its own exact bytes, sends them once, and says what came back. What an answer is worth is decided by the
//! approval rule alone, whatever it came through.
//!
//! - `bridge`: JSON over mutual TLS to whatever hosts the authority's SDK.
//! - `soap`: the vendor's wrapper, SOAP 1.1 with MTOM; `envelope`, `multipart` and `xml` are its form.
//! - `gateway`: the authority's REST gateway, which is asked for the answer; `polled` says what such an answer proves.
//! - `template`: any other JSON wrapper, described by settings; `casing`, `pointer` are its form.

mod bridge;
mod casing;
mod contract;
mod envelope;
mod gateway;
mod https;
mod meaning;
mod multipart;
mod open;
mod pointer;
mod polled;
mod settings;
mod soap;
mod template;
mod xml;

#[cfg(all(test, feature = "sandbox"))]
pub(super) use bridge::Bridge;
pub(super) use contract::Transport;
pub(super) use meaning::bridge_meaning;
#[cfg(feature = "sandbox")]
pub(crate) use multipart::root_part;
pub(super) use open::open;
pub use polled::PolledStatus;
pub use polled::Used;
pub use settings::GatewayAnswers;
pub use settings::GatewaySettings;
pub use settings::Login;
pub use settings::PollSettings;
pub use settings::SoapEncoding;
pub use settings::SoapSettings;
pub use settings::SuccessSettings;
pub use settings::TemplateCasing;
pub use settings::TemplateSettings;
pub use settings::TransportSettings;
pub use settings::UnstampedAnswers;
#[cfg(feature = "sandbox")]
pub(crate) use xml::Element;
