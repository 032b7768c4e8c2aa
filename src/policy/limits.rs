use std::num::NonZeroU32;
use std::time::Duration;

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Evidence.
    pub evidence: Duration,
    /// Personal data.
    pub personal_data: Duration,
}

/// How often a service may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Per person.
    pub per_person: Limit,
    /// For the service as a whole.
    pub per_service: Limit,
}

/// So many in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count: NonZeroU32,
    /// In how long.
    pub window: Duration,
}
