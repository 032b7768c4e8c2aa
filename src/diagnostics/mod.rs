//! What can be wrong with policy files, as data: code, severity, place, text, help. Renderers turn it into
//! something to read.

pub mod codes;
mod diagnostic;
mod json;
mod suggest;
mod text;

pub use diagnostic::Diagnostic;
pub use diagnostic::Diagnostics;
pub use diagnostic::Label;
pub use diagnostic::Position;
pub use diagnostic::Severity;
pub use json::render_json;
pub use suggest::suggest;
pub use text::render_text;
pub use text::summary;
