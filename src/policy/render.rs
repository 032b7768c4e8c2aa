use std::collections::BTreeMap;

use super::InputValue;
use crate::words::InputName;
use crate::words::Text;

/// Puts the values of inputs in place of `{name}`, plain, as it goes to the authority.
///
/// An input that was not passed is shown as a dash. Values carry no direction controls, as
/// [`Service::check_inputs`](super::Service::check_inputs) has refused them.
pub fn render(text: &Text, inputs: &BTreeMap<InputName, InputValue>) -> Text {
    fill(text, inputs, "", "")
}

/// The same for pages and plain text that people read: each value is wrapped in a first-strong isolate and a
/// pop, so that its direction can't spill into the sentence.
pub fn render_isolated(text: &Text, inputs: &BTreeMap<InputName, InputValue>) -> Text {
    fill(text, inputs, FIRST_STRONG_ISOLATE, POP_ISOLATE)
}

/// One piece of a text with placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text as it stands.
    Literal(&'a str),
    /// `{name}`: the value of an input.
    Placeholder(&'a str),
    /// A brace that opens or closes nothing.
    Stray(&'a str),
}

/// Takes a text apart. Together the pieces are the text, but for the braces of placeholders.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from_brace) = rest.split_at(at);
        if !before.is_empty() {
            out.push(Piece::Literal(before));
        }
        let closing = from_brace
            .strip_prefix('{')
            .and_then(|inner| inner.find(['{', '}']).map(|end| inner.split_at(end)))
            .filter(|(_, tail)| tail.starts_with('}'));
        if let Some((name, tail)) = closing {
            out.push(Piece::Placeholder(name));
            rest = tail.strip_prefix('}').unwrap_or_default();
        } else {
            let (brace, tail) = from_brace.split_at(1);
            out.push(Piece::Stray(brace));
            rest = tail;
        }
    }
    if !rest.is_empty() {
        out.push(Piece::Literal(rest));
    }
    out
}

fn fill(text: &Text, inputs: &BTreeMap<InputName, InputValue>, open: &str, close: &str) -> Text {
    text.map(|language| {
        let mut out = String::with_capacity(language.len() + 16);
        for piece in pieces(language) {
            match piece {
                Piece::Literal(text) | Piece::Stray(text) => out.push_str(text),
                Piece::Placeholder(name) => match inputs.get(name) {
                    Some(value) => {
                        out.push_str(open);
                        out.push_str(&value.to_string());
                        out.push_str(close);
                    }
                    None => out.push_str(NOT_PASSED),
                },
            }
        }
        out
    })
}

const FIRST_STRONG_ISOLATE: &str = "\u{2068}";
const POP_ISOLATE: &str = "\u{2069}";
const NOT_PASSED: &str = "—";

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(values: &[(&str, InputValue)]) -> BTreeMap<InputName, InputValue> {
        values
            .iter()
            .map(|(name, value)| (InputName::parse(name).unwrap(), value.clone()))
            .collect()
    }

    #[test]
    fn placeholders_take_values_in_both_languages() {
        let text = Text::new("رخصة {licence}.", "Licence {licence}, {amount} KD.");
        let values = inputs(&[
            ("licence", InputValue::String("4711".into())),
            ("amount", InputValue::Decimal(12_500)),
        ]);
        assert_eq!(
            render(&text, &values),
            Text::new("رخصة 4711.", "Licence 4711, 12.5 KD.")
        );
    }

    #[test]
    fn pages_get_isolates_and_the_wire_does_not() {
        let text = Text::new("أ {a}", "b {a}");
        let values = inputs(&[("a", InputValue::String("س".into()))]);
        assert_eq!(render_isolated(&text, &values).en, "b \u{2068}س\u{2069}");
        assert_eq!(render(&text, &values).en, "b س");
    }

    #[test]
    fn a_value_with_braces_is_not_read_again() {
        let text = Text::new("{a}", "{a} {b}");
        let values = inputs(&[
            ("a", InputValue::String("{b}".into())),
            ("b", InputValue::Integer(-7)),
        ]);
        assert_eq!(render(&text, &values).en, "{b} -7");
    }

    #[test]
    fn what_is_missing_is_a_dash() {
        assert_eq!(render(&Text::new("{a}", "x {a}"), &BTreeMap::new()).en, "x —");
    }

    #[test]
    fn text_is_taken_apart() {
        use Piece::Literal;
        use Piece::Placeholder;
        use Piece::Stray;
        assert_eq!(
            pieces("a {b} c"),
            [Literal("a "), Placeholder("b"), Literal(" c")]
        );
        assert_eq!(pieces("{a}{b}"), [Placeholder("a"), Placeholder("b")]);
        assert_eq!(
            pieces("a } {"),
            [Literal("a "), Stray("}"), Literal(" "), Stray("{")]
        );
        assert_eq!(pieces("{{a}"), [Stray("{"), Placeholder("a")]);
        assert_eq!(pieces("{}"), [Placeholder("")]);
        assert_eq!(pieces(""), []);
    }
}
