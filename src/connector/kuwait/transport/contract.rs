use std::borrow::Cow;

use async_trait::async_trait;

use super::polled::PolledRule;
use crate::connector::Outbound;
use crate::connector::Polled;
use crate::connector::Polling;
use crate::connector::PrepareError;
use crate::connector::Reply;
use crate::connector::Request;
use crate::connector::kuwait::codes::Codes;
use crate::words::RequestId;

/// One way to the authority.
#[async_trait]
pub(in crate::connector::kuwait) trait Transport:
    Send + Sync + std::fmt::Debug
{
    /// The name for records and pages, such as `kuwait/soap`.
    fn name(&self) -> &'static str;

    /// Turns what the bridge would be sent into this transport's own exact bytes. Pure.
    ///
    /// # Errors
    /// When this transport has no such operation, or can't carry what is asked.
    fn write(&self, asked: Outbound, request: &Request) -> Result<Outbound, PrepareError>;

    /// Sends exact bytes once, and says what is known afterwards.
    async fn send(&self, outbound: Outbound, codes: &Codes) -> Reply;

    /// A reply that is the answer itself, in the form of the bridge, which the approval rule reads; `None` if it has none.
    fn in_bridge_form<'b>(&self, body: &'b [u8]) -> Option<Cow<'b, [u8]>> {
        Some(Cow::Borrowed(body))
    }

    /// How an accepted request is asked about, where no callback comes.
    fn polling(&self) -> Option<Polling> {
        None
    }

    /// Asks once what has become of an accepted request.
    async fn poll(&self, _request_id: &RequestId) -> Polled {
        Polled::Waiting
    }

    /// What the answers to polls prove.
    fn polled_rule(&self) -> Option<&PolledRule> {
        None
    }
}
