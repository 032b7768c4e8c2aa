use async_trait::async_trait;

use super::Expected;
use super::Outbound;
use super::Polled;
use super::Polling;
use super::PrepareError;
use super::Reply;
use super::Request;
use super::Verdict;
use crate::audit::Recorded;
use crate::words::RequestId;

/// The adapter to an identity authority.
#[async_trait]
pub trait Connector: Send + Sync + std::fmt::Debug + 'static {
    /// The name for records and pages, such as `kuwait/bridge`.
    fn name(&self) -> &str;

    /// Turns a request into the exact bytes to be sent. Pure: nothing leaves.
    ///
    /// # Errors
    /// When this authority or transport can't do what is asked.
    fn prepare(&self, request: &Request) -> Result<Outbound, PrepareError>;

    /// Sends what has been recorded (law 1), once. Never repeats by itself.
    async fn send(&self, outbound: Recorded<Outbound>) -> Reply;

    /// How an accepted request is asked about, where the authority sends no callback; `None` where it does.
    fn polling(&self) -> Option<Polling> {
        None
    }

    /// Asks once what has become of an accepted request. Asks nobody but the authority, and changes nothing there: it
    /// names a request that is recorded with its id.
    async fn poll(&self, _request_id: &RequestId) -> Polled {
        Polled::Waiting
    }

    /// Examines the exact bytes of a callback against what was asked (law 4). Pure.
    fn examine(&self, body: &[u8], expected: &Expected<'_>) -> Verdict;
}
