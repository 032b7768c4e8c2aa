use std::borrow::Cow;
use std::ops::Range;

use super::leaf::Leaf;
use super::leaf::LeafKind;
use crate::sandbox::flaw::escaped;

/// A JSON text, or one that was meant to be, with the bytes in which each of its values stands.
///
/// A recording has to keep what no reader of JSON would: a key that stands twice, an end that is missing. So nothing is refused
/// here, and whatever the text is, every value and every word of it is found.
pub(in crate::sandbox) struct JsonText<'t> {
    text: &'t str,
    pieces: Vec<Piece>,
}

/// A key, a value, or a word that is neither.
pub(in crate::sandbox) struct Piece {
    kind: Kind,
    /// Where it stands, quotes and brackets included.
    span: Range<usize>,
    /// The piece of its key.
    key: Option<usize>,
    /// The object or list that it stands in.
    parent: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    List,
    Leaf(LeafKind),
}

impl<'t> JsonText<'t> {
    /// Finds every piece.
    pub(in crate::sandbox) fn read(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut key = None;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let start = at;
            at += 1;
            let kind = match byte {
                b'{' => Kind::Object,
                b'[' => Kind::List,
                b'}' | b']' => {
                    if let Some(closed) = open.pop().and_then(|index| pieces.get_mut(index)) {
                        closed.span.end = at;
                    }
                    key = None;
                    continue;
                }
                b',' => {
                    key = None;
                    continue;
                }
                b':' | b' ' | b'\t' | b'\r' | b'\n' => continue,
                b'"' => {
                    at = end_of_string(bytes, at);
                    let in_object = open
                        .last()
                        .and_then(|index| pieces.get(*index))
                        .is_some_and(|piece| piece.kind == Kind::Object);
                    if in_object && key.is_none() && is_followed_by_colon(bytes, at) {
                        Kind::Leaf(LeafKind::Key)
                    } else {
                        Kind::Leaf(LeafKind::Text)
                    }
                }
                b'-' | b'0'..=b'9' => {
                    at = end_of(bytes, at, |byte| {
                        byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E')
                    });
                    Kind::Leaf(LeafKind::Number)
                }
                _ => {
                    at = end_of(bytes, at, |byte| !b" \t\r\n,:{}[]\"".contains(&byte));
                    Kind::Leaf(LeafKind::Word)
                }
            };
            let index = pieces.len();
            let is_key = kind == Kind::Leaf(LeafKind::Key);
            pieces.push(Piece {
                kind,
                span: start..at,
                key: if is_key { None } else { key.take() },
                parent: open.last().copied(),
            });
            match kind {
                Kind::Leaf(LeafKind::Key) => key = Some(index),
                Kind::Object | Kind::List => open.push(index),
                Kind::Leaf(_) => {}
            }
        }
        // What has no end reaches to that of the text.
        for index in open {
            if let Some(piece) = pieces.get_mut(index) {
                piece.span.end = text.len();
            }
        }
        Self { text, pieces }
    }

    /// The text with other keys and values, where `change` gives some; every byte between them stays.
    pub(in crate::sandbox) fn rewrite(&self, change: &mut dyn FnMut(&Leaf<'_>) -> Option<String>) -> String {
        let mut changes = Vec::new();
        for piece in &self.pieces {
            let Kind::Leaf(kind) = piece.kind else { continue };
            let (name, text) = (self.name(piece), self.decoded(piece));
            let leaf = Leaf {
                kind,
                name: &name,
                text: &text,
            };
            if let Some(other) = change(&leaf).filter(|other| *other != text) {
                changes.push((piece.span.clone(), self.encoded(piece, &other)));
            }
        }
        replaced(self.text, &changes)
    }

    /// Each value with its path, up to a depth at which nothing of a contract stands.
    pub(in crate::sandbox) fn leaves(&self, tell: &mut dyn FnMut(String, &Leaf<'_>)) {
        for piece in &self.pieces {
            let Kind::Leaf(kind @ (LeafKind::Text | LeafKind::Number | LeafKind::Word)) = piece.kind else {
                continue;
            };
            let (name, text) = (self.name(piece), self.decoded(piece));
            let leaf = Leaf {
                kind,
                name: &name,
                text: &text,
            };
            tell(self.path(piece), &leaf);
        }
    }

    /// The whole, if it is an object.
    pub(in crate::sandbox) fn root(&self) -> Option<&Piece> {
        self.pieces.first().filter(|piece| piece.kind == Kind::Object)
    }

    /// The first member of this name, whatever the case of its letters, and the spaces around it.
    pub(in crate::sandbox) fn member(&self, of: &Piece, name: &str) -> Option<&Piece> {
        self.pieces.iter().find(|piece| {
            let within = piece
                .parent
                .and_then(|index| self.pieces.get(index))
                .is_some_and(|parent| parent.span == of.span);
            within && piece.key.is_some() && self.name(piece).trim().eq_ignore_ascii_case(name)
        })
    }

    /// The exact bytes of a piece.
    pub(in crate::sandbox) fn exact(&self, piece: &Piece) -> &'t str {
        self.text.get(piece.span.clone()).unwrap_or_default()
    }

    /// Where a piece stands.
    pub(in crate::sandbox) fn span(piece: &Piece) -> Range<usize> {
        piece.span.clone()
    }

    /// What a text says; `None` of anything else.
    pub(in crate::sandbox) fn said(&self, piece: &Piece) -> Option<Cow<'t, str>> {
        let says = matches!(piece.kind, Kind::Leaf(LeafKind::Text | LeafKind::Number));
        says.then(|| self.decoded(piece))
    }

    /// Whether a piece is a text between quotes.
    pub(in crate::sandbox) fn is_text(piece: &Piece) -> bool {
        piece.kind == Kind::Leaf(LeafKind::Text)
    }

    /// The name of the key, or of the list that the piece stands in.
    fn name(&self, piece: &Piece) -> Cow<'t, str> {
        let mut piece = piece;
        for _ in 0..DEEPEST {
            if let Some(key) = piece.key.and_then(|index| self.pieces.get(index)) {
                return self.decoded(key);
            }
            match piece.parent.and_then(|index| self.pieces.get(index)) {
                Some(parent) if parent.kind == Kind::List => piece = parent,
                _ => break,
            }
        }
        Cow::Borrowed("")
    }

    fn path(&self, piece: &Piece) -> String {
        let mut steps = Vec::new();
        let mut next = Some(piece);
        while let Some(piece) = next.filter(|_| steps.len() < DEEPEST) {
            let key = piece.key.and_then(|index| self.pieces.get(index));
            steps.push(key.map_or(Cow::Borrowed("*"), |key| self.decoded(key)));
            next = piece.parent.and_then(|index| self.pieces.get(index));
        }
        steps.reverse();
        steps.join("/")
    }

    fn decoded(&self, piece: &Piece) -> Cow<'t, str> {
        let raw = self.exact(piece);
        let Some(inner) = raw.strip_prefix('"') else {
            return Cow::Borrowed(raw);
        };
        if !inner.contains('\\') {
            return Cow::Borrowed(inner.strip_suffix('"').unwrap_or(inner));
        }
        match serde_json::from_str(raw) {
            Ok(text) => Cow::Owned(text),
            Err(_) => Cow::Borrowed(inner.strip_suffix('"').unwrap_or(inner)),
        }
    }

    /// Another text in the way in which the piece is written.
    fn encoded(&self, piece: &Piece, text: &str) -> String {
        let raw = self.exact(piece);
        if !raw.starts_with('"') {
            return text.to_owned();
        }
        let mut written = serde_json::to_string(text).unwrap_or_default();
        if raw.contains("\\u") {
            written = escaped(&written);
        }
        if raw.len() < 2 || !raw.ends_with('"') {
            written.pop();
        }
        written
    }
}

