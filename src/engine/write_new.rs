use std::sync::Arc;

use super::inner::Inner;
use super::input::Input;
use super::live::Live;
use crate::audit::CommitError;

impl Inner {
    /// Writes a new flow with its first step. `stays` says that nobody is kept waiting for the word that it has begun.
    pub(in crate::engine) async fn write_new(
        self: &Arc<Self>,
        live: &Arc<Live>,
        first: Input,
        stays: bool,
    ) -> Result<(), CommitError> {
        let token = live.cell.lock().await.row.token;
        // Known before it is sent: the callback can be faster than the reply.
        self.flows.insert(Arc::clone(live), token);
        let driven = match self.drive(live, first).await {
            Err(failed @ CommitError::Store(_)) => {
                tracing::error!(flow = %live.id, cause = %failed, "the beginning of a flow could not be recorded");
                self.has_begun(live, stays, failed).await
            }
            other => other,
        };
        if driven.is_err() && !live.is_given_up() {
            self.flows.remove(live.id, &token);
        }
        driven
    }
}
