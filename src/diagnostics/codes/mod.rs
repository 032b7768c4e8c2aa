//! Every code, stable for ever: its name in the code base, its title and its explanation in both languages.
//!
//! `E0…` the file itself, `E1…` the organization, `E2…` services, `E3…` scripts, `E4…` rulebooks, `E6…` tests; `W…`
//! the same for warnings.

mod cases;
mod organization;
mod rulebook;
mod script;
mod service;
mod structure;

pub use cases::*;
pub use organization::*;
pub use rulebook::*;
pub use script::*;
pub use service::*;
pub use structure::*;

/// The page of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: &'static str,
    /// What is wrong, in a few words: Arabic.
    pub title_ar: &'static str,
    /// What is wrong, in a few words: English.
    pub title_en: &'static str,
    /// Why it is wrong and what to do: Arabic.
    pub explanation_ar: &'static str,
    /// Why it is wrong and what to do: English.
    pub explanation_en: &'static str,
}

/// Every code, in order.
pub fn all() -> impl Iterator<Item = &'static Code> {
    [
        structure::TABLE,
        organization::TABLE,
        service::TABLE,
        script::TABLE,
        rulebook::TABLE,
        cases::TABLE,
    ]
    .into_iter()
    .flatten()
}

/// The page of a code, written in either case; `None` if there is no such code.
pub fn explain(code: &str) -> Option<&'static Code> {
    all().find(|page| page.code.eq_ignore_ascii_case(code.trim()))
}

/// Declares codes as constants and puts their pages into the table of the file.
macro_rules! codes {
    ($($name:ident = $code:literal { $title_en:literal, $en:literal, $title_ar:literal, $ar:literal $(,)? })+) => {
        $(
            #[doc = $title_en]
            pub const $name: &str = $code;
        )+

        pub(super) const TABLE: &[super::Code] = &[$(
            super::Code {
                code: $code,
                title_ar: $title_ar,
                title_en: $title_en,
                explanation_ar: $ar,
                explanation_en: $en,
            },
        )+];
    };
}

use codes;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_of_one_form() {
        let mut seen = std::collections::BTreeSet::new();
        for page in all() {
            assert!(seen.insert(page.code), "{} twice", page.code);
            let (letter, digits) = page.code.split_at(1);
            assert!(matches!(letter, "E" | "W"), "{}", page.code);
            assert!(digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        }
        assert!(seen.len() >= 70, "{}", seen.len());
    }

    #[test]
    fn every_page_speaks_both_languages() {
        let arabic = |text: &str| text.chars().filter(|c| ('ء'..='ي').contains(c)).count();
        for page in all() {
            assert!(arabic(page.title_ar) >= 5, "{}", page.code);
            assert!(arabic(page.explanation_ar) >= 20, "{}", page.code);
            assert!(
                page.title_en.is_ascii() && page.title_en.len() >= 8,
                "{}",
                page.code
            );
            assert!(
                page.explanation_en.is_ascii() && page.explanation_en.len() >= 60,
                "{}",
                page.code
            );
        }
    }

    #[test]
    fn a_page_is_found_in_either_case() {
        assert_eq!(explain(" e0009 ").map(|page| page.code), Some("E0009"));
        assert_eq!(explain("E9999"), None);
    }
}
