use std::net::SocketAddr;

use super::cassette::CassetteError;
use super::keys::KeysError;
use crate::words::Environment;

/// Why the sandbox can't start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The environment is one of real citizens.
    #[error("the sandbox does not run in `{0}`; it is for `development` and `test`")]
    Environment(Environment),
    /// The address can be reached from elsewhere.
    #[error(
        "the sandbox's {what} would listen on {address}, which others can reach; use a loopback address such as 127.0.0.1"
    )]
    NotLoopback {
        /// The listener.
        what: &'static str,
        /// Its address.
        address: SocketAddr,
    },
    /// The address is taken or not of this machine.
    #[error(
        "the sandbox's {what} can't listen on {address}: {fault}; choose another port, or 0 for a free one"
    )]
    Listen {
        /// The listener.
        what: &'static str,
        /// Its address.
        address: SocketAddr,
        /// What the system says.
        fault: std::io::Error,
    },
    /// The registered id would not be a file name or a certificate's subject.
    #[error("the service provider's id has letters, digits and `-` only, at most 64")]
    ServiceProviderId,
    /// The keys can't be had.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The cassette can't be replayed.
    #[error("the cassette: {0}")]
    Cassette(#[from] CassetteError),
    /// The keys are there and don't serve.
    #[error("the sandbox's keys can't be used: {0}; delete their folder and start again")]
    Tls(String),
}

impl SandboxError {
    pub(super) fn tls(fault: impl std::fmt::Display) -> Self {
        Self::Tls(fault.to_string())
    }
}
