use super::report::label;
use super::spelling::Misspelt;
use super::spelling::instead;
use super::walk::Frame;
use super::walk::Walk;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::diagnostics::meant;
use crate::policy::repaired_duration;
use crate::script::constructors as rules;
use crate::script::syntax::Node;
use crate::script::syntax::What;
use crate::words::Assurance;
use crate::words::Field;
use crate::words::FieldSource;
use crate::words::InputName;

impl Walk<'_> {
    /// Checks what is written out in the call of a constructor; the rest is checked when it runs.
    pub(super) fn constructor(&mut self, frame: &Frame<'_>, name: &str, arguments: &[Node], at: Position) {
        if let Some(hook) = frame
            .hook
            .filter(|hook| frame.is_hook && !hook.constructors().contains(&name))
        {
            let message = format!("`fn {}` may not return `{name}`", hook.name());
            let help = format!(
                "it may return `{}`, or nothing",
                hook.constructors().join("` or `")
            );
            self.error(
                codes::SCRIPT_INVALID_VALUE,
                frame,
                at,
                name.len(),
                &message,
                &help,
            );
        }
        match (name, arguments) {
            ("tighten", [settings]) => self.settings(frame, settings),
            ("refuse", [code, say]) => {
                self.written(frame, code, rules::refusal_code);
                self.text(frame, say);
            }
            ("stop" | "say", [say]) => self.text(frame, say),
            _ => {}
        }
    }

    fn settings(&mut self, frame: &Frame<'_>, settings: &Node) {
        let What::Map(entries) = &settings.what else {
            self.not_a_map(frame, settings, "#{ assurance: \"high\" }");
            return;
        };
        for (key, at, value) in entries {
            match key.as_str() {
                "assurance" => self.written_as(
                    frame,
                    value,
                    rules::assurance,
                    "write `\"low\"`, `\"medium\"` or `\"high\"`",
                ),
                "expires_in" => self.written_as(
                    frame,
                    value,
                    rules::duration,
                    "write a time with its unit, as `\"1m\"`",
                ),
                "drop" => self.dropped(frame, value),
                _ => self.unknown_key(frame, "tighten", &rules::TIGHTEN_KEYS, key, *at),
            }
        }
    }

    fn dropped(&mut self, frame: &Frame<'_>, value: &Node) {
        let names = match &value.what {
            What::List(names) => names,
            What::Text(_) | What::Literal(_) | What::Map(_) => {
                let message = "`drop` is a list of names of fields";
                self.error(
                    codes::SCRIPT_INVALID_VALUE,
                    frame,
                    value.at,
                    1,
                    message,
                    "write `drop: [\"name_en\"]`",
                );
                return;
            }
            _ => return,
        };
        for node in names {
            if self.misspelt_field(frame, node) {
                continue;
            }
            self.written(frame, node, rules::dropped_field);
            let What::Text(name) = &node.what else {
                continue;
            };
            let Ok(field) = Field::parse(name) else {
                continue;
            };
            if field == Field::Plain(FieldSource::CivilNo) {
                let message = "`civil_no` can't be dropped";
                let help =
                    "leave it out: by it the person who approved is compared with the person who was asked";
                self.error(
                    codes::SCRIPT_INVALID_VALUE,
                    frame,
                    node.at,
                    name.len() + 2,
                    message,
                    help,
                );
            } else if let Some(service) = self.service.filter(|service| service.lacks_field(&field)) {
                let message = format!(
                    "the service `{}` does not declare the field `{name}`",
                    service.service
                );
                let help = "there is nothing to drop";
                self.error(
                    codes::SCRIPT_UNDECLARED_FIELD,
                    frame,
                    node.at,
                    name.len() + 2,
                    &message,
                    help,
                );
            }
        }
    }

    /// A name that is nearly a field of the service.
    fn misspelt_field(&mut self, frame: &Frame<'_>, node: &Node) -> bool {
        let What::Text(name) = &node.what else {
            return false;
        };
        if Field::parse(name).is_ok() {
            return false;
        }
        let fields = self.service.and_then(|service| service.fields.as_ref());
        let known: Vec<String> = fields
            .into_iter()
            .flatten()
            .map(|field| field.name().to_string())
            .collect();
        let Some(near) = meant(name, known.iter().map(String::as_str)) else {
            return false;
        };
        let place = label(frame.unit.file, node.at, name.chars().count() + 2, "");
        let fix = instead(frame.unit, node.at, name, near.word, near.certain);
        self.report.push(
            Diagnostic::error(codes::SCRIPT_INVALID_VALUE, untakable(name), place)
                .help(format!("did you mean `{}`?", near.word))
                .fix(fix),
        );
        true
    }

    fn text(&mut self, frame: &Frame<'_>, say: &Node) {
        let What::Map(entries) = &say.what else {
            self.not_a_map(frame, say, "#{ ar: \"…\", en: \"…\" }");
            return;
        };
        for (key, at, value) in entries {
            if rules::TEXT_KEYS.contains(&key.as_str()) {
                self.written(frame, value, rules::one_language);
                self.letters(frame, key, value);
                self.placeholders(frame, value);
            } else {
                self.unknown_key(frame, "a text", &rules::TEXT_KEYS, key, *at);
            }
        }
        for (language, name) in [("ar", "Arabic"), ("en", "English")] {
            if !entries.iter().any(|(key, ..)| key == language) {
                let message = format!("the text has no {name}");
                let help = format!("add `{language}: \"…\"`: every text for citizens has both languages");
                self.error(codes::SCRIPT_INVALID_VALUE, frame, say.at, 1, &message, &help);
            }
        }
    }

    /// A text that is written out has letters of its language; what it is made of is not known here.
    fn letters(&mut self, frame: &Frame<'_>, key: &str, value: &Node) {
        let What::Text(text) = &value.what else {
            return;
        };
        let arabic = |letter: char| matches!(letter, '\u{0621}'..='\u{064A}' | '\u{066E}'..='\u{06D3}');
        let (has, name) = if key == "ar" {
            (text.chars().any(arabic), "Arabic")
        } else {
            (text.chars().any(|letter| letter.is_ascii_alphabetic()), "English")
        };
        if !has && text.chars().any(char::is_alphabetic) {
            let message = format!("`{key}` has no {name} letters");
            let help = "check whether `ar` and `en` are exchanged, and translate the text";
            let width = text.chars().count() + 2;
            self.error(
                codes::SCRIPT_INVALID_VALUE,
                frame,
                value.at,
                width,
                &message,
                help,
            );
        }
        if text.contains("${") {
            let message = "people will read `${` as it stands";
            let help =
                "write inputs as `{name}`; values are put into a text in backticks only: `… ${value} …`";
            let width = text.chars().count() + 2;
            self.error(codes::SCRIPT_INVALID_VALUE, frame, value.at, width, message, help);
        }
    }

    fn placeholders(&mut self, frame: &Frame<'_>, value: &Node) {
        let (What::Text(text), Some(service)) = (&value.what, self.service) else {
            return;
        };
        for piece in text.split('{').skip(1) {
            let Some((name, _)) = piece.split_once('}') else {
                continue;
            };
            if InputName::parse(name).is_ok() && service.lacks_input(name) {
                let message = format!("the service `{}` declares no input `{name}`", service.service);
                let near = meant(name, service.inputs.iter().flatten().map(InputName::as_str));
                let help = match near {
                    Some(near) => format!("did you mean `{{{}}}`?", near.word),
                    None => "declare it under `inputs`, or write the text without it".to_owned(),
                };
                let fix = near.and_then(|near| {
                    let right = text.replace(&format!("{{{name}}}"), &format!("{{{}}}", near.word));
                    instead(frame.unit, value.at, text, &right, near.certain)
                });
                let place = label(frame.unit.file, value.at, text.chars().count() + 2, "");
                let found = Diagnostic::error(codes::SCRIPT_UNDECLARED_INPUT, message, place);
                self.report.push(found.help(help).fix(fix));
            }
        }
    }

    /// A value that is written out keeps `rule`, or is wrong in kind; of others nothing is known yet.
    fn written<T>(
        &mut self,
        frame: &Frame<'_>,
        value: &Node,
        rule: impl Fn(&str) -> Result<T, &'static str>,
    ) {
        self.written_as(frame, value, rule, "write it in quotation marks");
    }

    /// The same, with the remedy where a number or something else is written.
    fn written_as<T>(
        &mut self,
        frame: &Frame<'_>,
        value: &Node,
        rule: impl Fn(&str) -> Result<T, &'static str>,
        remedy: &str,
    ) {
        match &value.what {
            What::Text(text) => {
                if let Err(why) = rule(text) {
                    let width = text.chars().count() + 2;
                    let place = label(frame.unit.file, value.at, width, "");
                    let fix = repaired(why, text)
                        .and_then(|(right, certain)| instead(frame.unit, value.at, text, &right, certain));
                    self.report.push(
                        Diagnostic::error(codes::SCRIPT_INVALID_VALUE, untakable(text), place)
                            .help(why)
                            .fix(fix),
                    );
                }
            }
            What::Literal(kind) => {
                let message = format!("a text is needed, and this is {}", kind.words());
                self.error(codes::SCRIPT_INVALID_VALUE, frame, value.at, 1, &message, remedy);
            }
            What::Map(_) | What::List(_) => {
                self.error(
                    codes::SCRIPT_INVALID_VALUE,
                    frame,
                    value.at,
                    1,
                    "a text is needed here",
                    "write it in quotation marks",
                );
            }
            _ => {}
        }
    }

    fn not_a_map(&mut self, frame: &Frame<'_>, value: &Node, example: &str) {
        if matches!(value.what, What::Text(_) | What::Literal(_) | What::List(_)) {
            let message = "settings in braces are needed here";
            self.error(
                codes::SCRIPT_INVALID_VALUE,
                frame,
                value.at,
                1,
                message,
                &format!("write `{example}`"),
            );
        }
    }

    fn unknown_key(&mut self, frame: &Frame<'_>, of: &str, known: &[&str], key: &str, at: Position) {
        let found = Misspelt {
            code: codes::SCRIPT_UNKNOWN_CONSTRUCTOR_KEY,
            message: format!("{of} has no `{key}`").replace("tighten has", "`tighten` has"),
            word: key,
            around: ("", ""),
            otherwise: format!("it has `{}`", known.join("`, `")),
        };
        self.misspelt(frame, at, &found, known.iter().copied());
    }
}

fn untakable(text: &str) -> String {
    if (1..=LONGEST_SHOWN).contains(&text.chars().count()) {
        format!("`{}` can't be taken here", text.escape_debug())
    } else {
        "a value that can't be taken".to_owned()
    }
}

const LONGEST_SHOWN: usize = 40;

/// What a value of a constructor was meant to be, and whether that is certain; `why` is the rule that it breaks.
fn repaired(why: &str, text: &str) -> Option<(String, bool)> {
    if why.starts_with("`assurance`") {
        let levels = Assurance::ALL.map(Assurance::as_str);
        return meant(text, levels).map(|near| (near.word.to_owned(), near.certain));
    }
    if why.starts_with("`expires_in`") {
        let right = repaired_duration(text).filter(|right| rules::duration(right).is_ok())?;
        return Some((right, true));
    }
    None
}
