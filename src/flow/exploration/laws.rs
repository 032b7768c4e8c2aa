//! What must hold between one world and the next.

use super::world::Kind;
use super::world::Task;
use super::world::World;
use crate::flow::Phase;
use crate::words::OutcomeClass;

/// The law that a step breaks, if it does.
pub(super) fn check(before: &World, after: &World) -> Result<(), String> {
    if after.prompts > 1 {
        return Err("a request that may have arrived was sent again".to_owned());
    }
    let sends = after.tasks.iter().any(|task| matches!(task, Task::Send(_)));
    let unrecorded = after
        .durable
        .as_ref()
        .is_none_or(|state| state.phase <= Phase::Created);
    if sends && unrecorded {
        return Err("law 1: a request is sent that was not recorded".to_owned());
    }
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
    let forgotten = old.seen.iter().any(|digest| !new.seen.contains(digest));
    if forgotten {
        return Err("law 2: a callback that was recorded is forgotten".to_owned());
    }
    let confirmed = after.kind != Kind::Confirmed || after.confirmed;
    if after.prompts > 0 && !confirmed {
        return Err("R000-089: a person was asked to sign who had confirmed nothing".to_owned());
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
