use std::collections::HashMap;

use crate::http::ui::Ui;
use crate::policy::Input;
use crate::policy::InputKind;
use crate::policy::Service;
use crate::words::Capability;
use crate::words::CivilNo;
use crate::words::Locale;

use super::labels;

/// The form of a service page: what it asks, what was typed, and what is wrong with it.
pub(super) struct Form {
    pub(super) civil_no: Entry,
    /// Whether the civil number is asked for: not where the answer tells who the person is.
    pub(super) asks_number: bool,
    /// Whether a notification is going to arrive on the phone.
    pub(super) pushes: bool,
    capability: Capability,
    /// The text of a scanned code, where one is scanned.
    pub(super) scanned: Option<Entry>,
    pub(super) inputs: Vec<Entry>,
    pub(super) read: bool,
    pub(super) read_error: Option<&'static str>,
    /// A fault that belongs to no single entry.
    pub(super) fault: Option<&'static str>,
}

/// One entry of the form. No `Debug`: what was typed may be personal.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) kind: EntryKind,
    pub(super) optional: bool,
    pub(super) error: Option<&'static str>,
}

/// How an entry is asked for.
pub(super) enum EntryKind {
    Text {
        most: usize,
        numeric: bool,
    },
    Number,
    Check,
    /// Word and label.
    Choice(Vec<(String, String)>),
}

/// What a good form says.
pub(super) struct Filled {
    pub(super) civil_no: Option<CivilNo>,
    pub(super) scanned: Option<String>,
    pub(super) inputs: serde_json::Map<String, serde_json::Value>,
}

impl Form {
    /// The form as it is first shown, with examples to try.
    pub(super) fn blank(service: &Service, locale: Locale, civil_no: Option<&str>) -> Self {
        let mut form = Self::with(service, locale, &HashMap::new());
        form.civil_no.value = civil_no.unwrap_or_default().to_owned();
        for entry in &mut form.inputs {
            if !entry.optional {
                entry.value = labels::input(&entry.name, locale).example.to_owned();
            }
        }
        form
    }

    /// The form with what was typed.
    pub(super) fn with(service: &Service, locale: Locale, typed: &HashMap<String, String>) -> Self {
        let value = |name: &str| typed.get(name).cloned().unwrap_or_default();
        let entry = |(name, input): (&crate::words::InputName, &Input)| Entry {
            name: name.to_string(),
            label: labels::input(name.as_str(), locale).text,
            value: value(&format!("input-{name}")),
            kind: EntryKind::of(&input.kind, locale),
            optional: input.optional,
            error: None,
        };
        Self {
            civil_no: Entry {
                name: "civil_no".to_owned(),
                label: Ui::of(locale).civil_no.to_owned(),
                value: value("civil_no"),
                kind: EntryKind::Text {
                    most: 20,
                    numeric: true,
                },
                optional: false,
                error: None,
            },
            pushes: capability(service) == Capability::AuthPush,
            capability: capability(service),
            asks_number: !matches!(capability(service), Capability::AuthQr | Capability::VerifyQr),
            scanned: (capability(service) == Capability::VerifyQr).then(|| Entry {
                name: "scanned".to_owned(),
                label: Ui::of(locale).scanned_code.to_owned(),
                value: value("scanned"),
                kind: EntryKind::Text {
                    most: 4_096,
                    numeric: false,
                },
                optional: false,
                error: None,
            }),
            inputs: service.inputs.iter().map(entry).collect(),
            read: typed.get("read").is_some_and(|value| value == "yes"),
            read_error: None,
            fault: None,
        }
    }

    /// Checks the whole form; `None` if something is wrong, which the form then says.
    pub(super) fn check(&mut self, service: &Service, ui: &'static Ui) -> Option<Filled> {
        let civil_no = CivilNo::parse(&self.civil_no.value).ok();
        if civil_no.is_none() && self.asks_number {
            self.civil_no.error = Some(ui.error_civil_no);
        }
        if let Some(scanned) = &mut self.scanned
            && scanned.value.trim().is_empty()
        {
            scanned.error = Some(ui.error_input_missing);
        }
        let mut inputs = serde_json::Map::new();
        for entry in &mut self.inputs {
            let Some(input) = service.inputs.get(entry.name.as_str()) else {
                continue;
            };
            match read(&input.kind, entry.value.trim()) {
                Some(value) => {
                    inputs.insert(entry.name.clone(), value);
                }
                None if entry.value.trim().is_empty() && entry.optional => {}
                None if entry.value.trim().is_empty() => entry.error = Some(ui.error_input_missing),
                None => entry.error = Some(ui.error_input),
            }
        }
        if !self.read {
            self.read_error = Some(ui.error_notices);
        }
        let scanned = self.scanned.as_ref().map(|entry| entry.value.trim().to_owned());
        (!self.has_errors()).then_some(Filled {
            civil_no: civil_no.filter(|_| self.asks_number),
            scanned,
            inputs,
        })
    }

