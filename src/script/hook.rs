use crate::words::OutcomeClass;

/// A function that the runtime calls if the script has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// Before anything is sent.
    Plan,
    /// After an outcome of this class.
    Ending(OutcomeClass),
}

impl Hook {
    /// Every hook, in the order of a flow's life.
    pub const ALL: [Self; 6] = [
        Self::Plan,
        Self::Ending(OutcomeClass::Approved),
        Self::Ending(OutcomeClass::Declined),
        Self::Ending(OutcomeClass::Timeout),
        Self::Ending(OutcomeClass::Error),
        Self::Ending(OutcomeClass::Other),
    ];

    /// The name of the function.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Ending(class) => class.as_str(),
        }
    }

    /// Reads the name of a function; `None` if it is no hook.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hook| hook.name() == name)
    }

    /// Whether `flow.person` is there.
    pub const fn has_person(self) -> bool {
        matches!(self, Self::Ending(OutcomeClass::Approved))
    }

    /// Whether `flow.outcome` is there.
    pub const fn has_outcome(self) -> bool {
        matches!(self, Self::Ending(_))
    }

    /// The constructors whose values this hook may return.
    pub const fn constructors(self) -> &'static [&'static str] {
        match self {
            Self::Plan => &["tighten", "refuse"],
            Self::Ending(OutcomeClass::Approved) => &["refuse", "say"],
            Self::Ending(_) => &["stop", "say"],
        }
    }

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Plan => 0,
            Self::Ending(OutcomeClass::Approved) => 1,
            Self::Ending(OutcomeClass::Declined) => 2,
            Self::Ending(OutcomeClass::Timeout) => 3,
            Self::Ending(OutcomeClass::Error) => 4,
            Self::Ending(OutcomeClass::Other) => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_read_back_and_numbered_in_order() {
        for (number, hook) in Hook::ALL.into_iter().enumerate() {
            assert_eq!(Hook::from_name(hook.name()), Some(hook));
            assert_eq!(hook.index(), number);
        }
    }
}
