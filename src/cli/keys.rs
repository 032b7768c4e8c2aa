use std::path::Path;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value;
use serde_json::json;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::config::Config;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::place::Place;
use super::sealing::KeysConfig;
use super::sealing::sealed;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::engine::move_ring;
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
    /// Make the key that wraps the key ring, once: the file, or what `keys` of the configuration names
    New {
        /// The file; keep a copy of it in a safe, apart from the store and its backups
        file: Option<PathBuf>,
    },
    /// The versions of the key ring, and what wraps them
    List,
    /// Wrap the key ring with the key that the configuration names now, where another wrapped it before; the node is
    /// stopped
    Move {
        /// The configuration of before, which names the key that opens the ring
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Who does it; recorded
        #[arg(long, value_name = "NAME")]
        by: String,
    },
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
            What::New { file } => self.make(common, file.as_deref()),
            What::List => runtime()?.block_on(self.list(common)),
            What::Rotate { by } => runtime()?.block_on(self.rotate(common, by)),
            What::Move { from, by } => runtime()?.block_on(self.take_over(common, from, by)),
        }
    }

    fn make(&self, common: &Common, file: Option<&Path>) -> Result<Ending, Failure> {
        let (wrapper, care) = match file {
            Some(file) => (KeysConfig::File(file.to_path_buf()).make()?, IN_A_SAFE),
            None => {
                let path = self.config.as_deref().unwrap_or(Path::new("midflow.yaml"));
                let keys = Config::read(path)?.keys;
                let care = match &keys {
                    KeysConfig::File(_) => IN_A_SAFE,
                    KeysConfig::Pkcs11(_) => IN_THE_TOKEN,
                };
                (keys.make()?, care)
            }
        };
        let name = wrapper.name();
        let made = file.map_or_else(|| name.to_owned(), |file| format!("{} ({name})", file.display()));
        let answer = json!({ "made": file.map_or(json!(name), |file| json!(file)), "name": name });
        print(common, &answer, &format!("made {made}; {care}"));
        Ok(Ending::Good)
    }

    /// In a store that no node has open: a node that runs goes on with the ring it has opened, but it would not open the
    /// ring again.
    async fn take_over(&self, common: &Common, from: &Path, by: &str) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let before = Config::read(from)?;
        let (old, new) = (before.keys.wrapper()?, place.keys.wrapper()?);
        let store = place.store.open_at_rest().await?.ok_or_else(|| {
            Failure::new("a node has the store open").remedy("stop every node of it first, then move the key")
        })?;
        let count = move_ring(&store, &old, &new, place.environment, by, SystemClock.now()).await;
        store.close().await;
        let count = count.map_err(Failure::new)?;
        let (old, new) = (old.name(), new.name());
        print(
            common,
            &json!({ "keys": count, "before": old, "now": new }),
            &format!("{count} keys of the ring are wrapped with {new} now; {old} opens them no more"),
        );
        Ok(Ending::Good)
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

const IN_A_SAFE: &str = "keep a copy of it in a safe: without it nothing of a person can be read";
const IN_THE_TOKEN: &str =
    "it can't be read out, so keep the token's own backup: without it nothing of a person can be read";

fn print(common: &Common, answer: &Value, text: &str) {
    match common.format {
        Format::Json => output::print(&answer.to_string()),
        Format::Text => output::print(text),
    }
}
