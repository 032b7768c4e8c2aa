use std::ops::Range;

use super::reader::Reader;
use super::reader::did_you_mean;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Fix;
use crate::diagnostics::Position;
use crate::diagnostics::byte_in_line;
use crate::policy::language::meant_word;
use crate::policy::yaml::Layer;
use crate::policy::yaml::Span;

impl Reader<'_> {
    /// Adds an error about a word that is none of the known ones, with what was probably meant.
    pub(super) fn misspelt(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        word: &str,
        known: &[&str],
    ) {
        let fix = self.spelling(span, word, known);
        let diagnostic = Diagnostic::error(code, message, self.label(span, ""))
            .help(did_you_mean(word, known))
            .fix(fix);
        self.push(diagnostic);
    }

    /// Adds an error with its remedy and the change that does it.
    pub(super) fn error_fixed(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        help: impl Into<String>,
        fix: Option<Fix>,
    ) {
        let diagnostic = Diagnostic::error(code, message, self.label(span, ""))
            .help(help)
            .fix(fix);
        self.push(diagnostic);
    }

    /// The known word in place of one that is nearly it.
    pub(super) fn spelling(&self, span: Span, word: &str, known: &[&str]) -> Option<Fix> {
        let found = meant_word(word, known.iter().copied())?;
        self.instead(span, word, found.word, found.certain)
    }

    /// Another word in place of one that stands in the file exactly so, with or without quotes, which stay.
    pub(super) fn instead(&self, span: Span, word: &str, other: &str, certain: bool) -> Option<Fix> {
        let bytes = self.bytes(span)?;
        let written = self.text.get(bytes.clone())?;
        let quote = written
            .chars()
            .next()
            .filter(|letter| matches!(letter, '"' | '\''));
        let inner = match quote {
            Some(quote) => written.strip_prefix(quote)?.strip_suffix(quote)?,
            None => written,
        };
        if inner != word {
            return None;
        }
        let edge = quote.map_or(0, char::len_utf8);
        let bytes = bytes.start + edge..bytes.end - edge;
        Some(Fix::at(self.file, bytes, other, format!("write `{other}`")).certain_if(certain))
    }

    /// Other YAML in place of a whole value, its quotes included.
    pub(super) fn rewritten(&self, span: Span, other: &str) -> Option<Fix> {
        let bytes = self.bytes(span)?;
        let written = self.text.get(bytes.clone())?;
        let whole = !written.is_empty() && !written.contains('\n') && written.trim() == written;
        whole.then(|| Fix::at(self.file, bytes, other, format!("write `{other}`")).certain_if(true))
    }

    /// A plain value put into quotes, so that it is a text.
    pub(super) fn quoted(&self, span: Span, value: &str) -> Option<Fix> {
        let bytes = self.bytes(span)?;
        let plain = self.text.get(bytes.clone())? == value && !value.contains(['"', '\\', '\n']);
        let quoted = format!("\"{value}\"");
        plain.then(|| {
            let title = format!("put it into quotes: `{quoted}`");
            Fix::at(self.file, bytes, quoted, title).certain_if(true)
        })
    }

    /// One character taken out.
    pub(super) fn without(&self, span: Span, letter: char) -> Option<Fix> {
        let bytes = self.bytes(span)?;
        let mut buffer = [0; 4];
        let alone = self.text.get(bytes.clone())? == &*letter.encode_utf8(&mut buffer);
        let title = format!("remove U+{:04X}", u32::from(letter));
        alone.then(|| Fix::at(self.file, bytes, "", title).certain_if(true))
    }

    /// A key on a line of its own before all others.
    pub(super) fn first_key(&self, line: &str) -> Option<Fix> {
        let (index, first) = self
            .lines
            .iter()
            .enumerate()
            .find(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))?;
        // Anything but a key, such as a brace or a mark of order, is not a place to put a key before.
        first
            .starts_with(|letter: char| letter.is_ascii_lowercase())
            .then_some(())?;
        let start = *self.starts.get(index)?;
        let title = format!("add `{line}`");
        Some(Fix::at(self.file, start..start, format!("{line}\n"), title).certain_if(true))
    }

    /// The bytes of a place that is in the file.
    pub(super) fn bytes(&self, span: Span) -> Option<Range<usize>> {
        // What stands in another file is not to be changed by its place in this one.
        if span.layer == Layer::Defaults {
            return None;
        }
        let (start, end) = (self.byte(span.start)?, self.byte(span.end)?);
        (start <= end).then_some(start..end)
    }

    fn byte(&self, position: Position) -> Option<usize> {
        let number = |value: u32| usize::try_from(value).ok()?.checked_sub(1);
        let (line, column) = (number(position.line)?, number(position.column)?);
        let (start, line) = (*self.starts.get(line)?, *self.lines.get(line)?);
        byte_in_line(line, column).map(|byte| start + byte)
    }
}
