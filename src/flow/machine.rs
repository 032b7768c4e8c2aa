use super::Ending;
use super::Phase;
use super::State;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::RequestId;
use crate::words::Timestamp;

/// Something that happened to a flow.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The plan is ready.
    Begin,
    /// The plan is ready, but the person has to confirm on a page before anything is sent (R000-089).
    Hold,
    /// The person has confirmed; the flow begins, with a deadline of its own.
    Confirm {
        /// When the flow times out from now on.
        expires_at: Timestamp,
    },
    /// The person has read what was to be signed and does not want it.
    Withdraw,
    /// The policy refused before anything was sent, or the plan could not be made.
    Refuse(Outcome),
    /// The authority replied to the current attempt, or did not.
    Reply(ReplyKind),
    /// A callback with the flow's token arrived; its exact bytes are recorded with this event.
    Callback {
        /// The exact bytes.
        exchange: ExchangeId,
        /// Their digest.
        digest: Digest,
    },
    /// A recorded callback was examined.
    Examined {
        /// The exact bytes.
        exchange: ExchangeId,
        /// What follows from them.
        conclusion: Conclusion,
    },
    /// The policy answered.
    Decided(Outcome),
    /// The clock struck.
    Deadline(Timestamp),
    /// The e-service gave up.
    Cancel,
    /// A newer flow takes the place of this one.
    Supersede,
    /// Somebody says on the page of the flow that they did not ask for this. Nobody knows who they are, so it ends the flow
    /// and nothing more.
    Disown,
    /// The e-service says that the person did not ask for this.
    Report(Timestamp),
    /// A browser has opened the page of the flow. Which one, the machine does not need to know.
    Opened,
    /// The e-service has been told.
    Delivered,
    /// The process has started again and read the flow from the store.
    Recover,
}

/// What became of an attempt at sending.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReplyKind {
    /// The authority took the request, and may have named its id.
    Accepted(Option<RequestId>),
    /// The reply is the answer itself: its exact bytes are recorded with this event, and nobody is asked any more.
    Answered {
        /// The exact bytes.
        exchange: ExchangeId,
        /// Their digest.
        digest: Digest,
    },
    /// The authority refused; nobody was asked.
    Refused(Outcome),
    /// No byte left.
    NotSent,
    /// The request may have arrived.
    Unknown,
}

/// What follows from an examined callback or answer. The person's fields travel beside it, not through the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conclusion {
    /// Everything agrees; the person asked has approved.
    Approved,
    /// The authority has verifiably answered, and the answer is no success.
    Ended(Outcome),
    /// Nothing can be believed.
    Rejected,
}

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send the recorded request of this attempt, once.
    Send {
        /// Which attempt.
        attempt: u8,
    },
    /// Strike [`Event::Deadline`] at this moment.
    Schedule(Timestamp),
    /// Examine this recorded callback or answer.
    Examine(ExchangeId),
    /// Ask the policy about this outcome, and feed [`Event::Decided`] back before the commit.
    Decide(Outcome),
    /// Tell the e-service how the flow ended.
    Deliver,
    /// Keep a note with the record; changes nothing.
    Note(Note),
}

/// Something worth keeping that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    /// The same bytes came before.
    Duplicate,
    /// A callback came after the ending.
    Late,
    /// A verified callback contradicts the ending; raises an alarm.
    Conflicting,
    /// A callback was not believed.
    Rejected,
    /// A reply came that no longer matters, or that contradicts what is known.
    StrayReply,
    /// The event has no meaning in this phase.
    Ignored,
}

/// The next state and what to do about it.
///
/// Total and deterministic: every event is answered in every state, and an event without meaning changes
/// nothing.
pub fn step(state: &State, event: &Event) -> (State, Vec<Action>) {
    let mut next = state.clone();
    let actions = match event {
        Event::Begin => next.begin(),
        Event::Hold => next.hold(),
        Event::Confirm { expires_at } => next.confirm(*expires_at),
        Event::Withdraw => next.withdraw(),
        Event::Refuse(outcome) => next.refuse(*outcome),
        Event::Reply(reply) => next.reply(reply),
        Event::Callback { exchange, digest } => next.callback(*exchange, *digest),
        Event::Examined { exchange, conclusion } => next.examined(*exchange, *conclusion),
        Event::Decided(outcome) => next.decided(*outcome),
        Event::Deadline(now) => next.deadline(*now),
        Event::Cancel => next.close(Outcome::Cancelled),
        Event::Supersede => next.close(Outcome::Superseded),
        Event::Disown => next.disown(),
        Event::Report(at) => next.report(*at),
        Event::Opened => Vec::new(),
        Event::Delivered => next.delivered(),
        Event::Recover => next.recover(),
    };
    (next, actions)
}

