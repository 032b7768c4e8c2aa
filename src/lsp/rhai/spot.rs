use std::ops::Range;

use crate::script::Piece;
use crate::script::pieces;

/// What a place in a script is, judged by all that is before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// The path of an import.
    Import(Range<usize>),
    /// Behind a point: the names before it, and what is typed.
    Member { chain: Vec<String>, typed: Range<usize> },
    /// Behind `alias::`.
    Module { alias: String, typed: Range<usize> },
    /// A key in the map that a function is given.
    MapKey {
        function: String,
        taken: Vec<String>,
        typed: Range<usize>,
    },
    /// A text that is the value of such a key, or an entry of its list.
    MapText {
        function: String,
        key: String,
        typed: Range<usize>,
    },
    /// A text that something is compared with.
    Compared { chain: Vec<String>, typed: Range<usize> },
    /// A name of a function that is being written.
    FunctionName(Range<usize>),
    /// Anywhere else in code.
    Code(Range<usize>),
}

/// What the end of `text` is; `None` in a comment, and in a text of no particular meaning.
pub(super) fn spot(text: &str) -> Option<Spot> {
    let all: Vec<Piece<'_>> = pieces(text).collect();
    let cursor = text.len();
    let code: Vec<Piece<'_>> = all.iter().copied().filter(|piece| !piece.is_comment()).collect();
    let touches = |piece: &&Piece<'_>| piece.end() == cursor;
    if let Some(last) = all.last().filter(touches) {
        if last.is_comment() && last.is_open() {
            return None;
        }
        if last.is_text() && last.is_open() {
            let before = code.split_last().map_or(&[][..], |(_, before)| before);
            return in_text(before, last.start + 1..cursor);
        }
    }
    let (before, typed) = match code.split_last() {
        Some((last, before)) if last.end() == cursor && last.is_word() => (before, last.start..cursor),
        _ => (code.as_slice(), cursor..cursor),
    };
    in_code(before, typed)
}

fn in_text(before: &[Piece<'_>], typed: Range<usize>) -> Option<Spot> {
    let last = before.last()?.text;
    if last == "import" {
        return Some(Spot::Import(typed));
    }
    if let Some(rest) = strip(before, &["=", "="]).or_else(|| strip(before, &["!", "="])) {
        let chain = chain_before(rest);
        return (!chain.is_empty()).then_some(Spot::Compared { chain, typed });
    }
    let (function, key) = map_value(before)?;
    Some(Spot::MapText { function, key, typed })
}

fn in_code(before: &[Piece<'_>], typed: Range<usize>) -> Option<Spot> {
    if let Some(rest) = strip(before, &["."]) {
        let chain = chain_before(rest);
        return Some(Spot::Member { chain, typed });
    }
    if let Some(rest) = strip(before, &[":", ":"]) {
        let alias = rest.last().filter(|piece| piece.is_word())?.text.to_owned();
        return Some(Spot::Module { alias, typed });
    }
    if before.last().is_some_and(|piece| piece.text == "fn") {
        return Some(Spot::FunctionName(typed));
    }
    let expects_key = before.last().is_some_and(|piece| matches!(piece.text, "{" | ","));
    if expects_key && let Some((function, open)) = map_around(before) {
        let inside = before.get(open + 1..).unwrap_or_default();
        return Some(Spot::MapKey {
            function,
            taken: keys(inside),
            typed,
        });
    }
    Some(Spot::Code(typed))
}

/// What stands before these pieces, if the others end with them.
fn strip<'p, 't>(before: &'p [Piece<'t>], end: &[&str]) -> Option<&'p [Piece<'t>]> {
    let (rest, last) = before.split_at_checked(before.len().checked_sub(end.len())?)?;
    last.iter()
        .map(|piece| piece.text)
        .eq(end.iter().copied())
        .then_some(rest)
}

