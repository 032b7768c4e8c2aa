//! The one integration binary.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")]

mod adversary;
mod canary;
mod engine;
mod examples;
mod hostile;
mod policies;
mod reload;
mod sandbox;
mod scenarios;
mod support;
