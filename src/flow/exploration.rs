//! Explores every order of events of one flow to closure, and checks laws 1 to 4 in each state.
//!
//! The world around the machine is modelled as small as the laws allow: a store that keeps what was
//! committed, a process that can die at any moment, an authority that may or may not have asked the person,
//! callbacks of each kind, a clock, an impatient e-service, and a policy that may answer anything.

use std::collections::BTreeSet;
use std::collections::HashSet;
use std::collections::VecDeque;

use super::Action;
use super::Conclusion;
use super::Event;
use super::Phase;
use super::ReplyKind;
use super::State;
use super::step;
use crate::words::Digest;
use crate::words::ExchangeId;
use crate::words::Outcome;
use crate::words::OutcomeClass;
use crate::words::RequestId;
use crate::words::Timestamp;

type Machine = fn(&State, &Event) -> (State, Vec<Action>);

/// The messages that can arrive at the callback, each with the bytes' digest and what examining it gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Message {
    Approved,
    ApprovedAgain,
    Declined,
    Forged,
}

const MESSAGES: [Message; 4] = [
    Message::Approved,
    Message::ApprovedAgain,
    Message::Declined,
    Message::Forged,
];

impl Message {
    fn exchange(self) -> ExchangeId {
        ExchangeId::from_uuid(uuid::Uuid::from_u128(self as u128 + 1))
    }

    /// `ApprovedAgain` repeats the bytes of `Approved`.
    fn digest(self) -> Digest {
        match self {
            Self::ApprovedAgain => Self::Approved.digest(),
            other => Digest::of(&[other as u8]),
        }
    }

