//! A small e-service that uses midflow as a real one would: through the API, with a key.

mod client;
mod embedded;
mod form;
mod labels;
mod result_page;
mod service_page;
mod session;
mod site;
mod start;

pub use site::DemoSettings;
pub use site::demo;
