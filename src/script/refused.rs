//! What the parser of the engine refuses, in the words of somebody who writes scripts: what is wrong, where, and what to
//! write instead.

use rhai::LexError;
use rhai::ParseError;
use rhai::ParseErrorType;

use super::brackets;
use super::engine;
use super::foreign::RESERVED;
use super::foreign::SIGNS;
use super::lint;
use super::tokens::Token;
use super::tokens::tokens;
use super::view;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Fix;
use crate::diagnostics::Position;
use crate::diagnostics::byte_at;
use crate::diagnostics::codes;
use crate::diagnostics::meant;

/// Turns what the parser says into a diagnostic.
pub(super) fn refused(file: &str, text: &str, error: &ParseError) -> Diagnostic {
    let number = |value: Option<usize>| value.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
    let at = Position {
        line: number(error.position().line()),
        column: number(error.position().position()).max(1),
    };
    let refusal = Refusal {
        file,
        text,
        // The parser gives no place to what is missing at the end.
        at: if at.line == 0 { end(text) } else { at },
    };
    if let Some(found) = refusal.conflict() {
        return found;
    }
    // After a dot the parser only says that a name is missing where a forbidden word stands.
    let word = refusal.word();
    if let Some(word) = engine::FORBIDDEN.into_iter().find(|forbidden| *forbidden == word) {
        return lint::forbidden(word, lint::label(file, refusal.at, word.len(), ""));
    }
    refusal.diagnostic(error.err_type())
}

pub(super) struct Refusal<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
    pub(super) at: Position,
}

