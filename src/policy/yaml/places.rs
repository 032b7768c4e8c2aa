//! Where a mistake in YAML really is, and what it is: the parser says where it noticed.

use std::ops::Range;

use super::parse::Fault;
use super::slips::colonless_above;
use super::slips::slip;
use super::tree::Layer;
use super::tree::Span;
use crate::diagnostics::Position;
use crate::diagnostics::codes;

/// Moves a fault to the mistake that caused it, and names that, where the text tells.
pub(super) fn corrected(mut fault: Fault, text: &str) -> Fault {
    let lines: Vec<&str> = text.lines().collect();
    match fault.code {
        codes::YAML_TAB => {
            if let Some(span) = tab(&lines, fault.span) {
                fault.span = span;
            }
            fault
        }
        codes::YAML_SYNTAX => syntax(fault, &lines, text),
        codes::SEVERAL_DOCUMENTS => {
            let above = index(fault.span).checked_sub(1);
            if let Some(above) = above.filter(|above| lines.get(*above).is_some_and(|line| *line == "...")) {
                fault.span = first_letter(&lines, above);
                fault.message = "the document ends here, and another begins".to_owned();
            }
            fault
        }
        codes::YAML_UNSUPPORTED => {
            if let Some(span) = mark_before(&fault, &lines) {
                fault.span = span;
            }
            fault
        }
        _ => fault,
    }
}

fn syntax(mut fault: Fault, lines: &[&str], text: &str) -> Fault {
    // Something that is never closed is noticed behind the last line.
    if index(fault.span) >= lines.len()
        && let Some((last, line)) = lines.iter().enumerate().next_back()
    {
        fault.span = one(last, line.chars().count().saturating_sub(1));
    }
    if let Some(slip) = slip(lines, index(fault.span)) {
        fault.span = stretch(slip.line, slip.columns.clone());
        fault.message = slip.message;
        fault.help = slip.help;
        fault.slip = slip
            .right
            .zip(bytes_of(text, slip.line, slip.columns))
            .map(|(right, bytes)| (bytes, right));
        return fault;
    }
    if let Some((place, quote)) = unclosed_quote(lines, index(fault.span)) {
        fault.span = place;
        fault.message = format!("a text begins here with `{quote}` and is never closed");
        fault.help = "close the text with the same quote it began with";
        return fault;
    }
    if let Some((place, bracket)) = unclosed_bracket(lines, fault.span) {
        fault.span = place;
        fault.message = format!("this `{bracket}` is never closed");
        fault.help = "close it, or put the text into quotes";
        return fault;
    }
    let here = index(fault.span);
    if let Some((key, colon)) = missing_space(lines.get(here).copied().unwrap_or_default()) {
        fault.span = one(here, colon);
        fault.message = format!("a space is missing after `{key}:`");
        fault.help = "write `key: value`, with a space after the colon";
        return fault;
    }
    if let Some(place) = colonless_above(lines, here) {
        fault.span = place;
        fault.message = "a colon is missing in this line".to_owned();
        fault.help = "write `key: value`, or `key:` before what stands below it";
        return fault;
    }
    if let Some(above) = deeper_than_above(lines, here) {
        fault.also = Some((first_letter(lines, above), "this line takes nothing below it"));
        fault.span = first_letter(lines, here);
        fault.message = "the line is indented deeper than the one above it".to_owned();
        fault.help = "begin lines that belong together in the same column, two spaces a level";
    }
    fault
}

/// The tab in the indent that the parser stumbled over.
fn tab(lines: &[&str], span: Span) -> Option<Span> {
    lines
        .iter()
        .enumerate()
        .skip(index(span))
        .find_map(|(number, line)| {
            let indent = line.len() - line.trim_start().len();
            let column = line.get(..indent)?.chars().position(|letter| letter == '\t')?;
            Some(one(number, column))
        })
}

/// A value that begins with a quote in this line or above and has no second one in its line.
fn unclosed_quote(lines: &[&str], from: usize) -> Option<(Span, char)> {
    let first = from.saturating_sub(FAR);
    (first..=from).rev().find_map(|number| {
        let line = lines.get(number)?;
        let mut open: Option<(char, usize)> = None;
        let mut before = ' ';
        for (column, letter) in line.chars().enumerate() {
            match open {
                Some((quote, _)) if letter == quote && (quote == '\'' || before != '\\') => open = None,
                Some(_) => {}
                None if matches!(letter, '"' | '\'') && " [{,".contains(before) => {
                    open = Some((letter, column))
                }
                None if letter == '#' && before == ' ' => break,
                None => {}
            }
            before = letter;
        }
        open.map(|(quote, column)| (one(number, column), quote))
    })
}

