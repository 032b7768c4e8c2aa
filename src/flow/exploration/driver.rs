//! What can follow in a world: the driver's rule, and everything that happens around it.

use super::small_set::SmallSet;
use super::world::Answer;
use super::world::Draft;
use super::world::EXPIRY;
use super::world::Ghost;
use super::world::Kind;
use super::world::MESSAGES;
use super::world::Task;
use super::world::World;
use crate::flow::Action;
use crate::flow::Conclusion;
use crate::flow::Event;
use crate::flow::State;
use crate::words::Outcome;
use crate::words::Timestamp;

/// The machine, or a broken one.
pub(super) type Machine = fn(&State, &Event) -> (State, Vec<Action>);

/// A machine, and how its steps become durable.
#[derive(Clone, Copy)]
pub(super) struct Driver {
    pub(super) machine: Machine,
    /// A step counts only if the flow is as it was read; otherwise it is made again.
    pub(super) compares: bool,
    /// A node that was taken for dead can't write.
    pub(super) fences: bool,
    /// Whoever takes a flow over recovers it.
    pub(super) recovers: bool,
    /// What follows from a step waits until the step is durable.
    pub(super) commits_first: bool,
}

impl Driver {
    /// The driver as it is.
    pub(super) const fn of(machine: Machine) -> Self {
        Self {
            machine,
            compares: true,
            fences: true,
            recovers: true,
            commits_first: true,
        }
    }

    /// Every world that can follow.
    pub(super) fn successors(self, world: &World) -> Vec<World> {
        let mut next = Vec::new();
        let Some(state) = &world.durable else {
            let first = match world.kind {
                Kind::Callbacks | Kind::Reply => Event::Begin,
                Kind::Confirmed => Event::Hold,
            };
            let new = State::new(EXPIRY, 2);
            next.extend(self.apply(world, &new, &first));
            next.extend(self.apply(world, &new, &Event::Refuse(Outcome::Refused)));
            return next;
        };
        if !world.running {
            let mut risen = world.clone();
            risen.running = true;
            return self.apply(&risen, state, &Event::Recover);
        }
        next.extend(self.second_node(world, state));
        if world.crashes > 0 {
            next.push(World {
                running: false,
                crashes: world.crashes - 1,
                // What the transport had accepted may still arrive at the authority, or not.
                tasks: SmallSet::new(),
                replies: SmallSet::new(),
                ..world.clone()
            });
        }
        for task in world.tasks.iter() {
            next.extend(self.perform(world, state, task));
        }
        for answer in world.replies.iter() {
            let mut heard = world.clone();
            heard.replies.remove(answer);
            next.extend(self.apply(&heard, state, &answer.event()));
        }
        if world.kind == Kind::Confirmed && !world.answered_page {
            let mut pressed = world.clone();
            pressed.answered_page = true;
            next.extend(self.apply(&pressed, state, &Event::Withdraw));
            pressed.confirmed = true;
            let confirm = Event::Confirm { expires_at: EXPIRY };
            next.extend(self.apply(&pressed, state, &confirm));
        }
        for message in MESSAGES {
            if world.can_arrive(message) {
                let mut told = world.clone();
                told.used.insert(message);
                next.extend(self.apply(&told, state, &message.event()));
            }
        }
        if world.cancels > 0 {
            let mut cancelled = world.clone();
            cancelled.cancels -= 1;
            next.extend(self.apply(&cancelled, state, &Event::Cancel));
            if world.kind == Kind::Callbacks {
                next.extend(self.apply(&cancelled, state, &Event::Supersede));
            }
            if world.may_disown {
                // The e-service says so, or somebody on the page.
                let mut disowned = cancelled;
                disowned.disowned = !state.has_ended();
                let said = match world.kind {
                    Kind::Callbacks => Event::Report(EXPIRY),
                    Kind::Reply | Kind::Confirmed => Event::Disown,
                };
                next.extend(self.apply(&disowned, state, &said));
            }
        }
        if !world.expired {
            next.push(World {
                expired: true,
                ..world.clone()
            });
        }
        next
    }

    /// What a second node does, and a first one that was taken for dead.
    fn second_node(self, world: &World, state: &State) -> Vec<World> {
        let mut next = Vec::new();
        if let Some(draft) = &world.second.draft {
            let mut done = world.clone();
            done.second.draft = None;
            // A step that lost the comparison is made again from what is there.
            let from = draft.read.as_deref().unwrap_or(state);
            next.extend(self.apply(&done, from, &draft.event));
        }
        if let Some(ghost) = &world.second.ghost {
            next.extend(self.haunt(world, ghost));
        }
        if world.second.drafts > 0 {
            let begun = |mut world: World, event: Event| {
                world.second.drafts -= 1;
                world.second.draft = Some(Draft {
                    event,
                    read: (!self.compares).then(|| Box::new(state.clone())),
                });
                world
            };
            for message in MESSAGES.into_iter().filter(|message| world.can_arrive(*message)) {
                let mut told = world.clone();
                told.used.insert(message);
                next.push(begun(told, message.event()));
            }
            if world.cancels > 0 {
                let mut cancelled = world.clone();
                cancelled.cancels -= 1;
                next.push(begun(cancelled, Event::Cancel));
            }
            if world.expired {
                next.push(begun(world.clone(), Event::Deadline(EXPIRY)));
            }
        }
        if world.second.takeovers > 0 {
            let mut taken = world.clone();
            taken.second.takeovers -= 1;
            let sends = taken.tasks.iter().filter_map(|task| match task {
                Task::Send(attempt) => Some(attempt),
                _ => None,
            });
            let ghost = Ghost {
                sends: sends.collect(),
                knows: (!self.fences).then(|| Box::new(state.clone())),
                replies: if self.fences {
                    SmallSet::new()
                } else {
                    taken.replies.clone()
                },
            };
            taken.second.ghost = Some(ghost);
            taken.tasks.clear();
            taken.replies.clear();
            if self.recovers {
                next.extend(self.apply(&taken, state, &Event::Recover));
            } else {
                next.push(taken);
            }
        }
        next
    }

