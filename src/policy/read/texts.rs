use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::reader::Reader;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes;
use crate::diagnostics::meant;
use crate::policy::Input;
use crate::policy::InputKind;
use crate::policy::Unsafe;
use crate::policy::first_unsafe;
use crate::policy::language;
use crate::policy::render::Piece;
use crate::policy::render::pieces;
use crate::policy::safety::is_alphanumeric;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Scalar;
use crate::policy::yaml::Span;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;
use crate::words::Field;
use crate::words::InputName;
use crate::words::Text;

/// What a text may be.
#[derive(Clone, Copy)]
pub(super) struct TextRules<'a> {
    /// The most characters, placeholders counted with their longest value.
    pub(super) max: usize,
    /// The inputs that placeholders may name; `None` where texts are fixed.
    pub(super) inputs: Option<&'a BTreeMap<InputName, Input>>,
}

impl TextRules<'_> {
    /// A text without placeholders.
    pub(super) const fn fixed(max: usize) -> Self {
        Self { max, inputs: None }
    }
}

impl Reader<'_> {
    /// Reads the text of an entry, in both languages.
    pub(super) fn text(&mut self, entry: &Entry, path: &str, rules: TextRules<'_>) -> Option<Text> {
        self.text_at(&entry.node, entry.key_span, path, rules)
    }

    /// Reads a text in both languages; `at` is where a missing language is shown.
    pub(super) fn text_at(
        &mut self,
        node: &Node,
        at: Span,
        path: &str,
        rules: TextRules<'_>,
    ) -> Option<Text> {
        if matches!(node.value, Value::Scalar(_)) {
            self.error(
                codes::MISSING_LANGUAGE,
                format!("`{path}` does not say which language it is in"),
                node.span,
                "write both: `{ ar: \"…\", en: \"…\" }`",
            );
            return None;
        }
        let map = self.map(node, path, at, language::LANGUAGES)?;
        let ar = self.language(&map, "ar", "Arabic", rules);
        let en = self.language(&map, "en", "English", rules);
        let text = Text { ar: ar?, en: en? };
        self.says_the_same(&map, &text);
        Some(text)
    }

    /// A value that one language shows and the other does not: half of the readers learn less.
    fn says_the_same(&mut self, map: &super::map::Map<'_>, text: &Text) {
        let (ar, en) = (placeholders(&text.ar), placeholders(&text.en));
        for (key, here, other, there) in [("ar", &ar, "English", &en), ("en", &en, "Arabic", &ar)] {
            let Some(entry) = map.get(key) else {
                continue;
            };
            for name in here.difference(there) {
                self.warning(
                    codes::PLACEHOLDER_IN_ONE_LANGUAGE,
                    format!(
                        "`{}` shows `{{{name}}}`, and its {other} text does not",
                        map.path_of(key)
                    ),
                    entry.node.span,
                    format!("put `{{{name}}}` into the {other} text too, or into neither"),
                );
            }
        }
    }

    /// Reads a text in no particular language, such as a person's name.
    pub(super) fn line(&mut self, entry: &Entry, path: &str, max: usize) -> Option<String> {
        let text = self.string(&entry.node, path, "…")?;
        let scalar = scalar_of(&entry.node)?;
        let good = self.is_said(&entry.node, scalar, path, &letters_of(text))
            & self.is_safe(&entry.node, scalar, path)
            & self.is_short(&entry.node, path, text.chars().count(), max);
        good.then(|| text.trim().to_owned())
    }

    fn language(
        &mut self,
        map: &super::map::Map<'_>,
        key: &str,
        language: &str,
        rules: TextRules<'_>,
    ) -> Option<String> {
        let Some(entry) = map.get(key) else {
            self.error_about(
                map.path.clone(),
                codes::MISSING_LANGUAGE,
                format!("`{}` has no {language} text", map.path),
                map.at,
                format!("add `{key}: \"…\"`; citizens read both languages"),
            );
            return None;
        };
        let path = map.path_of(key);
        let node = &entry.node;
        if matches!(&node.value, Value::Scalar(scalar) if !scalar.quoted && scalar.text.is_empty()) {
            self.empty(node, &path);
            return None;
        }
        let text = self.string(node, &path, "\"…\"")?;
        let scalar = scalar_of(node)?;
        // Each check speaks for itself, so that all of them are told at once.
        let letters = letters_of(text);
        let good = self.is_said(node, scalar, &path, &letters)
            && self.is_in_language(node, &path, &letters, key, language);
        let safe = self.is_safe(node, scalar, &path);
        self.shows_no_notation(node, scalar, &path);
        let longest = self.check_placeholders(node, scalar, &path, rules);
        let short = self.is_short(node, &path, longest.unwrap_or(0), rules.max);
        (good && safe && longest.is_some() && short).then(|| text.trim().to_owned())
    }

    fn is_said(&mut self, node: &Node, scalar: &Scalar, path: &str, letters: &str) -> bool {
        if scalar.text.trim().is_empty() {
            self.empty(node, path);
            return false;
        }
        let placeholder = is_placeholder_text(letters);
        if placeholder {
            self.error(
                codes::EMPTY_TEXT,
                format!("`{path}` holds a placeholder instead of a text"),
                node.span,
                "write the sentence that people shall read",
            );
        }
        !placeholder
    }

    fn empty(&mut self, node: &Node, path: &str) {
        self.error(
            codes::EMPTY_TEXT,
            format!("`{path}` is empty"),
            node.span,
            "write the sentence that people shall read",
        );
    }

    fn is_in_language(&mut self, node: &Node, path: &str, letters: &str, key: &str, language: &str) -> bool {
        let own = if key == "ar" { is_arabic } else { is_latin };
        let good = letters.chars().any(own);
        if !good {
            self.error(
                codes::WRONG_LANGUAGE,
                format!("`{path}` has no {language} letters"),
                node.span,
                "check whether `ar` and `en` are exchanged, and translate the text",
            );
        }
        good
    }

    /// Nothing that people read may hold characters that change what they see (threat: look-alike requests).
    fn is_safe(&mut self, node: &Node, scalar: &Scalar, path: &str) -> bool {
        let Some((at, what)) = first_unsafe(&scalar.text) else {
            return true;
        };
        let span = self.inside(node, scalar, at, 1);
        let code = scalar.text.chars().nth(at).map_or(0, u32::from);
        let help = match what {
            _ if code == 0x0A => {
                "write the text on one line; `>-` joins several lines and adds no line break".to_owned()
            }
            Unsafe::Direction => format!("remove U+{code:04X}; the page sets the right direction by itself"),
            Unsafe::LookAlike => format!("type the Latin letter in place of U+{code:04X}"),
            _ => format!("remove U+{code:04X}; nobody can see it, and it makes another text"),
        };
        // A letter that looks like another is not taken out but corrected, by somebody who reads the word.
        let fix = match what {
            Unsafe::Direction | Unsafe::Invisible => char::from_u32(code).and_then(|c| self.without(span, c)),
            _ => None,
        };
        self.error_fixed(
            codes::UNSAFE_CHARACTER,
            format!("`{path}` holds {what}"),
            span,
            help,
            fix,
        );
        false
    }

    /// Quotation marks of a word processor around a whole text are part of it, since they are none to YAML.
    fn shows_no_notation(&mut self, node: &Node, scalar: &Scalar, path: &str) {
        let text = scalar.text.trim();
        let wrapped = WRAPS.iter().any(|(open, close)| {
            text.strip_prefix(*open)
                .and_then(|rest| rest.strip_suffix(*close))
                .is_some_and(|inner| !inner.contains([*open, *close]))
        });
        if !wrapped {
            return;
        }
        let inner: String = text
            .chars()
            .skip(1)
            .take(text.chars().count().saturating_sub(2))
            .collect();
        let fix = (!inner.contains(['"', '\\']))
            .then(|| self.rewritten(node.span, &format!("\"{inner}\"")))
            .flatten();
        let diagnostic = Diagnostic::warning(
            codes::NOTATION_SHOWN,
            format!("people will read the quotation marks around `{path}`"),
            self.label(node.span, ""),
        );
        self.push(
            diagnostic
                .help("write straight ones, which YAML takes away: `\"…\"`")
                .fix(fix),
        );
    }

    fn is_short(&mut self, node: &Node, path: &str, longest: usize, max: usize) -> bool {
        if longest > max {
            let (has, help) = if scalar_of(node).is_some_and(|scalar| scalar.text.contains('{')) {
                (
                    "can have",
                    "shorten the text, or give its inputs a smaller `max_length` or `max`",
                )
            } else {
                ("has", "shorten the text")
            };
            self.error(
                codes::TEXT_TOO_LONG,
                format!("`{path}` {has} {longest} characters; at most {max} fit"),
                node.span,
                help,
            );
        }
        longest <= max
    }

    /// Checks every placeholder. Gives the most characters that the text can have once rendered; `None` if a
    /// placeholder is wrong.
    fn check_placeholders(
        &mut self,
        node: &Node,
        scalar: &Scalar,
        path: &str,
        rules: TextRules<'_>,
    ) -> Option<usize> {
        let mut longest = 0_usize;
        let mut at = 0_usize;
        let mut good = true;
        let all = pieces(&scalar.text);
        let mut doubled = false;
        for (index, piece) in all.iter().enumerate() {
            let next = |step: usize| all.get(index + step);
            let (count, most) = match piece {
                Piece::Literal(text) => {
                    let length = text.chars().count();
                    if text.ends_with('$') && matches!(next(1), Some(Piece::Placeholder(_))) {
                        let span = self.inside(node, scalar, at.saturating_add(length.saturating_sub(1)), 1);
                        self.dollar(span, path);
                    }
                    (length, length)
                }
                Piece::Stray("{")
                    if matches!(
                        (next(1), next(2)),
                        (Some(Piece::Placeholder(_)), Some(Piece::Stray("}")))
                    ) =>
                {
                    let name = match next(1) {
                        Some(Piece::Placeholder(name)) => *name,
                        _ => "",
                    };
                    let span = self.inside(node, scalar, at, name.chars().count().saturating_add(4));
                    let (wrong, right) = (format!("{{{{{name}}}}}"), format!("{{{name}}}"));
                    let fix = self.instead(span, &wrong, &right, true);
                    self.error_fixed(
                        codes::STRAY_BRACE,
                        format!("`{path}` has two braces around `{}`", shown(name)),
                        span,
                        format!("write one: `{{{}}}`", shown(name)),
                        fix,
                    );
                    good = false;
                    doubled = true;
                    (1, 1)
                }
                Piece::Stray(_) if doubled => {
                    doubled = false;
                    (1, 1)
                }
                Piece::Stray(brace) => {
                    let span = self.inside(node, scalar, at, 1);
                    self.error(
                        codes::STRAY_BRACE,
                        format!("`{path}` has a `{brace}` that belongs to no placeholder"),
                        span,
                        "write placeholders as `{name}`, and no other braces",
                    );
                    good = false;
                    (1, 1)
                }
                Piece::Placeholder(name) => {
                    let count = name.chars().count().saturating_add(2);
                    let span = self.inside(node, scalar, at, count);
                    let most = self.check_placeholder(name, span, path, rules);
                    good &= most.is_some();
                    (count, most.unwrap_or(0))
                }
            };
            at = at.saturating_add(count);
            longest = longest.saturating_add(most);
        }
        good.then_some(longest)
    }

    /// `${licence}`, as other languages write it.
    fn dollar(&mut self, span: Span, path: &str) {
        let fix = self.without(span, '$');
        let diagnostic = Diagnostic::warning(
            codes::NOTATION_SHOWN,
            format!("people will read the `$` before the placeholder in `{path}`"),
            self.label(span, ""),
        );
        self.push(diagnostic.help("write `{name}` alone").fix(fix));
    }

    fn check_placeholder(
        &mut self,
        name: &str,
        span: Span,
        path: &str,
        rules: TextRules<'_>,
    ) -> Option<usize> {
        let Some(inputs) = rules.inputs else {
            self.error(
                codes::PLACEHOLDER_NOT_ALLOWED,
                format!("`{path}` is a fixed text and takes no placeholder"),
                span,
                "write the text without it; placeholders are for `reason` of a capability and `say`",
            );
            return None;
        };
        let Some(input) = inputs.get(name) else {
            let known: Vec<_> = inputs.keys().map(InputName::as_str).collect();
            let bare = name.trim().rsplit('.').next().unwrap_or_default();
            let meant = meant(bare, known.iter().copied());
            let help = match meant {
                Some(meant) => format!("did you mean `{{{}}}`?", meant.word),
                None if Field::parse(bare).is_ok() => {
                    "texts can name inputs only: nothing of the person is known yet, or shown".to_owned()
                }
                None if self.is_partial() => {
                    "a text that services share names no inputs: write it without, or write it in the service"
                        .to_owned()
                }
                None => "declare it under `inputs`, or write the text without it".to_owned(),
            };
            let fix = meant.and_then(|meant| {
                let (wrong, right) = (format!("{{{name}}}"), format!("{{{}}}", meant.word));
                self.instead(span, &wrong, &right, meant.certain)
            });
            self.error_fixed(
                codes::UNDECLARED_PLACEHOLDER,
                format!("`{path}` uses the input `{}`, which is not declared", shown(name)),
                span,
                help,
                fix,
            );
            return None;
        };
        if input.optional {
            self.warning(
                codes::OPTIONAL_PLACEHOLDER,
                format!("`{path}` uses the input `{name}`, which may be missing"),
                span,
                "make the input required, or write the text without it",
            );
        }
        Some(longest_value(&input.kind))
    }
}

