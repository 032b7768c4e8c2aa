use bytes::Bytes;

use crate::words::Outcome;
use crate::words::QrCode;
use crate::words::RequestId;

/// The authority's direct reply to a request, or the lack of one.
#[derive(Clone)]
pub struct Reply {
    /// The exact bytes, if any came.
    pub body: Option<Bytes>,
    /// What it means.
    pub meaning: ReplyMeaning,
}

/// What a reply means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyMeaning {
    /// The authority took the request.
    Accepted {
        /// Its id.
        request_id: Option<RequestId>,
    },
    /// The authority took the request, and gave the code that the person is to scan. It has no id of the request, so the
    /// answer is known by our own additional data.
    Shown(QrCode),
    /// The reply is the answer itself. It says nothing before it is recorded and examined (laws 2 and 4).
    Answered,
    /// The authority refused the request; nobody was asked.
    Refused {
        /// The outcome that its code stands for.
        outcome: Outcome,
        /// Its code, as it came.
        code: Option<i64>,
        /// Why, for the operator; never carries personal data.
        detail: String,
    },
    /// No byte of the request left: trying again is safe.
    NotSent {
        /// Why, for the operator.
        detail: String,
    },
    /// The request may have arrived: it must not be sent again; the callback or the deadline ends the flow.
    Unknown {
        /// Why, for the operator.
        detail: String,
    },
}
