use std::time::Duration;

/// How long every HTTP client of this program keeps a connection that is not in use.
///
/// Shorter than servers keep one: a request that goes down a connection while the server closes it fails, and one
/// that must not be sent twice can't be tried again. Node and Apache close after five seconds, load balancers after a
/// minute.
pub const IDLE_CONNECTION: Duration = Duration::from_secs(4);
