use std::sync::Arc;
use std::time::Duration;

use super::node::Which;
use super::node::log_of;
use crate::cli::arguments::Common;
use crate::cli::arguments::Format;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::engine::Secrets;
use crate::engine::log::LogKeeper;
use crate::store::KeptCheckpoint;
use crate::store::KeyStore;
use crate::store::Store;

/// `midflow audit checkpoint`: the newest signed head of the log.
#[derive(Debug, clap::Args)]
pub(crate) struct Checkpoint {
    /// Make one of everything that is recorded now; a node that runs makes one each second by itself
    #[arg(long)]
    now: bool,

    #[command(flatten)]
    which: Which,
}

impl Checkpoint {
    pub(super) async fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let log = self.which.find(common)?;
        let kept = if self.now {
            let Some(secrets) = &log.secrets else {
                return Err(Failure::new(
                    "a copy gets no new checkpoint: its key is with the node",
                ));
            };
            match log.store.open_at_rest().await? {
                Some(store) => {
                    let made = at_rest(secrets, Arc::clone(&store) as Arc<dyn Store>).await;
                    store.close().await;
                    made?
                }
                None => {
                    let store = log.store.open_to_read().await?;
                    let made = of_running(store.as_ref()).await;
                    store.close().await;
                    Some(made?)
                }
            }
        } else {
            let store = log.store.open_to_read().await?;
            let kept = log_of(store.as_ref())?.last_checkpoint().await;
            store.close().await;
            kept.map_err(Failure::new)?
        };
        let kept = kept.ok_or_else(|| {
            Failure::new("the log has no checkpoint yet").remedy("`midflow audit checkpoint --now` makes one")
        })?;
        match common.format {
            Format::Json => {
                let value = serde_json::json!({ "size": kept.size, "note": kept.note });
                output::print(&value.to_string());
            }
            Format::Text => output::print(&kept.note),
        }
        Ok(Ending::Good)
    }
}

async fn at_rest(
    secrets: &std::path::Path,
    store: Arc<dyn Store>,
) -> Result<Option<KeptCheckpoint>, Failure> {
    let secrets = Secrets::open(secrets).map_err(Failure::new)?;
    let key = secrets.named_log_key().map_err(Failure::new)?;
    let key =
        key.ok_or_else(|| Failure::new("the log has no name yet; a node gives it one at its first start"))?;
    let keeper = LogKeeper::new(Arc::new(key), store, secrets.folder(), Vec::new()).map_err(Failure::new)?;
    keeper.check().await.map_err(Failure::new)?;
    keeper.checkpoint().await.map_err(Failure::new)
}

/// A node that runs makes it; it is waited for.
async fn of_running(store: &dyn KeyStore) -> Result<KeptCheckpoint, Failure> {
    let log = log_of(store)?;
    let size = log.log_edge().await.map_err(Failure::new)?.size();
    for _ in 0..PATIENCE {
        if let Some(kept) = log.checkpoint_from(size).await.map_err(Failure::new)? {
            return Ok(kept);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(Failure::new("the node that runs has made no checkpoint in time")
        .remedy("its log says why; the alarm is `checkpoint_failed`"))
}

const PATIENCE: u32 = 50;
