use rhai::EvalAltResult;

use super::budget::Exhausted;
use super::budget::MAX_STEPS;
use super::budget::WORK;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Label;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::policy::Place;

/// Why a script failed, and where. Never carries a value that the script worked with (law 13).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ScriptFault {
    /// The script, line and column; line 0 where there is none, as for a panic.
    pub place: Place,
    /// What went wrong, as a sentence fragment.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// What a native function of ours tells the author; safe to show, unlike a thrown value.
#[derive(Clone, Debug)]
pub(super) struct Told(pub(super) String);

impl ScriptFault {
    /// A fault at a place.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            remedy: "correct the line; `midflow test` with the same inputs shows the way to it".to_owned(),
        }
    }

    /// The same with another remedy.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// The same as a diagnostic, to be shown like what is found before anything runs.
    pub fn diagnostic(&self) -> Diagnostic {
        let start = Position {
            line: self.place.line.max(1),
            column: self.place.column.max(1),
        };
        let label = Label {
            file: self.place.file.clone(),
            start,
            end: Position {
                column: start.column.saturating_add(1),
                ..start
            },
            text: String::new(),
        };
        Diagnostic::error(codes::SCRIPT_FAILED, &self.message, label).help(&self.remedy)
    }

    /// Finds the innermost place of an engine error. `outer` is where the search starts: the hook. `sources` are the
    /// texts of the script and its libraries.
    pub(super) fn from_engine(error: &EvalAltResult, outer: Place, sources: &[&str]) -> Self {
        let mut place = outer;
        let mut error = error;
        let mut move_to = |file: &str, at: rhai::Position| {
            if let (Some(line), Some(column)) = (at.line(), at.position()) {
                if !file.is_empty() {
                    file.clone_into(&mut place.file);
                }
                place.line = u32::try_from(line).unwrap_or(u32::MAX);
                place.column = u32::try_from(column).unwrap_or(u32::MAX);
            }
        };
        let mut file = String::new();
        loop {
            move_to(&file, error.position());
            match error {
                EvalAltResult::ErrorInFunctionCall(_, called, inner, _) => {
                    called.clone_into(&mut file);
                    error = inner;
                }
                EvalAltResult::ErrorInModule(module, inner, _) => {
                    file = format!("scripts/{module}.rhai");
                    error = inner;
                }
                _ => break,
            }
        }
        let (message, remedy) = message(error, &|text| sources.iter().any(|source| source.contains(text)));
        Self {
            place,
            message,
            remedy: remedy.to_owned(),
        }
    }
}

/// Says what went wrong, with names from the script's text only, and what to do. Texts that the engine makes of values
/// are left out; a thrown text is shown if it stands in the source as it is.
fn message(error: &EvalAltResult, is_written: &dyn Fn(&str) -> bool) -> (String, &'static str) {
    let too_many = || format!("the script took more than {MAX_STEPS} steps and was stopped");
    match error {
        EvalAltResult::ErrorTooManyOperations(_) => (too_many(), SHORTER),
        EvalAltResult::ErrorTerminated(token, _) => match token.clone().try_cast::<Exhausted>() {
            Some(Exhausted::Steps) => (too_many(), SHORTER),
            _ => {
                let most = WORK.as_millis();
                (
                    format!("the script took longer than {most} ms and was stopped"),
                    SHORTER,
                )
            }
        },
        EvalAltResult::ErrorRuntime(value, _) => {
            if let Some(told) = value.clone().try_cast::<Told>() {
                return (told.0, "check the value before it is passed here");
            }
            let message = match value.clone().into_immutable_string() {
                Ok(text) if is_written(&text) => format!("the script threw \"{text}\""),
                _ => "the script threw an error".to_owned(),
            };
            (
                message,
                "to say no, return `refuse(…)`; `throw` counts as a fault",
            )
        }
        EvalAltResult::ErrorStackOverflow(_) => (
            "functions call each other too deeply".to_owned(),
            "let the function end before it calls itself again, or write a loop",
        ),
        EvalAltResult::ErrorTooManyVariables(_) => {
            ("there are too many variables at once".to_owned(), SHORTER)
        }
        EvalAltResult::ErrorTooManyModules(_) => ("too many files are imported".to_owned(), SHORTER),
        EvalAltResult::ErrorDataTooLarge(..) => {
            ("a text, list or map has grown too large".to_owned(), SHORTER)
        }
        EvalAltResult::ErrorArithmetic(..) => (
            "a calculation failed: a number too large, a division by zero, or a text that is no number"
                .to_owned(),
            "check the numbers first, as in `if count != 0 { … }`",
        ),
        EvalAltResult::ErrorArrayBounds(..) | EvalAltResult::ErrorStringBounds(..) => (
            "an index is out of bounds".to_owned(),
            "ask for the length first, as in `if list.len() > 2 { … }`",
        ),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => not_for_these(signature),
        EvalAltResult::ErrorMismatchDataType(wanted, found, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, found, _) => {
            let (wanted, found) = (kind_words(wanted), kind_words(found));
            let help = if found == NOTHING {
                MAY_BE_MISSING
            } else {
                OTHER_KIND
            };
            (format!("{wanted} is needed here, and there is {found}"), help)
        }
        EvalAltResult::ErrorDotExpr(text, _) => match quoted(text).filter(|name| is_written(name)) {
            Some(name) if text.starts_with("Unknown property") => (
                format!("the value before the dot has no `{name}`"),
                MAY_BE_MISSING,
            ),
            Some(name) => (
                format!("`{name}` can't be changed"),
                "keep the value in a variable of your own: `let amount = flow.inputs.amount;`",
            ),
            None => (
                "the value before the dot has no such name".to_owned(),
                MAY_BE_MISSING,
            ),
        },
        EvalAltResult::ErrorVariableNotFound(name, _)
        | EvalAltResult::ErrorPropertyNotFound(name, _)
        | EvalAltResult::ErrorModuleNotFound(name, _)
            if is_written(name) =>
        {
            (
                format!("there is no `{name}`"),
                "correct the name, or put it there before it is read",
            )
        }
        EvalAltResult::ErrorAssignmentToConstant(..) => (
            "what can't be changed was assigned to".to_owned(),
            "keep the value in a variable of your own",
        ),
        EvalAltResult::ErrorIndexingType(..) | EvalAltResult::ErrorIndexNotFound(..) => (
            "this value has no parts that can be asked for in square brackets".to_owned(),
            OTHER_KIND,
        ),
        _ => ("the script failed".to_owned(), OTHER_KIND),
    }
}

