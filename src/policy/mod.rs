//! The policy files: YAML as written (with places) and as meant.
//!
//! Nothing downstream sees a raw string: a [`Service`] is valid once made. Reading is in this module, files
//! are not: text comes in, values and diagnostics come out.

mod organization;
mod plan;
mod service;

pub use organization::Contact;
pub use organization::EnvironmentSettings;
pub use organization::Organization;
pub use organization::OrganizationKind;
pub use plan::Decision;
pub use plan::Plan;
pub use plan::Refusal;
pub use plan::Then;
pub use plan::Tightening;
pub use service::Audience;
pub use service::CapabilitySettings;
pub use service::DeclaredField;
pub use service::Input;
pub use service::InputKind;
pub use service::InputValue;
pub use service::Limit;
pub use service::Limits;
pub use service::Notices;
pub use service::Place;
pub use service::Response;
pub use service::Retention;
pub use service::Sensitivity;
pub use service::Service;
