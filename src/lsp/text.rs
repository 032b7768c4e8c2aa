use std::ops::Range;
use std::sync::Arc;

use lsp_types::PositionEncodingKind;
use lsp_types::TextDocumentContentChangeEvent;

use crate::diagnostics;
use crate::diagnostics::byte_at;

/// A text with the beginnings of its lines, for places as editors count them: lines and columns from 0.
#[derive(Clone, Debug)]
pub(super) struct Text {
    text: Arc<str>,
    starts: Vec<usize>,
}

/// What a column counts. An Arabic letter is one unit of UTF-16 and two bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// What every client knows.
    #[default]
    Utf16,
    Utf32,
}

impl Encoding {
    /// The one that makes the least work among those that a client offers.
    pub(super) fn best(offered: &[PositionEncodingKind]) -> Self {
        if offered.contains(&PositionEncodingKind::UTF8) {
            Self::Utf8
        } else if offered.contains(&PositionEncodingKind::UTF32)
            && !offered.contains(&PositionEncodingKind::UTF16)
        {
            Self::Utf32
        } else {
            Self::Utf16
        }
    }

    pub(super) const fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    const fn units(self, letter: char) -> usize {
        match self {
            Self::Utf8 => letter.len_utf8(),
            Self::Utf16 => letter.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

impl Text {
    pub(super) fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        // A line ends with `\n`, `\r\n` or `\r` alone.
        let ends = text.match_indices(['\n', '\r']).filter_map(|(at, mark)| {
            let is_half = mark == "\r" && text.get(at + 1..).is_some_and(|rest| rest.starts_with('\n'));
            (!is_half).then_some(at + 1)
        });
        let starts = std::iter::once(0).chain(ends).collect();
        Self { text, starts }
    }

    pub(super) fn shared(&self) -> &Arc<str> {
        &self.text
    }

    /// The byte of a place. A place behind the end of a line is its end, one in the middle of a letter its beginning.
    pub(super) fn byte(&self, at: lsp_types::Position, encoding: Encoding) -> usize {
        let number = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
        let Some(&start) = self.starts.get(number(at.line)) else {
            return self.text.len();
        };
        let wanted = number(at.character);
        let mut units = 0;
        for (byte, letter) in self.line(start).char_indices() {
            let next = units + encoding.units(letter);
            if next > wanted {
                return start + byte;
            }
            units = next;
        }
        start + self.line(start).len()
    }

    /// The place of a byte; of one inside of a letter, that of the letter.
    pub(super) fn position(&self, byte: usize, encoding: Encoding) -> lsp_types::Position {
        let byte = self.text.floor_char_boundary(byte);
        let line = self
            .starts
            .partition_point(|start| *start <= byte)
            .saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = self.text.get(start..byte).unwrap_or_default();
        let units: usize = before.chars().map(|letter| encoding.units(letter)).sum();
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        lsp_types::Position {
            line: number(line),
            character: number(units),
        }
    }

    pub(super) fn range(&self, bytes: Range<usize>, encoding: Encoding) -> lsp_types::Range {
        lsp_types::Range {
            start: self.position(bytes.start, encoding),
            end: self.position(bytes.end, encoding),
        }
    }

    /// The bytes of a place that a diagnostic marks; the end of the text where it is outside.
    pub(super) fn marked(&self, start: diagnostics::Position, end: diagnostics::Position) -> Range<usize> {
        let byte = |at| byte_at(&self.text, at);
        let start_byte = byte(start)
            .or_else(|| byte(diagnostics::Position { column: 1, ..start }))
            .unwrap_or(self.text.len());
        // A label may be longer than its line.
        let line_end = || {
            let rest = self.text.get(start_byte..).unwrap_or_default();
            start_byte + rest.find(['\n', '\r']).unwrap_or(rest.len())
        };
        let end_byte = byte(end).unwrap_or_else(line_end);
        start_byte..end_byte.max(start_byte)
    }

    /// The same after a change that an editor tells.
    pub(super) fn changed(&self, change: &TextDocumentContentChangeEvent, encoding: Encoding) -> Self {
        let Some(range) = change.range else {
            return Self::new(change.text.as_str());
        };
        let start = self.byte(range.start, encoding);
        let end = self.byte(range.end, encoding).max(start);
        let (before, after) = (self.text.get(..start), self.text.get(end..));
        Self::new(
            [
                before.unwrap_or_default(),
                &change.text,
                after.unwrap_or_default(),
            ]
            .concat(),
        )
    }

    /// A line without what ends it.
    fn line(&self, start: usize) -> &str {
        let rest = self.text.get(start..).unwrap_or_default();
        let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }
}

/// The smallest part of a text that differs from another: its bytes, and what stands there in the other.
pub(super) fn difference<'a>(before: &str, after: &'a str) -> Option<(Range<usize>, &'a str)> {
    if before == after {
        return None;
    }
    let same = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let start = before
        .floor_char_boundary(same)
        .min(after.floor_char_boundary(same));
    let (old, new) = (before.get(start..)?, after.get(start..)?);
    let pairs = old.chars().rev().zip(new.chars().rev());
    let same: usize = pairs
        .take_while(|(a, b)| a == b)
        .map(|(letter, _)| letter.len_utf8())
        .sum();
    let new = new.get(..new.len() - same)?;
    Some((start..before.len() - same, new))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::Position;
    use proptest::prelude::*;

    const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

    #[test]
    fn columns_count_what_was_agreed_on() {
        // Two bytes a letter in Arabic; the emoji has two units of UTF-16.
        let text = Text::new("ar: سنة 😀x\r\nb");
        let x = text.shared().find('x').unwrap();
        for (encoding, column) in [(Encoding::Utf8, 15), (Encoding::Utf16, 10), (Encoding::Utf32, 9)] {
            let at = Position::new(0, column);
            assert_eq!(text.position(x, encoding), at, "{encoding:?}");
            assert_eq!(text.byte(at, encoding), x, "{encoding:?}");
        }
        assert_eq!(
            text.position(text.shared().len(), Encoding::Utf16),
            Position::new(1, 1)
        );
    }

    #[test]
    fn places_that_are_none_are_near_ones() {
        let text = Text::new("سن\n😀");
        for (line, column, byte) in [(0, 99, 4), (7, 0, 9), (1, 1, 5), (1, 2, 9)] {
            assert_eq!(
                text.byte(Position::new(line, column), Encoding::Utf16),
                byte,
                "{line}:{column}"
            );
        }
        assert_eq!(text.position(999, Encoding::Utf16), Position::new(1, 2));
        assert_eq!(text.position(1, Encoding::Utf16), Position::new(0, 0));
    }

    #[test]
    fn changes_are_made_where_the_editor_means() {
        let change = |range, text: &str| TextDocumentContentChangeEvent {
            range,
            range_length: None,
            text: text.to_owned(),
        };
        let range = |a, b, c, d| Some(lsp_types::Range::new(Position::new(a, b), Position::new(c, d)));
        let text = Text::new("ar: سنة\nen: year\n");
        let text = text.changed(&change(range(0, 4, 0, 7), "عام"), Encoding::Utf16);
        let text = text.changed(&change(range(1, 8, 1, 8), "s"), Encoding::Utf16);
        assert_eq!(&**text.shared(), "ar: عام\nen: years\n");
        let text = text.changed(&change(range(2, 0, 2, 0), "x"), Encoding::Utf16);
        assert_eq!(&**text.shared(), "ar: عام\nen: years\nx");
        // The other way round, behind the end: nothing is lost but what is named.
        let text = text.changed(&change(range(9, 9, 0, 0), "!"), Encoding::Utf16);
        assert_eq!(&**text.shared(), "ar: عام\nen: years\nx!");
        assert_eq!(
            &**text.changed(&change(None, "all"), Encoding::Utf16).shared(),
            "all"
        );
    }

    #[test]
    fn what_a_diagnostic_marks_is_inside_of_the_text() {
        let text = Text::new("ar: سنة\nb");
        let at = |line, column| diagnostics::Position { line, column };
        assert_eq!(text.marked(at(1, 5), at(1, 8)), 4..10);
        assert_eq!(text.marked(at(1, 5), at(1, 99)), 4..10);
        assert_eq!(text.marked(at(9, 1), at(9, 2)), 12..12);
    }

    proptest! {
        // Whatever the text, every letter has a place, and the place leads back to it.
        #[test]
        fn places_and_bytes_lead_to_each_other(text in "[a\n\rسم😀]{0,40}") {
            let text = Text::new(text);
            for encoding in ALL {
                for (byte, letter) in text.shared().char_indices() {
                    // The end of a line is before its mark; a place between `\r` and `\n` is none.
                    if letter == '\n' && byte > 0 && text.shared().as_bytes()[byte - 1] == b'\r' {
                        continue;
                    }
                    prop_assert_eq!(text.byte(text.position(byte, encoding), encoding), byte);
                }
            }
        }

        #[test]
        fn a_difference_makes_one_text_of_the_other(before in "[aسصm]{0,12}", after in "[aسصm]{0,12}") {
            match difference(&before, &after) {
                None => prop_assert_eq!(before, after),
                Some((bytes, new)) => {
                    let made = [&before[..bytes.start], new, &before[bytes.end..]].concat();
                    prop_assert_eq!(made, after);
                }
            }
        }
    }
}
