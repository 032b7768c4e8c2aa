use serde::Deserialize;
use serde::Serialize;

use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::Timestamp;

/// The durable state of one flow.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct State {
    /// How far the flow has come.
    pub phase: Phase,
    /// Which attempt at sending is current, from 1.
    pub attempt: u8,
    /// The most attempts at sending; an attempt follows only where no byte of the one before left.
    pub max_attempts: u8,
    /// When the flow times out.
    pub expires_at: Timestamp,
    /// The authority's id of the request, once its reply has told it.
    pub request_id: Option<RequestId>,
    /// Callbacks that are recorded and not yet examined, oldest first.
    pub pending: Vec<(ExchangeId, Digest)>,
    /// Digests of every callback that was recorded, to tell duplicates.
    pub seen: Vec<Digest>,
    /// The outcome that waits for pending callbacks to be examined: a time-out or a cancellation.
    pub closing: Option<Outcome>,
    /// How the flow ends; set once, never changed (law 3).
    pub ending: Option<Ending>,
    /// When somebody whom the e-service knows to speak for the person said that they had not asked for this; also after
    /// the ending, which stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
}

/// How far a flow has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The plan exists; the person has to confirm on a page before anything is sent.
    Held,
    /// The plan exists; nothing of the current attempt has left.
    Created,
    /// The request is durable and handed to the transport; no reply yet.
    Sent,
    /// The request may or may not have arrived; it is never sent again.
    Unknown,
    /// The authority took the request; the person is being asked.
    Waiting,
    /// The outcome is known; the policy is being asked what to do.
    Verified,
    /// The ending is durable.
    Decided,
    /// The ending is durable and the e-service has been told, as far as it wanted to be.
    Delivered,
}

impl Phase {
    /// The name for pages and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Created => "created",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Waiting => "waiting",
            Self::Verified => "verified",
            Self::Decided => "decided",
            Self::Delivered => "delivered",
        }
    }
}

/// How a flow ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ending {
    /// The outcome.
    pub outcome: Outcome,
    /// The callback that led here; `None` for a time-out, a cancellation or a refusal.
    pub exchange: Option<ExchangeId>,
    /// What the authority's verified answer said, before the policy was asked.
    pub answered: Outcome,
}

impl State {
    /// A flow that has not begun.
    pub const fn new(expires_at: Timestamp, max_attempts: u8) -> Self {
        Self {
            phase: Phase::Created,
            attempt: 1,
            max_attempts,
            expires_at,
            request_id: None,
            pending: Vec::new(),
            seen: Vec::new(),
            closing: None,
            ending: None,
            reported_at: None,
        }
    }

    /// Whether the flow has ended; its ending is then fixed for ever.
    pub const fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Decided | Phase::Delivered)
    }
}
