use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::channel;
use std::time::Duration;

use notify::RecommendedWatcher;
use notify::RecursiveMode;
use notify::Watcher as _;

use crate::cli::failure::Failure;

/// Tells when something below `policies/` or `scripts/` has been saved.
pub(super) struct Watch {
    changes: Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl Watch {
    pub(super) fn start(folder: &Path) -> Result<Self, Failure> {
        let (tell, changes) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading the files is no change.
            if !matches!(&event, Ok(event) if event.kind.is_access()) {
                let _ = tell.send(());
            }
        })
        .map_err(|error| cannot(folder, &error))?;
        for name in ["policies", "scripts"] {
            let below = folder.join(name);
            if below.is_dir() {
                watcher
                    .watch(&below, RecursiveMode::Recursive)
                    .map_err(|error| cannot(folder, &error))?;
            }
        }
        Ok(Self {
            changes,
            _watcher: watcher,
        })
    }

    /// Waits for a change, and until the saving has calmed down: an editor writes several times.
    pub(super) fn wait(&mut self) -> Result<(), Failure> {
        self.changes
            .recv()
            .map_err(|_| Failure::new("the watch has ended"))?;
        while self.changes.recv_timeout(CALM).is_ok() {}
        Ok(())
    }
}

fn cannot(folder: &Path, error: &notify::Error) -> Failure {
    Failure::new(format!("can't watch {}: {error}", folder.display()))
        .remedy("run `midflow test` without --watch")
}

const CALM: Duration = Duration::from_millis(50);
