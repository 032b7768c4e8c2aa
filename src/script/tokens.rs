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
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment(rest),
            '"' => quoted(rest, '"'),
            '`' => quoted(rest, '`'),
            '\'' => quoted(rest, '\''),
            '=' if rest.starts_with("=>") => 2,
            letter if letter.is_alphanumeric() || letter == '_' => rest
                .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
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
        rest = after;
    }
    out
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

/// The length of a text with its quotes; `${…}` inside of backquotes is taken with it.
fn quoted(text: &str, quote: char) -> usize {
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
            return byte + letter.len_utf8();
        }
        before = letter;
    }
    text.len()
}

/// The length of a comment, with those inside of it.
fn comment(text: &str) -> usize {
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
                break;
            }
        } else {
            let mut letters = rest.chars();
            letters.next();
            rest = letters.as_str();
        }
    }
    text.len() - rest.len()
}
