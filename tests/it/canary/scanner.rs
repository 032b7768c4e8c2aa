use std::collections::HashMap;
use std::collections::HashSet;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;
use regex::bytes::Regex;
use regex::bytes::RegexBuilder;

use super::node;
use crate::support::full_node::digits;

/// Finds canaries in any form.
pub(super) struct Scanner {
    numbers: HashSet<String>,
    /// By the exact bytes to look for.
    forms: HashMap<Vec<u8>, Form>,
    finder: Regex,
}

/// What may stand in a sink.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Nothing,
    /// Civil number and Arabic name, which the service declares.
    Declared,
}

#[derive(Clone)]
struct Form {
    name: String,
    declared: bool,
    digits: Option<Digits>,
}

/// In which alphabet a civil number goes on.
#[derive(Clone, Copy)]
enum Digits {
    Latin,
    Wide,
    Arabic,
}

impl Scanner {
    pub(super) fn new() -> Self {
        let mut forms = HashMap::new();
        for (term, declared) in node::MARKS {
            for (name, bytes) in spellings(term) {
                let name = format!("{term} as {name}");
                let form = Form {
                    name,
                    declared,
                    digits: None,
                };
                forms.insert(bytes, form);
            }
        }
        for (name, bytes, digits) in number_prefixes() {
            let name = format!("a civil number as {name}");
            let form = Form {
                name,
                declared: true,
                digits,
            };
            forms.insert(bytes, form);
        }
        let mut patterns: Vec<String> = forms.keys().map(|bytes| pattern(bytes)).collect();
        patterns.sort();
        let finder = RegexBuilder::new(&patterns.join("|"))
            .unicode(false)
            .size_limit(1 << 28)
            .build();
        Self {
            numbers: node::people()
                .iter()
                .map(|person| digits(person).to_owned())
                .collect(),
            forms,
            finder: finder.unwrap(),
        }
    }

    /// Which canaries are in a text.
    pub(super) fn hits(&self, text: &[u8], kept: Kept) -> Vec<String> {
        let mut hits = Vec::new();
        for found in self.finder.find_iter(text) {
            let form = &self.forms[found.as_bytes()];
            if form.declared && kept == Kept::Declared {
                continue;
            }
            let is_hit = match form.digits {
                None => true,
                Some(kind) => self.numbers.contains(&read_digits(&text[found.start()..], kind)),
            };
            if is_hit && hits.len() < 10 {
                let around = &text[found.start().saturating_sub(80)..text.len().min(found.end() + 40)];
                hits.push(format!(
                    "{} at {}: {}",
                    form.name,
                    found.start(),
                    String::from_utf8_lossy(around)
                ));
            }
        }
        hits
    }

    /// Every canary in every form that would be a leak here.
    pub(super) fn leaks(&self, kept: Kept) -> Vec<(String, Vec<u8>)> {
        let number = self.numbers.iter().min().unwrap();
        let leaks = self
            .forms
            .iter()
            .filter(|(_, form)| !(form.declared && kept == Kept::Declared));
        leaks
            .map(|(bytes, form)| {
                let leak = match form.digits {
                    None => bytes.clone(),
                    Some(Digits::Latin) => number.as_bytes().to_vec(),
                    Some(Digits::Wide) => wide(number),
                    Some(Digits::Arabic) => {
                        let zero = if bytes.starts_with("۳".as_bytes()) {
                            '۰'
                        } else {
                            '٠'
                        };
                        in_alphabet(number, zero).into_bytes()
                    }
                };
                (form.name.clone(), leak)
            })
            .collect()
    }
}

