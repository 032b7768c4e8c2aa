use serde::Deserialize;
use serde::Serialize;

/// The line that `dev` and `serve` print with `--format json` once everything listens (contracts, section 1).
/// Absent members are null.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ready {
    /// Always true.
    pub(crate) ready: bool,
    /// Base URL of the API.
    pub(crate) api: Option<String>,
    /// Base URL that the authority calls.
    pub(crate) callback: Option<String>,
    /// Base URL of the sandbox authority.
    pub(crate) sandbox: Option<String>,
    /// Base URL of the phone.
    pub(crate) phone: Option<String>,
    /// Base URL of the console.
    pub(crate) console: Option<String>,
    /// Base URL of the demo e-service.
    pub(crate) demo: Option<String>,
    /// An API key; `dev` only.
    pub(crate) key: Option<String>,
    /// The active catalog.
    pub(crate) catalog: Option<String>,
    /// The key with which outcome notices are verified.
    pub(crate) webhook_key: Option<String>,
}

impl Ready {
    /// One line of JSON.
    pub(crate) fn to_line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
