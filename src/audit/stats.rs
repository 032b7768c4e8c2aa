use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use super::CommitError;

/// What a recorder has done since it started, for metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecorderStats {
    /// Units that became durable.
    pub units: u64,
    /// Units that did not, conflicts and duplicates included.
    pub failed: u64,
    /// Commits, each of at least one unit.
    pub commits: u64,
    /// The most units one commit had.
    pub largest_batch: u64,
    /// Units that wait in the queue at this moment.
    pub waiting: usize,
    /// How many commits had a size up to the bound in [`BATCH_BOUNDS`] and above the one before; the last is
    /// for everything above.
    pub batch_sizes: [u64; BATCH_BOUNDS.len() + 1],
}

/// The upper bounds of [`RecorderStats::batch_sizes`], in units.
pub const BATCH_BOUNDS: [u64; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

impl RecorderStats {
    /// How many units shared a commit on average; zero before the first.
    #[expect(clippy::cast_precision_loss, reason = "a figure for people and metrics")]
    pub fn average_batch(&self) -> f64 {
        if self.commits == 0 {
            return 0.0;
        }
        (self.units + self.failed) as f64 / self.commits as f64
    }
}

#[derive(Default)]
pub(super) struct Counters {
    units: AtomicU64,
    failed: AtomicU64,
    commits: AtomicU64,
    largest_batch: AtomicU64,
    batch_sizes: [AtomicU64; BATCH_BOUNDS.len() + 1],
}

impl Counters {
    pub(super) fn committed(&self, size: usize, results: &[Result<(), CommitError>]) {
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        let good = results.iter().filter(|result| result.is_ok()).count();
        let good = u64::try_from(good).unwrap_or(u64::MAX).min(size);
        self.units.fetch_add(good, Ordering::Relaxed);
        self.failed.fetch_add(size - good, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.largest_batch.fetch_max(size, Ordering::Relaxed);
        let bucket = BATCH_BOUNDS
            .iter()
            .position(|bound| size <= *bound)
            .unwrap_or(BATCH_BOUNDS.len());
        if let Some(count) = self.batch_sizes.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn snapshot(&self, waiting: usize) -> RecorderStats {
        RecorderStats {
            units: self.units.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            commits: self.commits.load(Ordering::Relaxed),
            largest_batch: self.largest_batch.load(Ordering::Relaxed),
            waiting,
            batch_sizes: std::array::from_fn(|at| {
                self.batch_sizes
                    .get(at)
                    .map_or(0, |count| count.load(Ordering::Relaxed))
            }),
        }
    }
}
