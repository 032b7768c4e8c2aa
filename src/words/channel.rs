use serde::Deserialize;
use serde::Serialize;

/// Where the person is while the flow runs (R000-016).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A browser on a computer.
    Web,
    /// A browser on a phone or tablet.
    MobileWeb,
    /// The provider's own app on a phone.
    NativeApp,
    /// A self-service kiosk.
    Kiosk,
    /// A telephone call with an agent.
    CallCenter,
    /// A counter with an officer.
    Counter,
}

impl Channel {
    /// Every value, in the order of the subscription form.
    pub const ALL: [Self; 6] = [
        Self::Web,
        Self::MobileWeb,
        Self::NativeApp,
        Self::Kiosk,
        Self::CallCenter,
        Self::Counter,
    ];

    /// The name used in files, the API and pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::MobileWeb => "mobile_web",
            Self::NativeApp => "native_app",
            Self::Kiosk => "kiosk",
            Self::CallCenter => "call_center",
            Self::Counter => "counter",
        }
    }

    /// Whether the person holds the device with the app in the same hand: a QR code can't be scanned there (R000-075).
    pub const fn is_mobile(self) -> bool {
        matches!(self, Self::MobileWeb | Self::NativeApp)
    }

    /// Reads the name used in files; `None` for anything else.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == name)
    }
}

impl std::fmt::Display for Channel {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.as_str())
    }
}
