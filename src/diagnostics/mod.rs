//! What can be wrong with policy files, as data: code, severity, place, text, help. Renderers turn it into
//! something to read.

mod annotations;
mod apply;
pub mod codes;
mod diagnostic;
mod diff;
mod fix;
mod json;
mod page;
mod sarif;
mod suggest;
mod text;

pub use annotations::render_annotations;
pub use apply::Applied;
pub use apply::Done;
pub use apply::apply_certain;
pub use diagnostic::Diagnostic;
pub use diagnostic::Diagnostics;
pub use diagnostic::Label;
pub use diagnostic::Position;
pub use diagnostic::Severity;
pub use diff::unified_diff;
pub use fix::Edit;
pub use fix::Fix;
pub use fix::byte_at;
pub use fix::byte_in_line;
pub use fix::position_at;
pub use json::render_json;
pub use page::render_page;
pub use page::render_page_json;
pub use sarif::render_sarif;
pub use suggest::Meant;
pub use suggest::meant;
pub use suggest::suggest;
pub use text::render_text;
pub use text::summary;
