//! The words that choose a way of a `switch`. The engine keeps only their hashes, so they are read from the text.

use std::collections::BTreeMap;

use super::tokens::Token;
use super::tokens::tokens;
use crate::diagnostics::Position;

/// The texts written out before each `=>`, by the place of their `switch`.
pub(super) fn cases(text: &str) -> BTreeMap<Position, Vec<(String, Position)>> {
    let tokens = tokens(text);
    let mut found = BTreeMap::new();
    for (index, (token, at, _)) in tokens.iter().enumerate() {
        if *token == Token::Word("switch") {
            let rest = tokens.get(index + 1..).unwrap_or_default();
            found.insert(*at, words(rest));
        }
    }
    found
}

fn words(tokens: &[(Token<'_>, Position, Position)]) -> Vec<(String, Position)> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut state = State::Before;
    for (token, at, _) in tokens {
        match token {
            Token::Open(_) => depth += 1,
            Token::Close(_) => {
                depth = depth.saturating_sub(1);
                if depth == 0 && state != State::Before {
                    break;
                }
                if depth == 1 && state == State::Body {
                    // A way in braces needs no comma behind it.
                    state = State::Case;
                }
            }
            Token::Arrow if depth == 1 => state = State::Body,
            Token::Word("if") if depth == 1 && state == State::Case => state = State::Condition,
            Token::Sign(',') if depth == 1 => state = State::Case,
            Token::Text(word) if depth == 1 && state == State::Case => found.push((word.clone(), *at)),
            _ => {}
        }
        if state == State::Before && depth == 1 && matches!(token, Token::Open(_)) {
            state = State::Case;
        }
    }
    found
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Before,
    Case,
    Condition,
    Body,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(u32, Vec<String>)> {
        cases(text)
            .into_iter()
            .map(|(at, words)| (at.line, words.into_iter().map(|(word, _)| word).collect()))
            .collect()
    }

    #[test]
    fn the_words_of_each_way_are_found() {
        let text = "switch flow.channel {\n  \"web\" | \"kiosk\" => f(\"no\", #{ a: \"no\" }),\n  \"counter\" if x == \"no\" => { g(\"no\"); }\n  // \"no\"\n  \"x\" => switch y { \"inner\" => 1, _ => 2 },\n  _ => \"no\"\n} f(\"no\")";
        assert_eq!(
            found(text),
            [
                (1, ["web", "kiosk", "counter", "x"].map(str::to_owned).to_vec()),
                (5, vec!["inner".to_owned()])
            ]
        );
    }

    #[test]
    fn the_place_is_that_of_the_quote() {
        let cases = cases("// x\nswitch a { \"سنة\" => 1, \"b\" => 2 }");
        let places: Vec<_> = cases.values().flatten().map(|(_, at)| at.column).collect();
        assert_eq!(places, [12, 24]);
    }

    #[test]
    fn nothing_makes_it_panic() {
        for text in [
            "switch",
            "switch x {",
            "\"",
            "`${",
            "/*",
            "switch } }",
            "'",
            "switch {\"a\"=>",
            "=>",
        ] {
            cases(text);
        }
    }
}
