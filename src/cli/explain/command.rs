use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::json;

use super::requirement;
use super::service;
use crate::catalog::Catalog;
use crate::catalog::Sources;
use crate::cli::arguments::Common;
use crate::cli::arguments::Format;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::diagnostics::codes;
use crate::diagnostics::codes::Code;
use crate::diagnostics::render_page;
use crate::diagnostics::render_page_json;
use crate::diagnostics::suggest;
use crate::words::ServiceName;

/// `midflow explain`: the page of a code that `check` prints, what a requirement asks, or a service as it is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// A code such as `E0009`, a requirement such as `R000-010`, or a service; without it, every code with its title
    #[arg(value_name = "CODE|REQUIREMENT|SERVICE")]
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
        let told = match (codes::explain(subject), requirement::rules(subject)) {
            (Some(page), _) => match common.format {
                Format::Text => render_page(page, arabic),
                Format::Json => render_page_json(page),
            },
            (None, rules) if !rules.is_empty() => match common.format {
                Format::Text => requirement::page(&rules, arabic),
                Format::Json => requirement::json(&rules).to_string(),
            },
            // A service is written in lower case, so it can't be taken for a code.
            (None, _) if ServiceName::parse(subject).is_ok() => of_service(subject, common)?,
            (None, _) => return Err(unknown(subject)),
        };
        output::print(&told);
        Ok(Ending::Good)
    }
}

fn of_service(name: &str, common: &Common) -> Result<String, Failure> {
    let sources = Sources::read(&common.dir).map_err(Failure::new)?;
    let Some(catalog) = Catalog::load(&sources, None).0 else {
        return Err(
            Failure::new("the policies do not load, so no service can be explained")
                .remedy("`midflow check` says what is wrong"),
        );
    };
    let (Some(loaded), Some(values)) = (catalog.service(name), catalog.meant(name)) else {
        let failure = Failure::new(format!("there is no code, requirement or service `{name}`"));
        let services = catalog.services().map(|known| known.service.id.as_str());
        let known = services.chain(codes::all().map(|page| page.code));
        return Err(match suggest(name, known) {
            Some(near) => failure.remedy(format!("did you mean `midflow explain {near}`?")),
            None => failure.remedy("`midflow explain` lists every code"),
        });
    };
    let file = &loaded.service.file;
    Ok(match common.format {
        Format::Text => service::page(name, file, &values),
        Format::Json => service::json(name, file, &values).to_string(),
    })
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
