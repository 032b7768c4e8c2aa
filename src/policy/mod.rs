//! The policy files: YAML as written (with places) and as meant.
//!
//! Nothing downstream sees a raw string: a [`Service`] is valid once made. Reading is in this module, files
//! are not: text comes in, values and diagnostics come out.

mod address;
mod duration;
mod input;
mod inputs;
mod limits;
mod organization;
mod place;
mod plan;
mod read;
mod render;
mod repair;
mod responses;
mod safety;
mod service;
mod yaml;
mod yaml_places;

pub use duration::format_duration;
pub use duration::parse_duration;
pub use input::Input;
pub use input::InputKind;
pub use input::InputValue;
pub use inputs::InputFault;
pub use inputs::InputFaultKind;
pub use limits::Limit;
pub use limits::Limits;
pub use limits::Retention;
pub use organization::Contact;
pub use organization::EnvironmentSettings;
pub use organization::Organization;
pub use organization::OrganizationKind;
pub use place::Place;
pub use plan::Decision;
pub use plan::Plan;
pub use plan::Refusal;
pub use plan::Then;
pub use plan::Tightening;
pub use read::read_organization;
pub use read::read_service;
pub use render::render;
pub use render::render_isolated;
pub use repair::repaired_duration;
pub use responses::Response;
pub use responses::Responses;
pub use safety::Unsafe;
pub use safety::first_unsafe;
pub use service::Audience;
pub use service::CapabilitySettings;
pub use service::DeclaredField;
pub use service::Notices;
pub use service::Sensitivity;
pub use service::Service;
