use uuid::Uuid;

use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Timestamp;

/// Whose a data key is: a flow, or a message that belongs to no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyOwner(Uuid);

impl KeyOwner {
    /// Wraps a UUID read from the store.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID.
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl From<FlowId> for KeyOwner {
    fn from(flow: FlowId) -> Self {
        Self(flow.as_uuid())
    }
}

impl From<ExchangeId> for KeyOwner {
    fn from(exchange: ExchangeId) -> Self {
        Self(exchange.as_uuid())
    }
}

/// A data key as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Whose it is.
    pub owner: KeyOwner,
    /// The version of the ring's key that wrapped it.
    pub version: u32,
    /// The wrapped key; `None` once it was destroyed, which is for ever.
    pub wrapped: Option<Vec<u8>>,
}

/// A key of the ring as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingKey {
    /// Its version, from 1; 0 is the key of look-ups, which is never exchanged.
    pub version: u32,
    /// The name of the wrapper that wrapped it.
    pub wrapper: String,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub made_at: Timestamp,
}
