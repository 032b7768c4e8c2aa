//! Time-stamps of others over our checkpoints (RFC 3161; law 20/2014, article 17; R003-40).
//!
//! Pure: what is asked and what is answered are bytes. A token counts if it is signed by a certificate that was pinned
//! before, over the digest of exactly the bytes at hand.

mod authority;
mod der;
mod request;
mod token;

pub use authority::TimestampAuthority;
pub use authority::TimestampAuthorityError;
pub use request::TimestampRequest;
pub use request::token_of_response;
pub use token::Stamped;
pub use token::TimestampError;
pub use token::TimestampPolicy;
pub use token::imprint_of;
