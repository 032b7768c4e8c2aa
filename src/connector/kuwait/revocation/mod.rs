//! Which certificates are revoked (R000-169): the authority's lists, signed by issuers that the settings name, and what its
//! responder has answered, kept in memory until they run out. Whoever examines an answer only looks; fetching and asking
//! happen elsewhere and before.

mod known;
mod list;
mod question;
mod responder;
mod settings;

#[cfg(all(test, feature = "sandbox"))]
pub(super) use known::Listed;
pub(super) use known::Revocation;
pub(super) use known::Standing;
#[cfg(all(test, feature = "sandbox"))]
pub(super) use question::Judge;
#[cfg(all(test, feature = "sandbox"))]
pub(super) use question::Question;
#[cfg(all(test, feature = "sandbox"))]
pub(super) use question::Status;
#[cfg(all(test, feature = "sandbox"))]
pub(super) use question::Told;
pub(super) use responder::Named;
pub(super) use responder::Responder;
pub use settings::ListSource;
pub use settings::RevocationSettings;
pub use settings::WhenUnknown;
