use serde::Deserialize;
use serde::Serialize;

/// Which of the provider's separated worlds a node serves (R000-020 to R000-024).
///
/// Keys, stores, URLs and certificates are never shared between environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Real citizens, real consequences.
    Production,
    /// Integration, pre-production and certification.
    Test,
    /// Disaster recovery of production.
    Dr,
    /// A developer's machine; the only place for the sandbox.
    Development,
}

impl Environment {
    /// Every value, in the order of the subscription form.
    pub const ALL: [Self; 4] = [Self::Production, Self::Test, Self::Dr, Self::Development];

    /// The name used in files, the API and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Test => "test",
            Self::Dr => "dr",
            Self::Development => "development",
        }
    }

    /// Reads the name used in files; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == name)
    }
}

impl std::fmt::Display for Environment {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}
