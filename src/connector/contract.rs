use async_trait::async_trait;

use super::AppLink;
use super::Expected;
use super::Outbound;
use super::Polled;
use super::Polling;
use super::PrepareError;
use super::Reply;
use super::Request;
use super::Verdict;
use crate::audit::Recorded;
use crate::words::QrCode;
use crate::words::RequestId;
use crate::words::Timestamp;

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

    /// Finds out what the examination of these bytes is going to depend on besides them, such as whether a certificate is
    /// revoked, so that examining stays pure. They are recorded already (law 2). Comes back within seconds whatever happens;
    /// what could not be found out is unknown to the examination.
    async fn look_up(&self, _body: &[u8], _now: Timestamp) {}

    /// Examines the exact bytes of a callback against what was asked (law 4). Pure.
    fn examine(&self, body: &[u8], expected: &Expected<'_>) -> Verdict;

    /// Examines the exact bytes of a reply that is the answer itself ([`super::ReplyMeaning::Answered`]), against what
    /// was asked (law 4). Pure. Nothing else comes after a reply, so the conclusion is never
    /// [`super::Conclusion::Rejected`].
    ///
    /// An authority whose answers all come by callback has nothing here that could approve.
    fn examine_reply(&self, _body: &[u8], _expected: &Expected<'_>) -> Verdict {
        Verdict::unreadable("this connector knows no answers in replies")
    }

    /// The link that opens the authority's app on the same device with this code (R000-075); `None` where there is none.
    fn app_link(&self, _qr: &QrCode) -> Option<AppLink> {
        None
    }

    /// Whether the code of a refusal is in the table of the authority's codes; one that is not means a change there.
    fn knows_error(&self, _code: i64) -> bool {
        true
    }

    /// Whether [`Connector::app_link`] makes links at all.
    fn opens_app(&self) -> bool {
        false
    }
}
