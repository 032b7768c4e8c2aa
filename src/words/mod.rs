//! The vocabulary of the project: small types that are valid once made.
//!
//! Parsing is the only way in, so nothing downstream checks twice. Nothing here does I/O, and nothing
//! here knows YAML, HTTP, a database or an authority.

mod assurance;
mod capability;
mod channel;
mod civil;
mod day;
mod digest;
mod environment;
mod field;
mod id;
mod outcome;
mod person;
mod pii;
mod qr_code;
mod remedy;
mod text;
mod time;
mod token;

pub use assurance::Assurance;
pub use capability::Capability;
pub use channel::Channel;
pub use civil::CivilNo;
pub use civil::CivilNoError;
pub use day::Day;
pub use digest::Digest;
pub use digest::DigestError;
pub use environment::Environment;
pub use field::Field;
pub use field::FieldName;
pub use field::FieldNameError;
pub use field::FieldSource;
pub use id::ExchangeId;
pub use id::FlowId;
pub use id::InputName;
pub use id::NameError;
pub use id::RequestId;
pub use id::ServiceName;
pub use outcome::Outcome;
pub use outcome::OutcomeClass;
pub use outcome::Severity;
pub use person::FieldValue;
pub use person::Person;
pub use pii::Pii;
pub use pii::Purpose;
pub use qr_code::QrCode;
pub use remedy::Remedy;
pub use text::Locale;
pub use text::Text;
pub use time::LocalTime;
pub use time::Timestamp;
pub use token::CallbackToken;
pub use token::Challenge;
