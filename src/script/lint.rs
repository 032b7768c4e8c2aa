use super::bundle::Library;
use super::syntax::Syntax;
use crate::diagnostics::*;
use crate::policy::Service;
use std::collections::BTreeMap;
use std::sync::Arc;
pub(super) struct Known;
impl Known {
    pub(super) fn of(_: &rhai::Engine) -> Self {
        Self
    }
}
pub(super) fn library(_: &Known, _: &Library, _: &BTreeMap<String, Arc<Library>>) -> Diagnostics {
    Diagnostics::default()
}
pub(super) fn script(
    _: &Known,
    _: &str,
    _: &Syntax,
    _: &BTreeMap<String, Arc<Library>>,
    _: &Service,
) -> Diagnostics {
    Diagnostics::default()
}
pub(super) fn forbidden(name: &str, l: Label) -> Diagnostic {
    Diagnostic::error("E3009", name.to_string(), l)
}
pub(super) fn label(file: &str, start: Position, width: usize, text: &str) -> Label {
    Label {
        file: file.to_owned(),
        start,
        end: Position {
            line: start.line,
            column: start.column + width as u32,
        },
        text: text.to_owned(),
    }
}
