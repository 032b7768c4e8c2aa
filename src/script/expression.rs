use rhai::AST;
use rhai::Dynamic;
use rhai::Engine;
use rhai::EvalAltResult;
use rhai::ParseError;
use rhai::ParseErrorType;
use rhai::Scope;
use rhai::serde::to_dynamic;
use serde_json::Value;

use super::budget::with_budget;
use super::engine;
use super::refused::refused;

/// Reads and asks the expressions of rulebooks: a pure question over a policy as meant.
///
/// The engine is that of scripts, with room for a whole service as a value.
pub struct Questions {
    engine: Engine,
}

/// One expression, parsed.
#[derive(Clone, Debug)]
pub struct Question {
    ast: AST,
}

/// A policy as an expression sees it.
#[derive(Clone, Debug)]
pub struct Answerable(Dynamic);

impl std::fmt::Debug for Questions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Questions")
    }
}

impl Default for Questions {
    fn default() -> Self {
        let mut engine = engine::build();
        engine
            .set_max_string_size(64 * 1024)
            .set_max_array_size(10_000)
            .set_max_map_size(10_000);
        Self { engine }
    }
}

impl Answerable {
    /// Takes over a policy as meant. What can't be represented is `()`.
    pub fn new(value: &Value) -> Self {
        Self(to_dynamic(value).unwrap_or(Dynamic::UNIT))
    }
}

impl Questions {
    /// Parses an expression that may name these variables.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(&self, expression: &str, variables: &[&str]) -> Result<Question, String> {
        let mut scope = Scope::new();
        for name in variables {
            scope.push_constant(*name, ());
        }
        self.engine
            .compile_expression_with_scope(&scope, expression)
            .map(|ast| Question { ast })
            .map_err(|error| unreadable(expression, &error, variables))
    }

    /// Asks; fails closed on anything but `true` and `false`.
    ///
    /// # Errors
    /// Why there is no answer: it fails, takes too long, or gives something else.
    pub fn ask(&self, question: &Question, variables: &[(&str, &Answerable)]) -> Result<bool, String> {
        let mut scope = Scope::new();
        for (name, value) in variables {
            scope.push_constant_dynamic(*name, value.0.clone());
        }
        let answer = with_budget(|| {
            self.engine
                .eval_ast_with_scope::<Dynamic>(&mut scope, &question.ast)
        });
        match answer {
            Ok(answer) => answer
                .as_bool()
                .map_err(|kind| format!("it gives {kind} and not `true` or `false`")),
            Err(error) => Err(unanswered(error.unwrap_inner())),
        }
    }
}

fn unreadable(expression: &str, error: &ParseError, variables: &[&str]) -> String {
    let why = match error.err_type() {
        ParseErrorType::VariableUndefined(name) => {
            format!(
                "there is no variable `{name}`; it reads `{}`",
                variables.join("` and `")
            )
        }
        _ => {
            let told = refused("", expression, error);
            let help = told.help.first().map_or("", String::as_str);
            format!("{}; {help}", told.message)
        }
    };
    format!("{why} ({})", character(error.position()))
}

fn unanswered(error: &EvalAltResult) -> String {
    let why = match error {
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("there is no `{name}`"),
        EvalAltResult::ErrorVariableNotFound(name, _) => format!("there is no variable `{name}`"),
        EvalAltResult::ErrorFunctionNotFound(called, _) => {
            let name = called.split([' ', '(']).next().unwrap_or_default();
            format!("`{name}` can't be done with these values")
        }
        EvalAltResult::ErrorTerminated(..) | EvalAltResult::ErrorTooManyOperations(_) => {
            "it takes too long".to_owned()
        }
        _ => "it fails".to_owned(),
    };
    format!("{why} ({})", character(error.position()))
}

fn character(at: rhai::Position) -> String {
    format!("character {} of the expression", at.position().unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ask(expression: &str) -> Result<bool, String> {
        let questions = Questions::default();
        let question = questions.parse(expression, &["service"])?;
        let service = Answerable::new(&json!({
            "audience": { "size": 1_200_000 },
            "channels": ["web", "counter"],
            "name": { "ar": "رخصة", "en": "Licence" },
            "fields": { "civil_no": {} },
        }));
        questions.ask(&question, &[("service", &service)])
    }

    #[test]
    fn a_policy_is_asked() {
        for (expression, answer) in [
            ("service.audience.size > 1000", true),
            ("service.channels.contains(\"kiosk\")", false),
            ("\"legal_basis\" in service", false),
            (
                "\"civil_no\" in service.fields && service.name.en.len() < 40",
                true,
            ),
            ("service.channels.all(|channel| channel != \"call_center\")", true),
        ] {
            assert_eq!(ask(expression), Ok(answer), "{expression}");
        }
    }

    // A rule that can't be asked is not a rule that is kept (law 5).
    #[test]
    fn anything_else_is_no_answer() {
        for expression in [
            "service.audience.sice > 5",
            "serivce.audience.size > 5",
            "service.audience",
            "service.audience.size >",
            "let x = 5; true",
            "loop {}",
            "eval(\"true\")",
            "(0..100000000).all(|n| n >= 0)",
            "",
        ] {
            assert!(ask(expression).is_err(), "{expression}");
        }
    }
}
