use std::ops::Range;

use super::sketch::Sketch;
use super::sketch::Step;

/// A named part of a file, with those in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lsp) struct Symbol {
    pub(in crate::lsp) name: String,
    /// Its value, where that is short.
    pub(in crate::lsp) detail: String,
    pub(in crate::lsp) is_function: bool,
    /// All that belongs to it.
    pub(in crate::lsp) whole: Range<usize>,
    /// Its name.
    pub(in crate::lsp) at: Range<usize>,
    pub(in crate::lsp) inside: Vec<Self>,
}

/// The outline of a policy file: its keys down to where texts begin.
pub(in crate::lsp) fn symbols(text: &str) -> Vec<Symbol> {
    level(&Sketch::of(text), text, None, 0)
}

fn level(sketch: &Sketch, text: &str, parent: Option<usize>, depth: usize) -> Vec<Symbol> {
    if depth >= DEEPEST {
        return Vec::new();
    }
    sketch
        .below(parent)
        .filter_map(|(index, node)| {
            let name = match &node.step {
                // The languages of a text are the text, and no parts of the file.
                Step::Key(key) if key == "ar" || key == "en" || key.is_empty() => return None,
                Step::Key(key) => key.clone(),
                Step::Entry(_) => return None,
            };
            let value = node.scalar(text).unwrap_or_default();
            let is_short = value.chars().count() <= LONGEST && !value.contains('\n');
            Some(Symbol {
                name,
                detail: if is_short { value.to_owned() } else { String::new() },
                is_function: false,
                whole: node.at.start..node.end.max(node.at.end),
                at: node.at.clone(),
                inside: level(sketch, text, Some(index), depth + 1),
            })
        })
        .collect()
}

const DEEPEST: usize = 4;
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_outline_and_texts_are_not() {
        let text = "service: a\nname:\n  ar: خدمة\nfields:\n  name_ar:\n    reason: { ar: x }\nbroken: [";
        let found = symbols(text);
        let names: Vec<&str> = found.iter().map(|symbol| symbol.name.as_str()).collect();
        assert_eq!(names, ["service", "name", "fields", "broken"]);
        assert_eq!(found[0].detail, "a");
        assert!(found[1].inside.is_empty());
        assert_eq!(found[2].inside[0].inside[0].name, "reason");
        assert_eq!(&text[found[1].whole.clone()], "name:\n  ar: خدمة");
    }
}