    /// A node that was taken for dead goes on: what it had handed to the transport still leaves, or does not; what it hears
    /// of it counts no more.
    fn haunt(self, world: &World, ghost: &Ghost) -> Vec<World> {
        let mut next = Vec::new();
        for attempt in ghost.sends.iter() {
            let left = |prompts: u8, heard: Answer| {
                let mut left = world.clone();
                left.prompts += prompts;
                if let Some(ghost) = &mut left.second.ghost {
                    ghost.sends.remove(attempt);
                    if ghost.knows.is_some() {
                        ghost.replies.insert(heard);
                    }
                }
                left
            };
            next.push(left(1, Answer::Accepted));
            next.push(left(0, Answer::NotSent));
        }
        if let Some(knows) = &ghost.knows {
            for heard in ghost.replies.iter() {
                let mut told = world.clone();
                if let Some(ghost) = &mut told.second.ghost {
                    ghost.replies.remove(heard);
                }
                next.extend(self.apply(&told, knows, &heard.event()));
            }
        }
        if ghost.sends.is_empty() && ghost.replies.is_empty() {
            let mut gone = world.clone();
            gone.second.ghost = None;
            next.push(gone);
        }
        next
    }

    fn perform(self, world: &World, state: &State, task: Task) -> Vec<World> {
        let mut done = world.clone();
        done.tasks.remove(task);
        match task {
            Task::Send(_) => {
                let mut worlds = Vec::new();
                // Nothing left; or it arrived, with a reply of any kind, or with none that was understood.
                worlds.push(answered(&done, Answer::NotSent, 0));
                worlds.push(answered(&done, Answer::Refused, 0));
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
                    dead.tasks = SmallSet::new();
                    dead.replies = SmallSet::new();
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
                self.apply(&done, state, &event)
            }
            Task::Deliver => {
                done.deliveries = done.deliveries.saturating_add(1).min(2);
                self.apply(&done, state, &Event::Delivered)
            }
            Task::Clock if world.expired => self.apply(&done, state, &Event::Deadline(EXPIRY)),
            // A clock that strikes early must be wound again.
            Task::Clock => self.apply(&done, state, &Event::Deadline(Timestamp::from_micros(999))),
        }
    }

    /// One turn of the driver: step, ask the policy, commit, then take up the actions.
    fn apply(self, world: &World, state: &State, event: &Event) -> Vec<World> {
        let (after, actions) = (self.machine)(state, event);
        let asked = actions.iter().find_map(|action| match action {
            Action::Decide(outcome) => Some(*outcome),
            _ => None,
        });
        let mut worlds = Vec::new();
        // A broken order of things: the actions are under way when the process dies, and nothing is durable.
        if !self.commits_first && world.crashes > 0 {
            let mut lost = take_up(world, &actions);
            lost.crashes -= 1;
            lost.running = world.durable.is_none();
            worlds.push(lost);
        }
        let Some(outcome) = asked else {
            worlds.push(commit(world, after, &actions));
            return worlds;
        };
        for decided in [outcome, Outcome::Refused, Outcome::ErrorPolicy, Outcome::Approved] {
            let (ended, more) = (self.machine)(&after, &Event::Decided(decided));
            let all: Vec<Action> = actions.iter().cloned().chain(more).collect();
            worlds.push(commit(world, ended, &all));
        }
        worlds
    }
}

fn answered(world: &World, answer: Answer, prompts: u8) -> World {
    let mut next = world.clone();
    next.prompts += prompts;
    next.replies.insert(answer);
    next
}

fn commit(world: &World, state: State, actions: &[Action]) -> World {
    let mut next = take_up(world, actions);
    next.durable = Some(state);
    next
}

fn take_up(world: &World, actions: &[Action]) -> World {
    let mut next = world.clone();
    for action in actions {
        match action {
            Action::Send { attempt } => next.tasks.insert(Task::Send(*attempt)),
            Action::Schedule(_) => next.tasks.insert(Task::Clock),
            Action::Examine(exchange) => next.tasks.insert(Task::Examine(*exchange)),
            Action::Deliver => next.tasks.insert(Task::Deliver),
            Action::Decide(_) | Action::Note(_) => {}
        }
    }
    next
}
