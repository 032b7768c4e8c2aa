use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::sample::Sample;
use crate::audit::log::LogKey;
use crate::cli::bench::process::usage;
use crate::cli::bench::table::Row;
use crate::cli::bench::table::per_second;
use crate::cli::bench::table::times;
use crate::cli::failure::Failure;
use crate::engine::Secrets;
use crate::engine::log::Contents;
use crate::engine::log::LogKeeper;
use crate::engine::log::verify;
use crate::store::LogStore;
use crate::store::Store;

/// A log that was written to be verified.
pub(super) struct Log {
    key: Arc<LogKey>,
    sample: Sample,
    records: u64,
}

impl Log {
    /// Writes so many records into a store, signs them and closes it.
    pub(super) async fn write(
        folder: &Path,
        store: Arc<dyn Store>,
        sample: Sample,
        records: u64,
    ) -> Result<Self, Failure> {
        let secrets = folder.join("verify-secrets");
        let key = Secrets::open(&secrets)
            .map_err(Failure::new)?
            .log_key("bench/midflow/development")
            .map_err(Failure::new)?;
        let key = Arc::new(key);
        let mut written = 0;
        while written < records {
            let size = (records - written).min(LARGE_BATCH);
            let units = (written..written + size).map(|number| sample.unit(number));
            let answers = store.commit(units.collect()).await;
            if answers.iter().any(Result::is_err) {
                return Err(Failure::new("a record could not be appended"));
            }
            written += size;
        }
        // Beside each log its own: what was promised of one is not true of another.
        let kept = folder.join(format!("promised-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir_all(&kept).map_err(Failure::new)?;
        let keeper =
            LogKeeper::new(Arc::clone(&key), Arc::clone(&store), &kept, Vec::new()).map_err(Failure::new)?;
        keeper.checkpoint().await.map_err(Failure::new)?;
        store.close().await;
        Ok(Self { key, sample, records })
    }
}

/// The whole log derived again, beside its rows being read in `reading`.
pub(super) async fn verifying(
    name: &str,
    store: &dyn LogStore,
    log: &Log,
    reading: Duration,
) -> Result<Row, Failure> {
    let before = usage(std::process::id()).resident;
    let start = Instant::now();
    let verified = verify(store, log.key.verifier(), Vec::new(), Contents::Open)
        .await
        .map_err(Failure::new)?;
    let taken = start.elapsed();
    let more = usage(std::process::id()).resident.saturating_sub(before) / 1_000_000;
    if !verified.is_clean() || verified.records != log.records {
        let first = verified.findings.first().map(|finding| format!("{finding:?}"));
        return Err(Failure::new(format!(
            "{name}: the log that was just written does not verify: {} of {} records, {} problems, first {}",
            verified.records,
            log.records,
            verified.problems,
            first.unwrap_or_default(),
        )));
    }
    let count = f64::from(u32::try_from(log.records).unwrap_or(u32::MAX));
    let rate = |time: Duration| count / time.as_secs_f64();
    let (records, what) = (log.records, log.sample.what());
    Ok(Row::new(
        format!("verify {records} {what}{name}, {more} MB more (records read, nothing else)"),
        per_second(rate(taken)),
        per_second(rate(reading)),
        times(rate(taken) / rate(reading)),
    ))
}

const LARGE_BATCH: u64 = 4_096;
