use std::time::Duration;

use async_trait::async_trait;

use crate::words::CivilNo;

/// What a stranger reaches of a node: the pages of an e-service that begins flows for whoever comes, and the phones of victims,
/// which do what their owners always do.
#[async_trait]
pub trait Front: Sync {
    /// Begins a sign-in by push with somebody's number.
    async fn push(&self, service: &str, victim: &CivilNo) -> Result<Begun, FrontError>;

    /// Begins a sign-in by code.
    async fn code(&self, service: &str) -> Result<Begun, FrontError>;

    /// Whether a flow still waits for its person.
    async fn waits(&self, flow: &str) -> Result<bool, FrontError>;

    /// How a flow has ended; waits for it.
    async fn ended(&self, flow: &str) -> Result<Ended, FrontError>;

    /// Whether the page of a flow shows it to this browser.
    async fn shows(&self, flow: &str, browser: Browser) -> Result<bool, FrontError>;

    /// The e-service tells that the victim has not asked for this.
    async fn report(&self, flow: &str) -> Result<(), FrontError>;

    /// Gives a flow up, if it has not ended.
    async fn cancel(&self, flow: &str) -> Result<(), FrontError>;

    /// A victim scans a code that they were sent.
    async fn scan(&self, code: &str, victim: &CivilNo) -> Result<(), FrontError>;

    /// How many requests have reached the authority so far: each of them rings at somebody's phone, or waits to be scanned.
    async fn requests(&self) -> Result<u64, FrontError>;

    /// Lets time pass, where that is in anybody's hands.
    async fn pass(&self, time: Duration);
}

/// What became of an attempt to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// A flow began.
    Flow {
        /// Its id.
        id: String,
        /// The text of its code, where it has one.
        code: Option<String>,
    },
    /// None did; the stable code of the reason.
    Refused(String),
}

/// How a flow has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The leaf code.
    pub code: String,
    /// Whether whoever began it is in, as the victim.
    pub inside: bool,
}

/// Whose browser a page is opened in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// That of whoever began the flow.
    Own,
    /// Another one.
    Foreign,
}

/// Why the attacker got no answer at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FrontError(pub String);
