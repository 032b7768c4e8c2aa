use rhai::AST;
use rhai::Dynamic;
use rhai::Engine;
use rhai::Scope;
use rhai::serde::to_dynamic;
use serde_json::Value;

use super::budget::with_budget;
use super::engine;

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
            .map_err(|error| {
                let at = error.position().position().unwrap_or(1);
                format!("{} (character {at} of the expression)", error.err_type())
            })
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
            Err(error) => Err(error.unwrap_inner().to_string()),
        }
    }
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
