use super::walk::Walk;
use crate::policy::InputKind;
use crate::policy::Outline;
use crate::words::Capability;
use crate::words::Channel;
use crate::words::Field;
use crate::words::InputName;
use crate::words::Outcome;

/// What is known of a value before anything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Flow,
    Inputs,
    Person,
    Now,
    /// A text that is one of a few words.
    Word(Words),
    Text,
    Whole,
    Number,
    Flag,
    /// True, false, or nothing if it was not passed or could not be proved.
    MaybeFlag,
    Nothing,
    List,
    Map,
    /// Anything; nothing can be said of it.
    Other,
}

/// A set of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Words {
    Channel,
    Capability,
    Locale,
    Outcome,
    /// The steps of the service.
    Step,
    /// Those of an input of the service, by its number.
    Choice(u16),
}

impl Kind {
    /// What the walk follows through variables and into helpers.
    pub(super) const fn is_followed(self) -> bool {
        matches!(
            self,
            Self::Flow | Self::Inputs | Self::Person | Self::Now | Self::Word(_)
        )
    }

    /// For messages; `None` where nothing is known.
    pub(super) const fn words(self) -> Option<&'static str> {
        Some(match self {
            Self::Flow | Self::Inputs | Self::Person | Self::Now => "a part of `flow`",
            Self::Word(_) | Self::Text => "a text",
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Flag | Self::MaybeFlag => "true or false",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Nothing | Self::Other => return None,
        })
    }

    /// Whether values of the two can be equal, as far as is known.
    pub(super) const fn can_equal(self, other: Self) -> bool {
        match (self.class(), other.class()) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        }
    }

    const fn class(self) -> Option<u8> {
        Some(match self {
            Self::Word(_) | Self::Text => 0,
            Self::Whole | Self::Number => 1,
            Self::Flag | Self::MaybeFlag => 2,
            Self::List => 3,
            Self::Map => 4,
            _ => return None,
        })
    }

    /// What is known of an input.
    pub(super) fn of_input(service: &Outline, name: &str) -> Self {
        let Some(whole) = &service.whole else {
            return Self::Other;
        };
        let Some((index, (_, input))) = whole
            .inputs
            .iter()
            .enumerate()
            .find(|(_, (known, _))| known.as_str() == name)
        else {
            return Self::Other;
        };
        match &input.kind {
            InputKind::String { .. } => Self::Text,
            InputKind::Integer { .. } => Self::Whole,
            InputKind::Decimal { .. } => Self::Number,
            InputKind::Boolean if input.optional => Self::MaybeFlag,
            InputKind::Boolean => Self::Flag,
            InputKind::Choice(_) => {
                u16::try_from(index).map_or(Self::Text, |index| Self::Word(Words::Choice(index)))
            }
        }
    }

    /// What is known of a field of the person, which the authority may not have sent.
    pub(super) fn of_field(name: &str) -> Self {
        match Field::parse(name) {
            Ok(Field::Plain(_)) => Self::Text,
            Ok(_) => Self::MaybeFlag,
            Err(_) => Self::Other,
        }
    }
}

impl Words {
    /// Every word of the set, and what it is a set of, for messages.
    pub(super) fn all(self, walk: &Walk<'_>) -> (Vec<String>, String) {
        match self {
            Self::Channel => (owned(Channel::ALL.map(Channel::as_str)), "channel".to_owned()),
            Self::Capability => (
                owned(Capability::ALL.map(Capability::as_str)),
                "capability".to_owned(),
            ),
            Self::Locale => (owned(["ar", "en"]), "language".to_owned()),
            Self::Outcome => (
                owned(Outcome::ALL.iter().map(|outcome| outcome.code())),
                "outcome".to_owned(),
            ),
            Self::Step => {
                let whole = walk.service.and_then(|service| service.whole.as_ref());
                let steps = whole.map(|whole| whole.steps.clone()).unwrap_or_default();
                (steps, "step".to_owned())
            }
            Self::Choice(index) => choice(walk, index).map_or_else(
                || (Vec::new(), String::new()),
                |(name, words)| (words.clone(), format!("value of the input `{name}`")),
            ),
        }
    }
}

fn owned<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

fn choice<'w>(walk: &'w Walk<'_>, index: u16) -> Option<(&'w InputName, &'w Vec<String>)> {
    let (name, input) = walk
        .service?
        .whole
        .as_ref()?
        .inputs
        .iter()
        .nth(usize::from(index))?;
    match &input.kind {
        InputKind::Choice(words) => Some((name, words)),
        _ => None,
    }
}