fn scalar_of(node: &Node) -> Option<&Scalar> {
    match &node.value {
        Value::Scalar(scalar) => Some(scalar),
        _ => None,
    }
}

/// The inputs that a text shows.
fn placeholders(text: &str) -> BTreeSet<&str> {
    pieces(text)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Placeholder(name) => Some(name),
            Piece::Literal(_) | Piece::Stray(_) => None,
        })
        .collect()
}

/// The text without placeholders, trimmed and in lowercase.
fn letters_of(text: &str) -> String {
    let literal: String = pieces(text)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text),
            Piece::Placeholder(_) | Piece::Stray(_) => None,
        })
        .collect();
    literal.trim().to_lowercase()
}

/// Whether somebody meant to write the text later (R000-036, R000-079).
fn is_placeholder_text(letters: &str) -> bool {
    let bare = letters.trim_matches(|letter: char| !is_alphanumeric(letter));
    // Most texts are longer than any of these, which the first letters show.
    let joined = bare.chars().filter(|letter| is_alphanumeric(*letter));
    let joined: String = joined.take(LONGEST_PLACEHOLDER + 1).collect();
    let marked = MARKERS.iter().any(|marker| bare.contains(marker))
        && bare
            .split(|letter: char| !is_alphanumeric(letter))
            .any(|word| MARKERS.contains(&word));
    PLACEHOLDERS.contains(&joined.as_str()) || marked || bare.starts_with("lorem ipsum")
}

