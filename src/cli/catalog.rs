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
use super::place::catalog_of;
use super::place::digest_of;
use crate::catalog::CatalogDiff;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::engine::activate_at_rest;
use crate::engine::catalog_before;
use crate::store::Store;
use crate::words::Digest;

/// `midflow catalog`: the versions of the catalog.
#[derive(Debug, clap::Args)]
pub(crate) struct Catalog {
    #[command(subcommand)]
    what: What,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every catalog that was active, the latest first
    List {
        /// How many activations are shown
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Make a catalog active that was active once; the files in the folder wait until they change
    Activate {
        /// Its name, or the first digits of it
        catalog: String,
    },
    /// Make the catalog active again that was active before the present one
    Rollback,
    /// What differs between two catalogs, in plain words
    Diff {
        /// A folder, a catalog of the store, or `active`
        #[arg(default_value = "active")]
        from: String,
        /// The same; the policy folder without it
        to: Option<String>,
    },
}

impl Catalog {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        runtime()?.block_on(async {
            match &self.what {
                What::List { limit } => self.list(common, *limit).await,
                What::Activate { catalog } => self.activate(common, Some(catalog)).await,
                What::Rollback => self.activate(common, None).await,
                What::Diff { from, to } => self.diff(common, from, to.as_deref()).await,
            }
        })
    }

    async fn list(&self, common: &Common, limit: u32) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let store = place.read().await?;
        let activations = store.activations(limit).await;
        store.close().await;
        let activations = activations.map_err(Failure::new)?;
        match common.format {
            Format::Json => {
                let rows = activations.iter().enumerate().map(|(index, one)| {
                    json!({
                        "catalog": one.catalog, "at": one.at.to_string(), "by": one.by, "set_aside": one.set_aside,
                        "active": index == 0,
                    })
                });
                output::print(&Value::from_iter(rows).to_string());
            }
            Format::Text => {
                let rows = activations.iter().enumerate().map(|(index, one)| {
                    let mark = if index == 0 { "active" } else { "" };
                    let aside = one
                        .set_aside
                        .map(|aside| format!("  (the files of {} set aside)", aside.short()))
                        .unwrap_or_default();
                    format!(
                        "{}  {}  {:6}  {}{aside}",
                        one.catalog.short(),
                        one.at,
                        mark,
                        one.by
                    )
                });
                output::print(&rows.collect::<Vec<_>>().join("\n"));
            }
        }
        Ok(Ending::Good)
    }

    /// Activates a catalog, or the one before without a name: by the running node, or in the store of one at rest.
    async fn activate(&self, common: &Common, catalog: Option<&str>) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let reader = place.read().await?;
        let digest = match catalog {
            Some(word) => Some(digest_of(reader.as_ref(), word).await?),
            None => None,
        };
        reader.close().await;
        let answer = match place.store.open_at_rest().await? {
            Some(store) => {
                let done = at_rest(store.as_ref(), digest, common).await;
                store.close().await;
                done?
            }
            // A node runs: it does it, so that flows which begin from now on begin under the other catalog.
            None => match digest {
                Some(digest) => {
                    place
                        .call("/admin/catalog/activate", &json!({ "catalog": digest }))
                        .await?
                }
                None => place.call("/admin/catalog/rollback", &json!({})).await?,
            },
        };
        let refused = answer["result"] == "refused";
        match common.format {
            Format::Json => output::print(&answer.to_string()),
            Format::Text => output::print(&in_words(&answer)),
        }
        Ok(if refused { Ending::Problems } else { Ending::Good })
    }

    async fn diff(&self, common: &Common, from: &str, to: Option<&str>) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common);
        let folder = common.dir.to_string_lossy();
        let before = catalog_of(from, place.as_ref().ok()).await;
        // Why there is no store is the better answer where a store was needed.
        let before = match (before, place.as_ref()) {
            (Err(_), Err(why)) => return Err(why.clone()),
            (before, _) => before?,
        };
        let after = catalog_of(to.unwrap_or(&folder), place.as_ref().ok()).await?;
        let diff = CatalogDiff::between(&before, &after);
        match common.format {
            Format::Json => output::print(&serde_json::to_string_pretty(&diff).unwrap_or_default()),
            Format::Text if diff.is_empty() => output::print("no differences"),
            Format::Text => output::print(&diff.to_text()),
        }
        Ok(Ending::Good)
    }
}

async fn at_rest(store: &dyn Store, digest: Option<Digest>, common: &Common) -> Result<Value, Failure> {
    let history = store.activations(u32::MAX).await.map_err(Failure::new)?;
    let active = history.first().map(|activation| activation.catalog);
    let wanted = match (digest, active) {
        (Some(digest), _) => digest,
        (None, Some(active)) => catalog_before(&history, active)
            .ok_or_else(|| Failure::new("the store knows no catalog that was active before this one"))?,
        (None, None) => return Err(Failure::new("no catalog was ever active in this store")),
    };
    if active == Some(wanted) {
        return Ok(json!({ "result": "unchanged", "active": wanted, "running": false }));
    }
    activate_at_rest(store, common.dir.clone(), wanted, ACTOR, SystemClock.now())
        .await
        .map_err(Failure::new)?;
    Ok(json!({ "result": "activated", "active": wanted, "running": false }))
}

fn in_words(answer: &Value) -> String {
    let active = answer["active"]
        .as_str()
        .and_then(|digest| Digest::parse(digest).ok());
    let active = active.map_or_else(String::new, |digest| digest.short());
    let next = if answer["running"] == false {
        "; no node runs, the next start begins with it"
    } else {
        "; what lies in the folder is taken up again when it changes, or by SIGHUP"
    };
    match answer["result"].as_str() {
        Some("activated") => format!("active: {active}{next}"),
        Some("unchanged") => format!("active already: {active}"),
        _ => format!(
            "{}\n\nrefused; {active} stays active",
            answer["diagnostics"].as_str().unwrap_or_default()
        ),
    }
}

const ACTOR: &str = "command_line";
