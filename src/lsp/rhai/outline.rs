use std::ops::Range;

use crate::script::Piece;
use crate::script::pieces;

/// What a script is made of, read off its text whether or not it can be parsed.
#[derive(Debug, Default)]
pub(super) struct Outline<'t> {
    pub(super) functions: Vec<Function<'t>>,
    pub(super) imports: Vec<Import<'t>>,
    /// What `let`, `const` and `for` give names to.
    pub(super) names: Vec<(&'t str, Range<usize>)>,
}

#[derive(Debug)]
pub(super) struct Function<'t> {
    pub(super) name: &'t str,
    pub(super) parameters: Vec<&'t str>,
    /// Where the name stands.
    pub(super) at: Range<usize>,
    /// From `fn` to the closing brace, or as far as the text goes.
    pub(super) whole: Range<usize>,
    /// The comment right above it.
    pub(super) about: String,
}

#[derive(Debug)]
pub(super) struct Import<'t> {
    /// The path without its quotes.
    pub(super) path: &'t str,
    pub(super) path_at: Range<usize>,
    pub(super) alias: &'t str,
}

/// Where the name of a function stands.
pub(in crate::lsp) fn function_in(text: &str, name: &str) -> Option<Range<usize>> {
    let outline = Outline::of(text);
    let found = outline.functions.iter().find(|function| function.name == name);
    found.map(|function| function.at.clone())
}

impl<'t> Outline<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let all: Vec<Piece<'t>> = pieces(text).collect();
        let mut outline = Self::default();
        for (index, piece) in all.iter().enumerate() {
            let rest = all.get(index + 1..).unwrap_or_default();
            match piece.text {
                "fn" => {
                    let before = all.get(..index).unwrap_or_default();
                    outline.functions.extend(function(text, before, *piece, rest));
                }
                "import" => outline.imports.extend(import(rest)),
                "let" | "const" | "for" => {
                    let name = rest.first().filter(|name| name.is_word());
                    outline
                        .names
                        .extend(name.map(|name| (name.text, name.start..name.end())));
                }
                _ => {}
            }
        }
        outline
    }

    /// The function that a byte stands in.
    pub(super) fn function_at(&self, byte: usize) -> Option<&Function<'t>> {
        self.functions
            .iter()
            .rev()
            .find(|function| function.whole.start <= byte && byte <= function.whole.end)
    }

    /// The library that an alias stands for.
    pub(super) fn library(&self, alias: &str) -> Option<&'t str> {
        let found = self.imports.iter().find(|import| import.alias == alias);
        found.map(|import| import.path)
    }
}

fn function<'t>(
    text: &'t str,
    before: &[Piece<'t>],
    at: Piece<'t>,
    rest: &[Piece<'t>],
) -> Option<Function<'t>> {
    let name = rest.first().filter(|name| name.is_word())?;
    let rest = rest.get(1..).unwrap_or_default();
    let parameters = rest
        .iter()
        .take_while(|piece| piece.text != ")" && piece.text != "{")
        .filter(|piece| piece.is_word())
        .map(|piece| piece.text)
        .collect();
    let mut depth = 0_usize;
    let mut end = name.end();
    for piece in rest {
        // Something is missing above, and here begins the next function.
        if piece.text == "fn" && depth <= 1 && begins_line(text, piece.start) {
            break;
        }
        end = piece.end();
        match piece.text {
            "{" => depth += 1,
            "}" if depth <= 1 => break,
            "}" => depth -= 1,
            _ => {}
        }
    }
    let is_private = before.last().is_some_and(|piece| piece.text == "private");
    let before = if is_private {
        before.split_last().map_or(before, |(_, before)| before)
    } else {
        before
    };
    Some(Function {
        name: name.text,
        parameters,
        at: name.start..name.end(),
        whole: at.start..end,
        about: comment_above(text, before),
    })
}

fn begins_line(text: &str, byte: usize) -> bool {
    text.get(..byte)
        .is_some_and(|before| before.is_empty() || before.ends_with('\n'))
}

/// The lines of a comment that end in the line above.
fn comment_above(text: &str, before: &[Piece<'_>]) -> String {
    let mut lines = Vec::new();
    for piece in before.iter().rev().take_while(|piece| piece.is_comment()) {
        let between = text.get(piece.end()..).unwrap_or_default();
        let gap = between.len() - between.trim_start().len();
        if between.get(..gap).unwrap_or_default().matches('\n').count() > 1 {
            break;
        }
        lines.push(piece.text.trim_start_matches('/').trim_matches(['*', '/', ' ']));
    }
    lines.reverse();
    lines.join("\n")
}

fn import<'t>(rest: &[Piece<'t>]) -> Option<Import<'t>> {
    let path = rest.first().filter(|path| path.is_text())?;
    let alias = rest
        .get(1)
        .filter(|word| word.text == "as")
        .and_then(|_| rest.get(2))
        .map_or("", |alias| alias.text);
    Some(Import {
        path: path.text.trim_matches(['"', '`']),
        path_at: path.start..path.end(),
        alias,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "// About the file.\n\nimport \"lib/hours\" as hours;\n\n// Before anything\n// is sent.\nfn plan(flow) {\n    let x = #{ a: 1 };\n    if x { y } \n}\n\nprivate fn of(a, b) { a }\n";

    #[test]
    fn functions_imports_and_names_are_found() {
        let outline = Outline::of(SCRIPT);
        let functions: Vec<(&str, usize, &str)> = outline
            .functions
            .iter()
            .map(|function| (function.name, function.parameters.len(), function.about.as_str()))
            .collect();
        assert_eq!(
            functions,
            [("plan", 1, "Before anything\nis sent."), ("of", 2, "")]
        );
        assert!(SCRIPT[outline.functions[0].whole.clone()].ends_with("{ y } \n}"));
        assert_eq!(outline.library("hours"), Some("lib/hours"));
        assert_eq!(outline.names[0].0, "x");
        let inside = SCRIPT.find("let x").unwrap();
        assert_eq!(
            outline.function_at(inside).map(|function| function.name),
            Some("plan")
        );
        assert!(outline.function_at(3).is_none());
    }

    #[test]
    fn what_is_not_closed_ends_at_the_next_function() {
        let text = "fn a(flow) {\n  if flow.\nfn b(flow) {\n  say(\"open\n}\n";
        let outline = Outline::of(text);
        let names: Vec<&str> = outline.functions.iter().map(|function| function.name).collect();
        assert_eq!(names, ["a", "b"]);
        let inside = text.find("say").unwrap();
        assert_eq!(
            outline.function_at(inside).map(|function| function.name),
            Some("b")
        );
        assert!(Outline::of("fn").functions.is_empty());
        assert!(Outline::of("import").imports.is_empty());
    }
}
