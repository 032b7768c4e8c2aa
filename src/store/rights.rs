use crate::words::Digest;
use crate::words::FlowId;
use crate::words::ServiceName;
use crate::words::Timestamp;

/// A legal hold: what it is on is not erased as long as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its number; 0 before it is kept.
    pub id: u64,
    /// What it is on.
    pub on: HeldThing,
    /// Why: the number of a case or an order. Holds no personal data.
    pub reference: String,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed_at: Timestamp,
    /// Who released it, and when.
    pub released: Option<(String, Timestamp)>,
}

/// What a hold is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldThing {
    /// One flow.
    Flow(FlowId),
    /// All flows of a person, by the keyed hash of the civil number.
    Person(Digest),
    /// All flows of a service.
    Service(ServiceName),
}

/// A flow as it is looked at before it is erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasableFlow {
    /// The id.
    pub id: FlowId,
    /// The service.
    pub service: ServiceName,
    /// Keyed hash of the civil number.
    pub person_key: Option<Digest>,
    /// Whether it still needs work.
    pub open: bool,
    /// When its time was over at the latest.
    pub expires_at: Timestamp,
}

/// Which flows are looked for; those whose keys are destroyed are never found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowsOf {
    /// This one.
    Flow(FlowId),
    /// Of a person, by the keyed hash of the civil number.
    Person(Digest),
    /// Of a service, their time over before this moment; only those that need no more work.
    Service(ServiceName, Timestamp),
}
