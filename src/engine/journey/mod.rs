//! Journeys: the steps of a service, one flow after another.
//!
//! A journey has no row of its own. It is its flows, each of which knows the journey, its place and what came before; with the
//! ending of a step its record and its detail name the flow that follows. So a step is owed to the next as a notice is owed to
//! an e-service: the flow stays `decided` until the next one is durable, and whoever recovers it begins that, under the same id
//! and the same key. All flows hold the catalog that the first began under.

mod lost;
mod next;
mod part;
mod read;
mod start;
mod turn;
mod view;

pub(crate) use part::JourneyPart;
pub(crate) use part::has_consents;
use part::id_of_next;
pub(crate) use part::step_key;
pub use start::StartJourney;
pub use view::JourneyView;
pub use view::StepState;
pub use view::StepView;
pub(crate) use view::consents;
pub(crate) use view::step_place;
