use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use tokio::sync::SetOnce;
use uuid::Uuid;

/// A flow in memory.
pub(super) struct Flow {
    /// By the time of its beginning, so that rows of one time lie together.
    pub(super) id: Uuid,
    /// The authority's name for the request, once its reply is durable.
    pub(super) request_id: SetOnce<String>,
    /// The outcome's code, once it is durable.
    pub(super) ending: SetOnce<&'static str>,
    answered: AtomicBool,
}

impl Flow {
    pub(super) fn new() -> Self {
        Self {
            id: Uuid::now_v7(),
            request_id: SetOnce::new(),
            ending: SetOnce::new(),
            answered: AtomicBool::new(false),
        }
    }

    /// Whether this is the first answer; later ones change nothing.
    pub(super) fn take_answer(&self) -> bool {
        !self.answered.swap(true, Ordering::AcqRel)
    }

    /// The answer could not be kept, and may come again.
    pub(super) fn forget_answer(&self) {
        self.answered.store(false, Ordering::Release);
    }

    /// Tells those who wait. An ending that is there already stays.
    pub(super) fn end(&self, code: &'static str) {
        let _ = self.ending.set(code);
    }
}

/// All flows.
#[derive(Default)]
pub(super) struct Flows(Mutex<HashMap<Uuid, Arc<Flow>>>);

impl Flows {
    pub(super) fn insert(&self, flow: Arc<Flow>) {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.insert(flow.id, flow);
    }

    pub(super) fn get(&self, id: Uuid) -> Option<Arc<Flow>> {
        let flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.get(&id).cloned()
    }
}
