use super::node::Which;
use crate::audit::ActNote;
use crate::audit::ActStamp;
use crate::audit::Opening;
use crate::cli::arguments::Common;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::sealing::sealed;
use crate::cli::two;
use crate::cli::two::Two;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::engine::log::Loss;
use crate::engine::random;
use crate::store::Store as _;

/// `midflow audit accept-rollback`: for the day when records are lost for good.
#[derive(Debug, clap::Args)]
pub(crate) struct Accept {
    #[command(flatten)]
    two: Two,

    /// Why the records are lost, for those who read the log later
    #[arg(long, value_name = "TEXT")]
    reason: String,

    #[command(flatten)]
    which: Which,
}

impl Accept {
    pub(super) async fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let log = self.which.find(common)?;
        let (Some(secrets), Some(place)) = (&log.secrets, &log.place) else {
            return Err(Failure::new("a rollback is accepted for a node, not for a copy"));
        };
        let by = self.two.persons()?;
        let promises = log.promises().await?;
        let store = log.store.open_at_rest().await?.ok_or_else(|| {
            Failure::new("a node runs over this store").remedy("stop every node first, then accept it")
        })?;
        // A store that holds anything opens under the node's key and its environment alone, as where it is served.
        let store = sealed(store, &place.keys, place.environment).await?;
        let accepted = async {
            let loss = Loss::find(&store, &log.key, secrets, &promises)
                .await
                .map_err(Failure::new)?;
            if let Some(path) = self.two.unwritten() {
                let act = loss.act(&self.reason, &ActStamp::new(SystemClock.now()));
                let opening = Opening::new(random().map_err(Failure::new)?);
                let act = ActNote::new(&act.map_err(Failure::new)?, opening).map_err(Failure::new)?;
                two::write(path, &act, &place.dual_control, common.format)?;
                return Ok(None);
            }
            let ask = (&by, self.reason.as_str());
            let accepted = loss.accept(&store, &place.dual_control, ask, SystemClock.now());
            accepted.await.map(Some).map_err(Failure::new)
        }
        .await;
        store.close().await;
        let Some(count) = accepted? else {
            return Ok(Ending::Good);
        };
        output::print(&format!(
            "accepted: {count} checkpoints vouch for records that are not there; `midflow audit verify` keeps naming them"
        ));
        Ok(Ending::Good)
    }
}
