use crate::policy::Place;
use crate::policy::Refusal;
use crate::policy::Tightening;
use crate::words::Text;

/// What a hook returned, and where the script made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub ruling: Ruling,
    /// The call of the constructor.
    pub place: Place,
}

/// What a script may say; each variant is made by one constructor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// `tighten(#{ assurance, drop, expires_in })`: ask for less than planned.
    Tighten(Tightening),
    /// `refuse(code, #{ ar, en })`: the flow ends as `other.refused`.
    Refuse(Refusal),
    /// `stop(#{ ar, en })`: no retry, with this text.
    Stop(Text),
    /// `say(#{ ar, en })`: the same next step, with this text.
    Say(Text),
}

impl Ruling {
    /// The name of the constructor.
    pub const fn constructor(&self) -> &'static str {
        match self {
            Self::Tighten(_) => "tighten",
            Self::Refuse(_) => "refuse",
            Self::Stop(_) => "stop",
            Self::Say(_) => "say",
        }
    }

    /// The text for the citizen, where the constructor takes one.
    pub const fn text(&self) -> Option<&Text> {
        match self {
            Self::Tighten(_) => None,
            Self::Refuse(refusal) => Some(&refusal.say),
            Self::Stop(text) | Self::Say(text) => Some(text),
        }
    }
}
