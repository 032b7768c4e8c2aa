/// One key of a policy file.
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// Whether it must be there.
    pub need: Need,
    /// What it takes.
    pub shape: Shape,
    /// What it says, in a sentence or two.
    pub about: &'static str,
}

/// Whether a key must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Without it the file does not load.
    Required,
    /// It may be left out, and then nothing is said.
    Optional,
    /// It may be left out, and then this is meant.
    BuiltIn(&'static str),
    /// It is required in the case that is named.
    When(&'static str),
}

/// What a key takes.
#[derive(Debug)]
pub enum Shape {
    /// A map with these keys and no others.
    Map(&'static [Key]),
    /// A map whose keys are names.
    Named(Names, &'static Self),
    /// A list with at least one entry.
    List(&'static Self),
    /// A text in Arabic and in English.
    Text {
        /// The most characters.
        max: usize,
        /// Whether `{input}` may stand in it.
        inputs: bool,
    },
    /// A text in no particular language, such as the name of a person.
    Line {
        /// The most characters.
        max: usize,
    },
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A text of a form that a regular expression describes.
    Form(&'static str, &'static str),
    /// A whole number within bounds.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `30s`, `5m`, `2h`, `90d`, `10y`.
    Duration,
    /// `3/10m`, `200/s`.
    Limit,
    /// `2026-03-01`.
    Day,
    /// An `https` address.
    Url,
    /// A SHA-256, 64 hexadecimal digits.
    Sha256,
    /// Anything.
    Any,
    /// Either of several.
    Either(&'static [Self]),
}

/// The names that a map takes as keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// What the author calls it: a lowercase letter, then lowercase letters, digits and `_`.
    Inputs,
    /// Fields of the person and derived claims.
    Fields,
    /// The classes of outcomes, and leaf codes.
    Outcomes,
    /// What the author calls it: a lowercase letter, then lowercase letters, digits and `-`.
    Slugs,
    /// What the author calls it, in any words.
    Any,
}

impl Key {
    /// A key that must be there.
    pub(super) const fn required(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self {
            name,
            need: Need::Required,
            shape,
            about,
        }
    }

    /// A key that may be left out.
    pub(super) const fn optional(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self {
            name,
            need: Need::Optional,
            shape,
            about,
        }
    }

    /// A key that means something when it is left out.
    pub(super) const fn built_in(
        name: &'static str,
        meant: &'static str,
        shape: Shape,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            need: Need::BuiltIn(meant),
            shape,
            about,
        }
    }

    /// A key that is required in some cases.
    pub(super) const fn when(
        name: &'static str,
        case: &'static str,
        shape: Shape,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            need: Need::When(case),
            shape,
            about,
        }
    }
}

/// A text in both languages, without inputs.
pub(super) const fn text(max: usize) -> Shape {
    Shape::Text { max, inputs: false }
}

/// A text in both languages that may name inputs.
pub(super) const fn filled_text(max: usize) -> Shape {
    Shape::Text { max, inputs: true }
}

/// The languages of a text.
pub(in crate::policy) const LANGUAGES: &[Key] = &[
    Key::required("ar", Shape::Line { max: 2_000 }, "The Arabic text."),
    Key::required("en", Shape::Line { max: 2_000 }, "The English text."),
];

/// The first key of every file.
pub(super) const FORMAT: Key = Key::required("midflow", Shape::Word(&["1"]), "The version of the language.");
