//! The bare program: what a careful engineer would write by hand for the one e-service that the load of `bench` calls, in a
//! process of its own, so that the node's figures for whole flows stand beside a control of the same run.
//!
//! It does what no such program can leave out. It takes the e-service's call and answers its long poll, sends the authority
//! the request that the connector would send (mutual TLS, connections kept), takes the callback over TLS 1.3, verifies the
//! stamp's RSA signature over the exact bytes with a parsed key, and makes four rows a flow durable, each before what follows
//! from it, in commits that all rows share which wait.
//!
//! It is the floor and no rival: no policy, script, limit or text; no approval rule beyond the stamp, the request's id and the
//! two codes; no deadline and no recovery after a restart; nothing sealed, no log that shows a change, no receipt, no journal of
//! messages, no notice, metrics of one line. Flows stay in memory until it ends, since it lives for one measurement.

mod authority;
mod callback;
mod e_service;
mod flow;
mod postgres;
mod program;
mod row;
mod settings;
mod sqlite;
mod stamp;
mod store;

pub(super) use program::serve;
pub(super) use settings::Pair;
pub(super) use settings::Settings;
pub(super) use settings::StoreSettings;
