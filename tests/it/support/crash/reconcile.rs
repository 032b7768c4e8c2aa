use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt::Display;

use midflow::policy::Journey;
use midflow::sandbox::LedgerSnapshot;
use midflow::sandbox::Received;
use midflow::words::Digest;
use midflow::words::ExchangeId;
use midflow::words::FlowId;

use super::audit_book::AuditBook;
use super::audit_book::Ended;
use super::audit_book::FlowPage;
use super::e_service::EServiceBook;
use super::manner::Manner;

/// The three books of one run.
#[derive(Clone, Debug)]
pub struct Ledgers {
    /// What the authority received and sent.
    pub authority: LedgerSnapshot,
    /// What the e-service asked for and was told.
    pub e_service: EServiceBook,
    /// What the node recorded.
    pub audit: AuditBook,
}

/// When the books are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The node is dead, and everything else is under way: whatever has happened is recorded.
    Killed,
    /// Every flow has had its time, and the node was stopped: nothing is left undone.
    Settled,
}

/// In what the books can disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Law 1: the authority got a request that no record speaks of.
    SentUnrecorded,
    /// Law 1: the record of a request is younger than its arrival.
    SentBeforeRecorded,
    /// The authority was asked twice for one flow.
    AskedTwice,
    /// Law 2: the authority was told 200 for a callback that is not recorded.
    CallbackUnrecorded,
    /// Law 2: a verdict on bytes that were not recorded before it.
    ExaminedUnrecorded,
    /// Two verdicts on the same bytes.
    ExaminedTwice,
    /// The bytes that are kept are not those that the record names.
    BytesDiffer,
    /// A callback that the authority never sent.
    CallbackFromNowhere,
    /// Law 3: two endings.
    TwoEndings,
    /// Law 3: none.
    NoEnding,
    /// The row of a flow and its records tell different stories.
    RowDiffers,
    /// A flow that is not done with.
    Undelivered,
    /// Law 4: an approval without an approving verdict on recorded bytes before it.
    ApprovedUnproven,
    /// Law 4: an approval, or a refusal, that nobody gave.
    AgainstTheirWill,
    /// A flow that the e-service never asked for.
    FlowFromNowhere,
    /// One idempotency key, two flows.
    BegunTwice,
    /// The e-service was told of a flow that the node does not know.
    Forgotten,
    /// A wish that never became a flow, or a flow whose end the e-service never saw.
    Unanswered,
    /// The e-service was told another outcome than the recorded one.
    OutcomeDiffers,
    /// Two answers about one ending.
    AnswerChanged,
    /// A notice that is signed wrongly.
    NoticeForged,
    /// A notice with other bytes than before, or than recorded.
    NoticeDiffers,
    /// A notice that is not recorded.
    NoticeUnrecorded,
    /// A notice that never came.
    NoticeMissing,
    /// A notice that is recorded as delivered, and the e-service never got it.
    NoticeUnseen,
    /// A step that begins though the one before is not recorded as approved, or names another flow.
    StepUnapproved,
    /// A step that is left out, or two flows for one step.
    StepOutOfOrder,
    /// A step that is owed and has not begun.
    StepForgotten,
    /// An answer that an e-service should never get.
    Surprise,
    /// The log has a gap, has shrunk, or can't be read.
    LogDamaged,
}

/// One disagreement.
#[derive(Clone, Debug)]
pub struct Disagreement {
    pub fault: Fault,
    /// Where.
    pub what: String,
}

/// Everything in which the books disagree; empty if they agree.
pub fn disagreements(ledgers: &Ledgers, stage: Stage) -> Vec<Disagreement> {
    let mut comparison = Comparison {
        ledgers,
        stage,
        found: Vec::new(),
    };
    comparison.requests();
    comparison.callbacks();
    for (flow, page) in &ledgers.audit.flows {
        comparison.flow(*flow, page);
    }
    comparison.steps();
    comparison.wishes();
    comparison.notices();
    for damage in &ledgers.audit.damage {
        comparison.find(Fault::LogDamaged, damage);
    }
    for surprise in &ledgers.e_service.surprises {
        comparison.find(Fault::Surprise, surprise);
    }
    comparison.found
}

/// The requests that the authority received for flows.
pub fn asked(authority: &LedgerSnapshot) -> impl Iterator<Item = &Received> {
    let asked = |entry: &&Received| entry.operation.starts_with("InitiateAuth");
    authority.received.iter().filter(asked)
}

struct Comparison<'a> {
    ledgers: &'a Ledgers,
    stage: Stage,
    found: Vec<Disagreement>,
}

