//! What several tests need: a clock turned by hand, an authority that answers as told, and an engine over a
//! real store.

pub mod authority;
pub mod clock;
pub mod crash;
pub mod node;
