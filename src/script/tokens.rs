//! The smallest pieces of a script with their places, for what the engine's tree does not tell: words of a `switch`,
//! brackets that are never closed, where a line that lacks something ends.

use crate::diagnostics::Position;

/// A piece of a script; comments and blanks are none.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A name, a keyword or a number.
    Word(&'a str),
    /// A text without an escape or an insertion.
    Text(String),
    /// An opening bracket.
    Open(char),
    /// A closing bracket.
    Close(char),
    /// `=>`.
    Arrow,
    /// Anything else, by its first character.
    Sign(char),
}

/// Every piece with its first place and the one behind its last.
pub(super) fn tokens(text: &str) -> Vec<(Token<'_>, Position, Position)> {
    let mut out = Vec::new();
    let mut at = Position { line: 1, column: 1 };
    for token in cut(text, false) {
        let start = at;
        for letter in token.chars() {
            if letter == '\n' {
                at = Position {
                    line: at.line.saturating_add(1),
                    column: 1,
                };
            } else {
                at.column = at.column.saturating_add(1);
            }
        }
        if let Some(meaning) = meaning(token) {
            out.push((meaning, start, at));
        }
    }
    out
}

/// A piece of a script as it is written, for who looks at one that may be broken. Blanks are none, comments are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Its letters; a text with its quotes.
    pub text: &'a str,
    /// The byte at which it begins.
    pub start: usize,
}

impl Piece<'_> {
    /// The byte behind its last.
    pub const fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is a comment.
    pub fn is_comment(&self) -> bool {
        self.text.starts_with("//") || self.text.starts_with("/*")
    }

    /// Whether it is a text.
    pub fn is_text(&self) -> bool {
        self.text.starts_with(['"', '`', '\''])
    }

    /// Whether it is a name, a keyword or a number.
    pub fn is_word(&self) -> bool {
        self.text
            .starts_with(|first: char| first.is_alphanumeric() || first == '_')
    }

    /// Whether it is a text or a comment that nothing closes.
    pub fn is_open(&self) -> bool {
        match self.text.chars().next() {
            Some(quote @ ('"' | '`' | '\'')) => quoted_end(self.text, quote).is_none(),
            Some('/') if self.text.starts_with("//") => true,
            Some('/') if self.text.starts_with("/*") => comment_end(self.text).is_none(),
            _ => false,
        }
    }
}

/// Every piece of a script, whether or not it can be parsed: a text that is not closed ends with its line.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut start = 0;
    cut(text, true)
        .map(move |token| {
            let piece = Piece { text: token, start };
            start += token.len();
            piece
        })
        .filter(|piece| !piece.text.starts_with(char::is_whitespace))
}

/// A text in pieces, nothing left out.
fn cut(text: &str, texts_end_with_lines: bool) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let line = rest.find('\n').unwrap_or(rest.len());
        let length = match first {
            '/' if rest.starts_with("//") => line,
            '/' if rest.starts_with("/*") => comment_end(rest).unwrap_or(rest.len()),
            '"' | '\'' if texts_end_with_lines => quoted_end(rest, first).map_or(line, |end| end.min(line)),
            '"' | '`' | '\'' => quoted_end(rest, first).unwrap_or(rest.len()),
            '=' if rest.starts_with("=>") => 2,
            letter if letter.is_alphanumeric() || letter == '_' => rest
                .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(token)
    })
}

fn meaning(token: &str) -> Option<Token<'_>> {
    let first = token.chars().next()?;
    Some(match first {
        '"' | '`' => {
            let inner = token.get(1..token.len().saturating_sub(1)).unwrap_or_default();
            if inner.contains(['\\', '\n']) || inner.contains("${") {
                Token::Sign('"')
            } else {
                Token::Text(inner.to_owned())
            }
        }
        '(' | '[' | '{' => Token::Open(first),
        ')' | ']' | '}' => Token::Close(first),
        '=' if token == "=>" => Token::Arrow,
        '/' if token.len() > 1 => return None,
        letter if letter.is_whitespace() => return None,
        letter if letter.is_alphanumeric() || letter == '_' => Token::Word(token),
        other => Token::Sign(other),
    })
}

/// The length of a text with its quotes, if it is closed; `${…}` inside of backquotes is taken with it.
fn quoted_end(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    let mut depth = 0_usize;
    let mut before = quote;
    for (byte, letter) in text.char_indices().skip(1) {
        let insertion = quote == '`' && before == '$' && letter == '{';
        if escaped {
            escaped = false;
        } else if letter == '\\' && quote != '`' {
            escaped = true;
        } else if insertion || (depth > 0 && letter == '{') {
            depth += 1;
        } else if depth > 0 && letter == '}' {
            depth -= 1;
        } else if letter == quote && depth == 0 {
            return Some(byte + letter.len_utf8());
        }
        before = letter;
    }
    None
}

/// The length of a comment, with those inside of it, if it is closed.
fn comment_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("/*") {
            depth += 1;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("*/") {
            depth -= 1;
            rest = after;
            if depth == 0 {
                return Some(text.len() - rest.len());
            }
        } else {
            let mut letters = rest.chars();
            letters.next();
            rest = letters.as_str();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_know_their_bytes_and_what_is_not_closed() {
        let text = "let a = \"سؤال\"; // why\nsay(\"open\nnext";
        let found: Vec<Piece<'_>> = pieces(text).collect();
        for piece in &found {
            assert_eq!(&text[piece.start..piece.end()], piece.text);
        }
        let words: Vec<&str> = found.iter().map(|piece| piece.text).collect();
        assert_eq!(
            words,
            [
                "let",
                "a",
                "=",
                "\"سؤال\"",
                ";",
                "// why",
                "say",
                "(",
                "\"open",
                "next"
            ]
        );
        let open: Vec<bool> = found.iter().map(Piece::is_open).collect();
        assert!(!open[3] && open[5] && open[8] && !open[9]);
    }

    // An editor cuts a script at the cursor; nothing of it may be lost or counted twice.
    #[test]
    fn pieces_and_blanks_are_the_whole_text() {
        for text in ["a /* b /* c", "`x ${ `y` } z", "'", "\"\\", "", "a=>b=\r\n"] {
            let whole: String = cut(text, true).collect();
            assert_eq!(whole, text);
            let whole: String = cut(text, false).collect();
            assert_eq!(whole, text);
        }
    }
}
