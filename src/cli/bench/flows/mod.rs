//! Whole flows through a node process, turn by turn with the bare program, which is the control of rate and processor time.

mod control;
mod kept;
mod load;
mod measure;
mod node;
mod process;
mod turns;

pub(super) use kept::Kept;
pub(super) use measure::Flows;
pub(super) use measure::Plan;
pub(super) use measure::measure;
