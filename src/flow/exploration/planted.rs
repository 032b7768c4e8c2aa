//! Broken machines and broken drivers: each breaks one law, and the exploration has to find it.

use super::driver::Driver;
use super::driver::Machine;
use super::explore::explore;
use super::world::Kind;
use super::world::Message;
use super::world::Replicas;
use crate::flow::Action;
use crate::flow::Conclusion;
use crate::flow::Ending;
use crate::flow::Event;
use crate::flow::Phase;
use crate::flow::ReplyKind;
use crate::flow::State;
use crate::flow::step;
use crate::words::Outcome;

/// Seventeen planted bugs, each caught; what caught it is printed.
#[test]
#[expect(clippy::print_stdout, reason = "the table is what the test shows")]
fn every_planted_bug_is_found() {
    let machines: [(&str, Machine, Kind); 12] = [
        (
            "an approval under examination beats a report",
            an_approval_under_examination_beats_a_report,
            Kind::Callbacks,
        ),
        (
            "a reply is believed unexamined",
            believes_a_reply_unexamined,
            Kind::Reply,
        ),
        (
            "asked before the page is confirmed",
            asks_before_the_page_is_confirmed,
            Kind::Confirmed,
        ),
        (
            "a superseded flow is approved",
            a_superseded_flow_can_still_be_approved,
            Kind::Callbacks,
        ),
        ("a late answer wins", late_answer_wins, Kind::Callbacks),
        (
            "what may have arrived is sent again",
            unknown_is_sent_again,
            Kind::Callbacks,
        ),
        ("a crash sends again", crash_sends_again, Kind::Callbacks),
        ("the policy may approve", policy_may_approve, Kind::Callbacks),
        ("the reply means approval", reply_means_approval, Kind::Callbacks),
        (
            "the clock is forgotten after a crash",
            forgets_the_clock_after_a_crash,
            Kind::Callbacks,
        ),
        (
            "callbacks are forgotten after a crash",
            forgets_pending_callbacks_after_a_crash,
            Kind::Callbacks,
        ),
        (
            "a rejected callback ends once more",
            rejected_callback_ends_the_flow_twice,
            Kind::Callbacks,
        ),
    ];
    let good = Driver::of(step);
    let drivers = [
        (
            "steps without compare-and-set",
            Driver {
                compares: false,
                ..good
            },
            Replicas::Two,
        ),
        (
            "a node taken for dead writes",
            Driver {
                fences: false,
                ..good
            },
            Replicas::Two,
        ),
        (
            "who takes over recovers nothing",
            Driver {
                recovers: false,
                ..good
            },
            Replicas::Two,
        ),
        (
            "acts before the commit",
            Driver {
                commits_first: false,
                ..good
            },
            Replicas::One,
        ),
        (
            "a takeover sends again",
            Driver::of(crash_sends_again),
            Replicas::Two,
        ),
    ];
    let machines = machines
        .into_iter()
        .map(|(name, machine, kind)| (name, Driver::of(machine), kind, Replicas::One));
    let drivers = drivers
        .into_iter()
        .map(|(name, driver, replicas)| (name, driver, Kind::Callbacks, replicas));
    for (name, driver, kind, replicas) in machines.chain(drivers) {
        let found = explore(driver, kind, replicas);
        let why = found.err().unwrap_or_else(|| panic!("not found: {name}"));
        println!("{name:40} {}", why.split(" from ").next().unwrap_or_default());
    }
}

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
        next.ending = Some(Ending {
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
            next.ending = Some(Ending {
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
