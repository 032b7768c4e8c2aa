use super::kind::Kind;
use super::kind::Words;
use super::report::label;
use super::spelling;
use super::spelling::Misspelt;
use super::walk::Frame;
use super::walk::Walk;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::script::hook::Hook;
use crate::script::syntax::Literal;
use crate::script::syntax::Node;
use crate::script::syntax::What;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Outcome;

impl Walk<'_> {
    /// Checks an operator and says what is known of its value.
    pub(super) fn operator(
        &mut self,
        frame: &Frame<'_>,
        name: &str,
        parts: &[Node],
        kinds: &[Kind],
        at: Position,
    ) -> Kind {
        match (name, parts, kinds) {
            ("==" | "!=" | "<" | ">" | "<=" | ">=", [left, right], [left_kind, right_kind]) => {
                self.compared(frame, name, (left, *left_kind), (right, *right_kind), at);
                Kind::Flag
            }
            ("!", [part], [kind]) => {
                self.condition(frame, part, *kind);
                Kind::Flag
            }
            ("+", _, [Kind::Text | Kind::Word(_), _] | [_, Kind::Text | Kind::Word(_)]) => Kind::Text,
            ("+" | "-" | "*" | "/" | "%" | "**", _, [Kind::Whole, Kind::Whole]) => Kind::Whole,
            ("+" | "-" | "*" | "/" | "%" | "**", _, [a, b]) if is_number(*a) && is_number(*b) => Kind::Number,
            _ => Kind::Other,
        }
    }

    /// A text of a list that is compared with a word.
    pub(super) fn one_of(&mut self, frame: &Frame<'_>, list: &Node, kind: Kind) {
        let (What::List(items), Kind::Word(words)) = (&list.what, kind) else {
            return;
        };
        for item in items {
            if let What::Text(word) = &item.what {
                self.word(frame, words, word, item.at);
            }
        }
    }

    /// The texts that choose a way of a `switch`.
    pub(super) fn cases(&mut self, frame: &Frame<'_>, kind: Kind, at: Position) {
        let cases = frame.unit.syntax.cases.get(&at).map_or(&[][..], Vec::as_slice);
        for (word, at) in cases {
            match kind {
                Kind::Word(words) => self.word(frame, words, word, *at),
                kind if !kind.can_equal(Kind::Text) => self.never_equal(frame, kind, Kind::Text, *at, None),
                _ => {}
            }
        }
    }

    /// Only true or false can be asked for. A flag that may be missing would end the script.
    pub(super) fn condition(&mut self, frame: &Frame<'_>, node: &Node, kind: Kind) {
        if kind == Kind::MaybeFlag {
            let what = written(node);
            let place = label(frame.unit.file, node.start(), what.chars().count(), "");
            let message = format!("{} may be missing, and then the script ends here", named(&what));
            let help = if what.is_empty() {
                "compare it: `… == true`, or `… != true`".to_owned()
            } else {
                format!("write `{what} == true`, or `{what} != true` for its opposite")
            };
            self.report
                .push(Diagnostic::warning(codes::SCRIPT_MAY_BE_MISSING, message, place).help(help));
        } else if !kind.can_equal(Kind::Flag)
            && let Some(words) = kind.words()
        {
            let message = format!("a condition is true or false, and this is {words}");
            let help = "compare it with something, as in `flow.inputs.count > 3`";
            let width = written(node).chars().count();
            self.error(
                codes::SCRIPT_WRONG_CONDITION,
                frame,
                node.start(),
                width,
                &message,
                help,
            );
        }
    }

    fn compared(
        &mut self,
        frame: &Frame<'_>,
        operator: &str,
        (left, left_kind): (&Node, Kind),
        (right, right_kind): (&Node, Kind),
        at: Position,
    ) {
        for (kind, other) in [(left_kind, right), (right_kind, left)] {
            if let (Kind::Word(words), What::Text(word)) = (kind, &other.what) {
                self.word(frame, words, word, other.at);
            }
        }
        if left_kind.can_equal(right_kind) {
            return;
        }
        let is_written = |node: &Node| matches!(node.what, What::Text(_) | What::Literal(_));
        let equals = matches!(operator, "==" | "!=");
        let (literal, kind) = if is_written(right) {
            (right, left_kind)
        } else {
            (left, right_kind)
        };
        let fix = is_written(literal)
            .then(|| other_kind(frame, literal, kind, equals))
            .flatten();
        let at = if is_written(literal) { literal.at } else { at };
        self.never_equal(frame, left_kind, right_kind, at, fix);
    }

    fn never_equal(
        &mut self,
        frame: &Frame<'_>,
        left: Kind,
        right: Kind,
        at: Position,
        fix: Option<(String, String, bool)>,
    ) {
        let (Some(left), Some(right)) = (left.words(), right.words()) else {
            return;
        };
        let message = format!("{left} is compared with {right}, which it never equals");
        let help = match &fix {
            Some((_, right, _)) => format!("write `{right}`"),
            None if left == "true or false" && right.contains("number") => {
                "write both comparisons: `1 < count && count < 5`".to_owned()
            }
            None => format!("compare {left} with {left}"),
        };
        let fix = fix
            .and_then(|(wrong, right, certain)| spelling::instead(frame.unit, at, &wrong, &right, certain));
        let width = fix
            .as_ref()
            .and_then(|fix| fix.edits.first())
            .and_then(|edit| frame.unit.text.get(edit.bytes.clone()))
            .map_or(1, |written| written.chars().count());
        let place = label(frame.unit.file, at, width, "");
        self.report.push(
            Diagnostic::error(codes::SCRIPT_NEVER_EQUAL, message, place)
                .help(help)
                .fix(fix),
        );
    }

    fn word(&mut self, frame: &Frame<'_>, words: Words, word: &str, at: Position) {
        let (all, of) = words.all(self);
        if all.iter().any(|known| known == word) {
            self.word_here(frame, words, word, at);
            return;
        }
        if all.is_empty() {
            return;
        }
        let ticked: Vec<String> = all.iter().map(|word| format!("`{word}`")).collect();
        // A leaf code without its class.
        let whole = all
            .iter()
            .find(|known| known.split_once('.').is_some_and(|(_, leaf)| leaf == word));
        if let Some(whole) = whole {
            let place = label(frame.unit.file, at, word.chars().count() + 2, "");
            let fix = spelling::instead(frame.unit, at, word, whole, true);
            self.report.push(
                Diagnostic::error(
                    codes::SCRIPT_UNKNOWN_WORD,
                    format!("`{word}` is no {of}, so this never fits"),
                    place,
                )
                .help(format!("write `{whole}`"))
                .fix(fix),
            );
            return;
        }
        let found = Misspelt {
            code: codes::SCRIPT_UNKNOWN_WORD,
            message: format!("`{word}` is no {of}, so this never fits"),
            word,
            around: ("", ""),
            otherwise: format!("write one of {}", ticked.join(", ")),
        };
        self.misspelt(frame, at, &found, all.iter().map(String::as_str));
    }

    /// A word that exists and never comes to this service, or to this hook.
    fn word_here(&mut self, frame: &Frame<'_>, words: Words, word: &str, at: Position) {
        let Some((service, whole)) = self
            .service
            .and_then(|service| Some((service, service.whole.as_ref()?)))
        else {
            return;
        };
        let (message, help) = match words {
            Words::Channel if Channel::from_name(word).is_some_and(|one| !whole.channels.contains(&one)) => (
                format!(
                    "the service `{}` is not offered on `{word}`, so this never fits",
                    service.service
                ),
                format!("add `{word}` to `channels`, or remove the comparison"),
            ),
            Words::Capability
                if Capability::from_name(word).is_some_and(|one| !whole.capabilities.contains(&one)) =>
            {
                (
                    format!(
                        "the service `{}` does not declare `{word}`, so this never fits",
                        service.service
                    ),
                    format!("add `{word}` to `capabilities`, or remove the comparison"),
                )
            }
            Words::Outcome => {
                let class = Outcome::from_code(word).map(Outcome::class);
                let Some(Hook::Ending(own)) = frame.hook else {
                    return;
                };
                if class == Some(own) {
                    return;
                }
                (
                    format!("`fn {own}` is never called for `{word}`"),
                    match class {
                        Some(class) => format!("move this to `fn {class}(flow)`"),
                        None => "remove the comparison".to_owned(),
                    },
                )
            }
            _ => return,
        };
        let place = label(frame.unit.file, at, word.chars().count() + 2, "");
        self.report
            .push(Diagnostic::warning(codes::SCRIPT_WORD_NOT_HERE, message, place).help(help));
    }
}

const fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Whole | Kind::Number)
}

/// A value that is written out, as the kind it is compared with would be written: what stands there, and what should.
fn other_kind(frame: &Frame<'_>, literal: &Node, kind: Kind, equals: bool) -> Option<(String, String, bool)> {
    match (&literal.what, kind) {
        (What::Text(text), Kind::Whole) => text
            .parse::<i64>()
            .ok()
            .map(|number| (format!("\"{text}\""), number.to_string(), true)),
        (What::Text(text), Kind::Number) => {
            let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            let number = plain && text.parse::<f64>().is_ok();
            number.then(|| (format!("\"{text}\""), text.clone(), true))
        }
        (What::Text(text), Kind::Flag | Kind::MaybeFlag) => {
            let right = match text.as_str() {
                "true" | "yes" => "true",
                "false" | "no" => "false",
                _ => return None,
            };
            Some((format!("\"{text}\""), right.to_owned(), text == right))
        }
        (What::Literal(Literal::Whole), Kind::Text) if equals => {
            let start = crate::diagnostics::byte_at(frame.unit.text, literal.at)?;
            let rest = frame.unit.text.get(start..)?;
            let length = rest.bytes().take_while(u8::is_ascii_digit).count();
            let digits = rest.get(..length).filter(|digits| !digits.is_empty())?;
            Some((digits.to_owned(), format!("\"{digits}\""), true))
        }
        _ => None,
    }
}

/// A chain of names as it is written, such as `flow.inputs.flag`.
fn written(node: &Node) -> String {
    match &node.what {
        What::Name(name) => name.clone(),
        What::Member { of, name } => {
            let of = written(of);
            if of.is_empty() { of } else { format!("{of}.{name}") }
        }
        _ => String::new(),
    }
}

fn named(what: &str) -> String {
    if what.is_empty() {
        "this".to_owned()
    } else {
        format!("`{what}`")
    }
}
