use crate::diagnostics::Label;
use crate::policy::Defaults;
use crate::policy::defaults::merged_tree;
use crate::policy::yaml::Layer;
use crate::policy::yaml::Span;

/// Where a key stands, or the nearest above it that is there, in a file laid over the defaults.
///
/// The file is parsed for it: a place is looked for only when something is wrong.
pub fn place_of(file: &str, text: &str, defaults: Option<&Defaults>, path: &str) -> Label {
    let root = merged_tree(text, defaults);
    let span = root
        .as_ref()
        .and_then(|root| root.nearest(path).0.or_else(|| root.first_key()))
        .unwrap_or_else(Span::default_first);
    let file = match (span.layer, defaults) {
        (Layer::Defaults, Some(defaults)) => defaults.file(),
        _ => file,
    };
    Label {
        file: file.to_owned(),
        start: span.start,
        end: span.end,
        text: String::new(),
    }
}

/// Whether a key belongs to the organization file.
pub fn is_of_organization(path: &str) -> bool {
    let first = path.split(['.', '[']).next().unwrap_or_default();
    matches!(first, "organization" | "environments" | "onboarding")
}