const fn is_arabic(letter: char) -> bool {
    matches!(letter, '\u{0621}'..='\u{064A}' | '\u{066E}'..='\u{06D3}' | '\u{06FA}'..='\u{06FC}')
}

const fn is_latin(letter: char) -> bool {
    letter.is_ascii_alphabetic()
}

/// The most characters that a value of an input can have.
fn longest_value(kind: &InputKind) -> usize {
    match kind {
        InputKind::String { max_length, .. } => *max_length,
        InputKind::Integer { min, max } => min.to_string().len().max(max.to_string().len()),
        // The whole part, the point and three places.
        InputKind::Decimal { min, max } => {
            let whole = |thousandths: i64| (thousandths / 1_000).to_string().len() + 1;
            whole(*min).max(whole(*max)) + 4
        }
        InputKind::Boolean => 5,
        InputKind::Choice(of) => of.iter().map(|word| word.chars().count()).max().unwrap_or(0),
    }
}

/// Marks of word processors, in pairs.
const WRAPS: [(char, char); 4] = [('“', '”'), ('‘', '’'), ('„', '“'), ('”', '“')];

/// Words that mark a text as unfinished wherever they stand.
const MARKERS: [&str; 5] = ["todo", "fixme", "tbd", "tba", "xxx"];

/// Characters of the longest of the words below.
const LONGEST_PLACEHOLDER: usize = 20;

