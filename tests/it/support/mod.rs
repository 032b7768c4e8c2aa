//! What several tests need: a clock turned by hand, an authority that answers as told, an engine over a real
//! store; and the real connector against the sandbox, with somebody who can stamp like the authority.

pub mod authority;
pub mod clock;
pub mod command;
pub mod config;
pub mod crash;
pub mod dice;
pub mod doubtful;
pub mod faults;
pub mod full_node;
pub mod loan;
pub mod node;
pub mod notary;
pub mod policy_folder;
pub mod power;
pub mod replica_ledgers;
pub mod replicas;
pub mod store;
pub mod tsa;
pub mod wire;
pub mod witness;
