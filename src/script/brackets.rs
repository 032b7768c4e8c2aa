use super::tokens::Token;
use super::tokens::tokens;
use crate::diagnostics::Position;

/// The bracket that was probably never closed: one whose closing one belongs to something further out, by the way the
/// lines are indented, or else the innermost that is open at the end.
pub(super) fn unclosed(text: &str) -> Option<(char, Position)> {
    let lines: Vec<&str> = text.lines().collect();
    let line = |at: Position| -> &str {
        let index = usize::try_from(at.line).unwrap_or(usize::MAX).saturating_sub(1);
        lines.get(index).copied().unwrap_or_default()
    };
    let indent = |at: Position| line(at).len() - line(at).trim_start().len();
    let mut open: Vec<(char, Position)> = Vec::new();
    for (token, at, _) in tokens(text) {
        match token {
            Token::Open(bracket) => open.push((bracket, at)),
            Token::Close(bracket) => {
                let Some((opened, from)) = open.pop() else {
                    continue;
                };
                let begins_line = line(at).trim_start().starts_with(bracket);
                if !fit(opened, bracket) || (begins_line && indent(at) < indent(from)) {
                    return Some((opened, from));
                }
            }
            _ => {}
        }
    }
    open.pop()
}

/// Whether a closing bracket stands where none of its kind is open.
pub(super) fn closes_nothing(text: &str, at: Position) -> bool {
    let mut open: Vec<char> = Vec::new();
    for (token, start, _) in tokens(text) {
        match token {
            Token::Open(bracket) => open.push(bracket),
            Token::Close(bracket) => {
                let fits = open.pop().is_some_and(|opened| fit(opened, bracket));
                if start == at {
                    return !fits;
                }
            }
            _ => {}
        }
    }
    false
}

/// Where the last piece before a place ends: a thing that is missing is missing there.
pub(super) fn end_before(text: &str, at: Position) -> Option<Position> {
    let pieces = tokens(text);
    let before = pieces.iter().take_while(|(_, start, _)| *start < at);
    before.last().map(|(_, _, end)| *end)
}

/// The piece before a place, if it is a word.
pub(super) fn word_before(text: &str, at: Position) -> Option<(String, Position)> {
    let pieces = tokens(text);
    let before = pieces.iter().take_while(|(_, start, _)| *start < at);
    match before.last()? {
        (Token::Word(word), start, _) => Some(((*word).to_owned(), *start)),
        _ => None,
    }
}

/// What closes a bracket.
pub(super) const fn closing(bracket: char) -> char {
    match bracket {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}

const fn fit(open: char, close: char) -> bool {
    closing(open) == close
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Option<(char, u32)> {
        unclosed(text).map(|(bracket, at)| (bracket, at.line))
    }

    #[test]
    fn the_bracket_that_is_never_closed_is_found_by_its_indent() {
        for (text, expected) in [
            ("fn a() {\n  if x {\n    f();\n}\nfn b() {\n}\n", Some(('{', 2))),
            ("fn a() {\n  f(#{ a: 1 );\n}", Some(('{', 2))),
            ("fn a() {\n  f(\"}\");\n", Some(('{', 1))),
            ("fn a() { [1, 2 }", Some(('[', 1))),
            ("fn a() { f(`${ {1} }`) }", None),
            ("", None),
            ("}", None),
        ] {
            assert_eq!(line(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_missing_behind_the_piece_before() {
        let text = "let a = 1 // x\n\nlet b";
        let at = Position { line: 3, column: 1 };
        assert_eq!(end_before(text, at), Some(Position { line: 1, column: 10 }));
        assert_eq!(word_before(text, at).unwrap().0, "1");
        assert_eq!(end_before("", at), None);
    }
}
