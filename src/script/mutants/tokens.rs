//! The words of a script with their exact extent, which the engine's own tree does not keep.

use std::ops::Range;

/// One word of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The bytes it takes.
    pub(super) at: Range<usize>,
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    /// A number.
    Number,
    /// A text in double quotes.
    Text,
    /// A text in backquotes, or a character: left as it is.
    Opaque,
    /// A sign or several: an operator, a comma, a bracket.
    Sign,
}

/// Every word outside of comments. What can't be read any more ends the list; the engine has compiled the script, so
/// that is nothing but a difference of grammar.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if rest.starts_with("/*") {
            at += comment(rest);
            continue;
        }
        let (kind, length) = match first {
            '"' => (Kind::Text, quoted(rest, '"')),
            '`' => (Kind::Opaque, backquoted(rest)),
            '\'' => (Kind::Opaque, quoted(rest, '\'')),
            '0'..='9' => (Kind::Number, number(rest)),
            letter if letter.is_alphabetic() || letter == '_' => (Kind::Word, word(rest)),
            other => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                (Kind::Sign, sign.map_or(other.len_utf8(), |sign| sign.len()))
            }
        };
        found.push(Token {
            kind,
            at: at..at + length,
        });
        at += length;
    }
    found
}

/// Comments may hold comments.
fn comment(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(pair) = bytes.get(at..at + 2) {
        match pair {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            letter if letter == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Up to the closing backquote; what stands in `${ … }` may have texts of its own.
fn backquoted(rest: &str) -> usize {
    let mut at = 1;
    let mut depth = 0_usize;
    while let Some(letter) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        let here = rest.get(at..).unwrap_or_default();
        if depth == 0 {
            if letter == '`' {
                return at + 1;
            }
            if here.starts_with("${") {
                depth = 1;
                at += 2;
                continue;
            }
        } else {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                '"' => {
                    at += quoted(here, '"');
                    continue;
                }
                '`' => {
                    at += backquoted(here);
                    continue;
                }
                _ => {}
            }
        }
        at += letter.len_utf8();
    }
    rest.len()
}

fn number(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let digits = |from: usize| {
        let tail = bytes.get(from..).unwrap_or_default();
        tail.iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count()
    };
    let whole = digits(0);
    // A point belongs to the number only where digits follow: `1..5` is a range, `1.abs()` a call.
    let fraction = bytes.get(whole) == Some(&b'.') && bytes.get(whole + 1).is_some_and(u8::is_ascii_digit);
    if fraction {
        whole + 1 + digits(whole + 1)
    } else {
        whole
    }
}

fn word(rest: &str) -> usize {
    rest.char_indices()
        .find(|(_, letter)| !letter.is_alphanumeric() && *letter != '_')
        .map_or(rest.len(), |(at, _)| at)
}

/// The longest first.
const SIGNS: [&str; 26] = [
    "<<=", ">>=", "..=", "**=", "#{", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "?[", "=>", "::", "+=",
    "-=", "*=", "/=", "%=", "<<", ">>", "**", "..", "->",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).into_iter().map(|token| &text[token.at]).collect()
    }

    #[test]
    fn a_script_is_taken_apart() {
        assert_eq!(
            words(
                "fn f(a) { // no\n if a.b >= 1.5 && x[1..2] != \"ن\\\"}\" { /* { /* } */ */ g::h(#{ k: 'c' }) } }"
            ),
            [
                "fn",
                "f",
                "(",
                "a",
                ")",
                "{",
                "if",
                "a",
                ".",
                "b",
                ">=",
                "1.5",
                "&&",
                "x",
                "[",
                "1",
                "..",
                "2",
                "]",
                "!=",
                "\"ن\\\"}\"",
                "{",
                "g",
                "::",
                "h",
                "(",
                "#{",
                "k",
                ":",
                "'c'",
                "}",
                ")",
                "}",
                "}"
            ]
        );
        assert_eq!(
            words("`a ${ #{ b: `x` }.b } }` + 1"),
            ["`a ${ #{ b: `x` }.b } }`", "+", "1"]
        );
    }

    #[test]
    fn what_is_cut_short_is_no_panic() {
        for text in ["\"", "`${", "/*", "'", "1.", "\\", "é\"é", "/* /* */"] {
            let _ = tokens(text);
        }
    }
}
