use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value;
use serde_json::json;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::place::Place;
use super::sealing::sealed;
use crate::audit::seal::KeyWrapper as _;
use crate::engine::Clock as _;
use crate::engine::KeyFile;
use crate::engine::SystemClock;
use crate::engine::rotate_at_rest;
use crate::store::Store as _;

/// `midflow keys`: the keys under which personal data is sealed.
#[derive(Debug, clap::Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    what: What,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make the key file of a node, once; it is never written over
    New {
        /// The file; keep a copy of it in a safe, apart from the store and its backups
        file: PathBuf,
    },
    /// The versions of the key ring, and what wraps them
    List,
    /// Exchange the key that wraps the keys of the flows: wrap each again, and destroy the old one
    Rotate {
        /// Who does it; recorded
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

impl Keys {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        match &self.what {
            What::New { file } => {
                let wrapper = KeyFile::make(file).map_err(Failure::new)?;
                let text = format!(
                    "made {} ({}); keep a copy of it in a safe: without it nothing of a person can be read",
                    file.display(),
                    wrapper.name()
                );
                print(common, &json!({ "made": file, "name": wrapper.name() }), &text);
                Ok(Ending::Good)
            }
            What::List => runtime()?.block_on(self.list(common)),
            What::Rotate { by } => runtime()?.block_on(self.rotate(common, by)),
        }
    }

    async fn list(&self, common: &Common) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let store = place.read().await?;
        let ring = store.ring().await;
        store.close().await;
        let ring = ring.map_err(Failure::new)?;
        let newest = ring.last().map(|key| key.version);
        let uses = |version: u32| match version {
            0 => "look-ups",
            _ if Some(version) == newest => "wraps",
            _ => "opens what is not rotated yet",
        };
        let rows = ring.iter().map(|key| {
            json!({
                "version": key.version, "use": uses(key.version), "wrapper": key.wrapper,
                "made_at": key.made_at.to_string(),
            })
        });
        let lines = ring.iter().map(|key| {
            format!(
                "{:3}  {}  {}  {}",
                key.version,
                key.made_at,
                key.wrapper,
                uses(key.version)
            )
        });
        print(
            common,
            &Value::from_iter(rows),
            &lines.collect::<Vec<_>>().join("\n"),
        );
        Ok(Ending::Good)
    }

    /// By the running node, or in the store of one at rest.
    async fn rotate(&self, common: &Common, by: &str) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let answer = match place.store.open_at_rest().await? {
            Some(store) => {
                let store = sealed(store, &place.keys, place.environment).await?;
                let count = rotate_at_rest(&store, by, SystemClock.now()).await;
                store.close().await;
                json!({ "rewrapped": count.map_err(Failure::new)? })
            }
            None => place.call("/admin/keys/rotate", &json!({ "by": by })).await?,
        };
        let text = format!(
            "rotated: {} data keys are wrapped with the new key, and the old one is destroyed",
            answer["rewrapped"]
        );
        print(common, &answer, &text);
        Ok(Ending::Good)
    }
}

fn print(common: &Common, answer: &Value, text: &str) {
    match common.format {
        Format::Json => output::print(&answer.to_string()),
        Format::Text => output::print(text),
    }
}
