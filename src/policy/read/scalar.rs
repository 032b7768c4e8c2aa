use super::reader::Reader;
use crate::diagnostics::Fix;
use crate::diagnostics::codes;
use crate::policy::repair::repaired_boolean;
use crate::policy::repair::repaired_integer;
use crate::policy::yaml::Node;
use crate::policy::yaml::Span;
use crate::policy::yaml::Value;
use crate::policy::yaml::shown;

impl Reader<'_> {
    /// Reads a value that must be a text; a plain number, `true` or nothing is none.
    pub(super) fn string<'n>(&mut self, node: &'n Node, path: &str, example: &str) -> Option<&'n str> {
        let (help, fix) = match &node.value {
            Value::Scalar(scalar) if scalar.quoted || plain_kind(&scalar.text) == Plain::Text => {
                return Some(&scalar.text);
            }
            Value::Scalar(scalar) if plain_kind(&scalar.text) == Plain::Nothing => (
                format!("write `{example}`, or leave the key out where it is optional"),
                None,
            ),
            Value::Scalar(scalar) => (
                format!("put it into quotes: \"{}\"", shown(&scalar.text)),
                self.quoted(node.span, &scalar.text),
            ),
            _ => (
                format!("write `{example}`; a text with brackets, braces or a colon goes into quotes"),
                None,
            ),
        };
        self.wrong_type_fixed(node, path, "a text", node.span, &help, fix);
        None
    }

    /// Reads a whole number within bounds.
    pub(super) fn integer(&mut self, node: &Node, path: &str, min: i64, max: i64) -> Option<i64> {
        let number = match &node.value {
            Value::Scalar(scalar) if !scalar.quoted && plain_kind(&scalar.text) == Plain::Integer => {
                if let Some(plain) = without_leading_zeros(&scalar.text) {
                    return self.leading_zeros(node, path, &plain);
                }
                scalar.text.parse::<i64>().ok()
            }
            _ => {
                let help = "write digits only, without quotes, points or commas";
                let fix = scalar_text(node)
                    .and_then(repaired_integer)
                    .and_then(|number| self.rewritten(node.span, &number.to_string()));
                self.wrong_type_fixed(node, path, "a whole number", node.span, help, fix);
                return None;
            }
        };
        let within = number.filter(|number| (min..=max).contains(number));
        if within.is_none() {
            self.error(
                codes::OUT_OF_RANGE,
                format!("`{path}` is out of range"),
                node.span,
                format!("write a number from {min} to {max}"),
            );
        }
        within
    }

    /// `017`, which is 17 for some programs and 15 for others.
    fn leading_zeros(&mut self, node: &Node, path: &str, plain: &str) -> Option<i64> {
        // Below 8 both mean the same.
        let certain = plain.len() == 1 && plain.as_bytes() < b"8".as_slice();
        let fix = self
            .rewritten(node.span, plain)
            .map(|fix| fix.certain_if(certain));
        self.error_fixed(
            codes::WRONG_TYPE,
            format!("`{path}` begins with a zero, which some programs read as another number"),
            node.span,
            format!("write `{plain}`"),
            fix,
        );
        None
    }

    /// Reads `true` or `false`.
    pub(super) fn boolean(&mut self, node: &Node, path: &str) -> Option<bool> {
        if let Value::Scalar(scalar) = &node.value
            && !scalar.quoted
        {
            match scalar.text.as_str() {
                "true" => return Some(true),
                "false" => return Some(false),
                _ => {}
            }
        }
        let fix = scalar_text(node)
            .and_then(repaired_boolean)
            .and_then(|truth| self.rewritten(node.span, if truth { "true" } else { "false" }));
        let help = "write `true` or `false`";
        self.wrong_type_fixed(node, path, "`true` or `false`", node.span, help, fix);
        None
    }

    /// Reads one of a few words.
    pub(super) fn word<T>(
        &mut self,
        node: &Node,
        path: &str,
        code: &'static str,
        known: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let first = known.first().copied().unwrap_or_default();
        // In quotes a number would be no better a word.
        let text = match &node.value {
            Value::Scalar(scalar) if plain_kind(&scalar.text) != Plain::Nothing => &scalar.text,
            _ => self.string(node, path, first)?,
        };
        let value = read(text);
        if value.is_none() {
            let message = format!("`{}` is no value of `{path}`", shown(text));
            self.misspelt(code, message, node.span, text, known);
        }
        value
    }

    /// Reports a value of another kind than expected, once.
    pub(super) fn wrong_type(&mut self, node: &Node, path: &str, expected: &str, span: Span, help: &str) {
        self.wrong_type_fixed(node, path, expected, span, help, None);
    }

    /// The same with the change that makes it the kind that is expected.
    fn wrong_type_fixed(
        &mut self,
        node: &Node,
        path: &str,
        expected: &str,
        span: Span,
        help: &str,
        fix: Option<Fix>,
    ) {
        let Some(mut actual) = kind(&node.value) else {
            return;
        };
        if expected.ends_with("number") && actual == "a number" {
            actual = "a number in another notation";
        } else if actual == "a truth value" && expected.contains("true") {
            actual = "another spelling of it";
        }
        let name = if path == "the file" {
            path.to_owned()
        } else {
            format!("`{path}`")
        };
        let message = format!("{name} needs {expected}, but {actual} is written");
        self.error_fixed(codes::WRONG_TYPE, message, span, help, fix);
    }
}

