use std::time::Duration;

use rhai::Dynamic;
use rhai::Engine;
use rhai::EvalAltResult;
use rhai::ImmutableString;
use rhai::Map;
use rhai::NativeCallContext;

use super::answer::Answer;
use super::answer::Ruling;
use super::view::told;
use crate::policy::Place;
use crate::policy::Refusal;
use crate::policy::Tightening;
use crate::words::Assurance;
use crate::words::Field;
use crate::words::InputName;
use crate::words::Text;

/// Teaches an engine the constructors: the only way to a value that a hook may return.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Answer>("answer")
        .register_fn("tighten", |context: NativeCallContext, settings: Map| {
            made(&context, tightening(&settings).map(Ruling::Tighten))
        })
        .register_fn("refuse", |context: NativeCallContext, code: &str, say: Map| {
            made(&context, refusal(code, &say).map(Ruling::Refuse))
        })
        .register_fn("stop", |context: NativeCallContext, say: Map| {
            made(&context, text(&say).map(Ruling::Stop))
        })
        .register_fn("say", |context: NativeCallContext, say: Map| {
            made(&context, text(&say).map(Ruling::Say))
        });
}

/// The constructors and how many arguments each takes.
pub(super) const CONSTRUCTORS: [(&str, usize); 4] = [("tighten", 1), ("refuse", 2), ("stop", 1), ("say", 1)];

/// The settings of `tighten`.
pub(super) const TIGHTEN_KEYS: [&str; 3] = ["assurance", "drop", "expires_in"];

/// The languages of a text.
pub(super) const TEXT_KEYS: [&str; 2] = ["ar", "en"];

/// Reads the value of `assurance`.
pub(super) fn assurance(value: &str) -> Result<Assurance, &'static str> {
    Assurance::from_name(value).ok_or("`assurance` is `low`, `medium` or `high`")
}

/// Reads one name of `drop`.
pub(super) fn dropped_field(value: &str) -> Result<Field, &'static str> {
    Field::parse(value).map_err(|_| "`drop` lists names of fields, such as `name_en`")
}

/// Reads the value of `expires_in`.
pub(super) fn duration(value: &str) -> Result<Duration, &'static str> {
    let wrong = "`expires_in` is a time such as `30s`, `5m` or `1h`";
    let digits = value.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    let seconds = match &value[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong),
    };
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    match digits.parse::<u32>() {
        Ok(count @ 1..) if plain => Ok(Duration::from_secs(u64::from(count) * seconds)),
        _ => Err(wrong),
    }
}

/// Checks the code of a refusal.
pub(super) fn refusal_code(value: &str) -> Result<(), &'static str> {
    InputName::parse(value)
        .map(|_| ())
        .map_err(|_| "the code of a refusal is lowercase letters, digits and `_`, such as `closed`")
}

/// Checks one language of a text.
pub(super) fn one_language(value: &str) -> Result<(), &'static str> {
    let visible = value.chars().any(|letter| !letter.is_whitespace());
    if !visible || value.chars().count() > MAX_TEXT || value.chars().any(is_hidden) {
        return Err("a text for citizens has 1 to 1000 visible characters in each language");
    }
    Ok(())
}

pub(super) fn tightening(settings: &Map) -> Result<Tightening, &'static str> {
    let mut made = Tightening::default();
    for (key, value) in settings {
        match key.as_str() {
            "assurance" => made.assurance = Some(assurance(&string(value)?)?),
            "expires_in" => made.expires_in = Some(duration(&string(value)?)?),
            "drop" => {
                let names = value
                    .as_array_ref()
                    .map_err(|_| "`drop` is a list of names of fields")?;
                for name in names.iter() {
                    made.drop_fields.push(dropped_field(&string(name)?)?);
                }
            }
            _ => return Err("`tighten` takes `assurance`, `drop` and `expires_in`, and nothing else"),
        }
    }
    Ok(made)
}

fn refusal(code: &str, say: &Map) -> Result<Refusal, &'static str> {
    refusal_code(code)?;
    Ok(Refusal {
        code: code.to_owned(),
        say: text(say)?,
    })
}

fn text(languages: &Map) -> Result<Text, &'static str> {
    let wrong = "a text has both languages and nothing else: `#{ ar: \"…\", en: \"…\" }`";
    let (Some(ar), Some(en), 2) = (languages.get("ar"), languages.get("en"), languages.len()) else {
        return Err(wrong);
    };
    let (ar, en) = (string(ar)?, string(en)?);
    one_language(&ar)?;
    one_language(&en)?;
    Ok(Text::new(ar, en))
}

fn string(value: &Dynamic) -> Result<ImmutableString, &'static str> {
    value
        .as_immutable_string_ref()
        .map(|text| text.clone())
        .map_err(|_| "a text is needed where another kind of value was given")
}

fn made(
    context: &NativeCallContext<'_>,
    ruling: Result<Ruling, &'static str>,
) -> Result<Answer, Box<EvalAltResult>> {
    let at = context.call_position();
    let number = |value: Option<usize>| value.and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
    let place = Place {
        file: context.call_source().unwrap_or_default().to_owned(),
        line: number(at.line()),
        column: number(at.position()),
    };
    match ruling {
        Ok(ruling) => Ok(Answer { ruling, place }),
        Err(message) => Err(told(message.to_owned())),
    }
}

/// Control characters but the line break, and the marks that turn the direction of what follows.
fn is_hidden(letter: char) -> bool {
    (letter.is_control() && letter != '\n')
        || ('\u{202A}'..='\u{202E}').contains(&letter)
        || ('\u{2066}'..='\u{2069}').contains(&letter)
}

const MAX_TEXT: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for bad in [
            "",
            "m",
            "0m",
            "-1m",
            "+1m",
            "5",
            "5 m",
            "5d",
            "99999999999h",
            "٥m",
            "5ms",
        ] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn texts_are_visible_and_short() {
        assert!(one_language("مغلق").is_ok());
        for bad in ["", " \n", "a\u{202E}b", "a\0", &"x".repeat(1001)] {
            assert!(one_language(bad).is_err());
        }
    }
}
