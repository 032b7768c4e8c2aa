//! What is typed where YAML takes something else: signs of word processors, of other languages, of version control.

use std::ops::Range;

use super::places::first_letter;
use super::tree::Span;

/// A slip, where it stands and what is right.
pub(super) struct Slip {
    /// The number of the line, from 0.
    pub(super) line: usize,
    /// The characters in it, from 0.
    pub(super) columns: Range<usize>,
    pub(super) message: String,
    pub(super) help: &'static str,
    /// What has to stand there, if that is certain.
    pub(super) right: Option<String>,
}

/// The slip that explains why reading stopped in a line: in the line itself, or in the one above.
pub(super) fn slip(lines: &[&str], here: usize) -> Option<Slip> {
    let above = written_above(lines, here);
    [Some(here), above]
        .into_iter()
        .flatten()
        .find_map(|number| in_line(lines.get(number)?, number))
}

/// The line above that has no colon, where a key was meant.
pub(super) fn colonless_above(lines: &[&str], here: usize) -> Option<Span> {
    let above = written_above(lines, here)?;
    let line = lines.get(above)?;
    let is_word = |letter: char| letter.is_ascii_lowercase() || matches!(letter, '_' | '.');
    let text = line.trim();
    let plain =
        text.starts_with(|letter: char| letter.is_ascii_lowercase()) && !text.contains([':', '"', '\'']);
    let word = text.split(' ').next().unwrap_or_default();
    if !plain || !word.chars().all(is_word) {
        return None;
    }
    // A text that goes on over several lines has no colon either.
    let goes_on = written_above(lines, above)
        .and_then(|before| lines.get(before))
        .is_some_and(|before| {
            let value = before.split_once(": ").map_or("", |(_, value)| value.trim());
            let is_text = !value.is_empty() && !value.starts_with('#');
            (is_text || !before.contains(':')) && indent(line) > indent(before)
        });
    (!goes_on).then(|| first_letter(lines, above))
}

fn in_line(line: &str, number: usize) -> Option<Slip> {
    let found = [conflict, comment, dash, odd_blank, quote, equals, block, braces];
    let (columns, message, help, right) = found.iter().find_map(|look| look(line))?;
    Some(Slip {
        line: number,
        columns,
        message,
        help,
        right,
    })
}

type Found = (Range<usize>, String, &'static str, Option<String>);

fn conflict(line: &str) -> Option<Found> {
    let marked = ["<<<<<<< ", ">>>>>>> "].iter().any(|mark| line.starts_with(mark)) || line == "=======";
    marked.then(|| {
        (
            0..7,
            "a conflict between two versions of the file was never resolved".to_owned(),
            "keep what is right of the two, and remove the lines `<<<<<<<`, `=======` and `>>>>>>>`",
            None,
        )
    })
}

fn comment(line: &str) -> Option<Found> {
    let start = indent(line);
    line.trim_start().starts_with("//").then(|| {
        (
            start..start + 2,
            "`//` begins no comment here".to_owned(),
            "begin comments with `#`",
            Some("#".to_owned()),
        )
    })
}

fn dash(line: &str) -> Option<Found> {
    let start = indent(line);
    let mut letters = line.trim_start().chars();
    let mark = letters.next().filter(|letter| "–—−•▪●‣".contains(*letter))?;
    (letters.next() == Some(' ')).then(|| {
        (
            start..start + 1,
            format!("`{mark}` begins no entry of a list"),
            "begin each entry with a plain hyphen and a space: `- …`",
            Some("-".to_owned()),
        )
    })
}

/// Before the value, YAML takes the space of the keyboard and no other.
fn odd_blank(line: &str) -> Option<Found> {
    let letters: Vec<char> = line.chars().collect();
    let colon = letters.iter().position(|letter| *letter == ':');
    let structure = colon.map_or_else(|| indent(line), |colon| colon + 2);
    let is_odd = |letter: &char| blank(*letter).is_some();
    let first = letters.iter().take(structure).position(is_odd)?;
    let run = letters
        .iter()
        .skip(first)
        .take_while(|letter| is_odd(letter))
        .count();
    let name = blank(*letters.get(first)?)?;
    let right = letters
        .iter()
        .skip(first)
        .take(run)
        .filter(|letter| letter.is_whitespace())
        .map(|_| ' ')
        .collect();
    Some((
        first..first + run,
        format!("{name} stands where YAML takes only the space of the keyboard"),
        "replace it by plain spaces; it often comes with text that was copied from a page or a document",
        Some(right),
    ))
}

/// What a blank other than the space and the tab is called.
fn blank(letter: char) -> Option<String> {
    let name = match letter {
        '\u{A0}' | '\u{202F}' | '\u{2007}' => "a no-break space",
        '\u{2000}'..='\u{200A}' | '\u{3000}' | '\u{205F}' => "a wide or narrow space",
        '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' => "an invisible character",
        '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            "an invisible mark of direction"
        }
        _ => return None,
    };
    Some(format!("{name} (U+{:04X})", u32::from(letter)))
}

