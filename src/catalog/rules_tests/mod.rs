//! Every rule of the shipped rulebook has a policy that keeps it and one that it refuses; waivers; own rulebooks.

mod each_rule;
mod own;
mod policies;
mod waivers;
