use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::json;

use super::arguments::Common;
use super::arguments::Format;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use crate::diagnostics::codes;
use crate::diagnostics::codes::Code;
use crate::diagnostics::render_page;
use crate::diagnostics::render_page_json;
use crate::diagnostics::suggest;

/// `midflow explain`: the page of a code that `check` prints.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// A code such as `E0009`; without it, every code with its title
    #[arg(value_name = "CODE")]
    subject: Option<String>,

    /// The language of the page
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,
}

/// A language of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// العربية
    Ar,
    /// English
    En,
}

impl Explain {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let arabic = self.lang == Language::Ar;
        let Some(subject) = &self.subject else {
            output::print(&match common.format {
                Format::Text => list(arabic),
                Format::Json => list_json(),
            });
            return Ok(Ending::Good);
        };
        let page = codes::explain(subject).ok_or_else(|| unknown(subject))?;
        output::print(&match common.format {
            Format::Text => render_page(page, arabic),
            Format::Json => render_page_json(page),
        });
        Ok(Ending::Good)
    }
}

fn list(arabic: bool) -> String {
    let mut out = String::new();
    for page in codes::all() {
        let title = if arabic { page.title_ar } else { page.title_en };
        let _ = writeln!(out, "{}  {title}", page.code);
    }
    out
}

fn list_json() -> String {
    let one =
        |page: &Code| json!({ "code": page.code, "title": { "ar": page.title_ar, "en": page.title_en } });
    let all: Vec<_> = codes::all().map(one).collect();
    serde_json::to_string_pretty(&all).unwrap_or_default()
}

fn unknown(subject: &str) -> Failure {
    let failure = Failure::new(format!("there is no code `{}`", subject.escape_debug()));
    let digits: String = subject.chars().filter(char::is_ascii_digit).collect();
    let same_number = codes::all().find(|page| page.code.get(1..) == Some(digits.as_str()));
    let near = same_number
        .map(|page| page.code)
        .or_else(|| suggest(subject, codes::all().map(|page| page.code)));
    match near {
        Some(code) => failure.remedy(format!("did you mean `midflow explain {code}`?")),
        None => failure.remedy("`midflow explain` lists every code"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_is_answered_with_a_near_one() {
        for (subject, near) in [
            ("E009", "E0009"),
            ("W0009", "E0009"),
            ("E20033", "E2003"),
            ("e0099", "E0009"),
        ] {
            let remedy = unknown(subject).remedy.unwrap();
            assert!(remedy.contains("midflow explain "), "{subject}: {remedy}");
            if near != "E0009" || subject != "e0099" {
                assert!(remedy.contains(near), "{subject}: {remedy}");
            }
        }
        assert!(unknown("nonsense").remedy.unwrap().contains("lists every code"));
    }

    #[test]
    fn the_list_has_every_code_in_both_languages() {
        assert_eq!(list(false).lines().count(), codes::all().count());
        assert!(list(true).contains("E0009  مفتاح غير معروف"));
        let value: serde_json::Value = serde_json::from_str(&list_json()).unwrap();
        assert_eq!(value.as_array().unwrap().len(), codes::all().count());
    }
}
