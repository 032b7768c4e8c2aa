use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use super::bare;
use super::callbacks;
use super::decisions;
use super::disk;
use super::flows;
use super::log;
use super::memory;
use super::reload;
use super::table::Row;
use super::table::render;
use crate::cli::arguments::Common;
use crate::cli::arguments::Format;
use crate::cli::arguments::runtime;
use crate::cli::failure::Ending;
use crate::cli::failure::Failure;
use crate::cli::logging;
use crate::cli::output;
use crate::store::PostgresCluster;

/// `midflow bench`: the figures, each beside its control.
#[derive(Debug, clap::Args)]
pub(crate) struct Bench {
    /// Flows in flight at a time
    #[arg(long, value_name = "N", default_value_t = 64)]
    in_flight: usize,

    /// How long each rate is measured, with its control where they take turns
    #[arg(long, value_name = "N", default_value_t = 5)]
    seconds: u64,

    /// How many services the largest reload has
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    services: usize,

    /// Loads and reloads only
    #[arg(long)]
    reload: bool,

    /// Whole flows only
    #[arg(long, conflicts_with = "reload")]
    flows: bool,

    /// The log only: append and verify
    #[arg(long, conflicts_with_all = ["reload", "flows"])]
    log: bool,

    /// How many records the log has that is verified
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    records: u64,

    /// Measures the flows of another build's node: two builds, one after the other, on the same machine
    #[arg(long, value_name = "PROGRAM")]
    node: Option<PathBuf>,

    /// Runs the bare program, the control of whole flows, as this file says; `bench` starts it by itself
    #[arg(long, value_name = "FILE", hide = true)]
    bare: Option<PathBuf>,
}

impl Bench {
    pub(crate) fn run(&self, common: &Common) -> Result<Ending, Failure> {
        logging::start(common.format);
        if let Some(settings) = &self.bare {
            runtime()?.block_on(bare::serve(settings))?;
            return Ok(Ending::Good);
        }
        let rows = runtime()?.block_on(self.measure(common))?;
        match common.format {
            Format::Text => output::print(&render(&rows)),
            Format::Json => output::print(&serde_json::to_string_pretty(&rows).unwrap_or_default()),
        }
        Ok(Ending::Good)
    }

    async fn measure(&self, common: &Common) -> Result<Vec<Row>, Failure> {
        if cfg!(debug_assertions) {
            eprintln!("note: this is a debug build; figures that count come from `make bench`");
        }
        let scratch = scratch_folder(common)?;
        let folder = scratch.path();
        let time = Duration::from_secs(self.seconds.max(1));
        if self.log {
            return log::measure(folder, time, self.records).await;
        }
        if self.flows {
            let syncs = disk::syncs_per_second(folder, time / 2).map_err(Failure::new)?;
            return Ok(self.flows(common, folder, time, syncs).await?.rows);
        }
        let mut rows = if self.reload {
            Vec::new()
        } else {
            decisions::measure(&common.dir, time / 2)?
        };
        // The sizes of the notes, as far as they were asked for.
        let sizes: Vec<usize> = [1, 100, 1_000, 10_000]
            .into_iter()
            .filter(|size| *size <= self.services)
            .collect();
        rows.extend(reload::measure(&common.dir, folder, &sizes).await?);
        if self.reload {
            return Ok(rows);
        }
        let syncs = disk::syncs_per_second(folder, time / 2).map_err(Failure::new)?;
        let flows = self.flows(common, folder, time, syncs).await?;
        rows.push(callbacks::measure(&flows.connector, &flows.sample, time / 2)?);
        rows.extend(flows.rows);
        rows.extend(log::measure(folder, time, self.records).await?);
        rows.push(memory::measure(&folder.join("served"), folder, 10_000).await?);
        Ok(rows)
    }
}

impl Bench {
    /// Whole flows on both stores; on PostgreSQL where its programs are on this machine.
    async fn flows(
        &self,
        common: &Common,
        folder: &Path,
        time: Duration,
        syncs: f64,
    ) -> Result<flows::Flows, Failure> {
        let program = match &self.node {
            Some(program) => program.clone(),
            None => std::env::current_exe().map_err(Failure::new)?,
        };
        let plan = flows::Plan {
            program: &program,
            folder: &common.dir,
            in_flight: self.in_flight,
            time,
            syncs,
        };
        let mut flows = flows::measure(&plan, folder, &flows::Kept::sqlite(folder)).await?;
        let cluster = match PostgresCluster::start(&[]) {
            Ok(cluster) => cluster,
            Err(error) => {
                eprintln!("note: {error}");
                return Ok(flows);
            }
        };
        let kept = flows::Kept::postgres(&cluster).await?;
        let folder = folder.join("postgres");
        std::fs::create_dir_all(&folder).map_err(Failure::new)?;
        let on_postgres = flows::measure(&plan, &folder, &kept).await?;
        flows.rows.extend(on_postgres.rows);
        Ok(flows)
    }
}

/// A folder on the disk that the store would use, not in memory, and gone afterwards.
fn scratch_folder(common: &Common) -> Result<Scratch, Failure> {
    let below = common.dir.join("var");
    let path = below.join(format!("bench-{}", std::process::id()));
    std::fs::create_dir_all(&path).map_err(|error| {
        Failure::new(format!("can't make {}: {error}", path.display()))
            .remedy("name a writable folder with --dir")
    })?;
    let path = path.canonicalize().map_err(Failure::new)?;
    Ok(Scratch { path })
}

struct Scratch {
    path: std::path::PathBuf,
}

impl Scratch {
    fn path(&self) -> &std::path::Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What can't be taken away is found again in `var/`, which is nobody's evidence.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