/// A function that is there, and not for what it was given: `+ (i64, ())`.
fn not_for_these(signature: &str) -> (String, &'static str) {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let types = types.strip_suffix(')').unwrap_or(types);
    let kinds: Vec<&str> = types
        .split(", ")
        .filter(|kind| !kind.is_empty())
        .map(kind_words)
        .collect();
    let help = if kinds.contains(&NOTHING) {
        MAY_BE_MISSING
    } else {
        OTHER_KIND
    };
    let message = if kinds.is_empty() {
        format!("there is no function `{name}` without arguments")
    } else {
        format!("`{name}` can't be used with {}", kinds.join(" and "))
    };
    (message, help)
}

/// What stands between the first two single quotation marks.
fn quoted(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once('\'')?;
    rest.split_once('\'').map(|(name, _)| name)
}

/// The kind of a value in words, by what the engine calls it.
pub(super) fn kind_words(engine_name: &str) -> &'static str {
    let name = engine_name
        .trim()
        .trim_start_matches('&')
        .trim_start_matches("mut ");
    match name {
        "()" => NOTHING,
        "bool" => "true or false",
        "i64" => "a whole number",
        "f64" => "a number",
        "char" => "a character",
        "array" => "a list",
        "map" => "a map",
        "answer" => "an answer",
        "Fn" => "a function",
        _ if name.contains("tring") || name.contains("str") => "a text",
        _ if name.contains("Array") || name.contains("Vec<") => "a list",
        _ if name.contains("Map") => "a map",
        _ if name.starts_with("flow") => "a part of `flow`",
        _ if name.to_lowercase().contains("range") => "a range of numbers",
        _ => "another kind of value",
    }
}

const NOTHING: &str = "nothing";
const SHORTER: &str = "do less here: leave out what the decision does not need, or let the e-service do it";
const OTHER_KIND: &str = "check which kind of value stands here, with `type_of(…)` if need be";
const MAY_BE_MISSING: &str = "an optional input that was not passed and a field that was not sent are `()`: ask for \
                              `!= ()` first";

#[cfg(test)]
mod tests {
    use rhai::Position;

    use super::*;

    fn told(error: &EvalAltResult, source: &str) -> String {
        ScriptFault::from_engine(error, Place::default(), &[source]).message
    }

    // Law 13: a thrown value may hold personal data; only what stands in the source is repeated.
    #[test]
    fn a_thrown_value_is_shown_only_if_the_source_holds_it() {
        let thrown = EvalAltResult::ErrorRuntime("299010100011".into(), Position::new(3, 5));
        assert_eq!(
            told(&thrown, "throw flow.person.civil_no;"),
            "the script threw an error"
        );
        assert_eq!(
            told(&thrown, "throw \"299010100011\";"),
            "the script threw \"299010100011\""
        );
    }

    // The words of the engine mean nothing to who writes a script.
    #[test]
    fn kinds_of_values_are_told_in_words() {
        for (signature, words) in [
            ("+ (i64, ())", "`+` can't be used with a whole number and nothing"),
            ("len (i64)", "`len` can't be used with a whole number"),
            (
                "f (&str | ImmutableString | String, map)",
                "`f` can't be used with a text and a map",
            ),
            ("f ()", "there is no function `f` without arguments"),
        ] {
            let error = EvalAltResult::ErrorFunctionNotFound(signature.into(), Position::NONE);
            assert_eq!(told(&error, ""), words);
        }
        let error = EvalAltResult::ErrorMismatchDataType("bool".into(), "()".into(), Position::NONE);
        let fault = ScriptFault::from_engine(&error, Place::default(), &[]);
        assert_eq!(
            fault.message,
            "true or false is needed here, and there is nothing"
        );
        assert!(fault.remedy.contains("!= ()"));
    }

    #[test]
    fn the_innermost_place_counts() {
        let inner = EvalAltResult::ErrorStackOverflow(Position::new(9, 2));
        let outer = EvalAltResult::ErrorInFunctionCall(
            "help".into(),
            "scripts/lib/a.rhai".into(),
            inner.into(),
            Position::new(1, 1),
        );
        let fault = ScriptFault::from_engine(&outer, Place::default(), &[]);
        assert_eq!(fault.place.to_string(), "scripts/lib/a.rhai:9:2");
    }
}
