use super::node::Which;
use crate::cli::arguments::Common;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::engine::log::accept_rollback;

/// `midflow audit accept-rollback`: for the day when records are lost for good.
#[derive(Debug, clap::Args)]
pub(crate) struct Accept {
    /// Who accepts it; twice, two different names
    #[arg(long, value_name = "NAME", required = true, num_args = 1)]
    by: Vec<String>,

    /// Why the records are lost, for those who read the log later
    #[arg(long, value_name = "TEXT")]
    reason: String,

    #[command(flatten)]
    which: Which,
}

impl Accept {
    pub(super) async fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let log = self.which.find(common)?;
        let Some(secrets) = &log.secrets else {
            return Err(Failure::new("a rollback is accepted for a node, not for a copy"));
        };
        let promises = log.promises().await?;
        let store = log.store.open_at_rest().await?.ok_or_else(|| {
            Failure::new("a node runs over this store").remedy("stop every node first, then accept it")
        })?;
        let accepted = accept_rollback(
            store.as_ref(),
            &log.key,
            secrets,
            &promises,
            (&self.by, &self.reason),
            SystemClock.now(),
        )
        .await;
        store.close().await;
        let count = accepted.map_err(Failure::new)?;
        output::print(&format!(
            "accepted: {count} checkpoints vouch for records that are not there; `midflow audit verify` keeps naming them"
        ));
        Ok(Ending::Good)
    }
}