impl Refusal<'_> {
    fn diagnostic(&self, error: &ParseErrorType) -> Diagnostic {
        match error {
            ParseErrorType::ExprTooDeep => {
                self.limit("the script is nested too deeply", "split it into functions")
            }
            ParseErrorType::TooManyFunctions => self.limit(
                "the script has more than 64 functions",
                "move helpers into scripts/lib/",
            ),
            ParseErrorType::LiteralTooLarge(_, most) => {
                let message = format!("a text, list or map has more than {most} entries or characters");
                self.limit(&message, "make it shorter")
            }
            ParseErrorType::VariableUndefined(name) => self.unknown_variable(name),
            ParseErrorType::ModuleUndefined(name) => self.unknown_module(name),
            ParseErrorType::UnexpectedEOF => {
                self.unclosed_or("the script ends in the middle", "complete the last line")
            }
            ParseErrorType::BadInput(error) => self.bad_input(error),
            ParseErrorType::MissingToken(token, _) => self.missing(token),
            ParseErrorType::Reserved(word) => self.reserved(word),
            ParseErrorType::WrongFnDefinition => self.unclosed_or(
                "a function begins inside another one",
                "close the function above with `}`, or move this one out of it",
            ),
            ParseErrorType::FnDuplicatedDefinition(name, _) => self.twice(name),
            ParseErrorType::FnMissingName => {
                self.syntax("a function has no name", "write `fn plan(flow) { … }`")
            }
            ParseErrorType::FnMissingParams(name) => self.syntax(
                &format!("the function `{name}` has no brackets"),
                &format!("write `fn {name}(flow) {{ … }}`"),
            ),
            ParseErrorType::FnMissingBody(name) => self.syntax(
                &format!("the function `{name}` has no body"),
                &format!("write `fn {name}(…) {{ … }}`"),
            ),
            ParseErrorType::FnDuplicatedParam(name, parameter) => self.syntax(
                &format!("`{name}` has two parameters `{parameter}`"),
                "give each parameter a name of its own",
            ),
            ParseErrorType::DuplicatedProperty(name) => self.syntax(
                &format!("`{name}` stands twice in the same map"),
                "keep one of the two",
            ),
            ParseErrorType::DuplicatedVariable(name) => self.syntax(
                &format!("the name `{name}` is given twice"),
                "give each variable a name of its own",
            ),
            ParseErrorType::AssignmentToConstant(name) => self.syntax(
                &format!("the constant `{name}` can't be changed"),
                "declare it with `let`, or keep the value in another variable",
            ),
            ParseErrorType::AssignmentToInvalidLHS(_) => self.syntax(
                "nothing can be assigned to what stands before `=`",
                "put a variable there, or write `==` to compare",
            ),
            ParseErrorType::WrongSwitchDefaultCase => self.syntax(
                "the case `_` is not the last",
                "move it below all others: it takes what they leave",
            ),
            ParseErrorType::WrongSwitchCaseCondition => self.syntax(
                "this case can't have a condition",
                "put the `if` into the braces behind `=>`",
            ),
            ParseErrorType::WrongSwitchIntegerCase => self.syntax(
                "a number stands behind a range of numbers",
                "write single numbers first",
            ),
            ParseErrorType::LoopBreak => self.syntax(
                "`break` and `continue` stand in a loop only",
                "write `return` to leave the function",
            ),
            ParseErrorType::PropertyExpected => self.syntax(
                "a name is missing here",
                "write the name behind the dot, or the key before the colon",
            ),
            ParseErrorType::VariableExpected if self.word() == "fn" => self.syntax(
                "a function needs no word before `fn`",
                "begin with `fn plan(flow)`",
            ),
            ParseErrorType::VariableExpected => self.syntax(
                "the name of a variable is missing here",
                "write `let name = value;`",
            ),
            ParseErrorType::WrongExport => self.syntax("a script exports nothing", "remove `export`"),
            ParseErrorType::WrongDocComment => self.syntax(
                "a comment with three slashes stands before nothing",
                "write it with two: `// …`",
            ),
            ParseErrorType::ExprExpected(_) if self.is_foreign() => self.reserved(&self.word()),
            ParseErrorType::ExprExpected(_) => self.syntax(
                "a value is missing here",
                "write a value, or remove the sign or word before it",
            ),
            ParseErrorType::MismatchedType(..) => {
                self.syntax("a condition is true or false", "compare the value with something")
            }
            ParseErrorType::MalformedIndexExpr(_) => self.syntax(
                "what stands in the square brackets is no index",
                "write a whole number or a text there",
            ),
            ParseErrorType::UnknownOperator(sign) => self.sign(sign),
            _ => self.syntax(
                "the script can't be read from here on",
                "look for a missing bracket, comma or semicolon in this line and the one above",
            ),
        }
    }

    fn syntax(&self, message: &str, help: &str) -> Diagnostic {
        self.syntax_at(self.at, self.word().chars().count().max(1), message, help)
    }

    pub(super) fn syntax_at(&self, at: Position, width: usize, message: &str, help: &str) -> Diagnostic {
        Diagnostic::error(
            codes::SCRIPT_SYNTAX,
            message,
            lint::label(self.file, at, width, ""),
        )
        .help(help)
    }

    fn limit(&self, message: &str, help: &str) -> Diagnostic {
        Diagnostic::error(
            codes::SCRIPT_LIMITS,
            message,
            lint::label(self.file, self.at, 1, ""),
        )
        .help(help)
    }

    /// A bracket that is never closed explains much of what the parser does not expect.
    fn unclosed_or(&self, message: &str, help: &str) -> Diagnostic {
        match brackets::unclosed(self.text) {
            Some((bracket, at)) => {
                let message = format!("this `{bracket}` is never closed");
                let help = format!("write `{}` where it ends", brackets::closing(bracket));
                self.syntax_at(at, 1, &message, &help)
            }
            None => self.syntax(message, help),
        }
    }

    fn missing(&self, token: &str) -> Diagnostic {
        if self.is_foreign() {
            return self.reserved(&self.word());
        }
        if let Some(found) = self.typed_parameter().or_else(|| self.thousands()) {
            return found;
        }
        if let Some(bracket) = self.letter().filter(|letter| matches!(letter, ')' | ']' | '}'))
            && token == ";"
        {
            let fix = byte_at(self.text, self.at)
                .map(|byte| Fix::at(self.file, byte..byte + 1, "", format!("remove `{bracket}`")));
            let message = format!("this `{bracket}` closes nothing");
            return self
                .syntax_at(self.at, 1, &message, "remove it, or open what it closes")
                .fix(fix);
        }
        if matches!(token, "}" | ")" | "]" | ",") && brackets::unclosed(self.text).is_some() {
            return self.unclosed_or("", "");
        }
        let before = brackets::word_before(self.text, self.at);
        if let Some((word, at)) = before
            && let Some(near) = meant(&word, KEYWORDS).filter(|near| near.word != word)
        {
            let message = format!("`{word}` is no word of the language");
            let help = format!("did you mean `{}`?", near.word);
            let fix = self.instead(at, &word, near.word, near.certain);
            return self.syntax_at(at, word.chars().count(), &message, &help).fix(fix);
        }
        let at = brackets::end_before(self.text, self.at).unwrap_or(self.at);
        let message = format!("`{token}` is missing here");
        let help = match token {
            ";" => "end each statement with `;`".to_owned(),
            "{" => "write what is done in braces: `if a > 1 { … }`".to_owned(),
            ":" => "write maps as `#{ key: value }`".to_owned(),
            "=>" => "write each case as `\"web\" => …,`".to_owned(),
            _ => format!("add `{token}`, or look for a mistake before this place"),
        };
        let fix = byte_at(self.text, at)
            .filter(|_| token == ";")
            .map(|byte| Fix::at(self.file, byte..byte, ";", "add `;`"));
        self.syntax_at(at, 1, &message, &help).fix(fix)
    }

    fn bad_input(&self, error: &LexError) -> Diagnostic {
        match error {
            LexError::UnterminatedString => self.syntax(
                "a text begins here and is never closed",
                "close it in the same line with the quotation mark it began with",
            ),
            LexError::StringTooLong(_) => self.limit("a text is too long", "make it shorter"),
            LexError::MalformedEscapeSequence(_) => self.syntax(
                "a backslash in a text begins no known escape",
                "write `\\\\` for a backslash and `\\\"` for a quotation mark",
            ),
            LexError::MalformedNumber(number) => self.syntax(
                &format!("`{number}` is no number"),
                "write digits, with a point for decimals",
            ),
            LexError::MalformedChar(inner) => {
                let found = self.syntax(
                    "single quotation marks hold one character",
                    "write texts in double ones: `\"web\"`",
                );
                let plain = !inner.contains(['"', '\\', '\'']);
                let (wrong, right) = (format!("'{inner}'"), format!("\"{inner}\""));
                found.fix(self.instead(self.at, &wrong, &right, true).filter(|_| plain))
            }
            LexError::ImproperSymbol(sign, _) => self.sign(sign),
            LexError::UnexpectedInput(sign) => self.sign(sign),
            _ => self.syntax(
                "the script can't be read from here on",
                "look for a typing mistake in this line",
            ),
        }
    }

    /// A sign that other languages have.
    fn sign(&self, sign: &str) -> Diagnostic {
        let special = self
            .typographic(sign)
            .or_else(|| self.arabic_digits(sign))
            .or_else(|| self.comment(sign))
            .or_else(|| self.parted_else(sign));
        if let Some(found) = special {
            return found;
        }
        if matches!(sign, ")" | "]" | "}") && brackets::closes_nothing(self.text, self.at) {
            let fix = byte_at(self.text, self.at)
                .map(|byte| Fix::at(self.file, byte..byte + 1, "", format!("remove `{sign}`")));
            let message = format!("this `{sign}` closes nothing");
            return self
                .syntax_at(self.at, 1, &message, "remove it, or open what it closes")
                .fix(fix);
        }
        if matches!(sign, ";" | "," | ")" | "]" | "}") {
            let message = format!("a value is missing before `{sign}`");
            return self.syntax_at(
                self.at,
                1,
                &message,
                "write the value, or remove the sign or word before it",
            );
        }
        let known = SIGNS.iter().find(|(other, ..)| *other == sign);
        let width = sign.chars().count();
        match known {
            Some((_, "", help)) => {
                self.syntax_at(self.at, width, &format!("`{sign}` means nothing here"), help)
            }
            Some((_, right, help)) => {
                let fix = self.instead(self.at, sign, right, true);
                let message = if sign.trim().is_empty() {
                    format!(
                        "a space of another kind (U+{:04X}) means nothing here",
                        sign.chars().next().map_or(0, u32::from)
                    )
                } else {
                    format!("`{sign}` means something else here")
                };
                self.syntax_at(self.at, width, &message, help).fix(fix)
            }
            None => self.syntax_at(
                self.at,
                width,
                &format!("`{}` means nothing here", sign.escape_debug()),
                "remove it, or put it into a text in quotation marks",
            ),
        }
    }

    /// A word that the language keeps for itself.
    fn reserved(&self, word: &str) -> Diagnostic {
        let Some((_, right, help)) = RESERVED.iter().find(|(other, ..)| *other == word) else {
            if !word.chars().all(char::is_alphanumeric) {
                return self.sign(word);
            }
            return self.syntax(
                &format!("`{word}` is a word that the language keeps for itself"),
                "choose another name",
            );
        };
        let fix = (!right.is_empty())
            .then(|| self.instead(self.at, word, right, true))
            .flatten();
        self.syntax(&format!("`{word}` is no word of the language"), help)
            .fix(fix)
    }

    fn unknown_variable(&self, name: &str) -> Diagnostic {
        if let Some(found) = self.bare_map(name).or_else(|| self.import_with_a_dot(name)) {
            return found;
        }
        let message = format!("there is no variable `{name}`");
        let width = name.chars().count();
        if view::FLOW.contains(&name) {
            let right = format!("flow.{name}");
            let fix = self.instead(self.at, name, &right, true);
            return self
                .syntax_at(self.at, width, &message, &format!("write `{right}`"))
                .fix(fix);
        }
        if self.has_constant(name) {
            let right = format!("global::{name}");
            let fix = self.instead(self.at, name, &right, true);
            let help = format!("functions read constants of the file as `{right}`");
            return self.syntax_at(self.at, width, &message, &help).fix(fix);
        }
        if let Some((_, right, help)) = RESERVED.iter().find(|(other, ..)| *other == name) {
            let fix = (!right.is_empty())
                .then(|| self.instead(self.at, name, right, true))
                .flatten();
            return self.syntax_at(self.at, width, &message, help).fix(fix);
        }
        let names = self.names();
        let known = names.iter().copied().chain(["true", "false", "return", "flow"]);
        match meant(name, known.filter(|known| *known != name)) {
            Some(near) => {
                let fix = self.instead(self.at, name, near.word, near.certain);
                let help = format!("did you mean `{}`?", near.word);
                self.syntax_at(self.at, width, &message, &help).fix(fix)
            }
            None => {
                let help = "functions see their parameters, their own variables and constants as `global::NAME`; \
                            a text goes into quotation marks";
                self.syntax_at(self.at, width, &message, help)
            }
        }
    }

    fn unknown_module(&self, name: &str) -> Diagnostic {
        let imported: Vec<&str> = pairs(self.text)
            .filter_map(|(word, next)| (word == "as").then_some(next))
            .collect();
        let found = Diagnostic::error(
            codes::SCRIPT_UNKNOWN_IMPORT,
            format!("`{name}` is not imported"),
            lint::label(self.file, self.at, name.chars().count(), ""),
        );
        let nameless = self.text.lines().any(|line| {
            let rest = line.trim_start().strip_prefix("import ").map(str::trim);
            rest.is_some_and(|rest| !rest.contains(" as ") && rest.contains(&format!("{name}\"")))
        });
        if nameless {
            return found.help(format!(
                "give the import its name: `import \"lib/{name}\" as {name};`"
            ));
        }
        match meant(name, imported) {
            Some(near) => found
                .help(format!("did you mean `{}`?", near.word))
                .fix(self.instead(self.at, name, near.word, near.certain)),
            None => found.help(format!(
                "add `import \"lib/{name}\" as {name};` at the top of the script"
            )),
        }
    }

    fn twice(&self, name: &str) -> Diagnostic {
        let is_it = |pair: &[(Token<'_>, Position, Position)]| match pair {
            [(Token::Word("fn"), ..), (Token::Word(word), at, _)] if *word == name => Some(*at),
            _ => None,
        };
        let pieces = tokens(self.text);
        let places: Vec<Position> = pieces.windows(2).filter_map(is_it).collect();
        let message = format!("the function `{name}` is there twice");
        let at = places.last().copied().unwrap_or(self.at);
        let found = self.syntax_at(
            at,
            name.chars().count(),
            &message,
            "keep one of the two, or give one another name",
        );
        match places.first().filter(|first| **first < at) {
            Some(first) => found.also(lint::label(
                self.file,
                *first,
                name.chars().count(),
                "first written here",
            )),
            None => found,
        }
    }

    fn has_constant(&self, name: &str) -> bool {
        pairs(self.text).any(|(word, next)| word == "const" && next == name)
    }

    /// The names that the script gives to something.
    fn names(&self) -> Vec<&str> {
        let declares = |word: &str| matches!(word, "let" | "for" | "const");
        let mut names: Vec<&str> = pairs(self.text)
            .filter_map(|(word, next)| declares(word).then_some(next))
            .collect();
        for line in self.text.lines() {
            let parameters = line.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
            let inner = parameters
                .and_then(|(_, rest)| rest.split_once(')'))
                .map(|(inner, _)| inner);
            names.extend(
                inner
                    .into_iter()
                    .flat_map(|inner| inner.split(','))
                    .map(str::trim),
            );
        }
        names
    }

    pub(super) fn instead(&self, at: Position, wrong: &str, right: &str, certain: bool) -> Option<Fix> {
        let start = byte_at(self.text, at)?;
        let there = self.text.get(start..)?.starts_with(wrong);
        there.then(|| {
            let bytes = start..start + wrong.len();
            Fix::at(self.file, bytes, right, format!("write `{right}`")).certain_if(certain)
        })
    }

    pub(super) fn letter(&self) -> Option<char> {
        let start = byte_at(self.text, self.at)?;
        self.text.get(start..)?.chars().next()
    }

    /// The word at the place, if one begins there.
    pub(super) fn word(&self) -> String {
        let start = byte_at(self.text, self.at).unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        rest.chars()
            .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
            .collect()
    }
}

/// Words that follow each other.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let words: Vec<Option<&str>> = tokens(text)
        .into_iter()
        .map(|(token, ..)| match token {
            Token::Word(word) => Some(word),
            _ => None,
        })
        .collect();
    let found: Vec<(&str, &str)> = words
        .windows(2)
        .filter_map(|pair| match pair {
            [Some(word), Some(next)] => Some((*word, *next)),
            _ => None,
        })
        .collect();
    found.into_iter()
}

/// The last place of a text.
fn end(text: &str) -> Position {
    crate::diagnostics::position_at(text, text.trim_end().len())
}

const KEYWORDS: [&str; 9] = [
    "return", "if", "else", "let", "const", "for", "while", "switch", "import",
];
