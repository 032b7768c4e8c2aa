//! The console: every flow as it happens, what was recorded of it, and the services as loaded. Shows no
//! personal data.

mod admin;
mod flow_page;
mod flows_page;
mod live;
mod row;
mod services_page;
mod site;
mod why_page;

pub use site::ConsoleSettings;
pub use site::console;
