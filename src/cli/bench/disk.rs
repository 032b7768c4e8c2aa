use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

/// How many times a second the disk makes 4 KiB durable: the raw limit of every commit.
pub(super) fn syncs_per_second(folder: &Path, time: Duration) -> io::Result<f64> {
    let mut file = File::create(folder.join("syncs"))?;
    let block = [0x5a; 4_096];
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < time {
        file.write_all(&block)?;
        file.sync_data()?;
        count += 1;
    }
    Ok(f64::from(count) / start.elapsed().as_secs_f64())
}
