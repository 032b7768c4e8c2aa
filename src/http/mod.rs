//! The HTTP interface: the API of the e-services, the callback listener, citizen pages, the demo e-service
//! and the console. Each is a router of its own, for a listener of its own.

mod answer_headers;
mod api;
mod assets;
mod body;
mod brand;
mod browser;
mod callback;
mod citizen;
mod clock;
mod confirm;
mod console;
mod demo;
mod embed;
#[cfg(test)]
mod fake;
mod flows;
mod head_time;
mod headers;
mod keys;
mod members;
mod message;
mod nothing;
mod other_browser;
mod page;
mod page_events;
mod page_handle;
mod problem;
mod request_id;
mod serve;
mod shown;
mod sources;
#[cfg(test)]
mod tests;
mod tls;
mod ui;
mod waiting;
mod way_back;
mod witness;

pub use axum_server::Handle;

pub use api::ApiSettings;
pub use api::api;
pub use api::openapi;
pub use callback::callback;
pub use callback::callback_from;
pub use clock::PageClock;
pub use console::ConsoleSettings;
pub use console::console;
pub use demo::DemoSettings;
pub use demo::demo;
pub use flows::Flows;
pub use keys::ApiKey;
pub use keys::ApiKeys;
pub use page_handle::PageKey;
pub use problem::ApiProblem;
pub use serve::BindError;
pub use serve::IDLE_TIME;
pub use serve::MOST_CONNECTIONS;
pub use serve::bind;
pub use serve::serve;
pub use sources::CallbackSources;
pub use sources::NetworkError;
pub use tls::TlsError;
pub use tls::callback_tls;
pub use tls::public_tls;
pub use witness::WitnessSettings;
pub use witness::witness;
