use std::sync::Arc;

use crate::audit::ConsentRecord;
use crate::audit::DeliveryRow;
use crate::audit::Unit;
use crate::catalog::Decided;
use crate::connector::Conclusion;
use crate::connector::Reply;
use crate::connector::ReplyMeaning;
use crate::connector::Verdict;
use crate::flow::Event;
use crate::flow::ReplyKind;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::FlowId;
use crate::words::Timestamp;

/// What happened to a flow, with all that belongs to it.
pub(crate) enum Input {
    /// The plan is ready.
    Begin,
    /// The policy refused before anything was sent.
    Refuse(Box<Decided>),
    /// The plan is ready, but the person has to confirm first.
    Hold,
    /// The person has confirmed; the request goes out now.
    Confirm {
        /// What was confirmed, for the record.
        consent: Box<ConsentRecord>,
        /// When the flow times out from now on.
        expires_at: Timestamp,
    },
    /// The hour has come for what was put off; the request goes out now.
    Release {
        /// When the flow times out from now on.
        expires_at: Timestamp,
    },
    /// The person has read the document and does not want to sign.
    Withdraw,
    /// A newer flow takes the place of this one.
    Supersede {
        /// The newer one.
        by: FlowId,
    },
    /// What became of an attempt at sending.
    Reply {
        attempt: u8,
        reply: Reply,
        /// Names the bytes of the reply; `None` where there are none, or no randomness to name them.
        exchange: Option<ExchangeId>,
        at: Timestamp,
    },
    /// A callback with the flow's token arrived.
    Callback(Arrival),
    /// A recorded callback was examined.
    Examined {
        exchange: ExchangeId,
        /// Shared with a further attempt, which hardly ever comes.
        verdict: Arc<Verdict>,
    },
    /// The clock struck.
    Deadline,
    /// The e-service gave up.
    Cancel,
    /// A browser opened the page of the flow.
    Opened {
        /// The digest of the random value in its cookie.
        browser: Digest,
    },
    /// Somebody says that the person did not ask for this: on the page, or through the e-service.
    NotMe(Reporter),
    /// The e-service has been told; the row says after how many attempts.
    Delivered(Box<DeliveryRow>, Unit),
    /// The next step of the journey has begun, and nobody has to be told.
    HandedOn,
    /// The process has started again.
    Recover {
        /// Callbacks that were recorded and not examined.
        pending: Vec<Arrival>,
        /// The outcome notice that was not delivered.
        notice: Option<DeliveryRow>,
        /// Whether that, and the next step of the journey, are owed to others. Not where this process is about it already.
        owes_ending: bool,
    },
}

/// Who says that the person did not ask for a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reporter {
    /// Anybody who has the address of the page.
    Page,
    /// The e-service, which knows the person.
    EService {
        /// Until when no request goes to the person's phone; `None` where nobody knows whose it is.
        stops_until: Option<Timestamp>,
    },
}

/// The exact bytes of a callback, or of a reply that is the answer itself.
#[derive(Clone)]
pub(crate) struct Arrival {
    /// Whether it is a reply.
    pub(crate) direct: bool,
    /// Whether it waited in the spool.
    pub(crate) spooled: bool,
    pub(crate) exchange: ExchangeId,
    pub(crate) digest: Digest,
    pub(crate) source: String,
    pub(crate) bytes: bytes::Bytes,
    pub(crate) at: Timestamp,
}

impl Input {
    /// The event of the machine that this input is.
    pub(super) fn event(&self, now: Timestamp) -> Event {
        match self {
            Self::Begin => Event::Begin,
            Self::Refuse(decided) => Event::Refuse(decided.outcome),
            Self::Hold => Event::Hold,
            Self::Confirm { expires_at, .. } | Self::Release { expires_at } => Event::Confirm {
                expires_at: *expires_at,
            },
            Self::Withdraw => Event::Withdraw,
            Self::Supersede { .. } => Event::Supersede,
            Self::Reply { reply, exchange, .. } => Event::Reply(match &reply.meaning {
                ReplyMeaning::Accepted { request_id } => ReplyKind::Accepted(request_id.clone()),
                ReplyMeaning::Shown(_) => ReplyKind::Accepted(None),
                ReplyMeaning::Answered => match (exchange, &reply.body) {
                    (Some(exchange), Some(body)) => ReplyKind::Answered {
                        exchange: *exchange,
                        digest: Digest::of(body),
                    },
                    // What can't be recorded is not believed.
                    _ => ReplyKind::Unknown,
                },
                ReplyMeaning::Refused { outcome, .. } => ReplyKind::Refused(*outcome),
                ReplyMeaning::NotSent { .. } => ReplyKind::NotSent,
                ReplyMeaning::Unknown { .. } => ReplyKind::Unknown,
            }),
            Self::Callback(arrival) => Event::Callback {
                exchange: arrival.exchange,
                digest: arrival.digest,
            },
            Self::Examined { exchange, verdict } => Event::Examined {
                exchange: *exchange,
                conclusion: match &verdict.conclusion {
                    Conclusion::Approved(_) => crate::flow::Conclusion::Approved,
                    Conclusion::Ended(outcome) => crate::flow::Conclusion::Ended(*outcome),
                    Conclusion::Rejected => crate::flow::Conclusion::Rejected,
                },
            },
            Self::Deadline => Event::Deadline(now),
            Self::Cancel => Event::Cancel,
            Self::Opened { .. } => Event::Opened,
            Self::NotMe(Reporter::Page) => Event::Disown,
            Self::NotMe(Reporter::EService { .. }) => Event::Report(now),
            Self::Delivered(..) | Self::HandedOn => Event::Delivered,
            Self::Recover { .. } => Event::Recover,
        }
    }
}