/// A value that begins with the quotation mark of a word processor.
fn quote(line: &str) -> Option<Found> {
    let letters: Vec<char> = line.chars().collect();
    let before = |column: usize| {
        let before = letters.iter().take(column).rev();
        before.copied().find(|letter| *letter != ' ')
    };
    let begins = |column: usize, letter: char| {
        "“”„‟‘’‚".contains(letter) && before(column).is_none_or(|before| ":[{,-".contains(before))
    };
    let (column, mark) = letters
        .iter()
        .enumerate()
        .find_map(|(column, letter)| begins(column, *letter).then_some((column, *letter)))?;
    let inner: Vec<char> = letters
        .iter()
        .skip(column + 1)
        .take_while(|letter| !"“”„‟‘’‚\"\\".contains(**letter))
        .copied()
        .collect();
    let closed = letters
        .get(column + 1 + inner.len())
        .is_some_and(|letter| "“”„‟‘’‚".contains(*letter));
    let columns = if closed {
        column..column + inner.len() + 2
    } else {
        column..column + 1
    };
    Some((
        columns,
        format!("`{mark}` is no quotation mark of YAML"),
        "write straight ones: `\"…\"`",
        closed.then(|| format!("\"{}\"", inner.iter().collect::<String>())),
    ))
}

fn equals(line: &str) -> Option<Found> {
    let (key, value) = line.split_once('=')?;
    let name = key.trim();
    let plain = !name.is_empty()
        && name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter == '_');
    let start = indent(line) + name.chars().count();
    let end = key.chars().count() + 1 + indent(value);
    (plain && !value.trim().is_empty() && !value.contains(": ")).then(|| {
        (
            start..end,
            format!("`=` stands where a colon belongs, after `{name}`"),
            "write `key: value`",
            Some(": ".to_owned()),
        )
    })
}

/// A text on the line of its `|` or `>`.
fn block(line: &str) -> Option<Found> {
    let (before, value) = line.split_once(": ")?;
    let value = value.trim_start();
    let mark = value.chars().next().filter(|mark| matches!(mark, '|' | '>'))?;
    let rest = value
        .get(1..)?
        .trim_start_matches(|letter: char| "+-123456789".contains(letter));
    let text = rest.trim_start();
    let column = line.chars().count() - value.chars().count();
    (rest.starts_with(' ') && !text.is_empty() && !text.starts_with('#') && !before.trim().is_empty()).then(|| {
        (
            column..column + 1,
            format!("a text stands on the same line as its `{mark}`"),
            "begin the text on the next line, two spaces deeper; or remove the sign and put the text into quotes",
            None,
        )
    })
}

/// A text that begins with a bracket and goes on behind it.
fn braces(line: &str) -> Option<Found> {
    let (_, value) = line.split_once(": ")?;
    let value = value.trim_start();
    let (open, close, what) = match value.chars().next()? {
        '{' => ('{', '}', "a map"),
        '[' => ('[', ']', "a list"),
        _ => return None,
    };
    let mut depth = 0_usize;
    let end = value.char_indices().find_map(|(at, letter)| {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth = depth.saturating_sub(1);
        }
        (letter == close && depth == 0).then_some(at + 1)
    })?;
    let rest = value.get(end..)?.trim_start();
    let column = line.chars().count() - value.chars().count();
    let goes_on = rest.starts_with(char::is_alphanumeric);
    (goes_on && !value.contains(['"', '\\'])).then(|| {
        (
            column..column + value.trim_end().chars().count(),
            format!("a text that begins with `{open}` is read as {what}"),
            "put the whole text into quotes",
            (!value.contains(" #")).then(|| format!("\"{}\"", value.trim_end())),
        )
    })
}

fn indent(line: &str) -> usize {
    line.chars()
        .take_while(|letter| letter.is_whitespace() || blank(*letter).is_some())
        .count()
}

/// The nearest line above that says something.
fn written_above(lines: &[&str], here: usize) -> Option<usize> {
    (0..here).rev().find(|number| {
        let line = lines.get(*number).map_or("", |line| line.trim());
        !line.is_empty() && !line.starts_with('#')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(text: &str) -> Option<String> {
        let lines: Vec<&str> = text.lines().collect();
        let found = slip(&lines, lines.len() - 1)?;
        let line = lines[found.line];
        let before: String = line.chars().take(found.columns.start).collect();
        let after: String = line.chars().skip(found.columns.end).collect();
        Some(format!("{before}{}{after}", found.right?))
    }

    #[test]
    fn what_is_certain_is_mended() {
        for (text, right) in [
            ("// how grave", "# how grave"),
            ("  – web", "  - web"),
            ("a:\n\u{A0}\u{A0}b: 1", "  b: 1"),
            ("b:\u{A0}1", "b: 1"),
            ("b\u{200B}: 1", "b: 1"),
            ("en: “Sign in”", "en: \"Sign in\""),
            (
                "x: { pattern: “[0-9]{6,9}”, min: 1 }",
                "x: { pattern: \"[0-9]{6,9}\", min: 1 }",
            ),
            ("sensitivity = normal", "sensitivity: normal"),
            ("  en: {licence} is renewed", "  en: \"{licence} is renewed\""),
        ] {
            assert_eq!(mended(text).as_deref(), Some(right), "{text}");
        }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        for text in [
            "en: a text\u{A0}of two words",
            "en: \"“quoted” inside\"",
            "url: https://a.example/?b=c",
            "retention: { evidence: 10y, personal_data: 90d }",
            "channels: [web] # one",
            "en: >- # joined",
            "- web",
        ] {
            let lines: Vec<&str> = text.lines().collect();
            assert!(slip(&lines, 0).is_none(), "{text}");
        }
    }

    #[test]
    fn a_line_without_its_colon_is_found_from_the_line_below() {
        let line = |text: &str| {
            let lines: Vec<&str> = text.lines().collect();
            colonless_above(&lines, lines.len() - 1).map(|span| span.start.line)
        };
        assert_eq!(line("a:\n  assurance medium\n  reason:"), Some(2));
        assert_eq!(line("capabilities:\n  auth_push\n    assurance: low"), Some(2));
        assert_eq!(line("en: a text that\n  goes on\n  note: x"), None);
    }
}
