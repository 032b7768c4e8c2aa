use std::path::PathBuf;
use std::time::Duration;

/// Where callbacks wait while the store can't be written, and how much room they have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolOptions {
    /// The folder, of this node alone; best on another disk than the store's.
    pub folder: PathBuf,
    /// How many bytes they may take together. The room is held by a ballast file, so it is there when the disk is full.
    pub size: u64,
    /// How long a callback waits for the store before it is kept here.
    pub patience: Duration,
}

impl SpoolOptions {
    /// A spool of 32 MiB, some thousand callbacks, that is used when the store takes longer than 3 s.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            size: 32 << 20,
            patience: Duration::from_secs(3),
        }
    }
}