/// A text with these bytes replaced; the spans follow one another.
pub(in crate::sandbox) fn replaced(text: &str, changes: &[(Range<usize>, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (span, other) in changes {
        out.push_str(text.get(from..span.start).unwrap_or_default());
        out.push_str(other);
        from = span.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// After the closing quote of a string whose first quote is behind `at`, or the end.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => return at,
            b'\\' => at += 1,
            _ => {}
        }
    }
    bytes.len()
}

fn is_followed_by_colon(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

fn end_of(bytes: &[u8], mut at: usize, belongs: impl Fn(u8) -> bool) -> usize {
    while bytes.get(at).is_some_and(|byte| belongs(*byte)) {
        at += 1;
    }
    at
}

const DEEPEST: usize = 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn upper(text: &str) -> String {
        JsonText::read(text).rewrite(&mut |leaf| {
            (leaf.kind == LeafKind::Text).then(|| format!("{}={}", leaf.name, leaf.text.to_uppercase()))
        })
    }

    #[test]
    fn only_what_changes_is_written_anew() {
        assert_eq!(
            upper("{ \"a\" :\"x\",\n\t\"a\":[ \"y\" , 1.50 ] , \"b \":{\"c\":null}}\n"),
            "{ \"a\" :\"a=X\",\n\t\"a\":[ \"a=Y\" , 1.50 ] , \"b \":{\"c\":null}}\n"
        );
    }

    #[test]
    fn a_text_keeps_its_way_of_escaping() {
        assert_eq!(upper(r#"{"a":"\u0641x"}"#), r#"{"a":"a=\u0641X"}"#);
        assert_eq!(upper(r#"{"a":"فx\""}"#), r#"{"a":"a=فX\""}"#);
    }

    #[test]
    fn what_is_no_json_is_read_to_its_end() {
        assert_eq!(upper(r#"{"a":"x"#), r#"{"a":"a=X"#);
        assert_eq!(upper(r#"}]"x" {"a":"y"}}"#), r#"}]"=X" {"a":"a=Y"}}"#);
        let mut words = Vec::new();
        let html = JsonText::read("<p>Mariam</p> \u{feff}");
        html.rewrite(&mut |leaf| {
            words.push((leaf.kind == LeafKind::Word, leaf.text.to_owned()));
            None
        });
        assert_eq!(
            words,
            [(true, "<p>Mariam</p>".to_owned()), (true, "\u{feff}".to_owned())]
        );
    }

    #[test]
    fn members_are_found_where_they_stand() {
        let json = JsonText::read(r#"{"x":{"B":1},"b":[{"b":2}], "B ": 3}"#);
        let root = json.root().unwrap();
        assert_eq!(json.exact(json.member(root, "b").unwrap()), r#"[{"b":2}]"#);
        let x = json.member(root, "X").unwrap();
        assert_eq!(json.said(json.member(x, "b").unwrap()).unwrap(), "1");
        let mut paths = Vec::new();
        json.leaves(&mut |path, leaf| paths.push(format!("{path}={}", leaf.text)));
        assert_eq!(paths, ["*/x/B=1", "*/b/*/b=2", "*/B =3"]);
    }

    #[test]
    fn depth_costs_nothing() {
        let deep = "[".repeat(200_000);
        assert_eq!(upper(&deep), deep);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_nothing_is_lost(text in r#"[{}\[\]":, \\u0641fx1.-]{0,40}"#) {
            prop_assert_eq!(JsonText::read(&text).rewrite(&mut |_| None), text.clone());
            let _ = upper(&text);
        }
    }
}
