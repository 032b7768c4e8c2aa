//! Kuwait Mobile ID (PACI, the app Hawyti).
//!
//! The authority's integration guide is not public. What public integrations agree on is built in; what they
//! leave open is a setting, and where a wrong guess could let a forged answer pass, the setting has no default.
//!
//! - `prepare`, `model`, `sign_request` and `wording`: what is sent; `transport`: how.
//! - `json`, `callback`, `date`, `codes`: what comes back, with every quirk that has been seen.
//! - `stamp`: the authority's signature over it.
//! - `approval`: the rule that makes an approval of it (law 4), with `identity` for what replies answer and `signature` for
//!   what was signed; `person`: the declared fields (law 7).
//! - `revocation`: which certificates are revoked; `refresh` fetches what it knows.
//! - `settings`, `source`, `material`: what a node is told.

mod adapter;
mod approval;
mod base64;
mod callback;
mod certificate;
mod claims;
mod codes;
mod date;
mod failed_check;
mod identity;
mod json;
mod look_up;
mod material;
mod model;
mod person;
mod prepare;
mod refresh;
mod revocation;
mod rule;
mod settings;
mod sign_request;
mod signature;
mod source;
mod stamp;
mod transport;
mod wording;

pub use adapter::CertificateExpiry;
pub use adapter::Kuwait;
pub use callback::MAX_CALLBACK_BYTES;
pub use codes::CodeAdditions;
pub use codes::CodeRow;
pub use codes::code_table;
pub use failed_check::FailedCheck;
pub use failed_check::failed_check;
pub use json::KeyMatching;
pub use material::ClientMaterial;
pub use material::Credentials;
pub use material::Material;
pub use model::AuthenticateRequest;
pub use revocation::ListSource;
pub use revocation::RevocationSettings;
pub use revocation::WhenUnknown;
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
#[cfg(feature = "sandbox")]
pub(crate) use transport::Element;
pub use transport::GatewayAnswers;
pub use transport::GatewaySettings;
pub use transport::Login;
pub use transport::PollSettings;
pub use transport::PolledStatus;
pub use transport::SoapEncoding;
pub use transport::SoapSettings;
pub use transport::SuccessSettings;
pub use transport::TemplateCasing;
pub use transport::TemplateSettings;
pub use transport::TransportSettings;
pub use transport::UnstampedAnswers;
pub use transport::Used;
#[cfg(feature = "sandbox")]
pub(crate) use transport::root_part;

#[cfg(all(test, feature = "sandbox"))]
mod tests;
