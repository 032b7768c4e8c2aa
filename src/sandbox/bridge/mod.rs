//! The bridge: the authority's operations as JSON over mutual TLS.

mod contract;
mod refusal;
mod routes;
mod sever;
mod tls;

pub(super) use contract::Wanted;
pub(super) use refusal::Refusal;
pub(super) use tls::BridgeListener;
