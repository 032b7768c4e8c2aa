//! Tests with real keys: stamps are made here with code of its own, so that verifier and forger share nothing.

mod approval;
mod asking;
mod bounds;
mod bridge;
mod broken_checks;
mod cms;
mod fixture;
mod identity;
mod mutation;
mod responder;
mod revocation;
mod settings;
mod shown_code;
mod signature;
mod stamp;