impl Comparison<'_> {
    fn find(&mut self, fault: Fault, what: &dyn Display) {
        let what = what.to_string();
        self.found.push(Disagreement { fault, what });
    }

    fn check(&mut self, good: bool, fault: Fault, what: &dyn Display) {
        if !good {
            self.find(fault, what);
        }
    }

    /// What the authority received, against what was recorded before it left.
    fn requests(&mut self) {
        let mut recorded = HashMap::new();
        for (flow, page) in &self.ledgers.audit.flows {
            for request in &page.requests {
                recorded.insert(request.digest, (*flow, request.at));
            }
        }
        let mut once = HashSet::new();
        for received in asked(&self.ledgers.authority) {
            let Some((flow, at)) = recorded.get(&received.digest) else {
                self.find(
                    Fault::SentUnrecorded,
                    &format!("request {} of the authority", received.sequence),
                );
                continue;
            };
            self.check(*at <= received.at, Fault::SentBeforeRecorded, flow);
            self.check(once.insert(*flow), Fault::AskedTwice, flow);
        }
    }

    /// What the authority was told 200 for, against what was recorded; each delivery counts.
    fn callbacks(&mut self) {
        let mut recorded: HashMap<Digest, u32> = HashMap::new();
        for page in self.ledgers.audit.flows.values() {
            for callback in &page.callbacks {
                *recorded.entry(callback.digest).or_default() += 1;
            }
        }
        let sent: HashSet<Digest> = self
            .ledgers
            .authority
            .sent
            .iter()
            .map(|sent| sent.digest)
            .collect();
        if self.stage == Stage::Settled {
            let unknown = recorded.keys().filter(|digest| !sent.contains(digest));
            for digest in unknown.copied().collect::<Vec<_>>() {
                self.find(Fault::CallbackFromNowhere, &digest);
            }
        }
        for sent in &self.ledgers.authority.sent {
            if !sent.status.is_some_and(|status| (200..300).contains(&status)) {
                continue;
            }
            let left = recorded.entry(sent.digest).or_default();
            let good = *left > 0;
            *left = left.saturating_sub(1);
            self.check(good, Fault::CallbackUnrecorded, &sent.digest);
        }
    }

    fn flow(&mut self, flow: FlowId, page: &FlowPage) {
        self.bytes(flow, page);
        self.verdicts(flow, page);
        self.check(page.endings.len() < 2, Fault::TwoEndings, &flow);
        let ending = page.endings.first();
        let Some(row) = &page.row else {
            return self.find(Fault::RowDiffers, &flow);
        };
        let has_ended = matches!(row.phase.as_str(), "decided" | "delivered");
        let same = row.outcome.as_deref() == ending.map(|ending| ending.outcome.as_str());
        self.check(has_ended == ending.is_some() && same, Fault::RowDiffers, &flow);
        if self.stage == Stage::Settled {
            self.check(ending.is_some(), Fault::NoEnding, &flow);
            self.check(row.phase == "delivered", Fault::Undelivered, &flow);
        }
        match (self.manner_of(page), ending) {
            (None, _) => self.find(Fault::FlowFromNowhere, &flow),
            (Some(manner), Some(ending)) => {
                let approved = ending.outcome == "approved";
                let declined = ending.outcome.starts_with("declined");
                let wanted = (!approved || manner.may_approve()) && (!declined || manner.may_decline());
                self.check(wanted, Fault::AgainstTheirWill, &format!("{flow}: {manner:?}"));
                self.check(
                    !approved || is_proven(ending, page),
                    Fault::ApprovedUnproven,
                    &flow,
                );
            }
            (Some(_), None) => {}
        }
        for id in &page.delivered {
            let seen = self.ledgers.e_service.notices.contains_key(id);
            self.check(seen, Fault::NoticeUnseen, id);
        }
    }

    /// What was meant for a flow, by the wish that it came of; the steps of a journey come of that of the first.
    fn manner_of(&self, page: &FlowPage) -> Option<Manner> {
        let asked = |page: &FlowPage| {
            let row = page.row.as_ref()?;
            Some(self.ledgers.e_service.asked.get(&row.key)?.manner)
        };
        match &page.step {
            Some(step) => {
                let first = self.ledgers.audit.flows.get(&step.journey)?;
                Some(asked(first)?.of_step(usize::from(step.number).checked_sub(1)?))
            }
            None => asked(page),
        }
    }

    /// Each step begins once, in its turn, after a recorded approval that names it.
    fn steps(&mut self) {
        let mut once = HashSet::new();
        for (flow, page) in &self.ledgers.audit.flows {
            let next = page.endings.first().and_then(|ending| ending.next);
            if self.stage == Stage::Settled
                && let Some(next) = next
            {
                let begun = self.ledgers.audit.flows.get(&next);
                self.check(
                    begun.is_some_and(|page| page.row.is_some()),
                    Fault::StepForgotten,
                    flow,
                );
            }
            let Some(step) = &page.step else { continue };
            let first = once.insert((step.journey, step.number));
            self.check(first, Fault::StepOutOfOrder, flow);
            let Some(after) = step.after else {
                let names_itself = step.journey == *flow && step.number == 1;
                self.check(names_itself, Fault::StepOutOfOrder, flow);
                continue;
            };
            let before = self.ledgers.audit.flows.get(&after);
            let follows = before
                .and_then(|before| before.step.as_ref())
                .is_some_and(|before| before.journey == step.journey && before.number + 1 == step.number);
            self.check(follows, Fault::StepOutOfOrder, flow);
            let approved = before
                .and_then(|before| before.endings.first())
                .is_some_and(|ending| ending.outcome == "approved" && ending.next == Some(*flow));
            self.check(approved, Fault::StepUnapproved, flow);
        }
    }

    /// The flow with which something ended: itself, or the last step of the journey that it begins.
    fn last_of(&self, flow: FlowId) -> FlowId {
        let mut last = flow;
        // A service has few steps, and books that are false may go round in a circle.
        for _ in 0..Journey::MOST {
            let next = self.next_of(last);
            match next.filter(|next| self.ledgers.audit.flows.contains_key(next)) {
                Some(next) => last = next,
                None => break,
            }
        }
        last
    }

    fn next_of(&self, flow: FlowId) -> Option<FlowId> {
        let page = self.ledgers.audit.flows.get(&flow)?;
        page.endings.first()?.next
    }

    /// The bytes that a record names are kept, and are those.
    fn bytes(&mut self, flow: FlowId, page: &FlowPage) {
        let requests = page
            .requests
            .iter()
            .map(|request| ("outbound", request.exchange, request.digest));
        let replies = page.replies.iter().map(|(id, digest)| ("reply", *id, *digest));
        let callbacks = page
            .callbacks
            .iter()
            .filter_map(|callback| Some(("callback", callback.exchange?, callback.digest)));
        for (direction, exchange, digest) in requests.chain(replies).chain(callbacks) {
            let kept = self.ledgers.audit.exchanges.get(&exchange);
            let same = kept.is_some_and(|kept| kept.digest == digest && kept.direction == direction);
            self.check(same, Fault::BytesDiffer, &format!("{direction} of {flow}"));
        }
    }

    fn verdicts(&mut self, flow: FlowId, page: &FlowPage) {
        let mut once = HashSet::new();
        for verdict in &page.verdicts {
            let before = arrived_before(page, verdict.exchange, verdict.seq);
            self.check(before, Fault::ExaminedUnrecorded, &flow);
            self.check(once.insert(verdict.exchange), Fault::ExaminedTwice, &flow);
        }
    }

    /// What the e-service asked for and saw, against what was recorded.
    fn wishes(&mut self) {
        let settled = self.stage == Stage::Settled;
        for (key, asked) in &self.ledgers.e_service.asked {
            self.check(asked.flows.len() < 2, Fault::BegunTwice, key);
            self.check(asked.answers.len() < 2, Fault::AnswerChanged, key);
            self.check(!settled || asked.outcome.is_some(), Fault::Unanswered, key);
            for flow in &asked.flows {
                let page = self.ledgers.audit.flows.get(flow);
                if page.is_none_or(|page| page.row.is_none()) {
                    self.find(Fault::Forgotten, flow);
                    continue;
                }
                let last = self.last_of(*flow);
                if let (Some(outcome), Some(page)) = (&asked.outcome, self.ledgers.audit.flows.get(&last)) {
                    self.same_outcome(last, outcome, page);
                    self.check(asked.last == Some(last), Fault::OutcomeDiffers, &last);
                }
                let told = self.ledgers.e_service.notices.contains_key(&format!("{last}.1"));
                let missing = settled && asked.manner.wants_notice && !told;
                self.check(!missing, Fault::NoticeMissing, flow);
            }
        }
    }

    fn same_outcome(&mut self, flow: FlowId, outcome: &str, page: &FlowPage) {
        let recorded = page.endings.first().map(|ending| ending.outcome.as_str());
        self.check(
            recorded == Some(outcome),
            Fault::OutcomeDiffers,
            &format!("{flow}: told {outcome}, recorded {recorded:?}"),
        );
    }

    fn notices(&mut self) {
        for (id, notice) in &self.ledgers.e_service.notices {
            self.check(notice.badly_signed == 0, Fault::NoticeForged, id);
            let Some(recorded) = self.ledgers.audit.notices.get(id) else {
                self.find(Fault::NoticeUnrecorded, id);
                continue;
            };
            let same = notice.bodies.len() == 1 && notice.bodies.contains(recorded);
            self.check(same, Fault::NoticeDiffers, id);
            let page = notice.flow.and_then(|flow| self.ledgers.audit.flows.get(&flow));
            match (notice.flow, page) {
                (Some(flow), Some(page)) => self.same_outcome(flow, &notice.outcome, page),
                _ => self.find(Fault::NoticeUnrecorded, id),
            }
        }
    }
}

/// An approval stands on a verdict, and the verdict on bytes that were recorded before it.
fn is_proven(ending: &Ended, page: &FlowPage) -> bool {
    let Some(exchange) = ending.exchange else {
        return false;
    };
    page.verdicts.iter().any(|verdict| {
        verdict.exchange == exchange
            && verdict.conclusion == "approved"
            && verdict.seq < ending.seq
            && arrived_before(page, exchange, verdict.seq)
    })
}

fn arrived_before(page: &FlowPage, exchange: ExchangeId, seq: u64) -> bool {
    let mut callbacks = page.callbacks.iter();
    callbacks.any(|callback| callback.exchange == Some(exchange) && callback.seq < seq)
}
