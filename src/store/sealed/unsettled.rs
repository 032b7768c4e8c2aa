use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::Notify;

use crate::audit::seal::KeyOwner;

/// Whose keys come or go with a batch that is being committed: nothing can be said of them until it is known what became of
/// it, so who needs one of them waits.
#[derive(Default)]
pub(super) struct Unsettled {
    /// In how many batches.
    owners: Mutex<HashMap<KeyOwner, usize>>,
    settled: Notify,
}

/// Owners who are unsettled as long as this is there.
pub(super) struct Entered {
    list: Arc<Unsettled>,
    owners: Vec<KeyOwner>,
}

impl Unsettled {
    /// Owners whose keys come or go with a batch.
    pub(super) fn enter(self: &Arc<Self>, owners: Vec<KeyOwner>) -> Entered {
        if !owners.is_empty() {
            let mut all = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
            for owner in &owners {
                *all.entry(*owner).or_default() += 1;
            }
        }
        Entered {
            list: Arc::clone(self),
            owners,
        }
    }

    /// Returns when none of these is unsettled.
    pub(super) async fn wait_for(&self, owners: impl Fn() -> Vec<KeyOwner> + Send) {
        loop {
            // Made before the list is looked at, so that nobody leaves it unnoticed in between.
            let settled = self.settled.notified();
            if !self.has_any(&owners) {
                return;
            }
            settled.await;
        }
    }

    fn has_any(&self, owners: impl Fn() -> Vec<KeyOwner>) -> bool {
        let all = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        !all.is_empty() && owners().iter().any(|owner| all.contains_key(owner))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        if self.owners.is_empty() {
            return;
        }
        let mut all = self.list.owners.lock().unwrap_or_else(PoisonError::into_inner);
        for owner in &self.owners {
            if let Some(count) = all.get_mut(owner) {
                *count -= 1;
                if *count == 0 {
                    all.remove(owner);
                }
            }
        }
        drop(all);
        self.list.settled.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn owner(number: u8) -> KeyOwner {
        KeyOwner::from_uuid(uuid::Uuid::from_bytes([number; 16]))
    }

    async fn waits(list: &Unsettled, number: u8) -> bool {
        let waiting = list.wait_for(|| vec![owner(number)]);
        timeout(Duration::from_millis(1), waiting).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn an_owner_is_waited_for_until_every_batch_has_settled_it() {
        let list = Arc::new(Unsettled::default());
        assert!(!waits(&list, 1).await);
        let first = list.enter(vec![owner(1), owner(2)]);
        let second = list.enter(vec![owner(1)]);
        assert!(waits(&list, 1).await && waits(&list, 2).await && !waits(&list, 3).await);
        drop(first);
        assert!(waits(&list, 1).await && !waits(&list, 2).await);
        let waiting = tokio::spawn({
            let list = Arc::clone(&list);
            async move { list.wait_for(|| vec![owner(1)]).await }
        });
        tokio::task::yield_now().await;
        drop(second);
        waiting.await.unwrap();
        assert!(list.owners.lock().unwrap().is_empty());
    }
}