impl State {
    fn begin(&mut self) -> Vec<Action> {
        if self.phase != Phase::Created {
            return ignored();
        }
        self.phase = Phase::Sent;
        vec![
            Action::Schedule(self.expires_at),
            Action::Send {
                attempt: self.attempt,
            },
        ]
    }

    fn hold(&mut self) -> Vec<Action> {
        if self.phase != Phase::Created || self.attempt != 1 {
            return ignored();
        }
        self.phase = Phase::Held;
        vec![Action::Schedule(self.expires_at)]
    }

    fn confirm(&mut self, expires_at: Timestamp) -> Vec<Action> {
        if self.phase != Phase::Held {
            return ignored();
        }
        self.expires_at = expires_at;
        self.phase = Phase::Created;
        self.begin()
    }

    fn withdraw(&mut self) -> Vec<Action> {
        if self.phase != Phase::Held {
            return ignored();
        }
        self.close(Outcome::DeclinedOnPage)
    }

    fn refuse(&mut self, outcome: Outcome) -> Vec<Action> {
        if self.phase != Phase::Created || self.attempt != 1 {
            return ignored();
        }
        self.conclude(not_approved(outcome), None)
    }

    fn reply(&mut self, reply: &ReplyKind) -> Vec<Action> {
        match reply {
            ReplyKind::Accepted(request_id) => return self.accepted(request_id.as_ref()),
            ReplyKind::Answered { exchange, digest } => return self.answered(*exchange, *digest),
            _ => {}
        }
        if self.phase != Phase::Sent {
            return vec![Action::Note(Note::StrayReply)];
        }
        match reply {
            // A callback with the flow's token proves that the request arrived, whatever the reply says.
            _ if !self.pending.is_empty() => {
                self.phase = Phase::Unknown;
                vec![Action::Note(Note::StrayReply)]
            }
            ReplyKind::Refused(outcome) => self.conclude(not_approved(*outcome), None),
            ReplyKind::NotSent if self.closing.is_none() && self.attempt < self.max_attempts => {
                self.phase = Phase::Created;
                self.attempt += 1;
                self.begin()
            }
            ReplyKind::NotSent => self.conclude(self.closing.unwrap_or(Outcome::ErrorNetwork), None),
            ReplyKind::Unknown | ReplyKind::Accepted(_) | ReplyKind::Answered { .. } => {
                self.phase = Phase::Unknown;
                Vec::new()
            }
        }
    }

    fn accepted(&mut self, request_id: Option<&RequestId>) -> Vec<Action> {
        let contradicts =
            self.request_id.is_some() && request_id.is_some() && self.request_id.as_ref() != request_id;
        if contradicts {
            return vec![Action::Note(Note::StrayReply)];
        }
        if self.request_id.is_none() {
            self.request_id = request_id.cloned();
        }
        match self.phase {
            Phase::Sent | Phase::Unknown => {
                self.phase = Phase::Waiting;
                Vec::new()
            }
            _ => vec![Action::Note(Note::StrayReply)],
        }
    }

    /// The answer came with the reply. It is examined like a callback: only then can it approve (law 4).
    fn answered(&mut self, exchange: ExchangeId, digest: Digest) -> Vec<Action> {
        if !matches!(self.phase, Phase::Sent | Phase::Unknown) {
            return vec![Action::Note(Note::StrayReply)];
        }
        self.phase = Phase::Waiting;
        self.seen.push(digest);
        self.pending.push((exchange, digest));
        vec![Action::Examine(exchange)]
    }

    fn callback(&mut self, exchange: ExchangeId, digest: Digest) -> Vec<Action> {
        if self.seen.contains(&digest) {
            return vec![Action::Note(Note::Duplicate)];
        }
        self.seen.push(digest);
        if self.phase <= Phase::Created {
            return ignored();
        }
        self.pending.push((exchange, digest));
        if self.has_ended() {
            return vec![Action::Note(Note::Late), Action::Examine(exchange)];
        }
        vec![Action::Examine(exchange)]
    }

