use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use notify::RecommendedWatcher;
use notify::RecursiveMode;
use notify::Watcher as _;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Engine;

/// Watches the policy folder and reloads what was saved, while this is alive.
///
/// Folders are watched, never files: a file that an editor replaces by renaming would be lost for ever. Any
/// event only means "look again"; a slow look without any event finds what no event tells, such as changes on a
/// network share or a watcher that has died.
#[derive(Debug)]
pub struct Watch {
    stop: CancellationToken,
}

/// The folder can't be watched.
#[derive(Debug, thiserror::Error)]
#[error("can't watch {folder}: {cause}; reloading by SIGHUP still works")]
pub struct WatchError {
    folder: PathBuf,
    cause: String,
}

impl Watch {
    /// Begins to watch `folder`, which holds `policies/` and `scripts/`.
    ///
    /// # Errors
    /// When the system gives no watcher or the folder is not there.
    pub fn start(engine: Engine, folder: &Path) -> Result<Self, WatchError> {
        let changed = Arc::new(Notify::new());
        let watcher = watcher(folder, &changed)?;
        let stop = CancellationToken::new();
        tokio::spawn(run(engine, folder.to_path_buf(), watcher, changed, stop.clone()));
        Ok(Self { stop })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn run(
    engine: Engine,
    folder: PathBuf,
    mut watcher: RecommendedWatcher,
    changed: Arc<Notify>,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            () = changed.notified() => settle(&changed).await,
            () = tokio::time::sleep(SLOW_LOOK) => {}
            () = stop.cancelled() => return,
        }
        // New folders and swapped links need watches of their own; making them anew is cheap. It comes before the
        // reading: what is written after the watches stand is told by them, what came before is read.
        match self::watcher(&folder, &changed) {
            Ok(new) => watcher = new,
            Err(error) => tracing::warn!(%error, "the watch could not be renewed; the slow look goes on"),
        }
        let _ = &watcher;
        engine.reload(&folder, "file_watch").await;
    }
}

/// Waits until the saving has calmed down, but not for ever: an editor writes several times.
async fn settle(changed: &Notify) {
    let patience = tokio::time::sleep(LONGEST_SETTLE);
    tokio::pin!(patience);
    loop {
        tokio::select! {
            () = changed.notified() => {}
            () = tokio::time::sleep(CALM) => return,
            () = &mut patience => return,
        }
    }
}

fn watcher(folder: &Path, changed: &Arc<Notify>) -> Result<RecommendedWatcher, WatchError> {
    let fault = |cause: notify::Error| WatchError {
        folder: folder.to_path_buf(),
        cause: cause.to_string(),
    };
    let tell = Arc::clone(changed);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the files is no change; everything else, errors included, means looking again.
        if !matches!(&event, Ok(event) if event.kind.is_access()) {
            tell.notify_one();
        }
    })
    .map_err(fault)?;
    watcher
        .watch(folder, RecursiveMode::NonRecursive)
        .map_err(fault)?;
    for name in ["policies", "scripts"] {
        let below = folder.join(name);
        if let Ok(real) = below.canonicalize() {
            watcher.watch(&real, RecursiveMode::Recursive).map_err(fault)?;
            if real != below && below.is_dir() {
                // A link: its own folder tells when it is pointed elsewhere.
                watch_parent(&mut watcher, &real).map_err(fault)?;
            }
        }
    }
    Ok(watcher)
}

fn watch_parent(watcher: &mut RecommendedWatcher, folder: &Path) -> notify::Result<()> {
    match folder.parent() {
        Some(parent) => watcher.watch(parent, RecursiveMode::NonRecursive),
        None => Ok(()),
    }
}

const CALM: Duration = Duration::from_millis(25);
const LONGEST_SETTLE: Duration = Duration::from_millis(150);
const SLOW_LOOK: Duration = Duration::from_secs(5);
