//! The API of the e-services, `/v1`.

mod answer;
mod documents;
mod events;
mod flows;
mod journeys;
mod json;
mod openapi;
mod operation;
mod request;
mod router;

pub use openapi::openapi;
pub use router::ApiSettings;
pub(in crate::http) use router::ApiState;
pub use router::api;
