/// Something in a believed answer that stands in no list: the authority may have changed.
///
/// It names what is strange and shows its shape, and nothing that could be anybody's data: the sample is enough to ask the
/// authority about it, and the exact bytes are kept with the flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// What kind of thing it is.
    pub kind: DriftKind,
    /// Where it stands: `ResultDetails.NewMember`, `ResultCode`.
    pub name: String,
    /// The code itself, or the shape of the value: `text of 12 characters`.
    pub sample: String,
}

/// What can be strange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftKind {
    /// A member that is in no list.
    Member,
    /// A code that is in no table.
    Code,
}

impl DriftKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Member, Self::Code];

    /// The word used in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Code => "code",
        }
    }
}

impl Drift {
    /// A code that is in no table.
    pub fn code(name: impl Into<String>, sample: impl Into<String>) -> Self {
        Self {
            kind: DriftKind::Code,
            name: name.into(),
            sample: sample.into(),
        }
    }
}