/// A bracket that is opened in an earlier line and not closed before the place.
fn unclosed_bracket(lines: &[&str], span: Span) -> Option<(Span, char)> {
    let here = index(span);
    let mut open: Vec<(char, usize, usize)> = Vec::new();
    let first = here.saturating_sub(FAR);
    for (number, line) in lines.iter().enumerate().skip(first).take(here + 1 - first) {
        let mut quote: Option<char> = None;
        let mut before = ' ';
        for (column, letter) in line.chars().enumerate() {
            match quote {
                Some(mark) if letter == mark && before != '\\' => quote = None,
                Some(_) => {}
                None if matches!(letter, '"' | '\'') && " [{,".contains(before) => quote = Some(letter),
                None if letter == '#' && before == ' ' => break,
                None if matches!(letter, '[' | '{') => open.push((letter, number, column)),
                None if matches!(letter, ']' | '}') => {
                    open.pop();
                }
                None => {}
            }
            before = letter;
        }
    }
    // In the line itself something else may be wrong: a comma may be missing.
    let (bracket, number, column) = *open.iter().rfind(|(_, number, _)| *number < here)?;
    Some((one(number, column), bracket))
}

/// `key:value`, where a key was expected: the key, and the column of its colon.
fn missing_space(line: &str) -> Option<(&str, usize)> {
    let start = line.len() - line.trim_start().len();
    let rest = line.get(start..)?;
    let colon = rest.find(':')?;
    let (key, after) = rest.split_at(colon);
    let plain = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let glued = after.chars().nth(1).is_some_and(|next| !next.is_whitespace());
    (plain && glued && !rest.contains(": ")).then_some((key, start + colon))
}

/// The line above, if it says a whole `key: value` and this one stands deeper.
fn deeper_than_above(lines: &[&str], here: usize) -> Option<usize> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let written = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let line = lines.get(here).filter(|line| written(line))?;
    let above = (0..here)
        .rev()
        .find(|number| lines.get(*number).is_some_and(written))?;
    let previous = lines.get(above)?;
    let is_key = |line: &str| {
        line.split('#')
            .next()
            .unwrap_or_default()
            .trim_end()
            .contains(':')
    };
    let value = previous.split_once(": ").map(|(_, value)| value.trim());
    let whole = value.is_some_and(|value| !value.is_empty() && !value.starts_with(['#', '|', '>']));
    (whole && is_key(line) && indent(line) > indent(previous)).then_some(above)
}

/// An anchor or a tag stands before what it belongs to.
fn mark_before(fault: &Fault, lines: &[&str]) -> Option<Span> {
    let mark = if fault.message.starts_with("an anchor") {
        '&'
    } else if fault.message.starts_with("a tag") {
        '!'
    } else {
        return None;
    };
    let here = index(fault.span);
    let first = here.saturating_sub(FAR);
    (first..=here).rev().find_map(|number| {
        let line = lines.get(number)?;
        let letters: Vec<char> = line.chars().collect();
        let until = if number == here {
            usize::try_from(fault.span.start.column).ok()?
        } else {
            letters.len()
        };
        let begins = |column: &usize| {
            let free = column.checked_sub(1).and_then(|before| letters.get(before));
            letters.get(*column) == Some(&mark) && free.is_none_or(|before| *before == ' ')
        };
        let column = (0..until.min(letters.len())).rev().find(begins)?;
        let length = letters
            .iter()
            .skip(column)
            .take_while(|letter| **letter != ' ')
            .count();
        let mut span = one(number, column);
        span.end.column = span.start.column.saturating_add(u32::try_from(length).ok()?);
        Some(span)
    })
}

/// The bytes of some characters of a line.
fn bytes_of(text: &str, line: usize, columns: Range<usize>) -> Option<Range<usize>> {
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let line = text.get(start..)?.lines().next()?;
    let byte = |column: usize| line.char_indices().nth(column).map_or(line.len(), |(at, _)| at);
    Some(start + byte(columns.start)..start + byte(columns.end))
}

/// Some characters of a line, counted from 0.
fn stretch(line: usize, columns: Range<usize>) -> Span {
    let mut span = one(line, columns.start);
    let length = u32::try_from(columns.len().max(1)).unwrap_or(1);
    span.end.column = span.start.column.saturating_add(length);
    span
}

pub(super) fn first_letter(lines: &[&str], number: usize) -> Span {
    let line = lines.get(number).copied().unwrap_or_default();
    let indent = line.chars().take_while(|letter| letter.is_whitespace()).count();
    let mut span = one(number, indent);
    let length = u32::try_from(line.trim().chars().count().max(1)).unwrap_or(1);
    span.end.column = span.start.column.saturating_add(length);
    span
}

fn index(span: Span) -> usize {
    usize::try_from(span.start.line)
        .unwrap_or(usize::MAX)
        .saturating_sub(1)
}

/// One character, counted from 0.
fn one(line: usize, column: usize) -> Span {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).saturating_add(1);
    let start = Position {
        line: number(line),
        column: number(column),
    };
    Span {
        start,
        end: Position {
            column: start.column.saturating_add(1),
            ..start
        },
        layer: Layer::File,
    }
}

/// How many lines above the place are looked at.
const FAR: usize = 200;
