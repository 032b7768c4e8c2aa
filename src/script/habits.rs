//! What is typed out of habit: the syntax of other languages, signs of word processors, what a merge leaves behind.

use super::brackets::end_before;
use super::foreign::RESERVED;
use super::refused::Refusal;
use super::refused::pairs;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Fix;
use crate::diagnostics::Position;
use crate::diagnostics::byte_at;
use crate::diagnostics::position_at;

impl Refusal<'_> {
    /// What a merge leaves behind.
    pub(super) fn conflict(&self) -> Option<Diagnostic> {
        let line = usize::try_from(self.at.line).ok()?.checked_sub(1)?;
        let line = self.text.lines().nth(line)?;
        let marked = ["<<<<<<< ", ">>>>>>> "].iter().any(|mark| line.starts_with(mark)) || line == "=======";
        let at = Position { column: 1, ..self.at };
        marked.then(|| {
            self.syntax_at(
                at,
                7,
                "a conflict between two versions of the file was never resolved",
                "keep what is right of the two, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`",
            )
        })
    }

    pub(super) fn is_foreign(&self) -> bool {
        let word = self.word();
        RESERVED.iter().any(|(other, ..)| *other == word)
    }

    /// `fn plan(flow: Flow)`.
    pub(super) fn typed_parameter(&self) -> Option<Diagnostic> {
        let line = usize::try_from(self.at.line).ok()?.checked_sub(1)?;
        let line = self.text.lines().nth(line)?;
        (self.letter() == Some(':') && line.trim_start().starts_with("fn ")).then(|| {
            self.syntax_at(
                self.at,
                1,
                "parameters have no types",
                "write their names alone: `fn plan(flow)`",
            )
        })
    }

    /// `1,000`.
    pub(super) fn thousands(&self) -> Option<Diagnostic> {
        let at = byte_at(self.text, self.at)?;
        let (before, after) = self.text.split_at_checked(at)?;
        let digits = after.strip_prefix(',')?;
        let three = digits.bytes().take_while(u8::is_ascii_digit).count() == 3;
        (three && before.ends_with(|letter: char| letter.is_ascii_digit())).then(|| {
            let fix = Fix::at(self.file, at..at + 1, "", "remove the comma").certain_if(true);
            self.syntax_at(
                self.at,
                1,
                "a number has no commas between its digits",
                "write `1000`, or `1_000`",
            )
            .fix(fix)
        })
    }

    /// A text in the quotation marks of a word processor, up to the mark that closes it.
    pub(super) fn typographic(&self, sign: &str) -> Option<Diagnostic> {
        let is_mark = |letter: char| "“”„‟‘’«»".contains(letter);
        if !sign.chars().all(is_mark) {
            return None;
        }
        let start = byte_at(self.text, self.at)?;
        let rest = self.text.get(start..)?.lines().next()?;
        let inner = rest.get(sign.len()..)?;
        let fix = inner.find(is_mark).and_then(|end| {
            let (text, mark) = inner.split_at(end);
            let length = mark.chars().next().map_or(0, char::len_utf8);
            let plain = !text.contains(['"', '\\']);
            let bytes = start..start + sign.len() + end + length;
            plain.then(|| {
                Fix::at(
                    self.file,
                    bytes,
                    format!("\"{text}\""),
                    "write straight quotation marks",
                )
                .certain_if(true)
            })
        });
        let message = format!("`{sign}` is no quotation mark of the language");
        Some(
            self.syntax_at(self.at, 1, &message, "write straight ones: `\"…\"`")
                .fix(fix),
        )
    }

    /// Digits that Arabic keyboards write.
    pub(super) fn arabic_digits(&self, sign: &str) -> Option<Diagnostic> {
        let digit = |letter: char| match letter {
            '٠'..='٩' => u32::from(letter).checked_sub(u32::from('٠')),
            '۰'..='۹' => u32::from(letter).checked_sub(u32::from('۰')),
            _ => None,
        };
        sign.chars().next().and_then(digit)?;
        let start = byte_at(self.text, self.at)?;
        let written: String = self
            .text
            .get(start..)?
            .chars()
            .take_while(|letter| digit(*letter).is_some())
            .collect();
        let plain: String = written
            .chars()
            .filter_map(digit)
            .filter_map(|value| char::from_digit(value, 10))
            .collect();
        let fix = self.instead(self.at, &written, &plain, true);
        let message = format!("`{written}` is no number of the language");
        let help = format!("write `{plain}`");
        Some(
            self.syntax_at(self.at, written.chars().count(), &message, &help)
                .fix(fix),
        )
    }

    /// `# at most five`, as shells and YAML write comments.
    pub(super) fn comment(&self, sign: &str) -> Option<Diagnostic> {
        let start = byte_at(self.text, self.at)?;
        let after = self.text.get(start..)?.strip_prefix('#')?;
        (sign.starts_with('#') && !after.starts_with('{')).then(|| {
            let fix = self.instead(self.at, "#", "//", true);
            self.syntax_at(
                self.at,
                1,
                "`#` begins no comment here",
                "begin comments with `//`",
            )
            .fix(fix)
        })
    }

    /// `if a { … }; else { … }`.
    pub(super) fn parted_else(&self, sign: &str) -> Option<Diagnostic> {
        // A comment may stand between them.
        let end = byte_at(self.text, end_before(self.text, self.at)?)?;
        let before = self.text.get(..end)?;
        (sign == "else" && before.ends_with(';')).then(|| {
            let at = before.len() - 1;
            let place = position_at(self.text, at);
            let fix = Fix::at(self.file, at..at + 1, "", "remove the `;`").certain_if(true);
            self.syntax_at(
                place,
                1,
                "this `;` ends the `if`, so `else` belongs to nothing",
                "remove it",
            )
            .fix(fix)
        })
    }

    /// `{ ar: … }` where a map is meant.
    pub(super) fn bare_map(&self, name: &str) -> Option<Diagnostic> {
        let start = byte_at(self.text, self.at)?;
        let after = self.text.get(start + name.len()..)?.trim_start();
        let before = self.text.get(..start)?.trim_end().strip_suffix('{')?;
        (after.starts_with(':') && !after.starts_with("::") && !before.ends_with('#')).then(|| {
            let brace = before.len();
            let fix = Fix::at(self.file, brace..brace, "#", "write `#{`").certain_if(true);
            let place = position_at(self.text, brace);
            self.syntax_at(
                place,
                1,
                "a map begins with `#{`",
                "write `#{ ar: \"…\", en: \"…\" }`",
            )
            .fix(fix)
        })
    }

    /// `hours.at_night(…)` where `hours` is an import.
    pub(super) fn import_with_a_dot(&self, name: &str) -> Option<Diagnostic> {
        let start = byte_at(self.text, self.at)?;
        let after = self.text.get(start + name.len()..)?.strip_prefix('.')?;
        let called: String = after
            .chars()
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect();
        let imported = pairs(self.text).any(|(word, next)| word == "as" && next == name);
        imported.then(|| {
            let dot = start + name.len();
            let fix =
                Fix::at(self.file, dot..dot + 1, "::", format!("write `{name}::{called}`")).certain_if(true);
            self.syntax_at(
                self.at,
                name.chars().count(),
                &format!("`{name}` is an import and no variable"),
                &format!("write `{name}::{called}(…)`"),
            )
            .fix(fix)
        })
    }
}