/// Whole texts that say nothing, in lowercase and without spaces and signs.
const PLACEHOLDERS: [&str; 31] = [
    "text",
    "string",
    "reason",
    "purpose",
    "test",
    "testing",
    "name",
    "title",
    "description",
    "placeholder",
    "sample",
    "example",
    "foo",
    "bar",
    "asdf",
    "na",
    "none",
    "null",
    "message",
    "servicename",
    "servicedescription",
    "authenticationreason",
    "authreason",
    "reasonhere",
    "changeme",
    "lorem",
    "نص",
    "سبب",
    "السبب",
    "الغرض",
    "اختبار",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholder_texts_are_known() {
        for text in [
            "TODO",
            "todo: write this",
            "Text",
            "...text...",
            "Authentication Reason",
            "Lorem ipsum dolor",
            "N/A",
            "xxx",
            "Change me",
            "نص",
        ] {
            assert!(is_placeholder_text(&letters_of(text)), "{text}");
        }
        for text in [
            "Sign in to renew licence {licence}",
            "الدخول لتجديد الرخصة",
            "Test results of the laboratory",
            "Texting",
        ] {
            assert!(!is_placeholder_text(&letters_of(text)), "{text}");
        }
    }

    #[test]
    fn no_placeholder_is_longer_than_what_is_looked_at() {
        let longest = PLACEHOLDERS.iter().map(|word| word.chars().count()).max();
        assert_eq!(longest, Some(LONGEST_PLACEHOLDER));
    }

    #[test]
    fn a_placeholder_does_not_count_as_letters() {
        assert_eq!(letters_of("  {licence} "), "");
    }
}
