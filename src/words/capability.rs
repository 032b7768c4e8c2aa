use serde::Deserialize;
use serde::Serialize;

/// What a service may ask of Mobile ID (R000-017).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Verify the QR code that the person's digital card shows.
    VerifyQr,
    /// Sign in by scanning a QR code.
    AuthQr,
    /// Sign in by a notification pushed to the person's phone.
    AuthPush,
    /// Sign a document or transaction.
    Sign,
    /// Send the person a notification.
    Notify,
}

impl Capability {
    /// Every value, in the order of the subscription form.
    pub const ALL: [Self; 5] = [
        Self::VerifyQr,
        Self::AuthQr,
        Self::AuthPush,
        Self::Sign,
        Self::Notify,
    ];

    /// The name used in files, the API and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyQr => "verify_qr",
            Self::AuthQr => "auth_qr",
            Self::AuthPush => "auth_push",
            Self::Sign => "sign",
            Self::Notify => "notify",
        }
    }

    /// Whether it makes the person's phone ring with a question, unasked by the phone itself.
    pub const fn prompts(self) -> bool {
        matches!(self, Self::AuthPush | Self::Sign)
    }

    /// Whether an approval says who the person is.
    pub const fn authenticates(self) -> bool {
        matches!(self, Self::AuthQr | Self::AuthPush | Self::Sign)
    }

    /// Reads the name used in files; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == name)
    }
}

impl std::fmt::Display for Capability {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}
