//! The authority's operations over mutual TLS, one face a transport. A face reads and writes its own form; what is done is
//! done by the desk, the same for all.

mod bridge;
mod callers;
mod contract;
mod desk;
mod direct;
mod face;
mod gateway;
mod listener;
mod logins;
mod operations;
mod refusal;
mod replayed;
mod sever;
mod soap;
mod template;

pub(super) use contract::NotificationWanted;
pub(super) use contract::SigningWanted;
pub(super) use contract::Wanted;
pub(super) use direct::direct;
pub use face::Face;
pub(super) use listener::BridgeListener;
pub(super) use logins::Logins;
pub(super) use refusal::Refusal;
