use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::oneshot;

/// Lets the answers of a flow be examined in the order in which turns were taken, whatever task runs first. Another replica
/// examines what it has recorded itself, and the version of the flow decides between the two.
#[derive(Default)]
pub(crate) struct ExaminationOrder {
    /// Ends with the turn that was taken last.
    last: Mutex<Option<End>>,
}

/// Nothing is received from it: it ends when its sender is dropped.
type End = oneshot::Receiver<()>;

/// Somebody's turn; over when it is dropped, examined or not.
pub(crate) struct ExaminationTurn {
    before: Option<End>,
    _until: oneshot::Sender<()>,
}

impl ExaminationOrder {
    /// A turn after everybody who has one. Whoever takes it holds the flow, so turns are in the order of the records.
    pub(crate) fn turn(&self) -> ExaminationTurn {
        let (until, end) = oneshot::channel();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        ExaminationTurn {
            before: last.replace(end),
            _until: until,
        }
    }
}

impl ExaminationTurn {
    /// Waits until those before are done.
    pub(crate) async fn come(&mut self) {
        if let Some(before) = self.before.take() {
            let _ = before.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn whoever_took_a_turn_first_is_first() {
        let order = ExaminationOrder::default();
        let examined = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let turns: Vec<_> = (0..9).map(|number| (number, order.turn())).collect();
        for (number, mut turn) in turns.into_iter().rev() {
            let examined = Arc::clone(&examined);
            tasks.spawn(async move {
                turn.come().await;
                tokio::task::yield_now().await;
                examined.lock().unwrap().push(number);
            });
        }
        tasks.join_all().await;
        assert_eq!(*examined.lock().unwrap(), (0..9).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_turn_that_nobody_uses_keeps_nobody_waiting() {
        let order = ExaminationOrder::default();
        let unused = order.turn();
        let panics = tokio::spawn({
            let mut turn = order.turn();
            async move {
                turn.come().await;
                panic!("an examination fails inside");
            }
        });
        let mut turn = order.turn();
        drop(unused);
        turn.come().await;
        assert!(panics.await.unwrap_err().is_panic());
        // Nobody is left to wait for.
        drop(turn);
        order.turn().come().await;
    }
}