    fn conclusion(self) -> Conclusion {
        match self {
            Self::Approved | Self::ApprovedAgain => Conclusion::Approved,
            Self::Declined => Conclusion::Ended(Outcome::DeclinedByUser),
            Self::Forged => Conclusion::Rejected,
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
    const fn needs_prompt(self) -> bool {
        !matches!(self, Self::Forged)
    }
}

/// How a capability is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// By callbacks: `auth_push` and `auth_qr`. A code may be superseded.
    Callbacks,
    /// By the reply itself: `verify_qr` and `notify`.
    Reply,
    /// By callbacks, after the person has confirmed on a page: `sign`.
    Confirmed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    kind: Kind,
    /// Whether the person has confirmed or withdrawn.
    answered_page: bool,
    confirmed: bool,
    durable: Option<State>,
    running: bool,
    tasks: BTreeSet<Task>,
    replies: BTreeSet<Answer>,
    used: BTreeSet<Message>,
    prompts: u8,
    approved_examined: bool,
    deliveries: u8,
    expired: bool,
    cancels: u8,
    crashes: u8,
    /// Whether somebody has said that the person did not ask for this, before the flow had ended.
    disowned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Task {
    Send(u8),
    Examine(ExchangeId),
    Deliver,
    Clock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Answer {
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

impl Answer {
    fn event(self) -> Event {
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

const EXPIRY: Timestamp = Timestamp::from_micros(1_000);

const fn begin_world(kind: Kind) -> World {
    World {
        kind,
        answered_page: false,
        confirmed: false,
        durable: None,
        running: true,
        tasks: BTreeSet::new(),
        replies: BTreeSet::new(),
        used: BTreeSet::new(),
        prompts: 0,
        approved_examined: false,
        deliveries: 0,
        expired: false,
        cancels: 1,
        disowned: false,
        // What a crash does to callbacks is seen with two; a third kind needs one only.
        crashes: match kind {
            Kind::Callbacks | Kind::Reply => 2,
            Kind::Confirmed => 1,
        },
    }
}

/// Every world that can follow.
fn successors(machine: Machine, world: &World) -> Vec<World> {
    let mut next = Vec::new();
    let Some(state) = &world.durable else {
        let first = match world.kind {
            Kind::Callbacks | Kind::Reply => Event::Begin,
            Kind::Confirmed => Event::Hold,
        };
        next.extend(apply(machine, world, &State::new(EXPIRY, 2), &first));
        next.extend(apply(
            machine,
            world,
            &State::new(EXPIRY, 2),
            &Event::Refuse(Outcome::Refused),
        ));
        return next;
    };
    if !world.running {
        let mut risen = world.clone();
        risen.running = true;
        return apply(machine, &risen, state, &Event::Recover);
    }
    if world.crashes > 0 {
        next.push(World {
            running: false,
            crashes: world.crashes - 1,
            // What the transport had accepted may still arrive at the authority, or not.
            tasks: BTreeSet::new(),
            replies: BTreeSet::new(),
            ..world.clone()
        });
    }
    for task in &world.tasks {
        next.extend(perform(machine, world, state, *task));
    }
    for answer in &world.replies {
        let mut heard = world.clone();
        heard.replies.remove(answer);
        next.extend(apply(machine, &heard, state, &answer.event()));
    }
    if world.kind == Kind::Confirmed && !world.answered_page {
        let mut pressed = world.clone();
        pressed.answered_page = true;
        next.extend(apply(machine, &pressed, state, &Event::Withdraw));
        pressed.confirmed = true;
        let confirm = Event::Confirm { expires_at: EXPIRY };
        next.extend(apply(machine, &pressed, state, &confirm));
    }
    for message in MESSAGES {
        // Where the reply is the answer, no callback is the authority's.
        let sent = world.kind != Kind::Reply || !message.needs_prompt();
        let possible =
            sent && !world.used.contains(&message) && (!message.needs_prompt() || world.prompts > 0);
        if possible {
            let mut told = world.clone();
            told.used.insert(message);
            let event = Event::Callback {
                exchange: message.exchange(),
                digest: message.digest(),
            };
            next.extend(apply(machine, &told, state, &event));
        }
    }
    if world.cancels > 0 {
        let mut cancelled = world.clone();
        cancelled.cancels -= 1;
        next.extend(apply(machine, &cancelled, state, &Event::Cancel));
        if world.kind == Kind::Callbacks {
            next.extend(apply(machine, &cancelled, state, &Event::Supersede));
        }
        // The e-service says so, or somebody on the page.
        let mut disowned = cancelled;
        disowned.disowned = !state.has_ended();
        let said = match world.kind {
            Kind::Callbacks => Event::Report(EXPIRY),
            Kind::Reply | Kind::Confirmed => Event::Disown,
        };
        next.extend(apply(machine, &disowned, state, &said));
    }
    if !world.expired {
        next.push(World {
            expired: true,
            ..world.clone()
        });
    }
    next
}

fn perform(machine: Machine, world: &World, state: &State, task: Task) -> Vec<World> {
    let mut done = world.clone();
    done.tasks.remove(&task);
    match task {
        Task::Send(_) => {
            let mut worlds = Vec::new();
            // Nothing left; or it arrived, with a reply of any kind, or with none that was understood.
            worlds.extend(std::iter::once(answered(&done, Answer::NotSent, 0)));
            worlds.extend(std::iter::once(answered(&done, Answer::Refused, 0)));
            let understood = match world.kind {
                Kind::Callbacks | Kind::Confirmed => [Answer::Accepted, Answer::AcceptedOtherId],
                Kind::Reply => [Answer::Answered, Answer::AnsweredBadly],
            };
            for answer in understood.into_iter().chain([Answer::Unknown]) {
                worlds.push(answered(&done, answer, 1));
            }
            // It arrives, and the process dies before any reply.
            if world.crashes > 0 {
                let mut dead = done.clone();
                dead.prompts += 1;
                dead.crashes -= 1;
                dead.running = false;
                dead.tasks = BTreeSet::new();
                dead.replies = BTreeSet::new();
                worlds.push(dead);
            }
            worlds
        }
        Task::Examine(exchange) => {
            let Some(message) = MESSAGES
                .into_iter()
                .find(|message| message.exchange() == exchange)
            else {
                return Vec::new();
            };
            done.approved_examined |= message.conclusion() == Conclusion::Approved;
            let event = Event::Examined {
                exchange,
                conclusion: message.conclusion(),
            };
            apply(machine, &done, state, &event)
        }
        Task::Deliver => {
            done.deliveries = done.deliveries.saturating_add(1).min(2);
            apply(machine, &done, state, &Event::Delivered)
        }
        Task::Clock if world.expired => apply(machine, &done, state, &Event::Deadline(EXPIRY)),
        // A clock that strikes early must be wound again.
        Task::Clock => apply(
            machine,
            &done,
            state,
            &Event::Deadline(Timestamp::from_micros(999)),
        ),
    }
}

fn answered(world: &World, answer: Answer, prompts: u8) -> World {
    let mut next = world.clone();
    next.prompts += prompts;
    next.replies.insert(answer);
    next
}

/// One turn of the driver: step, ask the policy, commit, then take up the actions.
fn apply(machine: Machine, world: &World, state: &State, event: &Event) -> Vec<World> {
    let (after, actions) = machine(state, event);
    let asked = actions.iter().find_map(|action| match action {
        Action::Decide(outcome) => Some(*outcome),
        _ => None,
    });
    let Some(outcome) = asked else {
        return vec![commit(world, after, &actions)];
    };
    let mut worlds = Vec::new();
    for decided in [outcome, Outcome::Refused, Outcome::ErrorPolicy, Outcome::Approved] {
        let (ended, more) = machine(&after, &Event::Decided(decided));
        let all: Vec<Action> = actions.iter().cloned().chain(more).collect();
        worlds.push(commit(world, ended, &all));
    }
    worlds
}

fn commit(world: &World, state: State, actions: &[Action]) -> World {
    let mut next = world.clone();
    next.durable = Some(state);
    for action in actions {
        match action {
            Action::Send { attempt } => next.tasks.insert(Task::Send(*attempt)),
            Action::Schedule(_) => next.tasks.insert(Task::Clock),
            Action::Examine(exchange) => next.tasks.insert(Task::Examine(*exchange)),
            Action::Deliver => next.tasks.insert(Task::Deliver),
            Action::Decide(_) | Action::Note(_) => false,
        };
    }
    next
}

fn check(before: &World, after: &World) -> Result<(), String> {
    let (Some(old), Some(new)) = (&before.durable, &after.durable) else {
        return Ok(());
    };
    if old.has_ended() && old.ending != new.ending {
        return Err(format!(
            "law 3: an ending changed from {:?} to {:?}",
            old.ending, new.ending
        ));
    }
    if old.has_ended() && !new.has_ended() {
        return Err("law 3: a flow that had ended goes on".to_owned());
    }
    if after.prompts > 1 {
        return Err("a request that may have arrived was sent again".to_owned());
    }
    let confirmed = after.kind != Kind::Confirmed || after.confirmed;
    if after.prompts > 0 && !confirmed {
        return Err("R000-089: a person was asked to sign who had confirmed nothing".to_owned());
    }
    if after.tasks.iter().any(|task| matches!(task, Task::Send(_))) && new.phase <= Phase::Created {
        return Err("law 1: a request is sent that was not recorded".to_owned());
    }
    let approved = new
        .ending
        .as_ref()
        .is_some_and(|ending| ending.outcome.class() == OutcomeClass::Approved);
    if approved && !after.approved_examined {
        return Err("law 4: approved without a verified answer".to_owned());
    }
    if approved && after.disowned {
        return Err("threat B-16: approved after the person was said not to have asked".to_owned());
    }
    if new.has_ended() && new.ending.is_none() {
        return Err("law 3: a flow ended without an ending".to_owned());
    }
    if new.phase == Phase::Verified && after.running {
        return Err("a state that waits for a pure answer was committed".to_owned());
    }
    Ok(())
}

/// The same world with all faults at rest and the deadline passed.
fn calmed(world: &World) -> World {
    World {
        expired: true,
        crashes: 0,
        cancels: 0,
        deliveries: 0,
        used: MESSAGES.into_iter().collect(),
        ..world.clone()
    }
}

/// With all faults at rest, every flow ends and is delivered: no state is a trap.
fn calm_end(machine: Machine, mut world: World) -> Result<(), String> {
    for _ in 0..40 {
        let ended = world
            .durable
            .as_ref()
            .is_some_and(|state| state.phase == Phase::Delivered);
        if ended && world.running && world.tasks.is_empty() && world.replies.is_empty() {
            return Ok(());
        }
        let Some(next) = successors(machine, &world).into_iter().next() else {
            return Err(format!("stuck in {:?}", world.durable));
        };
        world = next;
    }
    Err(format!("no end from {:?}", world.durable))
}

/// Walks to closure; gives the number of worlds and of machine states, or the first broken law.
fn explore(machine: Machine, kind: Kind) -> Result<(usize, usize), String> {
    let mut seen = HashSet::from([begin_world(kind)]);
    let mut queue = VecDeque::from([begin_world(kind)]);
    let mut states = HashSet::new();
    let mut calm = HashSet::new();
    while let Some(world) = queue.pop_front() {
        if world.durable.is_some() {
            let rested = calmed(&world);
            if calm.insert(rested.clone()) {
                calm_end(machine, rested)?;
            }
        }
        for next in successors(machine, &world) {
            check(&world, &next)?;
            states.extend(next.durable.clone());
            if seen.insert(next.clone()) {
                queue.push_back(next);
            }
        }
    }
    Ok((seen.len(), states.len()))
}

/// Laws 1 to 4 hold in every order of events. A change of the counts must be explained in the commit.
#[test]
#[expect(
    clippy::print_stdout,
    reason = "the number of states is part of what the test shows"
)]
fn every_order_of_events_keeps_the_laws() {
    for kind in [Kind::Callbacks, Kind::Reply, Kind::Confirmed] {
        let (worlds, states) = explore(step, kind).unwrap();
        println!("{kind:?} explored to closure: {worlds} worlds, {states} states of the machine");
        match kind {
            Kind::Callbacks => assert_eq!((worlds, states), COUNTS),
            Kind::Reply | Kind::Confirmed => assert!(states > 100, "{kind:?}: {states}"),
        }
    }
}

const COUNTS: (usize, usize) = (1_238_449, 29_852);

/// Each broken machine breaks one law; the exploration has to find it.
mod planted {
    use super::*;

    fn late_answer_wins(state: &State, event: &Event) -> (State, Vec<Action>) {
        if let Event::Examined {
            conclusion: Conclusion::Approved,
            exchange,
        } = event
            && state.has_ended()
        {
            let mut next = state.clone();
            if let Some(ending) = &mut next.ending {
                ending.outcome = Outcome::Approved;
                ending.exchange = Some(*exchange);
            }
            return (next, Vec::new());
        }
        step(state, event)
    }

    fn unknown_is_sent_again(state: &State, event: &Event) -> (State, Vec<Action>) {
        let event = match event {
            Event::Reply(ReplyKind::Unknown) => &Event::Reply(ReplyKind::NotSent),
            other => other,
        };
        step(state, event)
    }

    fn crash_sends_again(state: &State, event: &Event) -> (State, Vec<Action>) {
        let (next, mut actions) = step(state, event);
        if *event == Event::Recover && state.phase == Phase::Sent {
            actions.push(Action::Send {
                attempt: state.attempt,
            });
        }
        (next, actions)
    }

    fn policy_may_approve(state: &State, event: &Event) -> (State, Vec<Action>) {
        let (mut next, actions) = step(state, event);
        if let (Event::Decided(outcome), Some(ending)) = (event, &mut next.ending) {
            ending.outcome = *outcome;
        }
        (next, actions)
    }

    fn reply_means_approval(state: &State, event: &Event) -> (State, Vec<Action>) {
        if matches!(event, Event::Reply(ReplyKind::Accepted(_))) && state.phase == Phase::Sent {
            let mut waiting = state.clone();
            let exchange = Message::Approved.exchange();
            waiting.pending.push((exchange, Message::Approved.digest()));
            return step(
                &waiting,
                &Event::Examined {
                    exchange,
                    conclusion: Conclusion::Approved,
                },
            );
        }
        step(state, event)
    }

    fn forgets_the_clock_after_a_crash(state: &State, event: &Event) -> (State, Vec<Action>) {
        let (next, mut actions) = step(state, event);
        if *event == Event::Recover {
            actions.retain(|action| !matches!(action, Action::Schedule(_)));
        }
        (next, actions)
    }

    fn forgets_pending_callbacks_after_a_crash(state: &State, event: &Event) -> (State, Vec<Action>) {
        let (next, mut actions) = step(state, event);
        if *event == Event::Recover {
            actions.retain(|action| !matches!(action, Action::Examine(_)));
        }
        (next, actions)
    }

    fn rejected_callback_ends_the_flow_twice(state: &State, event: &Event) -> (State, Vec<Action>) {
        if let (
            Event::Examined {
                conclusion: Conclusion::Rejected,
                ..
            },
            Some(ending),
        ) = (event, &state.ending)
        {
            let mut next = state.clone();
            next.ending = Some(super::super::Ending {
                outcome: Outcome::VerificationFailed,
                ..ending.clone()
            });
            return (next, Vec::new());
        }
        step(state, event)
    }

    fn believes_a_reply_unexamined(state: &State, event: &Event) -> (State, Vec<Action>) {
        let (next, actions) = step(state, event);
        match event {
            Event::Reply(ReplyKind::Answered { exchange, .. }) if !next.pending.is_empty() => step(
                &next,
                &Event::Examined {
                    exchange: *exchange,
                    conclusion: Conclusion::Approved,
                },
            ),
            _ => (next, actions),
        }
    }

    fn asks_before_the_page_is_confirmed(state: &State, event: &Event) -> (State, Vec<Action>) {
        match event {
            Event::Hold => step(state, &Event::Begin),
            other => step(state, other),
        }
    }

    fn a_superseded_flow_can_still_be_approved(state: &State, event: &Event) -> (State, Vec<Action>) {
        let superseded = state
            .ending
            .as_ref()
            .is_some_and(|ending| ending.outcome == Outcome::Superseded);
        match event {
            Event::Examined {
                exchange,
                conclusion: Conclusion::Approved,
            } if superseded => {
                let mut next = state.clone();
                next.ending = Some(super::super::Ending {
                    outcome: Outcome::Approved,
                    exchange: Some(*exchange),
                    answered: Outcome::Approved,
                });
                (next, Vec::new())
            }
            other => step(state, other),
        }
    }

    fn an_approval_under_examination_beats_a_report(state: &State, event: &Event) -> (State, Vec<Action>) {
        match event {
            Event::Report(_) | Event::Disown if !state.pending.is_empty() => step(state, &Event::Cancel),
            other => step(state, other),
        }
    }

    #[test]
    fn every_planted_bug_is_found() {
        let broken: [(&str, Machine, Kind); 12] = [
            (
                "approval beats a report",
                an_approval_under_examination_beats_a_report,
                Kind::Callbacks,
            ),
            (
                "reply believed unexamined",
                believes_a_reply_unexamined,
                Kind::Reply,
            ),
            (
                "asked before confirmed",
                asks_before_the_page_is_confirmed,
                Kind::Confirmed,
            ),
            (
                "superseded and approved",
                a_superseded_flow_can_still_be_approved,
                Kind::Callbacks,
            ),
            ("late answer wins", late_answer_wins, Kind::Callbacks),
            ("unknown is sent again", unknown_is_sent_again, Kind::Callbacks),
            ("crash sends again", crash_sends_again, Kind::Callbacks),
            ("policy may approve", policy_may_approve, Kind::Callbacks),
            ("reply means approval", reply_means_approval, Kind::Callbacks),
            (
                "clock forgotten",
                forgets_the_clock_after_a_crash,
                Kind::Callbacks,
            ),
            (
                "pending forgotten",
                forgets_pending_callbacks_after_a_crash,
                Kind::Callbacks,
            ),
            (
                "two endings",
                rejected_callback_ends_the_flow_twice,
                Kind::Callbacks,
            ),
        ];
        for (name, machine, kind) in broken {
            assert!(explore(machine, kind).is_err(), "not found: {name}");
        }
    }
}
