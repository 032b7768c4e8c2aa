use std::ops::Range;

use serde::Serialize;

use super::Position;

/// A change of texts that removes a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What it does, such as "write `name`".
    pub title: String,
    /// Whether nothing else can have been meant. Only such a fix is applied unasked; the others are offered.
    pub certain: bool,
    /// The changes; none overlaps another, and all of them are made or none.
    pub edits: Vec<Edit>,
}

/// One change of one text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// The file, named as in a label.
    pub file: String,
    /// The bytes that go away; empty where something is only put in. Both ends stand between characters.
    pub bytes: Range<usize>,
    /// What comes in their place.
    pub text: String,
}

impl Fix {
    /// A fix of one place.
    pub fn at(
        file: impl Into<String>,
        bytes: Range<usize>,
        text: impl Into<String>,
        title: impl Into<String>,
    ) -> Self {
        Self {
            title: title.into(),
            certain: false,
            edits: vec![Edit {
                file: file.into(),
                bytes,
                text: text.into(),
            }],
        }
    }

    /// The same, known to be what was meant if `certain`.
    #[must_use]
    pub fn certain_if(mut self, certain: bool) -> Self {
        self.certain = certain;
        self
    }

    /// The file that the fix changes, if it is one.
    pub fn file(&self) -> Option<&str> {
        let (first, others) = self.edits.split_first()?;
        let same = others.iter().all(|edit| edit.file == first.file);
        same.then_some(first.file.as_str())
    }
}

/// The byte at which a place of a text begins; `None` for a place outside of it. The end of a line is a place.
pub fn byte_at(text: &str, position: Position) -> Option<usize> {
    let number = |value: u32| usize::try_from(value).ok()?.checked_sub(1);
    let (line, column) = (number(position.line)?, number(position.column)?);
    let mut before = 0;
    let mut lines = text.split_inclusive('\n');
    for _ in 0..line {
        before += lines.next()?.len();
    }
    byte_in_line(lines.next().unwrap_or_default(), column).map(|byte| before + byte)
}

/// The byte of a line at which a character begins, counted from 0.
pub fn byte_in_line(line: &str, column: usize) -> Option<usize> {
    let line = line.trim_end_matches(['\n', '\r']);
    let end = std::iter::once(line.len());
    line.char_indices().map(|(byte, _)| byte).chain(end).nth(column)
}

/// The place of a byte of a text; the end for one behind it.
pub fn position_at(text: &str, byte: usize) -> Position {
    let before = text.get(..byte).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |last| last + 1);
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).saturating_add(1);
    Position {
        line: number(before.bytes().filter(|byte| *byte == b'\n').count()),
        column: number(before.get(start..).unwrap_or_default().chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_bytes_lead_to_each_other() {
        let text = "a\nسنة: x\r\nlast";
        for (byte, _) in text.char_indices().filter(|(_, letter)| *letter != '\n') {
            let position = position_at(text, byte);
            assert_eq!(byte_at(text, position), Some(byte), "{position:?}");
        }
        let end = position_at(text, text.len());
        assert_eq!(end, Position { line: 3, column: 5 });
        assert_eq!(byte_at(text, end), Some(text.len()));
    }

    #[test]
    fn places_outside_have_no_byte() {
        for (line, column) in [(0, 1), (1, 0), (1, 4), (9, 1), (2, 3)] {
            assert_eq!(
                byte_at("ab\nc\n", Position { line, column }),
                None,
                "{line}:{column}"
            );
        }
        assert_eq!(position_at("ab", 900), Position { line: 1, column: 3 });
        assert_eq!(byte_at("", Position { line: 1, column: 1 }), Some(0));
    }
}
