use rhai::EvalAltResult;
use rhai::Position;

use super::budget::Exhausted;
use super::budget::MAX_STEPS;
use super::budget::WORK;
use crate::policy::Place;

/// Why a script failed, and where. Never carries a value that the script worked with (law 13).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ScriptFault {
    /// The script, line and column; line 0 where there is none, as for a panic.
    pub place: Place,
    /// What went wrong, as a sentence fragment.
    pub message: String,
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
        }
    }

    /// Finds the innermost place of an engine error. `outer` is where the search starts: the hook. `sources` are the
    /// texts of the script and its libraries.
    pub(super) fn from_engine(error: &EvalAltResult, outer: Place, sources: &[&str]) -> Self {
        let mut place = outer;
        let mut error = error;
        let mut move_to = |file: &str, at: Position| {
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
        let message = message(error, &|text| sources.iter().any(|source| source.contains(text)));
        Self { place, message }
    }
}

/// Says what went wrong with names from the script's text only. Texts that the engine makes of values are left
/// out; a thrown text is shown if it stands in the source as it is.
fn message(error: &EvalAltResult, is_written: &dyn Fn(&str) -> bool) -> String {
    let too_many = || format!("the script took more than {MAX_STEPS} steps and was stopped");
    match error {
        EvalAltResult::ErrorTooManyOperations(_) => too_many(),
        EvalAltResult::ErrorTerminated(token, _) => match token.clone().try_cast::<Exhausted>() {
            Some(Exhausted::Steps) => too_many(),
            _ => format!(
                "the script took longer than {} ms and was stopped",
                WORK.as_millis()
            ),
        },
        EvalAltResult::ErrorRuntime(value, _) => {
            if let Some(told) = value.clone().try_cast::<Told>() {
                return told.0;
            }
            match value.clone().into_immutable_string() {
                Ok(text) if is_written(&text) => format!("the script threw \"{text}\""),
                _ => "the script threw an error".to_owned(),
            }
        }
        EvalAltResult::ErrorStackOverflow(_) => "functions call each other too deeply".to_owned(),
        EvalAltResult::ErrorTooManyVariables(_) => "there are too many variables at once".to_owned(),
        EvalAltResult::ErrorTooManyModules(_) => "too many modules are imported".to_owned(),
        EvalAltResult::ErrorDataTooLarge(kind, _) => format!("a value has grown too large ({kind})"),
        EvalAltResult::ErrorArithmetic(..) => {
            "a calculation failed: a number too large, a division by zero, or a text that is no number"
                .to_owned()
        }
        EvalAltResult::ErrorArrayBounds(..) | EvalAltResult::ErrorStringBounds(..) => {
            "an index is out of bounds".to_owned()
        }
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            format!("there is no function `{signature}`")
        }
        EvalAltResult::ErrorMismatchDataType(wanted, found, _)
        | EvalAltResult::ErrorMismatchOutputType(wanted, found, _) => {
            format!("a value of type {found} stands where {wanted} is needed")
        }
        EvalAltResult::ErrorVariableNotFound(name, _)
        | EvalAltResult::ErrorPropertyNotFound(name, _)
        | EvalAltResult::ErrorModuleNotFound(name, _)
        | EvalAltResult::ErrorDotExpr(name, _)
            if is_written(name) =>
        {
            format!("there is no `{name}`")
        }
        EvalAltResult::ErrorAssignmentToConstant(..) | EvalAltResult::ErrorDotExpr(..) => {
            "what can't be changed was assigned to".to_owned()
        }
        _ => "the script failed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
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
