use std::path::PathBuf;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::place::Place;
use super::place::catalog_of;
use crate::engine::ReplayOf;
use crate::engine::replay;
use crate::store::Store as _;
use crate::words::FlowId;

/// `midflow replay`: decides recorded flows again under another catalog.
#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// The other catalog: a folder, a catalog of the store, or `active`
    #[arg(long, value_name = "DIR|NAME")]
    catalog: String,

    /// A flow to be decided again; all of them without it. May be given several times
    #[arg(long, value_name = "FLOW", value_parser = flow_id)]
    flow: Vec<FlowId>,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Replay {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        runtime()?.block_on(self.decide_again(common))
    }

    async fn decide_again(&self, common: &Common) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let candidate = catalog_of(&self.catalog, Some(&place)).await?;
        let of = if self.flow.is_empty() {
            ReplayOf::All
        } else {
            ReplayOf::Flows(self.flow.clone())
        };
        let store = place.read_opened().await?;
        let result = replay(&store, &candidate, &of).await;
        store.close().await;
        let result = result.map_err(Failure::new)?;
        match common.format {
            Format::Json => output::print(&serde_json::to_string_pretty(&result).unwrap_or_default()),
            Format::Text => output::print(&result.to_text()),
        }
        let clean = result.different.is_empty();
        Ok(if clean { Ending::Good } else { Ending::Problems })
    }
}

fn flow_id(text: &str) -> Result<FlowId, String> {
    FlowId::parse(text).ok_or_else(|| "this is not the id of a flow".to_owned())
}
