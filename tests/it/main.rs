//! The one integration binary.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")]

mod crash;
mod engine;
mod examples;
mod hostile;
mod policies;
mod sandbox;
mod support;
