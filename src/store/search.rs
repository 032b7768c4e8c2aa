use crate::words::Digest;
use crate::words::FlowId;
use crate::words::Outcome;
use crate::words::ServiceName;
use crate::words::Timestamp;

/// Which flows are looked for: those that fit everything that is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowSearch {
    /// One flow.
    pub flow: Option<FlowId>,
    /// Keyed hash of the civil number.
    pub person_key: Option<Digest>,
    /// The service.
    pub service: Option<ServiceName>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The authority's id of the request.
    pub request_id: Option<String>,
    /// Begun then or later.
    pub since: Option<Timestamp>,
    /// Begun before then.
    pub until: Option<Timestamp>,
}

impl FlowSearch {
    /// What is looked up first, because it leaves least to look through.
    pub(super) const fn lead(&self) -> Lead {
        match self {
            Self { flow: Some(_), .. } => Lead::Flow,
            Self {
                request_id: Some(_), ..
            } => Lead::Request,
            Self {
                person_key: Some(_), ..
            } => Lead::Person,
            Self { service: Some(_), .. } => Lead::Service,
            Self { outcome: Some(_), .. } => Lead::Outcome,
            _ => Lead::Time,
        }
    }
}

/// The index by which a search begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    Flow,
    Request,
    Person,
    Service,
    Outcome,
    Time,
}
