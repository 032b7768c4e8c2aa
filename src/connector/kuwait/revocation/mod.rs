//! Which certificates are revoked (R000-169): the authority's lists, signed by issuers that the settings name, kept in memory
//! until they run out. Whoever examines an answer only looks; fetching happens elsewhere and before.

mod known;
mod list;
mod settings;

pub(super) use known::Revocation;
pub(super) use known::Standing;
pub use settings::ListSource;
pub use settings::RevocationSettings;
pub use settings::WhenUnknown;
