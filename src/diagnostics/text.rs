use annotate_snippets::Annotation;
use annotate_snippets::AnnotationKind;
use annotate_snippets::Group;
use annotate_snippets::Level;
use annotate_snippets::Origin;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;

use super::Diagnostic;
use super::Diagnostics;
use super::Label;
use super::Position;
use super::Severity;

/// Renders diagnostics for a terminal: message, excerpt with carets, remedies, and a line with the counts.
///
/// `source` gives the text of a file by the name in the labels; without it the place is named and no excerpt
/// shown. Characters that would change how a terminal shows the excerpt are replaced. Empty if nothing is wrong.
pub fn render_text<'s>(
    diagnostics: &Diagnostics,
    source: &dyn Fn(&str) -> Option<&'s str>,
    colour: bool,
) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = String::new();
    for diagnostic in diagnostics.iter() {
        out.push_str(&one(diagnostic, source, &renderer));
        out.push_str("\n\n");
    }
    if !diagnostics.is_empty() {
        out.push_str(&summary(diagnostics));
        out.push('\n');
    }
    out
}

/// How many errors and warnings there are, in words.
pub fn summary(diagnostics: &Diagnostics) -> String {
    let of = |severity| {
        diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    };
    let count = |number: usize, word: &str| match number {
        1 => format!("1 {word}"),
        _ => format!("{number} {word}s"),
    };
    format!(
        "{}, {}",
        count(of(Severity::Error), "error"),
        count(of(Severity::Warning), "warning")
    )
}

fn one<'s>(diagnostic: &Diagnostic, source: &dyn Fn(&str) -> Option<&'s str>, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(
        level
            .primary_title(visible(&diagnostic.message))
            .id(diagnostic.code),
    );
    let mut labels = diagnostic.labels.as_slice();
    let mut kind = AnnotationKind::Primary;
    while let Some(first) = labels.first() {
        let Some(text) = source(&first.file) else {
            let origin = Origin::path(visible(&first.file))
                .line(whole(first.start.line))
                .char_column(whole(first.start.column));
            group = group.element(origin);
            labels = labels.get(1..).unwrap_or_default();
            kind = AnnotationKind::Context;
            continue;
        };
        // Places of one file share an excerpt.
        let same = labels.iter().take_while(|label| label.file == first.file).count();
        let (together, rest) = labels.split_at(same);
        group = group.element(snippet(together, text, kind));
        labels = rest;
        kind = AnnotationKind::Context;
    }
    if !diagnostic.rules.is_empty() {
        let rules = diagnostic.rules.join(", ");
        group = group.element(Level::NOTE.with_name("rule").message(visible(&rules)));
    }
    for remedy in &diagnostic.help {
        group = group.element(Level::HELP.message(visible(remedy)));
    }
    renderer.render(&[group])
}

/// The lines of a file that the labels mark, with carets. Only the lines between the first and the last label
/// are handed over, each cut to a width that can be read, so that a file of any size costs nothing.
fn snippet<'a>(labels: &[Label], text: &str, first: AnnotationKind) -> Snippet<'a, Annotation<'a>> {
    let numbers = || labels.iter().map(|label| whole(label.start.line).max(1));
    let from = numbers().min().unwrap_or(1);
    let to = numbers().max().unwrap_or(1).min(from.saturating_add(MOST_LINES));
    let mut excerpt = String::new();
    let mut places = Vec::new();
    let mut lines = text.lines().skip(from - 1);
    for number in from..=to {
        let here: Vec<_> = labels
            .iter()
            .enumerate()
            .filter(|(_, label)| whole(label.start.line).max(1) == number)
            .collect();
        let column = here
            .first()
            .map_or(0, |(_, label)| whole(label.start.column).saturating_sub(1));
        let (line, shift) = window(lines.next().unwrap_or_default(), column);
        // A replaced character keeps its place: one for one.
        let line = visible(&line);
        for (index, label) in here {
            let start = byte_at(&line, label.start, shift);
            let end = byte_at(&line, label.end, shift).max(start);
            let kind = if index == 0 {
                first
            } else {
                AnnotationKind::Context
            };
            places.push((kind, excerpt.len() + start..excerpt.len() + end, label));
        }
        excerpt.push_str(&line);
        excerpt.push('\n');
    }
    let path = labels
        .first()
        .map_or_else(String::new, |label| visible(&label.file));
    let annotations = places.into_iter().map(|(kind, span, label)| {
        let annotation = kind.span(span);
        if label.text.is_empty() {
            annotation
        } else {
            annotation.label(visible(&label.text))
        }
    });
    Snippet::source(excerpt)
        .line_start(from)
        .path(path)
        .annotations(annotations)
}

