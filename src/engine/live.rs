use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::detail::Detail;
use super::doubt::Doubt;
use super::examination_order::ExaminationOrder;
use crate::audit::FlowRow;
use crate::catalog::Catalog;
use crate::connector::Matter;
use crate::flow::Phase;
use crate::flow::State;
use crate::words::CallbackToken;
use crate::words::Digest;
use crate::words::FlowId;

/// A flow in memory.
pub(crate) struct Live {
    /// The id.
    pub(crate) id: FlowId,
    /// The catalog it is pinned to; `None` where the store could not give it back, and then nothing is
    /// approved any more.
    pub(crate) catalog: Option<Arc<Catalog>>,
    /// The callback token, if this process made it; the store keeps its digest.
    pub(crate) token: Option<CallbackToken>,
    /// What changes; its lock makes the steps of one flow follow one another.
    pub(crate) cell: tokio::sync::Mutex<Cell>,
    /// What the capability has to say beyond the common; known to the process that began the flow, like the token.
    matter: OnceLock<Box<Matter>>,
    /// Whether the authority is being asked for an answer.
    polling: AtomicBool,
    /// Whether its e-service was told that it has not begun, though nobody knew.
    given_up: AtomicBool,
    /// Who is examined when.
    pub(crate) examinations: ExaminationOrder,
    /// How far the flow has durably come; wakes those who wait.
    pub(crate) stage: watch::Sender<Stage>,
}

/// How far a flow has come, for those who wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The authority has not replied.
    Begun,
    /// It has, or nobody knows.
    Replied,
    /// The ending is durable.
    Ended,
}

impl Stage {
    pub(crate) fn of(state: &State) -> Self {
        match state.phase {
            Phase::Held | Phase::Created | Phase::Sent => Self::Begun,
            Phase::Unknown | Phase::Waiting | Phase::Verified => Self::Replied,
            Phase::Decided | Phase::Delivered => Self::Ended,
        }
    }
}

/// What changes of a flow. Always equal to what is durable, unless a step is in doubt.
pub(crate) struct Cell {
    /// The row as stored; version 0 means not stored yet.
    pub(crate) row: Arc<FlowRow>,
    /// What the engine alone works with.
    pub(crate) detail: Arc<Detail>,
    /// Steps that failed and may be durable all the same, the oldest first; see [`Inner::settle`](super::inner::Inner).
    pub(crate) doubts: Vec<Arc<Doubt>>,
}

impl Cell {
    pub(crate) fn new(row: FlowRow, detail: Detail) -> Self {
        Self {
            row: Arc::new(row),
            detail: Arc::new(detail),
            doubts: Vec::new(),
        }
    }
}

impl Live {
    pub(crate) fn new(catalog: Option<Arc<Catalog>>, token: Option<CallbackToken>, cell: Cell) -> Arc<Self> {
        Arc::new(Self {
            id: cell.row.id,
            catalog,
            token,
            matter: OnceLock::new(),
            polling: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            examinations: ExaminationOrder::default(),
            stage: watch::Sender::new(Stage::of(&cell.row.state)),
            cell: tokio::sync::Mutex::new(cell),
        })
    }
}

impl Live {
    /// Whether the caller is the one to ask the authority for an answer.
    pub(crate) fn begin_polling(&self) -> bool {
        !self.polling.swap(true, Ordering::SeqCst)
    }

    /// Nobody asks any more.
    pub(crate) fn end_polling(&self) {
        self.polling.store(false, Ordering::SeqCst);
    }

    /// From here on nobody may be asked because of this flow.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::SeqCst);
    }

    /// Whether nobody may be asked because of this flow any more.
    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::SeqCst)
    }

    /// Keeps what the capability has to say; once, and nothing where there is nothing.
    pub(crate) fn keep_matter(&self, matter: Matter) {
        if matter != Matter::Nothing {
            let _ = self.matter.set(Box::new(matter));
        }
    }

    /// What the capability has to say.
    pub(crate) fn matter(&self) -> Matter {
        self.matter
            .get()
            .map_or(Matter::Nothing, |matter| (**matter).clone())
    }
}

/// The flows in memory, found by id and by callback token.
#[derive(Default)]
pub(crate) struct LiveFlows {
    index: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    by_id: HashMap<FlowId, Arc<Live>>,
    by_token: HashMap<Digest, FlowId>,
}

impl LiveFlows {
    /// Keeps a flow; one that is there already stays and is given back.
    pub(crate) fn insert(&self, live: Arc<Live>, token: Digest) -> Arc<Live> {
        let mut index = self.lock();
        let kept = Arc::clone(index.by_id.entry(live.id).or_insert(live));
        index.by_token.insert(token, kept.id);
        kept
    }

    pub(crate) fn by_id(&self, id: FlowId) -> Option<Arc<Live>> {
        self.lock().by_id.get(&id).cloned()
    }

    pub(crate) fn by_token(&self, token: &Digest) -> Option<Arc<Live>> {
        let index = self.lock();
        index
            .by_token
            .get(token)
            .and_then(|id| index.by_id.get(id))
            .cloned()
    }

    pub(crate) fn remove(&self, id: FlowId, token: &Digest) -> Option<Arc<Live>> {
        let mut index = self.lock();
        index.by_token.remove(token);
        index.by_id.remove(&id)
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().by_id.len()
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