/// The text of a single value.
fn scalar_text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(scalar) => Some(&scalar.text),
        _ => None,
    }
}

/// A whole number that has zeros before it, without them.
fn without_leading_zeros(text: &str) -> Option<String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let bare = digits.trim_start_matches('0');
    let sign = if text.starts_with('-') { "-" } else { "" };
    match bare {
        _ if bare.len() == digits.len() || digits == "0" => None,
        "" => Some("0".to_owned()),
        bare => Some(format!("{sign}{bare}")),
    }
}

/// What a plain value is by the core rules of YAML 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plain {
    Nothing,
    Boolean,
    Integer,
    Number,
    Text,
}

fn plain_kind(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Nothing,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return Plain::Boolean,
        ".inf" | ".Inf" | ".INF" | "+.inf" | "-.inf" | ".nan" | ".NaN" | ".NAN" => return Plain::Number,
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits(digits) {
        return Plain::Integer;
    }
    let based = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0o"));
    if based.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Plain::Number;
    }
    let numeric = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte))
        && digits.parse::<f64>().is_ok();
    if numeric { Plain::Number } else { Plain::Text }
}

/// What is written, in words; `None` if it has been reported before.
fn kind(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Broken => return None,
        Value::List(_) => "a list",
        Value::Map(_) => "a map with keys",
        Value::Scalar(scalar) if scalar.quoted => "a text",
        Value::Scalar(scalar) => match plain_kind(&scalar.text) {
            Plain::Nothing => "nothing",
            Plain::Boolean => "a truth value",
            Plain::Integer | Plain::Number => "a number",
            Plain::Text => "a text",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_before_a_number_are_seen() {
        for (text, plain) in [
            ("02", Some("2")),
            ("-010", Some("-10")),
            ("00", Some("0")),
            ("0", None),
            ("10", None),
        ] {
            assert_eq!(without_leading_zeros(text).as_deref(), plain, "{text}");
        }
    }

    #[test]
    fn plain_values_are_read_by_yaml_1_2() {
        for (text, expected) in [
            ("", Plain::Nothing),
            ("~", Plain::Nothing),
            ("null", Plain::Nothing),
            ("true", Plain::Boolean),
            ("no", Plain::Text),
            ("on", Plain::Text),
            ("12", Plain::Integer),
            ("+96512345678", Plain::Integer),
            ("-5", Plain::Integer),
            ("1.5", Plain::Number),
            ("1e9", Plain::Number),
            (".5", Plain::Number),
            ("0x1f", Plain::Number),
            (".inf", Plain::Number),
            ("1.2.3", Plain::Text),
            ("5m", Plain::Text),
            ("-", Plain::Text),
            ("e", Plain::Text),
            ("inf", Plain::Text),
            ("2026-01-01", Plain::Text),
        ] {
            assert_eq!(plain_kind(text), expected, "{text}");
        }
    }
}
