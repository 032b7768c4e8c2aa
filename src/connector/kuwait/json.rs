//! A strict JSON reader that remembers where each value stood.
//!
//! A stamp covers exact bytes, so the reader that finds the stamped members and the reader that gives them
//! meaning must be one and the same: two readers that disagree about a duplicate key are a forgery. This one
//! takes RFC 8259 to the letter, refuses duplicate keys, and is bounded in depth and in the number of values.

use std::borrow::Cow;
use std::ops::Range;

/// A value and the bytes it was read from.
#[derive(Clone, PartialEq)]
pub(super) struct Node<'a> {
    /// Where the value stands in the text, without the white space around it.
    pub(super) span: Range<usize>,
    /// What it is.
    pub(super) value: Value<'a>,
}

/// A JSON value. Numbers stay text: nothing here computes with them.
#[derive(Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<Member<'a>>),
}

/// One member of an object.
#[derive(Clone, PartialEq)]
pub(super) struct Member<'a> {
    /// Where the key begins, at its opening quote.
    pub(super) at: usize,
    /// The key, without white space at its ends: one real payload has `"MOIReference "`.
    pub(super) key: Cow<'a, str>,
    /// The value.
    pub(super) node: Node<'a>,
}

/// Why bytes are no acceptable JSON, and where. Never quotes them: they may hold personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {at}")]
pub(super) struct JsonError {
    fault: &'static str,
    at: usize,
}

/// How keys are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyMatching {
    /// As the authority writes them; white space at the ends is ignored.
    #[default]
    Exact,
    /// Also without regard to the case of Latin letters, for gateways that write `requestDetails`.
    IgnoreCase,
}

impl KeyMatching {
    pub(super) fn same(self, one: &str, other: &str) -> bool {
        match self {
            Self::Exact => one == other,
            Self::IgnoreCase => one.eq_ignore_ascii_case(other),
        }
    }
}

