//! The walk through every world.

use std::collections::VecDeque;
use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::driver::Driver;
use super::laws::check;
use super::world::Kind;
use super::world::Replicas;
use super::world::World;
use crate::flow::Phase;

/// Walks to closure; gives the number of worlds and of machine states, or the first broken law.
pub(super) fn explore(driver: Driver, kind: Kind, replicas: Replicas) -> Result<(usize, usize), String> {
    let begin = Rc::new(World::begin(kind, replicas));
    let mut seen = FxHashSet::from_iter([Rc::clone(&begin)]);
    let mut queue = VecDeque::from([begin]);
    let mut states = FxHashSet::default();
    let mut calm = FxHashSet::default();
    while let Some(world) = queue.pop_front() {
        if world.durable.is_some() {
            calm_end(driver, world.calmed(), &mut calm)?;
        }
        for next in driver.successors(&world) {
            check(&world, &next)?;
            // Most are known, and each is compared and never copied.
            if !seen.contains(&next) {
                states.extend(next.durable.clone());
                let next = Rc::new(next);
                seen.insert(Rc::clone(&next));
                queue.push_back(next);
            }
        }
    }
    Ok((seen.len(), states.len()))
}

/// With all faults at rest, every flow ends and is delivered: no state is a trap. `calm` holds the worlds that are known to
/// end so.
fn calm_end(driver: Driver, mut world: World, calm: &mut FxHashSet<World>) -> Result<(), String> {
    let mut path = Vec::new();
    for _ in 0..40 {
        let ended = world
            .durable
            .as_ref()
            .is_some_and(|state| state.phase == Phase::Delivered);
        let at_rest = world.tasks.is_empty() && world.replies.is_empty() && world.second.draft.is_none();
        if calm.contains(&world) || ended && world.running && at_rest {
            calm.extend(path);
            return Ok(());
        }
        let Some(next) = driver.successors(&world).into_iter().next() else {
            return Err(format!("stuck in {:?}", world.durable));
        };
        path.push(std::mem::replace(&mut world, next));
    }
    Err(format!("no end from {:?}", world.durable))
}
