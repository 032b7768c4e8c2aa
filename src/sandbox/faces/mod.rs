//! The authority's operations over mutual TLS, one face a transport. A face reads and writes its own form; what is done is
//! done by the desk, the same for all.

mod bridge;
mod contract;
mod desk;
mod listener;
mod refusal;
mod sever;

pub(super) use contract::Wanted;
pub(super) use listener::BridgeListener;
pub(super) use refusal::Refusal;
