//! The one integration binary.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")]
#![allow(unreachable_pub, reason = "nobody reaches into a test binary")]

mod crash;
mod engine;
mod examples;
mod hostile;
mod policies;
mod sandbox;
mod support;
