//! The sandbox over its real listeners: what a service provider and a person with a browser see.

mod bridge;
mod neighbours;
mod phone;
pub(crate) mod provider;
mod scenarios;
mod seed;
mod time_stamper;
