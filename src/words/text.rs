use serde::Deserialize;
use serde::Serialize;

/// A language that citizens read. Arabic comes first everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// Arabic, written from right to left.
    #[default]
    Ar,
    /// English.
    En,
}

impl Locale {
    /// Both languages, Arabic first.
    pub const ALL: [Self; 2] = [Self::Ar, Self::En];

    /// The language tag (`ar`, `en`) for `lang` attributes and files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::En => "en",
        }
    }

    /// The writing direction for `dir` attributes.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Ar => "rtl",
            Self::En => "ltr",
        }
    }

    /// The other language.
    pub const fn other(self) -> Self {
        match self {
            Self::Ar => Self::En,
            Self::En => Self::Ar,
        }
    }

    /// Reads a language tag; `None` for anything but `ar` and `en`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|locale| locale.as_str() == name)
    }
}

impl std::fmt::Display for Locale {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A text for citizens, in both languages; neither can be missing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The Arabic text.
    pub ar: String,
    /// The English text.
    pub en: String,
}

impl Text {
    /// Puts the two languages together.
    pub fn new(ar: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            ar: ar.into(),
            en: en.into(),
        }
    }

    /// The text in one language.
    pub fn in_locale(&self, locale: Locale) -> &str {
        match locale {
            Locale::Ar => &self.ar,
            Locale::En => &self.en,
        }
    }

    /// The same change made to both languages.
    pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
        Self {
            ar: change(&self.ar),
            en: change(&self.en),
        }
    }
}
