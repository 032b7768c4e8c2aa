//! Kuwait Mobile ID (PACI, the app Hawyti).
//!
//! The authority's integration guide is not public. What public integrations agree on is built in; what they
//! leave open is a setting, and where a wrong guess could let a forged answer pass, the setting has no default.
//!
//! - `model` and `wording`: what is sent; `bridge`: how.
//! - `json`, `callback`, `date`, `codes`: what comes back, with every quirk that has been seen.
//! - `stamp`: the authority's signature over it.
//! - `approval`: the rule that makes an approval of it (law 4), and `person`: the declared fields (law 7).
//! - `settings`, `source`, `material`: what a node is told.

mod adapter;
mod approval;
mod base64;
mod bridge;
mod callback;
mod certificate;
mod codes;
mod date;
mod failed_check;
mod json;
mod material;
mod model;
mod person;
mod rule;
mod settings;
mod source;
mod stamp;
mod wording;

pub use adapter::CertificateExpiry;
pub use adapter::Kuwait;
pub use callback::MAX_CALLBACK_BYTES;
pub use codes::CodeAdditions;
pub use failed_check::FailedCheck;
pub use failed_check::failed_check;
pub use json::KeyMatching;
pub use material::Material;
pub use model::AuthenticateRequest;
pub use rule::KuwaitRule;
pub use settings::AssuranceRule;
pub use settings::ClientIdentity;
pub use settings::KuwaitSettings;
pub use settings::Presence;
pub use settings::SettingsError;
pub use settings::SignerPin;
pub use settings::StampSettings;
pub use source::Source;
pub use source::SourceError;
pub use stamp::StampFormat;
pub use stamp::StampRule;

#[cfg(all(test, feature = "sandbox"))]
mod tests;
