use std::path::PathBuf;

use super::text;
use crate::cli::arguments::Common;
use crate::cli::arguments::Format;
use crate::cli::arguments::runtime;
use crate::cli::explain::Language;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::place::Place;
use crate::engine::Again;
use crate::engine::Message;
use crate::engine::Why;
use crate::engine::WhyError;
use crate::engine::why;
use crate::store::Store as _;
use crate::words::FlowId;
use crate::words::Locale;

/// `midflow why`: why a flow ended as it did.
#[derive(Debug, clap::Args)]
pub(crate) struct WhyFlow {
    /// The flow, as the API and the console name it
    #[arg(value_name = "FLOW", value_parser = flow_id)]
    flow: FlowId,

    /// The language of the explanation
    #[arg(long, value_enum, default_value_t = Language::En)]
    lang: Language,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl WhyFlow {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let found = runtime()?.block_on(self.find(common))?;
        match common.format {
            Format::Json => output::print(&serde_json::to_string_pretty(&found).unwrap_or_default()),
            Format::Text => {
                let locale = match self.lang {
                    Language::Ar => Locale::Ar,
                    Language::En => Locale::En,
                };
                output::print(&text::page(&found, locale));
            }
        }
        Ok(if is_sound(&found) {
            Ending::Good
        } else {
            Ending::Problems
        })
    }

    /// Everything that a running node knows of a flow is in the store before it acts on it, so the store is read beside
    /// it as it is read at rest.
    async fn find(&self, common: &Common) -> Result<Why, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let store = place.read_opened().await?;
        let found = why(&store, self.flow).await;
        store.close().await;
        found.map_err(|error| {
            let failure = Failure::new(&error);
            match error {
                WhyError::UnknownFlow(_) => failure.remedy(
                    "the API and the console name flows; a flow that a limit turned away was never begun and has no id",
                ),
                _ => failure,
            }
        })
    }
}

/// Whether nothing has to be looked into: what was decided is decided again, and every message is as it was recorded.
fn is_sound(why: &Why) -> bool {
    let altered = |message: &Message| message.intact == Some(false);
    let differs = matches!(why.again, Again::Differs(_));
    !differs
        && !why
            .steps
            .iter()
            .filter_map(|step| step.message.as_ref())
            .any(altered)
}

fn flow_id(text: &str) -> Result<FlowId, String> {
    FlowId::parse(text).ok_or_else(|| "this is not the id of a flow".to_owned())
}
