//! The world around one flow, as small as the laws allow.

use super::small_set::SmallSet;
use crate::flow::Conclusion;
use crate::flow::Event;
use crate::flow::ReplyKind;
use crate::flow::State;
use crate::words::Capability;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Outcome;
use crate::words::RequestId;
use crate::words::Timestamp;

/// Everything there is at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) kind: Kind,
    /// Whether the person has confirmed or withdrawn.
    pub(super) answered_page: bool,
    pub(super) confirmed: bool,
    pub(super) durable: Option<State>,
    pub(super) running: bool,
    pub(super) tasks: SmallSet<Task>,
    pub(super) replies: SmallSet<Answer>,
    pub(super) used: SmallSet<Message>,
    pub(super) prompts: u8,
    pub(super) approved_examined: bool,
    pub(super) deliveries: u8,
    pub(super) expired: bool,
    pub(super) cancels: u8,
    pub(super) crashes: u8,
    /// Whether somebody may say that the person did not ask for this. With two nodes a cancellation stands for it: as far as
    /// the nodes can get into each other's way, it is the same step.
    pub(super) may_disown: bool,
    /// Whether somebody has said so before the flow had ended.
    pub(super) disowned: bool,
    pub(super) second: Second,
}

/// What a second node brings into the world; nothing where there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Second {
    /// How often the flow may still be taken over.
    pub(super) takeovers: u8,
    /// How many steps the second node may still begin.
    pub(super) drafts: u8,
    /// A step that was made and is not committed.
    pub(super) draft: Option<Draft>,
    /// What a node that was taken for dead, and still runs, has under way.
    pub(super) ghost: Option<Ghost>,
}

/// A step that a node has made and not committed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Draft {
    pub(super) event: Event,
    /// What it was made from; kept only for drivers that commit it all the same.
    pub(super) read: Option<Box<State>>,
}

/// A node that was taken for dead and still runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ghost {
    /// Attempts handed to the transport that have not left.
    pub(super) sends: SmallSet<u8>,
    /// What it last knew of the flow; kept only where nothing stops it from writing.
    pub(super) knows: Option<Box<State>>,
    /// Replies that it has heard and can still write down, where nothing stops it.
    pub(super) replies: SmallSet<Answer>,
}

/// How a capability is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// By callbacks: `auth_push` and `auth_qr`. A code may be superseded.
    Callbacks,
    /// By the reply itself: `verify_qr` and `notify`.
    Reply,
    /// By callbacks, after the person has confirmed on a page: `sign`.
    Confirmed,
}

/// How many nodes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replicas {
    One,
    Two,
}

/// The messages that can arrive at the callback, each with the bytes' digest and what examining it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Message {
    Approved,
    ApprovedAgain,
    Declined,
    Forged,
}

/// Something that a node has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Task {
    Send(u8),
    Examine(ExchangeId),
    Deliver,
    Clock,
}

/// What comes back from the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Answer {
    /// The answer itself, believed.
    Answered,
    /// The answer itself, and it is none that could be believed.
    AnsweredBadly,
    Accepted,
    AcceptedOtherId,
    Refused,
    NotSent,
    Unknown,
}

pub(super) const MESSAGES: [Message; 4] = [
    Message::Approved,
    Message::ApprovedAgain,
    Message::Declined,
    Message::Forged,
];

pub(super) const EXPIRY: Timestamp = Timestamp::from_micros(1_000);

impl World {
    /// Before anything has happened.
    pub(super) fn begin(kind: Kind, replicas: Replicas) -> Self {
        let two = replicas == Replicas::Two;
        Self {
            kind,
            answered_page: false,
            confirmed: false,
            durable: None,
            running: true,
            tasks: SmallSet::new(),
            replies: SmallSet::new(),
            // With two nodes there is enough to go round without bytes that come twice.
            used: two.then_some(Message::ApprovedAgain).into_iter().collect(),
            prompts: 0,
            approved_examined: false,
            deliveries: 0,
            expired: false,
            cancels: 1,
            // What a crash does to callbacks is seen with two; a third kind needs one only. With a second node, a crash is one
            // end of being taken over, and the other is that the node goes on.
            crashes: match (replicas, kind) {
                (Replicas::Two, _) => 0,
                (Replicas::One, Kind::Confirmed) => 1,
                (Replicas::One, Kind::Callbacks | Kind::Reply) => 2,
            },
            may_disown: !two,
            disowned: false,
            second: Second {
                takeovers: two.into(),
                drafts: two.into(),
                draft: None,
                ghost: None,
            },
        }
    }

    /// Whether a message can arrive now.
    pub(super) fn can_arrive(&self, message: Message) -> bool {
        // Where the reply is the answer, no callback is the authority's.
        let sent = self.kind != Kind::Reply || !message.needs_prompt();
        sent && !self.used.contains(message) && (!message.needs_prompt() || self.prompts > 0)
    }

    /// The same world with all faults at rest and the deadline passed.
    pub(super) fn calmed(&self) -> Self {
        Self {
            expired: true,
            crashes: 0,
            cancels: 0,
            deliveries: 0,
            used: MESSAGES.into_iter().collect(),
            second: Second {
                takeovers: 0,
                drafts: 0,
                ..self.second.clone()
            },
            ..self.clone()
        }
    }
}

impl Kind {
    /// How a capability is answered.
    pub(super) const fn of(capability: Capability) -> Self {
        match capability {
            Capability::AuthPush | Capability::AuthQr => Self::Callbacks,
            Capability::VerifyQr | Capability::Notify => Self::Reply,
            Capability::Sign => Self::Confirmed,
        }
    }
}

impl Message {
    pub(super) fn exchange(self) -> ExchangeId {
        ExchangeId::from_uuid(uuid::Uuid::from_u128(self as u128 + 1))
    }

    /// `ApprovedAgain` repeats the bytes of `Approved`.
    pub(super) fn digest(self) -> Digest {
        match self {
            Self::ApprovedAgain => Self::Approved.digest(),
            other => Digest::of(&[other as u8]),
        }
    }

    pub(super) fn conclusion(self) -> Conclusion {
        match self {
            Self::Approved | Self::ApprovedAgain => Conclusion::Approved,
            Self::Declined => Conclusion::Ended(Outcome::DeclinedByUser),
            Self::Forged => Conclusion::Rejected,
        }
    }

    /// Its arrival.
    pub(super) fn event(self) -> Event {
        Event::Callback {
            exchange: self.exchange(),
            digest: self.digest(),
        }
    }

    /// The same bytes as a reply.
    fn answered(self) -> ReplyKind {
        ReplyKind::Answered {
            exchange: self.exchange(),
            digest: self.digest(),
        }
    }

    /// The authority can only answer what it was asked; anybody can forge.
    pub(super) const fn needs_prompt(self) -> bool {
        !matches!(self, Self::Forged)
    }
}

impl Answer {
    pub(super) fn event(self) -> Event {
        Event::Reply(match self {
            Self::Answered => Message::Approved.answered(),
            Self::AnsweredBadly => Message::Declined.answered(),
            Self::Accepted => ReplyKind::Accepted(Some(RequestId::new("r1"))),
            Self::AcceptedOtherId => ReplyKind::Accepted(Some(RequestId::new("r2"))),
            Self::Refused => ReplyKind::Refused(Outcome::NotEnrolled),
            Self::NotSent => ReplyKind::NotSent,
            Self::Unknown => ReplyKind::Unknown,
        })
    }
}