    /// What the button says.
    pub(super) const fn start(&self, ui: &'static Ui) -> &'static str {
        match self.capability {
            Capability::AuthPush => ui.start,
            Capability::AuthQr => ui.start_code,
            Capability::VerifyQr => ui.start_verify,
            Capability::Sign => ui.start_sign,
            Capability::Notify => ui.start_notify,
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        self.civil_no.error.is_some()
            || self.scanned.as_ref().is_some_and(|entry| entry.error.is_some())
            || self.read_error.is_some()
            || self.fault.is_some()
            || self.inputs.iter().any(|entry| entry.error.is_some())
    }
}

impl Entry {
    pub(super) fn is_check(&self) -> bool {
        matches!(self.kind, EntryKind::Check)
    }
}

impl EntryKind {
    fn of(kind: &InputKind, locale: Locale) -> Self {
        match kind {
            InputKind::String { pattern, max_length } => Self::Text {
                most: *max_length,
                numeric: pattern
                    .as_ref()
                    .is_some_and(|pattern| is_numeric(pattern.as_str())),
            },
            InputKind::Integer { .. } | InputKind::Decimal { .. } => Self::Number,
            InputKind::Boolean => Self::Check,
            InputKind::Choice(words) => Self::Choice(
                words
                    .iter()
                    .map(|word| (word.clone(), labels::choice(word, locale)))
                    .collect(),
            ),
        }
    }
}

/// What the demo asks a service for: a push where it can, and else what the service has.
pub(super) fn capability(service: &Service) -> Capability {
    let declared = &service.capabilities;
    match declared.keys().next() {
        _ if declared.contains_key(&Capability::AuthPush) => Capability::AuthPush,
        Some(first) => *first,
        None => Capability::AuthPush,
    }
}

/// A pattern of digits only gets the keyboard of digits.
fn is_numeric(pattern: &str) -> bool {
    let plain = pattern.replace("\\A", "").replace("\\z", "");
    plain.contains("[0-9]") && !plain.contains(|letter: char| letter.is_ascii_alphabetic())
}

fn read(kind: &InputKind, text: &str) -> Option<serde_json::Value> {
    match kind {
        InputKind::Boolean => Some((text == "yes").into()),
        _ if text.is_empty() => None,
        InputKind::String { pattern, max_length } => {
            let text = if pattern
                .as_ref()
                .is_some_and(|pattern| is_numeric(pattern.as_str()))
            {
                western(text)
            } else {
                text.to_owned()
            };
            let good = pattern.as_ref().is_none_or(|pattern| pattern.is_match(&text));
            (good && text.chars().count() <= *max_length).then(|| text.into())
        }
        InputKind::Integer { min, max } => {
            let number = western(text).parse::<i64>().ok()?;
            (*min..=*max).contains(&number).then(|| number.into())
        }
        InputKind::Decimal { .. } => {
            let number: serde_json::Number = serde_json::from_str(&western(text)).ok()?;
            Some(number.into())
        }
        InputKind::Choice(words) => words.iter().any(|word| word == text).then(|| text.into()),
    }
}

/// Both alphabets of digits are read; Western digits are kept.
fn western(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '٠'..='٩' => shifted(letter, '٠'),
            '۰'..='۹' => shifted(letter, '۰'),
            '٫' => '.',
            other => other,
        })
        .collect()
}

fn shifted(letter: char, zero: char) -> char {
    let digit = u32::from(letter).saturating_sub(u32::from(zero));
    char::from_digit(digit, 10).unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_digit_alphabets_are_read() {
        assert_eq!(western("٢٥٫٥٠٠ ۹"), "25.500 9");
        let decimal = InputKind::Decimal { min: 0, max: 10 };
        assert_eq!(read(&decimal, "٢٥٫٥"), Some(serde_json::json!(25.5)));
        assert_eq!(read(&decimal, "1e"), None);
        assert_eq!(read(&InputKind::Integer { min: 1, max: 5 }, "6"), None);
        assert_eq!(read(&InputKind::Boolean, ""), Some(false.into()));
    }
}