/// The part of a long line around a place, and how many characters were cut off before it.
fn window(line: &str, at: usize) -> (String, usize) {
    let length = line.chars().count();
    if length <= LONGEST_LINE {
        return (line.to_owned(), 0);
    }
    let shift = at.saturating_sub(LONGEST_LINE / 2).min(length);
    (line.chars().skip(shift).take(LONGEST_LINE).collect(), shift)
}

fn byte_at(line: &str, position: Position, shift: usize) -> usize {
    let chars = whole(position.column).saturating_sub(1).saturating_sub(shift);
    line.char_indices()
        .nth(chars)
        .map_or(line.len(), |(byte, _)| byte)
}

/// The same text with every character replaced that a terminal would act on instead of showing: controls,
/// direction marks, invisible ones. One character stays one character.
fn visible(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\t' => ' ',
            '\u{00AD}'
            | '\u{061C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{E0000}'..='\u{E0FFF}' => '\u{FFFD}',
            other if other.is_control() => '\u{FFFD}',
            other => other,
        })
        .collect()
}

fn whole(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const LONGEST_LINE: usize = 400;
/// How far apart the places of one excerpt may be.
const MOST_LINES: usize = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn label(file: &str, line: u32, from: u32, to: u32, text: &str) -> Label {
        Label {
            file: file.to_owned(),
            start: Position { line, column: from },
            end: Position { line, column: to },
            text: text.to_owned(),
        }
    }

    fn rendered(diagnostic: Diagnostic, source: &str) -> String {
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(diagnostic);
        render_text(&diagnostics, &|file| (file == "a.yaml").then_some(source), false)
    }

    #[test]
    fn an_error_shows_place_excerpt_and_help() {
        let diagnostic = Diagnostic::error("E0009", "unknown key `nmae`", label("a.yaml", 2, 1, 5, ""))
            .also(label("a.yaml", 1, 1, 8, "the file begins here"))
            .help("did you mean `name`?");
        insta::assert_snapshot!(rendered(diagnostic, "midflow: 1\nnmae: x\n"));
    }

    #[test]
    fn arabic_does_not_move_the_carets() {
        let source = "name: { ar: تجديد رخصة القيادة, en: TODO }\n";
        let column = u32::try_from(source.chars().position(|letter| letter == 'T').unwrap()).unwrap() + 1;
        let text = rendered(
            Diagnostic::error(
                "E0014",
                "`name.en` holds a placeholder",
                label("a.yaml", 1, column, column + 4, ""),
            ),
            source,
        );
        let excerpt = text.lines().find(|line| line.contains("TODO")).unwrap();
        let carets = text.lines().find(|line| line.contains("^^^^")).unwrap();
        let before = |line: &str, mark: &str| line.split(mark).next().unwrap().chars().count();
        assert_eq!(before(excerpt, "TODO"), before(carets, "^^^^"), "{text}");
    }

    #[test]
    fn a_terminal_is_not_steered_by_a_file() {
        let text = rendered(
            Diagnostic::error("E0016", "bad \u{1b}[31m", label("a.yaml", 1, 4, 5, "\u{202E}")),
            "a: \u{202E}\u{1b}[2Jx\n",
        );
        assert!(!text.contains(['\u{202E}', '\u{1b}']), "{}", text.escape_debug());
    }

    #[test]
    fn a_place_outside_the_file_or_without_a_file_is_shown() {
        for (file, line, column) in [
            ("a.yaml", 900, 1),
            ("a.yaml", 1, 900),
            ("b.yaml", 3, 7),
            ("a.yaml", 0, 0),
        ] {
            let text = rendered(
                Diagnostic::warning("W1001", "m", label(file, line, column, column, "")),
                "x\n",
            );
            assert!(text.contains("warning[W1001]: m"), "{text}");
            assert!(text.contains(file), "{text}");
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let source = format!("{}HERE{}", "x".repeat(5_000), "y".repeat(5_000));
        let text = rendered(
            Diagnostic::error("E0001", "m", label("a.yaml", 1, 5_001, 5_005, "")),
            &source,
        );
        assert!(text.len() < 2_000 && text.contains("HERE"), "{text}");
    }

    #[test]
    fn colour_is_optional_and_counts_are_told() {
        let mut diagnostics = Diagnostics::default();
        assert_eq!(render_text(&diagnostics, &|_| None, true), "");
        diagnostics.push(Diagnostic::error("E0001", "m", label("a.yaml", 1, 1, 2, "")));
        diagnostics.push(Diagnostic::warning("W1001", "n", label("a.yaml", 1, 1, 2, "")));
        diagnostics.push(Diagnostic::warning("W1001", "o", label("a.yaml", 1, 1, 2, "")));
        assert!(render_text(&diagnostics, &|_| Some("x"), true).contains('\u{1b}'));
        assert!(render_text(&diagnostics, &|_| Some("x"), false).ends_with("1 error, 2 warnings\n"));
    }
}
