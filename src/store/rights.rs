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

impl FlowsOf {
    /// The statement that finds them: the most that are given is its first argument.
    pub(super) const fn statement(&self) -> &'static str {
        match self {
            Self::Flow(_) => {
                "SELECT f.id, service, person_key, open, expires_at FROM flows AS f JOIN data_keys AS k ON k.owner = f.id
                    WHERE f.id = $2 AND k.wrapped IS NOT NULL ORDER BY f.id LIMIT $1"
            }
            Self::Person(_) => {
                "SELECT f.id, service, person_key, open, expires_at FROM flows AS f JOIN data_keys AS k ON k.owner = f.id
                    WHERE person_key = $2 AND k.wrapped IS NOT NULL ORDER BY f.id LIMIT $1"
            }
            Self::Service(..) => {
                "SELECT f.id, service, person_key, open, expires_at FROM flows AS f JOIN data_keys AS k ON k.owner = f.id
                    WHERE service = $2 AND expires_at < $3 AND NOT open AND k.wrapped IS NOT NULL
                    ORDER BY f.id LIMIT $1"
            }
        }
    }
}

/// The register of applications.
pub(super) const APPLICATIONS: &str =
    "SELECT seq, at, flow, event FROM records WHERE kind = 'application' ORDER BY seq";
/// Documents that no flow has referred to, oldest first.
pub(super) const WAITING_DOCUMENTS: &str =
    "SELECT id FROM waiting_documents WHERE at < $1 ORDER BY at, id LIMIT $2";
/// Every hold, oldest first.
pub(super) const HOLDS: &str =
    "SELECT id, flow, person, service, reference, placed_by, placed_at, released_by, released_at
    FROM holds ORDER BY id";
/// What is kept of a new hold, in the order of its columns.
pub(super) const PLACE_HOLD: &str = "INSERT INTO holds (flow, person, service, reference, placed_by, placed_at) VALUES ($1, $2, $3, $4, $5, $6)";
/// A hold that was released before stays as it is. Arguments stand in the order of their numbers: to SQLite `$1` is a name.
pub(super) const RELEASE_HOLD: &str =
    "UPDATE holds SET released_by = $1, released_at = $2 WHERE id = $3 AND released_at IS NULL";
