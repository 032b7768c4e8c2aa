use super::Unit;
use super::walk::Frame;
use super::walk::Walk;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Fix;
use crate::diagnostics::Meant;
use crate::diagnostics::Position;
use crate::diagnostics::byte_at;
use crate::diagnostics::meant;

use super::report::label;

/// A word that is none of the known ones.
pub(super) struct Misspelt<'a> {
    pub(super) code: &'static str,
    pub(super) message: String,
    /// What stands there.
    pub(super) word: &'a str,
    /// What is put before and behind a word that is meant, when it is told.
    pub(super) around: (&'a str, &'a str),
    /// The remedy if no known word is near.
    pub(super) otherwise: String,
}

impl Walk<'_> {
    /// Adds an error about a word, with what was probably meant.
    pub(super) fn misspelt<'k>(
        &mut self,
        frame: &Frame<'_>,
        at: Position,
        found: &Misspelt<'_>,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let near = meant(found.word, known);
        let fix = near.and_then(|near| instead(frame.unit, at, found.word, near.word, near.certain));
        self.report.push(found.diagnostic(frame.unit, at, near).fix(fix));
    }
}

impl Misspelt<'_> {
    fn diagnostic(&self, unit: Unit<'_>, at: Position, near: Option<Meant<'_>>) -> Diagnostic {
        let (before, behind) = self.around;
        let help = match near {
            Some(near) => format!("did you mean `{before}{}{behind}`?", near.word),
            None => self.otherwise.clone(),
        };
        let width = self.word.chars().count();
        Diagnostic::error(self.code, &self.message, label(unit.file, at, width, "")).help(help)
    }
}

/// Another word in place of one that stands at a place; in quotes if it stands there in quotes.
pub(super) fn instead(unit: Unit<'_>, at: Position, word: &str, other: &str, certain: bool) -> Option<Fix> {
    let start = byte_at(unit.text, at)?;
    let rest = unit.text.get(start..)?;
    let quote = rest.chars().next().filter(|letter| matches!(letter, '"' | '`'));
    let start = match quote {
        Some(quote) if !word.starts_with(quote) => start + quote.len_utf8(),
        _ => start,
    };
    let is_there = unit.text.get(start..)?.starts_with(word);
    let fix = || {
        Fix::at(
            unit.file,
            start..start + word.len(),
            other,
            format!("write `{other}`"),
        )
    };
    is_there.then(|| fix().certain_if(certain))
}

/// Something put in at a place.
pub(super) fn before(unit: Unit<'_>, at: Position, text: &str, certain: bool) -> Option<Fix> {
    let start = byte_at(unit.text, at)?;
    let title = format!("add `{}`", text.trim());
    Some(Fix::at(unit.file, start..start, text, title).certain_if(certain))
}
