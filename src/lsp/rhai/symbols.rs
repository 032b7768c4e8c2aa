use super::outline::Outline;
use crate::lsp::yaml::Symbol;

/// The outline of a script: its functions.
pub(in crate::lsp) fn symbols(text: &str) -> Vec<Symbol> {
    Outline::of(text)
        .functions
        .iter()
        .map(|function| Symbol {
            name: function.name.to_owned(),
            detail: format!("({})", function.parameters.join(", ")),
            is_function: true,
            whole: function.whole.clone(),
            at: function.at.clone(),
            inside: Vec::new(),
        })
        .collect()
}
