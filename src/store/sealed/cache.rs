use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use crate::audit::seal::DataKey;
use crate::audit::seal::KeyOwner;

/// Data keys that were used lately, so that they are not unwrapped for each step of a flow.
///
/// Bounded in number and in time: a key that another process has destroyed is forgotten here before long.
pub(super) struct KeyCache {
    generations: Mutex<Generations>,
}

struct Generations {
    young: HashMap<KeyOwner, Arc<DataKey>>,
    old: HashMap<KeyOwner, Arc<DataKey>>,
    since: Instant,
}

impl KeyCache {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            generations: Mutex::new(Generations {
                young: HashMap::new(),
                old: HashMap::new(),
                since: now,
            }),
        }
    }

    pub(super) fn get(&self, owner: KeyOwner, now: Instant) -> Option<Arc<DataKey>> {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.age(now);
        if let Some(key) = generations.young.get(&owner) {
            return Some(Arc::clone(key));
        }
        generations.old.get(&owner).map(Arc::clone)
    }

    pub(super) fn keep(&self, owner: KeyOwner, key: Arc<DataKey>, now: Instant) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.age(now);
        generations.young.insert(owner, key);
    }

    pub(super) fn forget(&self, owner: KeyOwner) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.young.remove(&owner);
        generations.old.remove(&owner);
    }
}

impl Generations {
    fn age(&mut self, now: Instant) {
        let is_over = now.saturating_duration_since(self.since) >= LONGEST;
        if is_over || self.young.len() >= MOST {
            self.old = mem::take(&mut self.young);
            self.since = now;
        }
    }
}

/// Keys in a generation: about 13 MB for both at the most.
const MOST: usize = 32_768;
/// No key outlives two of these without being unwrapped again.
const LONGEST: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn keys_are_forgotten_in_time() {
        let start = Instant::now();
        let cache = KeyCache::new(start);
        let owner = KeyOwner::from_uuid(Uuid::from_bytes([1; 16]));
        cache.keep(owner, Arc::new(DataKey::draw().unwrap()), start);
        assert!(cache.get(owner, start + LONGEST).is_some());
        assert!(cache.get(owner, start + LONGEST * 2).is_none());
    }

    #[test]
    fn what_is_destroyed_is_forgotten_at_once() {
        let start = Instant::now();
        let cache = KeyCache::new(start);
        let owner = KeyOwner::from_uuid(Uuid::from_bytes([1; 16]));
        cache.keep(owner, Arc::new(DataKey::draw().unwrap()), start);
        cache.forget(owner);
        assert!(cache.get(owner, start).is_none());
    }
}
