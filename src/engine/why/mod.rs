//! Why a flow ended as it did: what is on record of it, what its policy was asked and answered, and the nearest change
//! that would have made it answer otherwise.
//!
//! [`why`] reads the store; everything else is pure. A flow is asked of the catalog it was pinned to and of no other, and
//! what that answers is compared with what was recorded (law 9). Nothing here shows personal data (law 13).

mod case;
mod effects;
mod model;
mod nearest;
mod numbers;
mod phrases;
mod planned;
mod policy;
mod read;
mod steps;

pub use model::Again;
pub use model::Bound;
pub use model::Change;
pub use model::ChangeKind;
pub use model::Delivery;
pub use model::Effect;
pub use model::Fact;
pub use model::Message;
pub use model::Planned;
pub use model::PlannedValue;
pub use model::Reckoned;
pub use model::RuleLine;
pub use model::Step;
pub use model::Why;
pub use read::WhyError;
pub use read::why;