/// The forms of a mark.
fn spellings(term: &str) -> Vec<(String, Vec<u8>)> {
    let bytes = term.as_bytes();
    let each = |write: &dyn Fn(u8) -> String| bytes.iter().map(|byte| write(*byte)).collect::<String>();
    let letters = |write: &dyn Fn(char) -> String| term.chars().map(write).collect::<String>();
    let plain_or = |letter: char, written: String| {
        if letter.is_ascii() {
            letter.to_string()
        } else {
            written
        }
    };
    let mut found = vec![
        ("UTF-8".to_owned(), bytes.to_vec()),
        ("UTF-16LE".to_owned(), wide(term)),
        ("hex".to_owned(), hex::encode(bytes).into_bytes()),
        ("HEX".to_owned(), hex::encode_upper(bytes).into_bytes()),
        (
            "all percent".to_owned(),
            each(&|byte| format!("%{byte:02X}")).into_bytes(),
        ),
        (
            "all percent, small".to_owned(),
            each(&|byte| format!("%{byte:02x}")).into_bytes(),
        ),
        (
            "a list of bytes".to_owned(),
            bytes
                .iter()
                .map(u8::to_string)
                .collect::<Vec<_>>()
                .join(", ")
                .into_bytes(),
        ),
        (
            "JSON escapes".to_owned(),
            letters(&|letter| plain_or(letter, format!("\\u{:04x}", u32::from(letter)))).into_bytes(),
        ),
        (
            "Rust escapes".to_owned(),
            letters(&|letter| plain_or(letter, format!("\\u{{{:x}}}", u32::from(letter)))).into_bytes(),
        ),
        (
            "HTML".to_owned(),
            letters(&|letter| plain_or(letter, format!("&#{};", u32::from(letter)))).into_bytes(),
        ),
        (
            "escaped bytes".to_owned(),
            bytes.escape_ascii().to_string().into_bytes(),
        ),
    ];
    found.extend(base64s(bytes));
    found
}

/// Base64 in each of the three places that bytes can have in it, without the letters that neighbours share.
fn base64s(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for (name, letters) in [("base64", alphabet::STANDARD), ("base64url", alphabet::URL_SAFE)] {
        let engine = GeneralPurpose::new(&letters, NO_PAD);
        for offset in 0..3 {
            let shifted = [&vec![0; offset], bytes].concat();
            let text = engine.encode(&shifted);
            let begin = (offset * 8).div_ceil(6);
            let end = shifted.len() * 8 / 6;
            found.push((
                format!("{name}, offset {offset}"),
                text.as_bytes()[begin..end].to_vec(),
            ));
        }
    }
    found
}

/// The beginning that all civil numbers of the canaries share, in each form; with the alphabet in which the rest can be
/// read, where a coincidence of seven digits has to be told from a leak.
fn number_prefixes() -> Vec<(String, Vec<u8>, Option<Digits>)> {
    let prefix = node::NUMBERS_BEGIN;
    let mut found: Vec<_> = spellings(prefix)
        .into_iter()
        .map(|(name, bytes)| (name, bytes, None))
        .filter(|(_, bytes, _)| bytes != prefix.as_bytes() && *bytes != wide(prefix))
        .collect();
    found.push((
        "UTF-8".to_owned(),
        prefix.as_bytes().to_vec(),
        Some(Digits::Latin),
    ));
    found.push(("UTF-16LE".to_owned(), wide(prefix), Some(Digits::Wide)));
    for (name, zero) in [("Arabic digits", '٠'), ("Persian digits", '۰')] {
        found.push((
            name.to_owned(),
            in_alphabet(prefix, zero).into_bytes(),
            Some(Digits::Arabic),
        ));
    }
    found
}

fn read_digits(text: &[u8], kind: Digits) -> String {
    let kept: Vec<u8> = match kind {
        Digits::Latin => text.iter().take(12).copied().collect(),
        Digits::Wide => text.iter().step_by(2).take(12).copied().collect(),
        Digits::Arabic => {
            let text = String::from_utf8_lossy(&text[..text.len().min(24)]).into_owned();
            let digits = text.chars().filter_map(|letter| match letter {
                '٠'..='٩' => Some(u32::from(letter) - u32::from('٠')),
                '۰'..='۹' => Some(u32::from(letter) - u32::from('۰')),
                _ => None,
            });
            digits.map(|digit| b'0' + u8::try_from(digit).unwrap()).collect()
        }
    };
    String::from_utf8_lossy(&kept).into_owned()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn in_alphabet(digits: &str, zero: char) -> String {
    let letter = |digit: char| char::from_u32(u32::from(zero) + digit.to_digit(10).unwrap()).unwrap();
    digits.chars().map(letter).collect()
}

fn pattern(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}
