//! The one integration binary.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails where it stands")]
#![allow(
    unreachable_pub,
    reason = "nothing of a test binary is reachable; `pub` marks what other files use"
)]
#![allow(
    clippy::print_stdout,
    reason = "figures that a test has measured are shown with --nocapture"
)]

mod acts;
mod adversary;
mod applications;
mod audit_command;
mod authoring;
mod bad_input;
mod bare_program;
mod bench;
mod canary;
mod capabilities;
mod cassette;
mod catalog_command;
mod catalog_lost;
mod check;
mod crash;
mod diagnostics;
mod doubt;
mod engine;
mod evidence;
mod examples;
mod faults;
mod hostile;
mod journeys;
mod keys;
mod lsp;
mod matrix;
mod outcomes;
mod policies;
mod power;
mod push_safety;
mod quiet_hours;
mod receipt;
mod rectify;
mod reload;
mod replica_steps;
mod replicas;
mod rights;
mod sandbox;
mod scenarios;
mod sealed_backup;
mod search;
mod simulation;
mod spool;
mod support;
mod swaps;
mod tests;
mod texts_approved;
mod timestamps;
mod transports;
mod versions;
mod why;