    fn examined(&mut self, exchange: ExchangeId, conclusion: Conclusion) -> Vec<Action> {
        let Some(at) = self.pending.iter().position(|(id, _)| *id == exchange) else {
            return ignored();
        };
        self.pending.remove(at);
        let answered = match conclusion {
            Conclusion::Approved => Outcome::Approved,
            Conclusion::Ended(outcome) => not_approved(outcome),
            Conclusion::Rejected => {
                let mut actions = vec![Action::Note(Note::Rejected)];
                actions.extend(self.close_if_drained());
                return actions;
            }
        };
        match &self.ending {
            None => self.conclude(answered, Some(exchange)),
            Some(ending) if ending.answered == answered => vec![Action::Note(Note::Late)],
            Some(_) => vec![Action::Note(Note::Conflicting)],
        }
    }

    fn deadline(&mut self, now: Timestamp) -> Vec<Action> {
        if self.phase >= Phase::Verified {
            return ignored();
        }
        if now < self.expires_at {
            return vec![Action::Schedule(self.expires_at)];
        }
        self.close(match self.phase {
            Phase::Held => Outcome::TimeoutNotConfirmed,
            _ => Outcome::TimeoutNoAnswer,
        })
    }

    /// Ends the flow without an answer, but not over the head of an answer that has arrived in time.
    fn close(&mut self, outcome: Outcome) -> Vec<Action> {
        if self.phase >= Phase::Verified || self.closing.is_some() {
            return ignored();
        }
        self.closing = Some(outcome);
        self.close_if_drained()
    }

    /// Ends the flow at once: an approval that arrives or is being examined was not the person's.
    fn disown(&mut self) -> Vec<Action> {
        if self.phase >= Phase::Verified {
            return ignored();
        }
        self.conclude(Outcome::DeclinedNotMe, None)
    }

    fn report(&mut self, at: Timestamp) -> Vec<Action> {
        if self.reported_at.is_some() {
            return ignored();
        }
        self.reported_at = Some(at);
        if self.phase >= Phase::Verified {
            return Vec::new();
        }
        self.conclude(Outcome::DeclinedNotMe, None)
    }

    fn close_if_drained(&mut self) -> Vec<Action> {
        match self.closing {
            Some(outcome) if self.ending.is_none() && self.pending.is_empty() => self.conclude(outcome, None),
            _ => Vec::new(),
        }
    }

    fn conclude(&mut self, outcome: Outcome, exchange: Option<ExchangeId>) -> Vec<Action> {
        self.phase = Phase::Verified;
        self.closing = None;
        self.ending = Some(Ending {
            outcome,
            exchange,
            answered: outcome,
        });
        vec![Action::Decide(outcome)]
    }

    fn decided(&mut self, outcome: Outcome) -> Vec<Action> {
        match &mut self.ending {
            Some(ending) if self.phase == Phase::Verified => {
                ending.outcome = tighter(ending.answered, outcome);
                self.phase = Phase::Decided;
                vec![Action::Deliver]
            }
            _ => ignored(),
        }
    }

    fn delivered(&mut self) -> Vec<Action> {
        if self.phase != Phase::Decided {
            return ignored();
        }
        self.phase = Phase::Delivered;
        Vec::new()
    }

    fn recover(&mut self) -> Vec<Action> {
        let mut actions: Vec<Action> = self.pending.iter().map(|(id, _)| Action::Examine(*id)).collect();
        match self.phase {
            Phase::Created => actions.extend(self.begin()),
            // The process died between the commit and the reply: the request may have left.
            Phase::Sent | Phase::Unknown => {
                self.phase = Phase::Unknown;
                actions.push(Action::Schedule(self.expires_at));
            }
            Phase::Held | Phase::Waiting => actions.push(Action::Schedule(self.expires_at)),
            Phase::Verified => {
                actions.extend(self.ending.as_ref().map(|ending| Action::Decide(ending.answered)))
            }
            Phase::Decided => actions.push(Action::Deliver),
            Phase::Delivered => {}
        }
        actions
    }
}

/// Law 4: only an examined callback approves; whatever else claims it is a contradiction.
fn not_approved(outcome: Outcome) -> Outcome {
    if outcome.class() == OutcomeClass::Approved {
        Outcome::InconsistentAnswer
    } else {
        outcome
    }
}

/// Laws 5 and 6: a policy may turn an approval into a refusal, and never the other way round.
fn tighter(answered: Outcome, decided: Outcome) -> Outcome {
    if decided.class() == OutcomeClass::Approved && answered.class() != OutcomeClass::Approved {
        Outcome::ErrorPolicy
    } else {
        decided
    }
}

fn ignored() -> Vec<Action> {
    vec![Action::Note(Note::Ignored)]
}
