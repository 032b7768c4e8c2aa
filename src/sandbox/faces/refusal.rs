/// Why the authority does not take a request; the codes are the sandbox's own, since the national
/// authority's list is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Refusal {
    NoMobileId,
    LevelTooLow,
    TooManyRequests,
    /// Names the member.
    Invalid(&'static str),
    UnknownServiceProvider,
    CallbackUrl,
    UnknownRequest,
    UnreadableQr,
    Synthetic,
    /// A code that no list has yet.
    New,
}

impl Refusal {
    pub(in crate::sandbox) const fn code(self) -> i64 {
        match self {
            Self::NoMobileId => 1001,
            Self::LevelTooLow => 1002,
            Self::TooManyRequests => 1003,
            Self::Invalid(_) => 1004,
            Self::UnknownServiceProvider => 1005,
            Self::CallbackUrl => 1006,
            Self::UnknownRequest => 1007,
            Self::UnreadableQr => 1008,
            Self::Synthetic => 1099,
            Self::New => 4711,
        }
    }

    /// For people; never carries personal data.
    pub(in crate::sandbox) fn message(self) -> String {
        match self {
            Self::NoMobileId => "the person has no Mobile ID".to_owned(),
            Self::LevelTooLow => "the person's assurance level is below the level asked for".to_owned(),
            Self::TooManyRequests => {
                "too many requests for this person; wait until earlier ones are answered or have expired"
                    .to_owned()
            }
            Self::Invalid(member) => format!("`{member}` is missing or not valid"),
            Self::UnknownServiceProvider => {
                "`ServiceProviderId` is not the one that the client certificate was given for".to_owned()
            }
            Self::CallbackUrl => "`SPCallbackURL` is not below the registered callback base".to_owned(),
            Self::UnknownRequest => "`RequestId` is not known".to_owned(),
            Self::UnreadableQr => "`QRData` is no code of a card".to_owned(),
            Self::Synthetic => "an internal error, as the scenario asked".to_owned(),
            Self::New => "something new, as the scenario asked".to_owned(),
        }
    }
}
