//! What can be wrong with policy files, as data: code, severity, place, text, help. Renderers turn it into
//! something to read.

pub mod codes;
mod diagnostic;
mod suggest;

pub use diagnostic::Diagnostic;
pub use diagnostic::Diagnostics;
pub use diagnostic::Label;
pub use diagnostic::Position;
pub use diagnostic::Severity;
pub use suggest::suggest;
