//! The sandbox: the authority, simulated, with real keys, citizens, faults and a phone page.
//!
//! It speaks the same bridge contract as the real one, over mutual TLS, and stamps its callbacks, so what runs
//! against it runs the production path. It never runs in production: see [`SandboxOptions::environment`].

mod authority;
mod callback;
mod card;
mod citizen;
mod clock;
mod conduct;
mod connect;
mod courier;
mod error;
mod faces;
mod flaw;
mod handle;
mod keys;
mod ledger;
mod offline;
mod options;
mod personal;
mod phone;
mod photo;
mod qr_image;
mod raw_reply;
mod request;
mod roster;
mod scenario;
mod settings;
mod stamp;
mod state;

pub use authority::Authority;
pub use authority::Sandbox;
pub use citizen::Citizen;
pub use citizen::Ending;
pub use clock::ManualClock;
pub use clock::SandboxClock;
pub use clock::SystemClock;
pub use conduct::Pace;
pub use error::SandboxError;
pub use faces::Face;
pub use handle::CallbackBaseError;
pub use handle::PersonAct;
pub use handle::PhoneError;
pub use handle::SandboxHandle;
pub use keys::CertificateKind;
pub use keys::Identity;
pub use keys::Keys;
pub use keys::KeysError;
pub use keys::StampAlgorithm;
pub use keys::assurance_policies;
pub use ledger::LedgerSnapshot;
pub use ledger::Received;
pub use ledger::Sent;
pub use offline::DueAnswer;
pub use offline::OfflineAuthority;
pub use offline::Reaction;
pub use offline::ToldAnswer;
pub use options::SandboxOptions;
pub use request::Standing;
pub use roster::citizens;
pub use scenario::Planned;
pub use scenario::Scenario;
pub use scenario::ScenarioFile;
pub use scenario::ScenarioFileError;
pub use scenario::ScenarioGroup;
pub use settings::SpSettings;
