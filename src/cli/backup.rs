use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::arguments::Common;
use super::arguments::Format;
use super::arguments::runtime;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::place::Place;
use super::sealed_backup::Sealing;
use super::sealed_backup::Workplace;
use super::sealing::sealed;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::store::Sqlite;
use crate::store::SqliteBackup;
use crate::store::Store as _;

/// `midflow backup`: a copy of the store, made beside the running node and verified.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The folder that backups go to; made if there is none
    folder: PathBuf,

    /// How many days the keys of a backup are kept: with them it gives back whom it holds
    #[arg(long, value_name = "DAYS", default_value_t = 35)]
    keep_keys: u32,

    #[command(flatten)]
    sealing: Sealing,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// `midflow restore`: puts a backup where a store shall be, or tries whether it could be.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The folder of the backups
    folder: PathBuf,

    /// The name of the backup; the newest without it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Where the store shall be; there must be none
    #[arg(long, value_name = "FILE", required_unless_present = "verify")]
    to: Option<PathBuf>,

    /// Restore beside the backups, read everything with the keys, and remove it again
    #[arg(long, conflicts_with = "to")]
    verify: bool,

    #[command(flatten)]
    sealing: Sealing,

    /// The configuration of the node; without it, midflow.yaml here, or the store of `midflow dev`
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Backup {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let now = SystemClock.now();
        let backup = self
            .sealing
            .make(place.store.file_to_copy()?, &self.folder, now)?;
        let days = Duration::from_secs(u64::from(self.keep_keys) * 86_400);
        let expired = SqliteBackup::expire_keys(&self.folder, now.minus(days)).map_err(Failure::new)?;
        match common.format {
            Format::Json => output::print(&json!({ "backup": backup, "expired_keys": expired }).to_string()),
            Format::Text => output::print(&format!(
                "{}: {} flows, {} records, {} keys; written, read back and verified{}\n{}",
                backup.name,
                backup.flows,
                backup.records,
                backup.data_keys,
                backup.sealed.as_ref().map_or_else(String::new, |sealed| format!(
                    ", and sealed for {}",
                    sealed.recipient
                )),
                match expired {
                    0 => "no keys were due to expire".to_owned(),
                    count => format!("the keys of {count} earlier backups are removed"),
                }
            )),
        }
        Ok(Ending::Good)
    }
}

impl Restore {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        let backups = SqliteBackup::list(&self.folder).map_err(Failure::new)?;
        let Some(newest) = backups.last() else {
            return Err(Failure::new(format!(
                "there is no backup in {}",
                self.folder.display()
            )));
        };
        let chosen = match &self.name {
            None => newest,
            Some(name) => backups
                .iter()
                .find(|backup| backup.name == *name)
                .ok_or_else(|| {
                    let names: Vec<&str> = backups.iter().map(|backup| backup.name.as_str()).collect();
                    Failure::new(format!("there is no backup `{name}`"))
                        .remedy(format!("there are: {}", names.join(", ")))
                })?,
        };
        let Some(to) = &self.to else {
            return runtime()?.block_on(self.verify(common, chosen, newest));
        };
        let opened = self.sealing.open(&self.folder, [chosen, newest])?;
        chosen.restore(&opened.folder, newest, to).map_err(Failure::new)?;
        let text = format!(
            "{} is restored to {}, with the keys of {}: who was erased since stays erased",
            chosen.name,
            to.display(),
            newest.name
        );
        print(
            common,
            &json!({ "restored": chosen.name, "to": to, "keys_of": newest.name }),
            &text,
        );
        Ok(Ending::Good)
    }

    /// The drill: everything is restored and read with the keys.
    async fn verify(
        &self,
        common: &Common,
        chosen: &SqliteBackup,
        newest: &SqliteBackup,
    ) -> Result<Ending, Failure> {
        let place = Place::find(self.config.as_deref(), common)?;
        let opened = self.sealing.open(&self.folder, [chosen, newest])?;
        // Gone whatever comes of it: a trial that is left would be a second store.
        let trial = Workplace::beside(&self.folder.join("trial"))?;
        let opened = read_everything(&place, chosen, newest, &opened.folder, trial.path()).await?;
        drop(trial);
        let text = format!(
            "{} is good: {opened} of {} flows are opened with the keys, the others are erased",
            chosen.name, chosen.flows
        );
        print(
            common,
            &json!({ "verified": chosen.name, "flows": chosen.flows, "opened": opened }),
            &text,
        );
        Ok(Ending::Good)
    }
}

async fn read_everything(
    place: &Place,
    chosen: &SqliteBackup,
    newest: &SqliteBackup,
    folder: &Path,
    trial: &Path,
) -> Result<u64, Failure> {
    let file = trial.join("midflow.db");
    chosen.restore(folder, newest, &file).map_err(Failure::new)?;
    let store = Sqlite::open(&file).await.map_err(Failure::new)?;
    let store = sealed(Arc::new(store), &place.keys, place.environment).await?;
    let mut opened = 0;
    let mut after = None;
    loop {
        let flows = store.flows_after(after, PAGE).await.map_err(Failure::new)?;
        let Some(last) = flows.last() else { break };
        after = Some(last.id);
        for flow in &flows {
            store.exchanges(flow.id).await.map_err(Failure::new)?;
            opened += 1;
        }
    }
    store.close().await;
    Ok(opened)
}

fn print(common: &Common, answer: &serde_json::Value, text: &str) {
    match common.format {
        Format::Json => output::print(&answer.to_string()),
        Format::Text => output::print(text),
    }
}

const PAGE: u32 = 500;