impl<'a> Node<'a> {
    /// Reads one JSON text; nothing but white space may stand around it.
    pub(super) fn parse(bytes: &'a [u8], keys: KeyMatching) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(bytes).map_err(|error| JsonError {
            fault: "the text is not UTF-8",
            at: error.valid_up_to(),
        })?;
        let mut reader = Reader {
            text,
            at: 0,
            values: 0,
            keys,
        };
        reader.skip_space();
        let node = reader.value(0)?;
        reader.skip_space();
        if reader.at < text.len() {
            return Err(reader.fault("something follows the JSON text"));
        }
        Ok(node)
    }

    /// The members, if this is an object.
    pub(super) fn members(&self) -> Option<&[Member<'a>]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Whether this is `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The text of a string or of a number: the authority's own clients write either.
    pub(super) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Number(digits) => Some(digits),
            _ => None,
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
    keys: KeyMatching,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Node<'a>, JsonError> {
        self.values += 1;
        if depth > MAX_DEPTH {
            return Err(self.fault("the nesting is too deep"));
        }
        if self.values > MAX_VALUES {
            return Err(self.fault("there are too many values"));
        }
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.fault("a value is missing")),
        };
        Ok(Node {
            span: start..self.at,
            value,
        })
    }

    fn object(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        let mut members: Vec<Member<'a>> = Vec::with_capacity(USUAL_MEMBERS);
        self.at += 1;
        self.skip_space();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_space();
            let at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.fault("a key is missing"));
            }
            let key = trimmed(self.string()?);
            if members.iter().any(|known| self.keys.same(&known.key, &key)) {
                return Err(JsonError {
                    fault: "a key stands twice in one object",
                    at,
                });
            }
            if members.len() >= MAX_MEMBERS {
                return Err(self.fault("an object has too many members"));
            }
            self.skip_space();
            if !self.take(b':') {
                return Err(self.fault("a colon is missing"));
            }
            self.skip_space();
            let node = self.value(depth + 1)?;
            members.push(Member { at, key, node });
            self.skip_space();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.take(b',') {
                return Err(self.fault("a comma or a closing brace is missing"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.fault("a comma or a closing bracket is missing"));
            }
        }
    }

    /// A string: a slice of the text where it has no escape, so that a photo is not copied.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let mut decoded: Option<String> = None;
        loop {
            let rest = self.rest();
            let plain = rest
                .bytes()
                .position(|byte| byte == b'"' || byte == b'\\' || byte < 0x20)
                .ok_or_else(|| self.fault("a string has no end"))?;
            let (run, after) = rest.split_at(plain);
            self.at += plain;
            match after.as_bytes().first() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(match decoded {
                        None => Cow::Borrowed(run),
                        Some(text) => Cow::Owned(text + run),
                    });
                }
                Some(b'\\') => {
                    let text = decoded.get_or_insert_default();
                    text.push_str(run);
                    let letter = self.escape()?;
                    decoded.get_or_insert_default().push(letter);
                }
                _ => return Err(self.fault("a control character stands in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        self.at += 1;
        let kind = self.peek();
        self.at += 1;
        Ok(match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => {
                self.at -= 1;
                return Err(self.fault("an escape is unknown"));
            }
        })
    }

    fn unicode_escape(&mut self) -> Result<char, JsonError> {
        let first = self.four_digits()?;
        let code = match first {
            0xD800..=0xDBFF => {
                if !(self.take(b'\\') && self.take(b'u')) {
                    return Err(self.fault("half of a surrogate pair is missing"));
                }
                let second = self.four_digits()?;
                if !(0xDC00..=0xDFFF).contains(&second) {
                    return Err(self.fault("half of a surrogate pair is missing"));
                }
                0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.fault("half of a surrogate pair is missing"))
    }

    fn four_digits(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|byte| char::from(byte).to_digit(16))
                .ok_or_else(|| self.fault("an escape is unknown"))?;
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _sign = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        if self.at - start > MAX_NUMBER {
            return Err(self.fault("a number is too long"));
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 {
            return Err(self.fault("a digit is missing"));
        }
        self.at += count;
        Ok(())
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, JsonError> {
        if !self.rest().starts_with(word) {
            return Err(self.fault("a value is missing"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn skip_space(&mut self) {
        let space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.at += self.rest().bytes().take_while(space).count();
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    const fn fault(&self, fault: &'static str) -> JsonError {
        JsonError { fault, at: self.at }
    }
}

fn trimmed(key: Cow<'_, str>) -> Cow<'_, str> {
    match key {
        Cow::Borrowed(key) => Cow::Borrowed(key.trim()),
        Cow::Owned(key) if key.trim().len() == key.len() => Cow::Owned(key),
        Cow::Owned(key) => Cow::Owned(key.trim().to_owned()),
    }
}

const MAX_DEPTH: usize = 16;
const MAX_VALUES: usize = 4_096;
/// An object of a callback has about so many.
const USUAL_MEMBERS: usize = 16;
const MAX_MEMBERS: usize = 128;
const MAX_NUMBER: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(text: &str) -> Option<&'static str> {
        Node::parse(text.as_bytes(), KeyMatching::Exact)
            .err()
            .map(|error| error.fault)
    }

    #[test]
    fn spans_are_the_exact_bytes() {
        let text = " { \"a\" : [1, \"x\\u0641\"] ,\"b \":  {} }\n";
        let root = Node::parse(text.as_bytes(), KeyMatching::Exact).ok().unwrap();
        let members = root.members().unwrap();
        assert_eq!(&text[members[0].node.span.clone()], "[1, \"x\\u0641\"]");
        assert_eq!(&text[members[1].node.span.clone()], "{}");
        assert_eq!(members[1].key, "b");
        assert_eq!(&text[root.span], text.trim());
    }

    // A forger hides a second value behind a duplicate key that another reader takes (threat B-03).
    #[test]
    fn duplicate_keys_are_refused_at_every_depth() {
        let twice = Some("a key stands twice in one object");
        assert_eq!(fault(r#"{"a":1,"a":1}"#), twice);
        assert_eq!(fault(r#"{"x":[{"a":1,"a ":1}]}"#), twice);
        assert_eq!(fault(r#"{"a":1,"\u0061":1}"#), twice);
        assert_eq!(fault(r#"{"a":1,"A":1}"#), None);
        assert!(Node::parse(br#"{"a":1,"A":1}"#, KeyMatching::IgnoreCase).is_err());
    }

    #[test]
    fn bounds_hold() {
        assert_eq!(fault(&"[".repeat(1_000_000)), Some("the nesting is too deep"));
        let many = format!("[{}1]", "1,".repeat(5_000));
        assert_eq!(fault(&many), Some("there are too many values"));
        assert_eq!(fault(&"9".repeat(65)), Some("a number is too long"));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for bad in [
            "",
            " ",
            "\u{feff}{}",
            "{} x",
            "{}{}",
            "{,}",
            "{\"a\"}",
            "{\"a\":1,}",
            "[1,]",
            "01",
            "+1",
            "1.",
            ".5",
            "1e",
            "nul",
            "NaN",
            "'a'",
            "\"\n\"",
            "\"\\x\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\u12g4\"",
            "\"\\ud800\\u0041\"",
            "\"open",
            "{\"a\":1",
            "// x\n1",
            "\"\\",
            "\"\\u",
        ] {
            assert!(fault(bad).is_some(), "{bad:?}");
        }
        assert!(Node::parse(b"\"\xff\"", KeyMatching::Exact).is_err());
    }

    fn as_serde(node: &Node<'_>) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Number(digits) => serde_json::from_str(digits).unwrap(),
            Value::Text(text) => text.as_ref().into(),
            Value::Array(items) => items.iter().map(as_serde).collect(),
            Value::Object(members) => members
                .iter()
                .map(|member| (member.key.clone().into_owned(), as_serde(&member.node)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    proptest! {
        // The reader agrees with serde_json on what is JSON and on what it means.
        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"ab\\nu0-9eE.+ \-tru]{0,24}"#) {
            let theirs: Result<serde_json::Value, _> = serde_json::from_str(&text);
            match (Node::parse(text.as_bytes(), KeyMatching::Exact), theirs) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(as_serde(&ours), theirs),
                (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("out of range"), "{}", error),
                (Err(error), Ok(_)) => prop_assert!(error.fault.contains("twice"), "{}", error),
                (Err(_), Err(_)) => {}
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Node::parse(&bytes, KeyMatching::IgnoreCase);
        }
    }
}
