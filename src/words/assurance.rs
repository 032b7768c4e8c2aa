use serde::Deserialize;
use serde::Serialize;

/// How sure the authority is that the person is who they say (R000-038 to R000-043).
///
/// Ordered: a higher level satisfies every lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// Self-registered on the phone with facial recognition.
    Low,
    /// Facial recognition with liveness detection.
    Medium,
    /// Registered at an office or kiosk, in person, with the card.
    High,
}

impl Assurance {
    /// Every level, lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Medium, Self::High];

    /// The name used in files, the API and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// Reads the name used in files; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == name)
    }

    /// The number the authority uses on the wire.
    pub const fn wire_level(self) -> u8 {
        match self {
            Self::Low => 10,
            Self::Medium => 20,
            Self::High => 30,
        }
    }
}

impl std::fmt::Display for Assurance {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}
