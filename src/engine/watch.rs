use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use notify::RecommendedWatcher;
use notify::RecursiveMode;
use notify::Watcher as _;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::Reload;
use crate::catalog::Look;

/// Watches the policy folder and reloads what was saved, while this is alive.
///
/// Folders are watched, never files: a file that an editor replaces by renaming would be lost for ever. Any
/// event only means "look there"; a slow look without any event finds what no event tells, such as changes on a
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
    /// Begins to watch `folder`, which holds `policies/` and `scripts/`. A folder that is not there yet, or a system
    /// that gives no watcher now, is tried again with each slow look, which also stands in for it.
    ///
    /// # Errors
    /// When the folder is no folder that could ever be watched.
    pub fn start(engine: Engine, folder: &Path) -> Result<Self, WatchError> {
        if folder.is_file() {
            return Err(WatchError {
                folder: folder.to_path_buf(),
                cause: "it is a file".to_owned(),
            });
        }
        let changed = Arc::new(Changed::default());
        let watcher = watcher(folder, &changed);
        if let Err(error) = &watcher {
            tracing::warn!(%error, "the files are looked at every few seconds");
        }
        let stop = CancellationToken::new();
        tokio::spawn(run(
            engine,
            folder.to_path_buf(),
            watcher.ok(),
            changed,
            stop.clone(),
        ));
        Ok(Self { stop })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What the watcher has told and nobody has looked at yet.
#[derive(Default)]
struct Changed {
    told: Notify,
    paths: Mutex<Paths>,
}

#[derive(Default)]
struct Paths {
    some: BTreeSet<PathBuf>,
    /// Whether the paths are not the whole truth.
    everything: bool,
}

impl Changed {
    fn tell(&self, event: notify::Result<notify::Event>) {
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            // Reading the files is no change.
            Ok(event) if event.kind.is_access() => return,
            Ok(event) if !event.need_rescan() && !event.paths.is_empty() => paths.some.extend(event.paths),
            _ => paths.everything = true,
        }
        if paths.some.len() > MANY {
            paths.some.clear();
            paths.everything = true;
        }
        drop(paths);
        self.told.notify_one();
    }

    /// What is to be looked at.
    fn take(&self) -> Look {
        let paths = std::mem::take(&mut *self.paths.lock().unwrap_or_else(PoisonError::into_inner));
        if paths.everything {
            Look::Stamps
        } else {
            Look::Only(paths.some)
        }
    }
}

async fn run(
    engine: Engine,
    folder: PathBuf,
    mut watcher: Option<RecommendedWatcher>,
    changed: Arc<Changed>,
    stop: CancellationToken,
) {
    let mut slow_looks = 0_u32;
    loop {
        let (look, in_folders) = tokio::select! {
            () = changed.told.notified() => {
                settle(&changed.told).await;
                let look = changed.take();
                // New folders and swapped links need watches of their own.
                let in_folders = !matches!(&look, Look::Only(paths) if paths.iter().all(|path| is_file_name(path)));
                (look, in_folders)
            }
            () = tokio::time::sleep(SLOW_LOOK) => {
                slow_looks = slow_looks.wrapping_add(1);
                let closely = slow_looks.is_multiple_of(CLOSE_LOOK);
                (if closely { Look::Everything } else { Look::Stamps }, closely || watcher.is_none())
            }
            () = stop.cancelled() => return,
        };
        let by_event = matches!(look, Look::Only(_));
        // It comes before the reading: what is written after the watches stand is told by them, what came before is
        // read.
        if in_folders {
            renew(&mut watcher, &folder, &changed).await;
        }
        let reload = engine.look_again(&folder, look, "file_watch").await;
        if !by_event && !in_folders && matches!(reload, Reload::Activated(_)) {
            // The watcher should have told that.
            renew(&mut watcher, &folder, &changed).await;
        }
    }
}

/// Watches anew. Finding all folders below takes a while where there are many files: not for a serving thread.
async fn renew(watcher: &mut Option<RecommendedWatcher>, folder: &Path, changed: &Arc<Changed>) {
    let (of, tell) = (folder.to_path_buf(), Arc::clone(changed));
    let new = tokio::task::spawn_blocking(move || self::watcher(&of, &tell)).await;
    match new {
        Ok(Ok(new)) => *watcher = Some(new),
        Ok(Err(error)) => tracing::warn!(%error, "the watch could not be renewed; the slow look goes on"),
        Err(error) => tracing::warn!(%error, "the watch could not be renewed; the slow look goes on"),
    }
}

/// Whether a path is the name of a policy file or of something beside it, and no folder or link that leads to others.
fn is_file_name(path: &Path) -> bool {
    match path.symlink_metadata() {
        Ok(found) => found.is_file(),
        // Gone; what is called like a file was one, and editors come and go with such names.
        Err(_) => path.extension().is_some() || path.as_os_str().as_encoded_bytes().ends_with(b"~"),
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

fn watcher(folder: &Path, changed: &Arc<Changed>) -> Result<RecommendedWatcher, WatchError> {
    let fault = |cause: notify::Error| WatchError {
        folder: folder.to_path_buf(),
        cause: cause.to_string(),
    };
    let tell = Arc::clone(changed);
    let mut watcher = notify::recommended_watcher(move |event| tell.tell(event)).map_err(fault)?;
    // The names that the watcher tells begin with the name that it was given.
    let folder = &folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
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

const CALM: Duration = Duration::from_millis(20);
const LONGEST_SETTLE: Duration = Duration::from_millis(150);
const SLOW_LOOK: Duration = Duration::from_secs(5);
/// Every so many slow looks all files are read, whatever their times say.
const CLOSE_LOOK: u32 = 12;
/// More names than these are not worth a look at each.
const MANY: usize = 1_000;