/// The names that are joined by points at the end: `flow.person` of `if flow.person`.
pub(super) fn chain_before(before: &[Piece<'_>]) -> Vec<String> {
    let mut chain = Vec::new();
    let mut rest = before;
    while let Some((name, earlier)) = rest.split_last() {
        if !name.is_word() {
            return if chain.is_empty() { chain } else { Vec::new() };
        }
        chain.insert(0, name.text.to_owned());
        match earlier.split_last() {
            Some((point, earlier)) if point.text == "." => rest = earlier,
            _ => return chain,
        }
    }
    chain
}

/// The innermost bracket that is open at the end, by its index.
fn open_bracket(before: &[Piece<'_>]) -> Option<usize> {
    let mut closed = 0_usize;
    for (index, piece) in before.iter().enumerate().rev() {
        match piece.text {
            ")" | "]" | "}" => closed += 1,
            "(" | "[" | "{" if closed == 0 => return Some(index),
            "(" | "[" | "{" => closed -= 1,
            _ => {}
        }
    }
    None
}

/// The function that is given the map which is open at the end, and the index of the map's brace.
fn map_around(before: &[Piece<'_>]) -> Option<(String, usize)> {
    let open = open_bracket(before)?;
    let outside = before.get(..open)?;
    if before.get(open)?.text != "{" {
        return None;
    }
    let outside = strip(outside, &["#"])?;
    let call = open_bracket(outside)?;
    if outside.get(call)?.text != "(" {
        return None;
    }
    let function = outside.get(..call)?.last().filter(|piece| piece.is_word())?;
    Some((function.text.to_owned(), open))
}

/// The key whose value begins at the end, or in whose list the end stands, and the function that is given its map.
fn map_value(before: &[Piece<'_>]) -> Option<(String, String)> {
    let open = open_bracket(before)?;
    let before = match before.get(open)?.text {
        "[" => before.get(..open)?,
        _ => before,
    };
    let (function, _) = map_around(before)?;
    let key = strip(before, &[":"])?.last().filter(|piece| piece.is_word())?;
    Some((function, key.text.to_owned()))
}

/// The keys that a map has already.
fn keys(inside: &[Piece<'_>]) -> Vec<String> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for pair in inside.windows(2) {
        let [word, colon] = pair else { continue };
        match word.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ if depth == 0 && word.is_word() && colon.text == ":" => found.push(word.text.to_owned()),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let of = |typed: &Range<usize>| text[typed.clone()].to_owned();
        match spot(text) {
            None => "nothing".to_owned(),
            Some(Spot::Import(typed)) => format!("import {}", of(&typed)),
            Some(Spot::Member { chain, typed }) => format!("{}.{}", chain.join("."), of(&typed)),
            Some(Spot::Module { alias, typed }) => format!("{alias}::{}", of(&typed)),
            Some(Spot::MapKey {
                function,
                taken,
                typed,
            }) => format!("{function}#{} after {}", of(&typed), taken.join(",")),
            Some(Spot::MapText { function, key, typed }) => format!("{function}#{key}={}", of(&typed)),
            Some(Spot::Compared { chain, typed }) => format!("{}=={}", chain.join("."), of(&typed)),
            Some(Spot::FunctionName(typed)) => format!("fn {}", of(&typed)),
            Some(Spot::Code(typed)) => format!("code {}", of(&typed)),
        }
    }

    #[test]
    fn a_place_is_known_by_what_is_before_it() {
        for (text, wanted) in [
            ("fn plan(flow) { if flow.", "flow."),
            ("fn plan(flow) { if flow.person.na", "flow.person.na"),
            ("x = f().le", ".le"),
            ("hours::at", "hours::at"),
            ("import \"lib/", "import lib/"),
            ("return tighten(#{ ", "tighten# after "),
            (
                "return tighten(#{ assurance: \"high\", ex",
                "tighten#ex after assurance",
            ),
            ("tighten(#{ assurance: \"hi", "tighten#assurance=hi"),
            ("tighten(#{ drop: [\"name_ar\", \"", "tighten#drop="),
            ("refuse(\"closed\", #{ ar: \"نص\", e", "refuse#e after ar"),
            ("refuse(\"closed\", #{ ar: \"ن", "refuse#ar=ن"),
            ("if flow.channel == \"we", "flow.channel==we"),
            ("if flow.channel != \"", "flow.channel=="),
            ("fn app", "fn app"),
            ("let a = ti", "code ti"),
            ("", "code "),
            ("// flow.", "nothing"),
            ("/* flow.", "nothing"),
            ("\"flow.", "nothing"),
            ("let m = #{ a: 1 }; m", "code m"),
        ] {
            assert_eq!(told(text), wanted, "{text}");
        }
    }
}
